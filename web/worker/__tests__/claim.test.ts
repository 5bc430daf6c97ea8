import { describe, expect, test } from "vitest";

import type { MyDispute } from "../../shared/wire";
import { claimedDays, claimOf, claimProblem, type Draft, lastDayOf, maskedDays, takenDays } from "../claim";
import { countingDays } from "../objection";
import type { SignedWord } from "../store";
import { t } from "../text";
import { postedLine } from "./lines";

const TODAY = "2026-11-22";
const CAP_FEN = 40_000;
const { escrow } = postedLine();

function draft(changes: Partial<Draft> = {}): Draft {
  return { startDay: "2026-11-01", days: ["2026-11-05", "2026-11-03"], perDay: "320", evidence: "with Li", ...changes };
}

describe("what can be signed", () => {
  test("is the days from the first one chosen, each at the same rate", () => {
    expect(claimOf(draft({ evidence: " with Li " }))).toEqual({
      firstDay: "2026-11-03",
      dayMask: 0b101,
      days: ["2026-11-03", "2026-11-05"],
      perDayFen: 32_000,
      amountFen: 64_000,
      evidence: "with Li",
    });
  });

  test.each([
    ["up to the day cap", { perDay: "400" }],
    ["up to today", { days: [TODAY] }],
    ["on the 32nd day", { startDay: "2026-10-01", days: ["2026-11-01"] }],
  ])("%s", (_, changes) => expect(claimProblem(draft(changes), CAP_FEN, TODAY)).toBeNull());
});

test.each([
  ["a fen above the day cap", { perDay: "400.01" }, t("claimTooHigh", { limit: "400.00" })],
  ["no amount", { perDay: "much" }, t("claimNotAmount")],
  ["nothing", { perDay: "0" }, t("claimNotAmount")],
  ["no days", { days: [] }, t("claimNoDays")],
  ["tomorrow", { days: ["2026-11-23"] }, t("claimBadDay")],
  ["a day before the first", { days: ["2026-10-31"] }, t("claimBadDay")],
  ["a 33rd day", { startDay: "2026-10-01", days: ["2026-11-02"] }, t("claimBadDay")],
  ["a start to come", { startDay: "2026-11-23" }, t("claimBadStart")],
  ["a start over ten years ago", { startDay: "2016-11-20" }, t("claimBadStart")],
  ["no start", { startDay: "" }, t("claimBadStart")],
  ["no evidence", { evidence: "  " }, t("claimEvidenceMissing")],
])("%s cannot be signed, and the form says why", (_, changes, sentence) => {
  expect(claimProblem(draft(changes), CAP_FEN, TODAY)).toBe(sentence);
});

test("the form ends with today, or with the 32nd day", () => {
  expect(lastDayOf("2026-11-01", TODAY)).toBe(TODAY);
  expect(lastDayOf("2026-09-01", TODAY)).toBe("2026-10-02");
});

test("a mask is read back to its dates, the 32nd too", () => {
  expect(maskedDays("2026-10-01", 0x80000005)).toEqual(["2026-10-01", "2026-10-03", "2026-11-01"]);
});

describe("days that need no claim", () => {
  const disputed = (state: MyDispute["state"]): MyDispute => ({
    escrow,
    projectName: "站",
    kind: "claim",
    state,
    askedFen: 1,
    firstDay: "2026-11-03",
    days: ["2026-11-03"],
    dispute: null,
    txHash: null,
    reason: null,
    digest: null,
  });
  const signed = (state: SignedWord["state"]): SignedWord =>
    ({ path: "claims", state, body: { escrow, firstDay: "2026-11-05", dayMask: 1 } }) as SignedWord;

  test("are on a sheet, in a dispute, or in a claim on this phone", () => {
    const taken = takenDays(escrow, [postedLine({ days: ["2026-10-08"] })], [disputed("claimed")], [signed("waiting")]);
    expect(taken).toEqual(["2026-10-08", "2026-11-03", "2026-11-05"]);
  });

  test("are not those of a refused claim, nor of another project", () => {
    expect(claimedDays(escrow, [disputed("refused")], [signed("refused")])).toEqual([]);
    expect(takenDays("0x00", [postedLine()], [disputed("claimed")], [signed("waiting")])).toEqual([]);
  });

  test("count nothing in a contest", () => {
    expect(countingDays(postedLine({ days: ["2026-10-08", "2026-10-09"] }), ["2026-10-12"], ["2026-10-09"])).toBe(2);
  });
});
