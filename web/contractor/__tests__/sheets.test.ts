import { describe, expect, test } from "vitest";

import type { Chain, Hex } from "../../shared/wire";
import type { BookSheet, SheetDetail } from "../../shared/wire.payroll";
import { actsOf, changePercent, monthBefore, monthOf, NotWhatIsShown, wordsOf } from "../sheets";
import { rootOf } from "../sheetTree";

const ESCROW: Hex = `0x${"e5".repeat(20)}`;
const CHAIN = { chainId: 31337 } as Chain;
const filled = (byte: number, length = 32): Hex => `0x${byte.toString(16).padStart(2, "0").repeat(length)}`;
const LINES = Array.from({ length: 5 }, (_, i) => ({
  index: i,
  dayMask: 0x80000001 + i,
  amountFen: 60_000 + i * 7_000_000_000,
  workerId: `${filled(i + 1, 16)}${"00".repeat(16)}` as Hex,
  payslipHash: filled(200 + i),
}));

function sheet(changes: Partial<BookSheet> = {}): BookSheet {
  return {
    state: "waiting",
    kind: "regular",
    sheetId: 3,
    firstDay: "2026-10-01",
    lastDay: "2026-10-31",
    payday: "2026-11-13",
    totalFen: 70_000_300_000,
    digest: "0xa7e16b6d460e830103b118b8f0b338c95cde6e18a8f18041396bdc72076ad199",
    ...changes,
  } as BookSheet;
}

function detail(changes: Partial<SheetDetail> = {}): SheetDetail {
  const root: Hex = "0x7d57446add91ade908ed02a6754b646e3dc4bd5f7ce75592334d200bbaae4432";
  const rest = { rulesHash: filled(1), termsRoot: filled(2), root };
  return { sheet: sheet(), lines: LINES as SheetDetail["lines"], ...rest, ...changes };
}

describe("the root is what the contract computes", () => {
  test.each<[number, Hex]>([
    [1, "0xd5a945f3b75eb26d247e5ba76e0b666af2bfb378fc3000b189d7bc42c13de5a2"],
    [2, "0x6ed4536d68cbea10792cde21d31d4582eb6ba6b2281651508692e9bc890d203e"],
    [3, "0xc66855424f62181693c330c3b015e38f159d83a911c370bea236c948dc69af31"],
    [5, "0x7d57446add91ade908ed02a6754b646e3dc4bd5f7ce75592334d200bbaae4432"],
  ])("of %i lines", (count, root) => {
    expect(rootOf(LINES.slice(0, count))).toBe(root);
  });
});

test("the words are those of the digest the server gave", () => {
  expect(wordsOf(CHAIN, ESCROW, detail()).total).toBe(70_000_300_000);
});

const higher = LINES.map((line) => (line.index === 2 ? { ...line, amountFen: line.amountFen + 1 } : line));

test.each<[string, Partial<SheetDetail>]>([
  ["a line of another amount", { lines: higher as SheetDetail["lines"] }],
  ["a line less", { lines: LINES.slice(1) as SheetDetail["lines"] }],
  ["another root", { root: filled(9) }],
  ["another payday", { sheet: sheet({ payday: "2026-12-13" }) }],
  ["another total on the screen", { sheet: sheet({ totalFen: 1 }) }],
  ["another number", { sheet: sheet({ sheetId: 4 }) }],
  ["other rules", { rulesHash: filled(7) }],
])("%s is not signed", (_, changes) => {
  expect(() => wordsOf(CHAIN, ESCROW, detail(changes))).toThrow(NotWhatIsShown);
});

test.each([
  ["contractor", "waiting", ["sign", "sendBack"]],
  ["subcontractor", "waiting", ["sendBack"]],
  ["contractor", "draft", ["submit", "recompile", "discard"]],
  ["contractor", "accepted", []],
  ["contractor", "refused", ["sendBack"]],
  ["subcontractor", "done", ["correct"]],
  ["contractor", "withdrawn", []],
  ["officer", "draft", []],
  ["bureau", "waiting", []],
] as const)("%s with a sheet that is %s", (role, state, acts) => {
  expect(actsOf(sheet({ state }), role)).toEqual(acts);
});

test("months and what was before them", () => {
  expect(monthOf("2028-02")).toEqual({ firstDay: "2028-02-01", lastDay: "2028-02-29" });
  expect([monthBefore("2026-11-22"), monthBefore("2026-01-05")]).toEqual(["2026-10", "2025-12"]);
});

test("a change is told in percent where there was a month before", () => {
  const line = { index: 0, workerNo: "W001", odds: [], amountFen: 150 };
  expect([changePercent({ ...line, lastFen: 100 }), changePercent({ ...line, lastFen: null })]).toEqual([50, null]);
});
