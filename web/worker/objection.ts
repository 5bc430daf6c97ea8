/** What a worker may claim of a line that is too low: the contract's own rules (WageEscrow.contest). */

import { parseYuan, yuan } from "../shared/money";
import type { Line } from "../shared/wire";
import { t } from "./text";

/** The most that may be claimed: the contract's day cap for each day. */
export function limitFen(line: Line, addedDays: number, dayCapFen: number): number {
  return dayCapFen * (line.days.length + addedDays);
}

/** What is wrong with a claim, in one sentence; null where it can be signed. */
export function objectionProblem(line: Line, typed: string, reason: string, limit: number): string | null {
  const claimed = parseYuan(typed);
  if (claimed === null) return t("contestNotAmount");
  if (claimed <= line.amountFen) return t("contestTooLow", { amount: yuan(line.amountFen) });
  if (claimed > limit) return t("contestTooHigh", { limit: yuan(limit) });
  return reason.trim() ? null : t("contestReasonMissing");
}
