import { expect, test } from "vitest";

import { datesOf, maskOf, weekdayOf } from "../calendar";

test("a period holds its first and last day, across months", () => {
  expect(datesOf("2026-02-27", "2026-03-02")).toEqual(["2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02"]);
});

test("weeks begin on Monday", () => {
  expect([weekdayOf("2026-10-05"), weekdayOf("2026-10-11")]).toEqual([0, 6]);
});

test("a mask has a bit per day from the first, and stays positive on the 32nd", () => {
  expect(maskOf("2026-10-01", ["2026-10-01", "2026-10-03"])).toBe(0b101);
  expect(maskOf("2026-10-01", ["2026-11-01"])).toBe(0x80000000);
});

test.each(["2026-09-30", "2026-11-02"])("%s is outside the period", (day) => {
  expect(() => maskOf("2026-10-01", [day])).toThrow(RangeError);
});
