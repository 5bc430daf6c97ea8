/** What a worker may claim for days that no sheet has: the contract's own rules (WageEscrow.claim). */

import { datesOf, datesFrom, daysBefore, maskOf } from "../shared/calendar";
import { parseYuan, yuan } from "../shared/money";
import type { Hex, Line, MyDispute } from "../shared/wire";
import type { SignedWord } from "./store";
import { t } from "./text";

/** One bit of a day mask each. */
const MAX_DAYS = 32;
/** The contract looks back ten years (WageEscrow.CLAIM_DAYS). */
const OLDEST_DAYS = 3652;

/** What is on the form. */
export interface Draft {
  startDay: string;
  days: string[];
  /** As typed, in yuan. */
  perDay: string;
  evidence: string;
}

/** What is reviewed and signed. */
export interface Claim {
  firstDay: string;
  dayMask: number;
  days: string[];
  perDayFen: number;
  amountFen: number;
  evidence: string;
}

/** The earliest date a claim may start on. */
export function oldestDay(today: string): string {
  return daysBefore(today, OLDEST_DAYS);
}

/** The last date that may be chosen: none to come, and no more than a mask can hold. */
export function lastDayOf(startDay: string, today: string): string {
  const dates = datesFrom(startDay, MAX_DAYS);
  const last = dates[dates.length - 1] ?? today;
  return last < today ? last : today;
}

/** The days of this escrow that need no claim: a sheet has them, or they are claimed or contested already. */
export function takenDays(escrow: Hex, lines: Line[], disputes: MyDispute[], words: SignedWord[]): string[] {
  const onSheets = lines.filter((line) => line.escrow === escrow).flatMap((line) => line.days);
  return [...onSheets, ...claimedDays(escrow, disputes, words)];
}

/** The days claimed or contested before: they count once. */
export function claimedDays(escrow: Hex, disputes: MyDispute[], words: SignedWord[]): string[] {
  return [
    ...disputes.filter((known) => known.escrow === escrow && known.state !== "refused").flatMap((known) => known.days),
    ...words.flatMap((word) =>
      word.path === "claims" && word.body.escrow === escrow && word.state !== "refused"
        ? maskedDays(word.body.firstDay, word.body.dayMask)
        : [],
    ),
  ];
}

/** The dates of a mask. */
export function maskedDays(firstDay: string, dayMask: number): string[] {
  return datesFrom(firstDay, MAX_DAYS).filter((_, i) => (dayMask >>> i) & 1);
}

/** What is wrong with a draft, in one sentence; null where it can be signed. */
export function claimProblem(draft: Draft, dayCapFen: number, today: string): string | null {
  if (!(draft.startDay >= oldestDay(today) && draft.startDay <= today)) return t("claimBadStart");
  if (!draft.days.length) return t("claimNoDays");
  const inReach = datesOf(draft.startDay, lastDayOf(draft.startDay, today));
  if (draft.days.some((day) => !inReach.includes(day))) return t("claimBadDay");
  const perDayFen = parseYuan(draft.perDay);
  if (!perDayFen) return t("claimNotAmount");
  if (perDayFen > dayCapFen) return t("claimTooHigh", { limit: yuan(dayCapFen) });
  return draft.evidence.trim() ? null : t("claimEvidenceMissing");
}

/** The claim of a draft without a problem. Its first day is the first one chosen, whatever date the form began with. */
export function claimOf(draft: Draft): Claim {
  const days = [...draft.days].sort();
  const firstDay = days[0]!;
  const perDayFen = parseYuan(draft.perDay)!;
  const amountFen = perDayFen * days.length;
  return { firstDay, dayMask: maskOf(firstDay, days), days, perDayFen, amountFen, evidence: draft.evidence.trim() };
}
