/** The worker's own punches: what the next one is, what is sent beside it, and what this phone holds of them. */

import type { PunchTime } from "../shared/attendance";
import type { Hex } from "../shared/wire";
import type { Hint, MyAttendance, MyRecord } from "../shared/wire.attendance";
import type { SignedWord } from "./store";

export type PunchWord = SignedWord & { path: "punches" };

/** Somebody who came in longer ago than this has gone home without saying so. */
const LONGEST_SHIFT_MILLISECONDS = 16 * 3_600_000;
const HASTY_MILLISECONDS = 10 * 60_000;
const RECENT_MILLISECONDS = 36 * 3_600_000;

/** The text that is hashed: members in alphabetical order, none that is not known; "" where nothing is. */
export function hintText(hint: Hint): string {
  const known = Object.entries(hint).filter(([, value]) => value !== undefined);
  return known.length ? JSON.stringify(Object.fromEntries(known.sort(([a], [b]) => (a < b ? -1 : 1)))) : "";
}

/** The punches this phone holds of a worker, oldest first. */
export function punchesOnPhone(words: SignedWord[], workerId: Hex): PunchWord[] {
  return words
    .filter((word): word is PunchWord => word.path === "punches" && word.workerId === workerId)
    .sort((a, b) => a.body.at - b.body.at);
}

/** The latest punch on a project that this phone knows of, its own and the server's; null where it knows none. */
export function latestPunch(escrow: Hex, onPhone: PunchWord[], month: MyAttendance | null): PunchTime | null {
  const mine = onPhone
    .filter(({ body, state }) => body.escrow === escrow && state !== "refused")
    .map(({ body }): PunchTime => ({
      at: new Date(body.at * 1_000).toISOString(),
      direction: body.direction === 1 ? "01" : "02",
    }));
  const theirs = month?.projects.find((project) => project.escrow === escrow)?.effective ?? [];
  const all = [...mine, ...theirs].sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
  return all[all.length - 1] ?? null;
}

/** What to offer: `out` (2) to who is at work, else `in` (1). */
export function nextDirection(latest: PunchTime | null, now: number): 1 | 2 {
  const isAtWork = latest?.direction === "01" && now - Date.parse(latest.at) <= LONGEST_SHIFT_MILLISECONDS;
  return isAtWork ? 2 : 1;
}

/** Whether a punch the other way came only just now: a finger that slipped, more likely than a shift. */
export function isHasty(latest: PunchTime | null, direction: 1 | 2, now: number): boolean {
  if (!latest || Number(latest.direction) === direction) return false;
  const since = now - Date.parse(latest.at);
  return since >= 0 && since < HASTY_MILLISECONDS;
}

/** What is worth showing beside the button: whatever waits or was refused, and the latest few; newest first. */
export function shownPunches(onPhone: PunchWord[], now: number): PunchWord[] {
  const recent = onPhone.filter(({ body }) => now - body.at * 1_000 <= RECENT_MILLISECONDS);
  const pending = onPhone.filter(({ state }) => state === "refused");
  return [...new Set([...pending, ...recent.slice(-4)])].sort((a, b) => b.body.at - a.body.at);
}

/** The server's record of a punch that was signed here. */
export function recordOf(word: PunchWord, month: MyAttendance | null): MyRecord | null {
  const records = month?.projects.flatMap((project) => project.records) ?? [];
  return records.find(({ digest }) => digest === word.digest) ?? null;
}
