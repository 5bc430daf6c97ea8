import { describe, expect, test } from "vitest";

import { sha256Text, toHex } from "../../shared/bytes";
import { digestOf, escrowDomain } from "../../shared/signing";
import type { Chain, Hex } from "../../shared/wire";
import type { Correction, MyAttendance } from "../../shared/wire.attendance";
import { placeOf } from "../outbox";
import { hintText, isHasty, latestPunch, nextDirection, punchesOnPhone, type PunchWord, shownPunches } from "../punch";
import { heldCode, siteScanOf } from "../punchSite";
import { contentOf } from "../punchWords";
import type { SignedWord } from "../store";

const ESCROW = `0x${"ab".repeat(20)}` as Hex;
const OTHER = `0x${"cd".repeat(20)}` as Hex;
const WORKER = `0x${"11".repeat(32)}` as Hex;
const NOW = Date.parse("2026-10-08T12:00:00Z");
const HOUR = 3_600_000;

/** A punch made so many hours before NOW. */
function punched(hoursAgo: number, direction: 1 | 2, changes: Partial<SignedWord> = {}): PunchWord {
  const at = Math.floor((NOW - hoursAgo * HOUR) / 1_000);
  return {
    path: "punches",
    digest: `0x${hoursAgo}`,
    workerId: WORKER,
    signedAt: at * 1_000,
    state: "received",
    refusal: null,
    language: "zh",
    body: { escrow: ESCROW, workerId: WORKER, direction, at },
    ...changes,
  } as PunchWord;
}

describe("a hint is one text, whatever order it was put together in", () => {
  test("members in alphabetical order, unknown ones left out", () => {
    expect(hintText({ siteCode: "12345678", latitude: undefined, deviceId: "ab" })).toBe('{"deviceId":"ab","siteCode":"12345678"}');
  });
  test("nothing known is no text", () => expect(hintText({ siteCode: undefined })).toBe(""));
});

describe("the next punch", () => {
  test.each([
    ["none yet: in", [], 1],
    ["at work: out", [punched(8, 1)], 2],
    ["sixteen hours at work: out", [punched(16, 1)], 2],
    ["longer: in again", [punched(17, 1)], 1],
    ["gone: in", [punched(9, 1), punched(1, 2)], 1],
    ["refused ones do not count", [punched(1, 1, { state: "refused" })], 1],
    ["of another project, neither", [punched(1, 1, { body: { ...punched(1, 1).body, escrow: OTHER } } as object)], 1],
  ] as [string, PunchWord[], 1 | 2][])("%s", (_, held, expected) => {
    expect(nextDirection(latestPunch(ESCROW, held, null), NOW)).toBe(expected);
  });

  test("what the gate has read counts too", () => {
    const effective = [{ at: "2026-10-08T11:00:00Z", direction: "02", added: false }];
    const month = { projects: [{ escrow: ESCROW, effective, records: [] }] } as unknown as MyAttendance;

    expect(nextDirection(latestPunch(ESCROW, [punched(8, 1)], month), NOW)).toBe(1);
  });
});

test.each([
  ["out a minute after in", 1, 2, 1 / 60, true],
  ["out after ten minutes", 1, 2, 10 / 60, false],
  ["in before an out that a correction put later", 2, 1, -2, false],
  ["in twice is one punch to the pay rules", 1, 1, 1 / 60, false],
] as [string, 1 | 2, 1 | 2, number, boolean][])("%s is hasty: %s", (_, last, way, hours, expected) => {
  expect(isHasty(latestPunch(ESCROW, [punched(hours, last)], null), way, NOW)).toBe(expected);
});

test("another worker's punches on this phone are not shown", () => {
  const other = { ...punched(1, 1), workerId: `0x${"22".repeat(32)}` as Hex };

  expect(punchesOnPhone([punched(2, 1), other], WORKER).map(({ digest }) => digest)).toEqual(["0x2"]);
});

test("shown are the newest four and every refused one", () => {
  const held = [punched(900, 1, { state: "refused" }), ...[6, 5, 4, 3, 2].map((hours) => punched(hours, 1))];

  expect(shownPunches(held, NOW).map(({ digest }) => digest)).toEqual(["0x2", "0x3", "0x4", "0x5", "0x900"]);
});

describe("a site's code", () => {
  const url = `https://x.example/w/#site=${ESCROW.toUpperCase().replace("0X", "0x")}&code=04271830`;

  test("of a QR code's address", () => {
    expect(siteScanOf(url, NOW)).toEqual({ escrow: ESCROW, code: "04271830", at: NOW });
  });
  test("typed with spaces, or in full-width digits", () => {
    expect([" 1234 5678 ", "１２３４　５６７８"].map((typed) => siteScanOf(typed, NOW)?.code)).toEqual(["12345678", "12345678"]);
  });
  test.each(["", "1234567", "123456789", "1234567a", "https://x.example/", "#site=0x12&code=12345678", `#site=${ESCROW}`, "<script>"])(
    "%s is none",
    (text) => expect(siteScanOf(text)).toBeNull(),
  );
  test("serves its own project, for three minutes", () => {
    const held = siteScanOf(url, NOW);
    const asked = [[ESCROW, 0], [ESCROW, 181_000], [OTHER, 0]] as [Hex, number][];

    expect(asked.map(([escrow, later]) => heldCode(held, escrow, NOW + later))).toEqual(["04271830", undefined, undefined]);
  });
});

describe("a correction is shown only where its text is what would be signed", () => {
  const chain = { chainId: 31337 } as Chain;
  const content = JSON.stringify({ action: "void", day: "2026-10-08", escrow: ESCROW, new: null, old: null, reason: "twice", workerNo: "W001" });
  const correctionId = `0x${"77".repeat(32)}` as Hex;

  function correction(changes: Partial<Correction> = {}): Correction {
    const contentHash = sha256Text(changes.content ?? content);
    const digest = toHex(digestOf(escrowDomain(chain, ESCROW), "Correction", { correctionId, workerId: WORKER, contentHash }));
    return { correctionId, content, contentHash, digest, ...changes } as Correction;
  }

  test("its own", () => expect(contentOf(chain, WORKER, ESCROW, correction())?.reason).toBe("twice"));
  test.each([
    ["another text under the same hash", { content: content.replace("twice", "agreed"), contentHash: sha256Text(content) }],
    ["another digest", { digest: `0x${"99".repeat(32)}` as Hex }],
    ["of another project", { content: content.replaceAll("ab", "cd") }],
  ] as [string, Partial<Correction>][])("not %s", (_, changes) => {
    expect(contentOf(chain, WORKER, ESCROW, correction(changes))).toBeNull();
  });
});

test("a punch goes under its digest, a correction's signature under the correction", () => {
  const signed = { path: "corrections", correctionId: "0x77", digest: "0x88" } as unknown as SignedWord;

  expect([placeOf(punched(1, 1)), placeOf(signed)]).toEqual(["/api/punches/0x1", "/api/corrections/0x77/signature"]);
});
