import { hashTypedData, type TypedDataDefinition } from "viem";
import { describe, expect, test } from "vitest";

import { toHex } from "../../bytes";
import { digestOf, escrowDomain, typedDataOf } from "../../signing";
import type { Chain, Dispute } from "../../wire";
import { boundsOf, byUrgency, standingOf, withRecovery27 } from "../decisions";

const HASH = `0x${"66".repeat(32)}` as const;
const UNTIL = "2026-11-25T08:00:00Z";
const BEFORE = Date.parse("2026-11-24T08:00:00Z");
const AFTER = Date.parse("2026-11-26T08:00:00Z");

function dispute(changes: Partial<Dispute>): Dispute {
  return { disputeId: 7, askedFen: 80_000, grantedFen: 0, answerUntil: null, bureauUntil: null, ...changes } as Dispute;
}

const claimed = dispute({ state: "claimed", answerUntil: UNTIL });
const contested = dispute({ state: "contested", bureauUntil: UNTIL, grantedFen: 30_000 });

describe("what may be said, in all", () => {
  test.each([
    ["the contractor of a claim in time", claimed, "contractor", BEFORE, { leastFen: 0, mostFen: 80_000 }],
    ["the contractor of a claim too late", claimed, "contractor", AFTER, null],
    ["the contractor after a first answer: only more", contested, "contractor", AFTER, { leastFen: 30_001, mostFen: 80_000 }],
    ["the bureau before the contractor's answer", claimed, "bureau", BEFORE, null],
    ["the bureau of what is contested", contested, "bureau", BEFORE, { leastFen: 0, mostFen: 80_000 }],
    ["the arbiter after the bureau's time", contested, "bureau", AFTER, { leastFen: 0, mostFen: 80_000 }],
    ["anyone of what is decided", dispute({ state: "decided" }), "contractor", BEFORE, null],
    ["the bureau of what is decided", dispute({ state: "decided" }), "bureau", BEFORE, null],
  ] as const)("%s", (_, about, role, now, bounds) => expect(boundsOf(about, role, now)).toEqual(bounds));
});

test("a clock that ran out is said to be late", () => {
  expect([standingOf(claimed, BEFORE).isLate, standingOf(claimed, AFTER).isLate]).toEqual([false, true]);
  expect([standingOf(contested, BEFORE).isLate, standingOf(contested, AFTER).isLate]).toEqual([false, true]);
});

test("what runs out sooner comes first", () => {
  const sooner = dispute({ disputeId: 9, state: "claimed", answerUntil: "2026-11-23T08:00:00Z" });
  expect([contested, claimed, sooner].sort(byUrgency)[0]).toBe(sooner);
});

test("a wallet's v is 27 or 28, whatever it writes", () => {
  const body = "ab".repeat(64);
  const written = (["00", "01", "1b", "1c"] as const).map((v) => withRecovery27(`0x${body}${v}`).slice(-2));
  expect(written).toEqual(["1b", "1c", "1b", "1c"]);
});

describe("a wallet is asked to sign the digest that is sent", () => {
  const chain = { chainId: 31337 } as Chain;
  const domain = escrowDomain(chain, "0xcf7ed3acca5a467e9e704c703e8d87f634fb0fc9");
  const deadline = 1_793_000_001;

  test("Answer", () => {
    const words = { disputeId: 7, admitted: 32_000, evidenceHash: HASH, deadline };
    const asked = typedDataOf(domain, "Answer", words) as unknown as TypedDataDefinition;
    expect(hashTypedData(asked)).toBe(toHex(digestOf(domain, "Answer", words)));
  });

  test("Resolution", () => {
    const words = { disputeId: 7, award: 64_000, orderHash: HASH, deadline };
    const asked = typedDataOf(domain, "Resolution", words) as unknown as TypedDataDefinition;
    expect(hashTypedData(asked)).toBe(toHex(digestOf(domain, "Resolution", words)));
  });
});
