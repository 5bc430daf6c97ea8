/** What a worker may claim of a line that is too low: the contract's own rules (WageEscrow.contest). */

import { parseYuan, yuan } from "../shared/money";
import type { Line } from "../shared/wire";
import { t } from "./text";

/** The days that count: those claimed before count nothing more. */
export function countingDays(line: Line, added: string[], claimedBefore: string[]): number {
  return [...line.days, ...added].filter((day) => !claimedBefore.includes(day)).length;
}

/** What is wrong with a claim, in one sentence; null where it can be signed. */
export function objectionProblem(line: Line, typed: string, reason: string, limit: number): string | null {
  const claimed = parseYuan(typed);
  if (claimed === null) return t("contestNotAmount");
  if (claimed <= line.amountFen) return t("contestTooLow", { amount: yuan(line.amountFen) });
  if (claimed > limit) return t("contestTooHigh", { limit: yuan(limit) });
  return reason.trim() ? null : t("contestReasonMissing");
}
