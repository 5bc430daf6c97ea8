/** A dispute in the worker's words: whose turn it is and until when, what was granted, and where the money is. */

import { localTime } from "../shared/calendar";
import { language } from "../shared/i18n";
import { yuan } from "../shared/money";
import type { Dispute, MyDispute } from "../shared/wire";
import type { SignedWord } from "./store";
import { t } from "./text";

export type ClaimWord = Extract<SignedWord, { path: "claims" }>;

/** How it stands, then where the money is; one sentence each. */
export function disputeSentences(mine: MyDispute, now: number): string[] {
  const { dispute } = mine;
  if (dispute) return [standing(dispute, now), ...moneySentences(dispute)];
  if (mine.state !== "refused") return [t(mine.state === "accepted" ? "claimReceived" : "claimSent")];
  return [t("claimRefused"), ...(mine.reason ? [mine.reason] : [])];
}

function standing(dispute: Dispute, now: number): string {
  const { state, answerUntil, bureauUntil, askedFen, grantedFen } = dispute;
  const asked = yuan(askedFen);
  const granted = yuan(grantedFen);
  if (state === "claimed") return clock(answerUntil, now, "disputeAnswerUntil", "disputeUnanswered", { asked });
  if (state === "contested") {
    const isPart = grantedFen > 0;
    const key = isPart ? "disputeBureauUntilRest" : "disputeBureauUntil";
    return clock(bureauUntil, now, key, "disputeBureauLate", { asked, granted });
  }
  if (dispute.stood) return t("disputeStood", { granted });
  if (!grantedFen) return t("disputeNothing");
  return t(grantedFen === askedFen ? "disputeAll" : "disputePart", { asked, granted });
}

function clock(
  until: string | null,
  now: number,
  running: Parameters<typeof t>[0],
  over: Parameters<typeof t>[0],
  values: Record<string, string>,
): string {
  if (until === null || Date.parse(until) < now) return t(over, values);
  return t(running, { ...values, time: localTime(until, language.value) });
}

/** Paid is what the worker has: what the bank still holds is not. */
function moneySentences({ grantedFen, paidFen, bankedFen }: Dispute): string[] {
  const inHandFen = paidFen - bankedFen;
  const sentences: string[] = [];
  if (inHandFen > 0) sentences.push(t("disputePaid", { amount: yuan(inHandFen) }));
  if (bankedFen > 0) sentences.push(t("disputeWithBank", { amount: yuan(bankedFen) }));
  if (grantedFen > paidFen) sentences.push(t("disputeToPay", { amount: yuan(grantedFen - paidFen) }));
  return sentences;
}

/** Whether the server will have news soon, without anybody deciding anything. */
export function isDisputeMoving({ state, dispute }: MyDispute): boolean {
  if (!dispute) return state !== "refused";
  return dispute.bankedFen > 0;
}

/** The claims this phone holds that the server does not list yet, or refused; the newest first. */
export function claimsOnPhone(words: SignedWord[], disputes: MyDispute[]): ClaimWord[] {
  return words
    .filter((word): word is ClaimWord => word.path === "claims")
    .filter((word) => word.state !== "received" || !disputes.some((mine) => isSameClaim(mine, word)))
    .sort((a, b) => b.signedAt - a.signedAt);
}

function isSameClaim(mine: MyDispute, { body }: ClaimWord): boolean {
  const isSame = mine.kind === "claim" && mine.escrow === body.escrow && mine.firstDay === body.firstDay;
  return isSame && mine.askedFen === body.amountFen;
}
