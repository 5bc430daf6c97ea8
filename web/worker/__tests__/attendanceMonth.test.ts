import { expect, test } from "vitest";

import type { MyAttendance } from "../../shared/wire.attendance";
import { daysIn, durationOf } from "../attendanceMonth";

const ESCROW = `0x${"ab".repeat(20)}`;

/** Punches as "10-31 20:00 in" on the site's clock, of a month's answer. */
function answer(month: string, punches: string[], pieces: [string, number][] = []): MyAttendance {
  const effective = punches.map((text) => {
    const [day, clock, way] = text.split(" ");
    return { at: `2026-${day}T${clock}:00+08:00`, direction: way === "in" ? "01" : "02", added: false };
  });
  const records = effective.map((punch, i) => ({ ...punch, record: `punch-${month}-${i}` }));
  const counted = pieces.map(([day, quantity]) => ({ day: `2026-${day}`, quantity }));
  const projects = [{ escrow: ESCROW, name: "A", effective, records, pieces: counted, corrections: [] }];
  return { month, workerId: "0x11", projects } as unknown as MyAttendance;
}

const october = answer("2026-10", ["10-01 07:00 out", "10-31 20:00 in"], [["10-09", 30]]);
const around = [answer("2026-09", ["09-30 22:00 in"]), answer("2026-11", ["11-01 04:00 out", "11-01 20:00 in", "11-02 04:00 out"])];

test("a night shift over the month's end belongs to the month it began in, on both ends", () => {
  const { days, minutes, oddDays } = daysIn(october, around);

  expect({ minutes, oddDays }).toEqual({ minutes: 480, oddDays: 0 });
  expect(days.filter(({ work }) => work).map(({ day }) => day)).toEqual(["2026-10-31"]);
});

test("without the months around, halves are missing and said so", () => {
  const { minutes, oddDays } = daysIn(october, [], Date.parse("2026-11-02T00:00:00Z"));

  expect({ minutes, oddDays }).toEqual({ minutes: 0, oddDays: 2 });
});

test("who came in and is still at work misses nothing", () => {
  expect(daysIn(october, [around[0]!], Date.parse("2026-10-31T13:00:00Z")).oddDays).toBe(0);
});

test("a day of pieces alone is a day worked", () => {
  const { pieces, workedDays } = daysIn(october, around);

  expect({ pieces, workedDays }).toEqual({ pieces: 30, workedDays: 2 });
});

test("a day's records are shown though nothing of them counts", () => {
  expect(daysIn(october, around).days.find(({ day }) => day === "2026-10-01")?.records.length).toBe(1);
});

test.each([
  [480, "hours", { hours: 8, minutes: 0 }],
  [485, "hoursMinutes", { hours: 8, minutes: 5 }],
  [0, "minutesOnly", { hours: 0, minutes: 0 }],
  [59, "minutesOnly", { hours: 0, minutes: 59 }],
])("%d minutes", (minutes, key, values) => expect(durationOf(minutes)).toEqual([key, values]));
