/**
 * Punches as days of work, for showing: the pay rules' own pairing (anxin/payroll/rules.py), on the site's clock.
 *
 * A half without its other half is shown as missing and never guessed.
 */

import type { Direction } from "./wire.attendance";

const SITE_ZONE = "Asia/Shanghai";
const MINUTE = 60_000;
/** The same direction again within this is one punch, made twice. */
const SAME_PUNCH = 5 * MINUTE;
const LONGEST_INTERVAL = 16 * 60 * MINUTE;
/** An interval that begins sooner than this after the last belongs to the same shift. */
const SAME_SHIFT = 4 * 60 * MINUTE;

export interface PunchTime {
  /** RFC 3339. */
  at: string;
  direction: Direction;
}

export type Odd = "missing-out" | "missing-in" | "too-long";

/** From `in` to `out`; where something is odd it counts for nothing. */
export interface Interval<P extends PunchTime> {
  in: P | null;
  out: P | null;
  minutes: number;
  odd: Odd | null;
}

/** The intervals whose shift began on `day`. */
export interface WorkDay<P extends PunchTime> {
  day: string;
  intervals: Interval<P>[];
  minutes: number;
  odd: Odd[];
}

const parts = new Intl.DateTimeFormat("en-CA", {
  timeZone: SITE_ZONE,
  hourCycle: "h23",
  year: "numeric",
  month: "2-digit",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});

/** An instant on the site's clock: 2026-10-08 and 07:59:00. */
export function onSite(instant: string | number): { day: string; clock: string } {
  const found = Object.fromEntries(parts.formatToParts(new Date(instant)).map(({ type, value }) => [type, value]));
  return {
    day: `${found.year}-${found.month}-${found.day}`,
    clock: `${found.hour}:${found.minute}:${found.second}`,
  };
}

/** "07:59" on the site's clock. */
export function siteClock(instant: string | number): string {
  return onSite(instant).clock.slice(0, 5);
}

/** The month that many months after: ("2026-12", 1) is "2027-01". */
export function monthAfter(month: string, count: number): string {
  const [year, number] = month.split("-").map(Number) as [number, number];
  return new Date(Date.UTC(year, number - 1 + count, 1)).toISOString().slice(0, 7);
}

/** Every date of a month. */
export function daysOfMonth(month: string): string[] {
  const [year, number] = month.split("-").map(Number) as [number, number];
  const last = new Date(Date.UTC(year, number, 0)).getUTCDate();
  return Array.from({ length: last }, (_, i) => `${month}-${`${i + 1}`.padStart(2, "0")}`);
}

/** Days in order; a worker's punches on one project in any order. */
export function workDays<P extends PunchTime>(punches: Iterable<P>): WorkDay<P>[] {
  const days = new Map<string, Interval<P>[]>();
  let shift = { day: "", end: -Infinity };
  for (const interval of intervalsOf(withoutRepeats([...punches].sort(inTime)))) {
    const starts = timeOf((interval.in ?? interval.out)!);
    const isSame = !interval.odd && starts - shift.end < SAME_SHIFT;
    const day = isSame ? shift.day : onSite(starts).day;
    if (!interval.odd) shift = { day, end: timeOf(interval.out!) };
    days.set(day, [...(days.get(day) ?? []), interval]);
  }
  return [...days.entries()].sort(([a], [b]) => a.localeCompare(b)).map(([day, intervals]) => ({
    day,
    intervals,
    minutes: intervals.reduce((sum, { minutes }) => sum + minutes, 0),
    odd: [...new Set(intervals.flatMap(({ odd }) => odd ?? []))],
  }));
}

/** Whether somebody may still be at work: `in` not long ago, and no `out` yet. */
export function isRunning({ odd, in: began }: Interval<PunchTime>, now: number): boolean {
  return odd === "missing-out" && began !== null && now - timeOf(began) <= LONGEST_INTERVAL;
}

function timeOf(punch: PunchTime): number {
  return Date.parse(punch.at);
}

/** Of one instant's punches, `out` comes first. */
function inTime(a: PunchTime, b: PunchTime): number {
  return timeOf(a) - timeOf(b) || b.direction.localeCompare(a.direction);
}

function withoutRepeats<P extends PunchTime>(punches: P[]): P[] {
  const kept: P[] = [];
  for (const punch of punches) {
    const last = kept[kept.length - 1];
    if (last?.direction === punch.direction && timeOf(punch) - timeOf(last) <= SAME_PUNCH) continue;
    kept.push(punch);
  }
  return kept;
}

function intervalsOf<P extends PunchTime>(punches: P[]): Interval<P>[] {
  const found: Interval<P>[] = [];
  let began: P | null = null;
  for (const punch of punches) {
    if (punch.direction === "01") {
      if (began) found.push({ in: began, out: null, minutes: 0, odd: "missing-out" });
      began = punch;
    } else if (!began) {
      found.push({ in: null, out: punch, minutes: 0, odd: "missing-in" });
    } else {
      found.push(closed(began, punch));
      began = null;
    }
  }
  if (began) found.push({ in: began, out: null, minutes: 0, odd: "missing-out" });
  return found;
}

function closed<P extends PunchTime>(began: P, ended: P): Interval<P> {
  const length = timeOf(ended) - timeOf(began);
  if (length > LONGEST_INTERVAL) return { in: began, out: ended, minutes: 0, odd: "too-long" };
  return { in: began, out: ended, minutes: Math.floor(length / MINUTE), odd: null };
}
