import { describe, expect, test } from "vitest";

import { sha256Text } from "../../shared/bytes";
import type { PayslipV2 } from "../../shared/wire.payroll";
import { addsUp, checkedPayslip, labourServiceTaxFen, shownPayslip } from "../payslip";
import { clock, flagLines, hours, itemRows, netRows, sumOf } from "../payslipRows";
import { postedLine } from "./lines";
import payslips from "./payslips.json";

test("a payslip that says what the line says may be signed", () => {
  expect(checkedPayslip(postedLine())?.amountFen).toBe(120_000);
});

const other = JSON.stringify({ ...JSON.parse(postedLine().payslip), amountFen: 150_000 });

test.each([
  ["another text under the same hash", { payslip: other }],
  ["a payslip of another amount", { payslip: other, payslipHash: sha256Text(other) }],
  ["a line of another amount", { amountFen: 119_999 }],
  ["a line of other days", { days: ["2026-10-08", "2026-10-09"] }],
  ["a mask of other days", { dayMask: 1 }],
  ["another period", { firstDay: "2026-09-01", lastDay: "2026-09-30" }],
  ["no payslip at all", { payslip: "[]", payslipHash: sha256Text("[]") }],
  ["a text that is not JSON", { payslip: "{", payslipHash: sha256Text("{") }],
])("%s may not", (_, changes) => {
  expect(checkedPayslip(postedLine(changes))).toBeNull();
});

describe("payslips the server wrote", () => {
  test.each(payslips)("$name adds up", ({ text }) => {
    expect(addsUp(JSON.parse(text) as PayslipV2)).toBe(true);
  });

  test.each(payslips)("$name: rows sum to the amount", ({ text }) => {
    const slip = JSON.parse(text) as PayslipV2;
    const rows = [...itemRows(slip), ...netRows(slip)];
    expect(rows.reduce((all, { fen }) => all + fen, 0)).toBe(slip.amountFen);
  });
});

const slipOf = (name: string): PayslipV2 => JSON.parse(payslips.find((each) => each.name === name)!.text) as PayslipV2;
const signable = (slip: PayslipV2) => {
  const text = JSON.stringify(slip);
  const { firstDay, lastDay, days, amountFen } = slip;
  const dayMask = days.reduce((mask, day) => mask + 2 ** (Number(day.slice(8)) - 1), 0);
  return postedLine({ firstDay, lastDay, days, dayMask, amountFen, payslip: text, payslipHash: sha256Text(text) });
};

test("a payslip whose items add up may be signed", () => {
  expect(checkedPayslip(signable(slipOf("deductions and back pay")))).not.toBeNull();
});

test.each<[string, (slip: PayslipV2) => void]>([
  ["an item a fen low", (slip) => void (slip.items[0]!.amountFen -= 1)],
  ["an item of fewer hours", (slip) => void (slip.items[1]!.seconds = "3600")],
  ["a day of more hours than are paid", (slip) => void (slip.shifts[0]!.ot300 = "39600")],
  ["a lower rate", (slip) => void (slip.rateFen -= 1)],
  ["a gross that is not the sum", (slip) => void (slip.grossFen -= 1)],
  ["an amount that is not the rest", (slip) => void (slip.amountFen -= 1)],
  ["a hidden deduction", (slip) => void (slip.deductions = [])],
  ["more taken than the limit", (slip) => {
    const loss = slip.deductions.find(({ kind }) => kind === "loss-recovery")!;
    loss.amountFen += 1;
    slip.amountFen -= 1;
  }],
  ["a negative item", (slip) => {
    slip.backPay[0]!.amountFen -= 50_000;
    slip.amountFen -= 50_000;
  }],
  ["seconds that are none", (slip) => void (slip.items[0]!.seconds = "many")],
  ["another version", (slip) => void (slip.version = 3 as 2)],
])("%s may not be signed", (_, tamper) => {
  const slip = slipOf("deductions and back pay");
  tamper(slip);
  expect(checkedPayslip(signable(slip))).toBeNull();
});

test("a payslip that does not add up is shown, with the item that does not", () => {
  const slip = slipOf("a day contract");
  slip.items[2]!.amountFen -= 1;
  const shown = shownPayslip(signable(slip)) as PayslipV2;
  expect(itemRows(shown).map(({ agrees }) => agrees)).toEqual([true, true, false, true]);
});

test("a text under another hash is not shown", () => {
  expect(shownPayslip(postedLine({ payslip: other }))).toBeNull();
});

test("tax that the table does not ask for may not be signed", () => {
  const slip = slipOf("labour service");
  slip.tax!.amountFen += 100;
  slip.amountFen -= 100;
  expect(checkedPayslip(signable(slip))).toBeNull();
});

test.each([
  [800, 0],
  [4_000, 640],
  [10_000, 1_600],
  [25_000, 4_000],
  [30_000, 5_200],
  [62_500, 13_000],
  [80_000, 18_600],
])("%i yuan of labour service are taxed %i", (income, tax) => {
  expect(labourServiceTaxFen(income * 100)).toBe(tax * 100);
});

test.each([
  ["0", "0:00"],
  ["28800", "8:00"],
  ["29641", "8:14:01"],
  ["29641.5", "8:14:01.5"],
])("%s seconds are shown as %s", (seconds, shown) => {
  expect(hours(seconds)).toBe(shown);
});

test("an item shows how it is computed", () => {
  const slip = slipOf("a day contract");
  expect(sumOf(slip, slip.items[1]!)).toMatch(/^\d+:\d\d:\d\d × ¥320\.01 ÷ 8h × 150%$/);
});

test("flags are told once each", () => {
  const slip = slipOf("a day contract");
  slip.flags = ["2026-10-08", "2026-10-09"].map((day) => ({ kind: "missing-out", day }));
  expect(flagLines(slip)).toEqual(["没有下班卡，不计工时：10-08、10-09"]);
});

test("times are those of the site's clock", () => {
  expect([clock("2026-10-08T07:59:00"), clock("2026-10-08T07:59:12.5")]).toEqual(["07:59", "07:59:12.5"]);
});
