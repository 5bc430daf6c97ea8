/** Dates of the site's calendar, written 2026-10-01, and the day masks the contracts keep: bit i is the period's day i. */

const MILLISECONDS_PER_DAY = 86_400_000;

/** Days since 1970-01-01, as the contracts count. */
export function dayNumber(date: string): number {
  return Date.parse(`${date}T00:00:00Z`) / MILLISECONDS_PER_DAY;
}

function dateOf(day: number): string {
  return new Date(day * MILLISECONDS_PER_DAY).toISOString().slice(0, 10);
}

/** Every date of the period, first and last included. */
export function datesOf(firstDay: string, lastDay: string): string[] {
  const first = dayNumber(firstDay);
  return Array.from({ length: dayNumber(lastDay) - first + 1 }, (_, i) => dateOf(first + i));
}

/** `count` dates, the first included. */
export function datesFrom(firstDay: string, count: number): string[] {
  const first = dayNumber(firstDay);
  if (Number.isNaN(first)) return [];
  return Array.from({ length: count }, (_, i) => dateOf(first + i));
}

export function daysBefore(date: string, days: number): string {
  return dateOf(dayNumber(date) - days);
}

/** Today on the phone's own calendar, which is the site's. */
export function dayOfPhone(now = new Date()): string {
  return new Date(now.getTime() - now.getTimezoneOffset() * 60_000).toISOString().slice(0, 10);
}

/** 0 is Monday. */
export function weekdayOf(date: string): number {
  return (dayNumber(date) + 3) % 7;
}

/** Throws where a date lies outside the 32 days a mask can hold. */
export function maskOf(firstDay: string, dates: Iterable<string>): number {
  let mask = 0;
  for (const date of dates) {
    const day = dayNumber(date) - dayNumber(firstDay);
    if (!(day >= 0 && day < 32)) throw new RangeError(`${date} is outside the period`);
    mask |= 1 << day;
  }
  return mask >>> 0;
}

/** "10月8日" or "8 Oct". */
export function shortDate(date: string, language: string): string {
  return new Intl.DateTimeFormat(language === "zh" ? "zh-CN" : "en-GB", {
    day: "numeric",
    month: language === "zh" ? "long" : "short",
    timeZone: "UTC",
  }).format(new Date(`${date}T00:00:00Z`));
}

/** An instant on the reader's clock. */
export function localTime(instant: string | number, language: string): string {
  return new Intl.DateTimeFormat(language === "zh" ? "zh-CN" : "en-GB", {
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
  }).format(new Date(instant));
}
