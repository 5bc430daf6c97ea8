import { describe, expect, test } from "vitest";

import { daysOfMonth, isRunning, monthAfter, onSite, type PunchTime, workDays } from "../attendance";

/** "08 07:58 in" of October 2026, on the site's clock. */
function punches(...texts: string[]): PunchTime[] {
  return texts.map((text) => {
    const [day, clock, way] = text.split(" ");
    return { at: `2026-10-${day}T${clock}:00+08:00`, direction: way === "in" ? "01" : "02" };
  });
}

const days = (...texts: string[]) => workDays(punches(...texts)).map(({ day, minutes, odd }) => [day.slice(8), minutes, ...odd]);

describe("punches become days as the pay rules pair them", () => {
  test.each([
    ["a plain day", ["08 08:00 in", "08 17:30 out"], [["08", 570]]],
    ["any order", ["08 17:30 out", "08 08:00 in"], [["08", 570]]],
    ["a shift over midnight is its first day's", ["08 20:00 in", "09 04:00 out"], [["08", 480]]],
    ["after a short break it is still the first day's", ["08 20:00 in", "09 00:30 out", "09 01:00 in", "09 05:00 out"], [["08", 510]]],
    ["after four hours it is a new day's", ["08 20:00 in", "09 00:30 out", "09 04:30 in", "09 05:00 out"], [["08", 270], ["09", 30]]],
    ["the same twice within five minutes is one", ["08 08:00 in", "08 08:05 in", "08 17:00 out"], [["08", 540]]],
    ["the same again after six is a missing half", ["08 08:00 in", "08 08:06 in", "08 17:00 out"], [["08", 534, "missing-out"]]],
    ["no out", ["08 08:00 in", "09 08:00 in", "09 17:00 out"], [["08", 0, "missing-out"], ["09", 540]]],
    ["no in", ["08 17:00 out"], [["08", 0, "missing-in"]]],
    ["sixteen hours count", ["08 06:00 in", "08 22:00 out"], [["08", 960]]],
    ["a minute more is odd", ["08 06:00 in", "08 22:01 out"], [["08", 0, "too-long"]]],
    ["of one instant the out is first", ["08 08:00 in", "08 12:00 in", "08 12:00 out", "08 17:00 out"], [["08", 540]]],
    ["nothing", [], []],
  ])("%s", (_, given, expected) => expect(days(...given)).toEqual(expected));
});

test("an in is running for sixteen hours, and a missing half after", () => {
  const [{ intervals }] = workDays(punches("08 08:00 in")) as [ReturnType<typeof workDays>[number]];
  const at = (clock: string) => Date.parse(`2026-10-${clock}:00+08:00`);

  expect([isRunning(intervals[0]!, at("09T00:00")), isRunning(intervals[0]!, at("09T00:01"))]).toEqual([true, false]);
});

test("the site's clock does not depend on the reader's", () => {
  expect(onSite("2026-10-07T16:00:01Z")).toEqual({ day: "2026-10-08", clock: "00:00:01" });
});

test("months", () => {
  expect([monthAfter("2026-12", 1), monthAfter("2026-01", -1), daysOfMonth("2028-02").length]).toEqual(["2027-01", "2025-12", 29]);
});
