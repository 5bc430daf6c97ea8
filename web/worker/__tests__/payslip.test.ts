import { expect, test } from "vitest";

import { sha256Text } from "../../shared/bytes";
import { checkedPayslip } from "../payslip";
import { postedLine } from "./lines";

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
