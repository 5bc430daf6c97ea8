/** Dates of the site's calendar, written 2026-10-01, and the day masks the contracts keep: bit i is the period's day i. */

const MILLISECONDS_PER_DAY = 86_400_000;

function dayNumber(date: string): number {
  return Date.parse(`${date}T00:00:00Z`) / MILLISECONDS_PER_DAY;
}

/** Every date of the period, first and last included. */
export function datesOf(firstDay: string, lastDay: string): string[] {
  const first = dayNumber(firstDay);
  return Array.from({ length: dayNumber(lastDay) - first + 1 }, (_, i) =>
    new Date((first + i) * MILLISECONDS_PER_DAY).toISOString().slice(0, 10),
  );
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
