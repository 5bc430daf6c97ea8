/** The steps of a wage, from owed to paid: which are done, which one is on, and which are still to come. */

import type { Hex, Line } from "../shared/wire";
import type { Stage } from "./progress";
import type { TrailKey } from "./text.trail";

export interface Step {
  name: TrailKey;
  state: "done" | "current" | "ahead" | "failed";
  /** Sentences about it, with the instant they speak of. */
  more: { key: TrailKey; at?: string | null }[];
  /** Why it waits, or could not be paid. */
  reason?: string | null;
  transaction?: Hex | null;
}

/** `paidByBank` is where the money would go now; once it is released, the line says where it went. */
export function stepsOf(line: Line, stage: Stage, paidByBank: boolean): Step[] {
  const { trail } = line;
  const before: Step[] = [
    { name: "accrued", state: "done", more: [{ key: "accruedMore", at: trail.accruedAt }] },
    ...returnedStep(line),
    confirmedStep(line, stage),
  ];
  const goesToBank = trail.releasedAt === null ? paidByBank : trail.toBank;
  return [...before, ...(goesToBank ? throughBank(line) : [arrivedStep(line)])];
}

function returnedStep({ trail }: Line): Step[] {
  if (trail.returnedAt === null) return [];
  const reason = trail.releasedAt === null ? trail.reason : null; // out again, the reason is of the payment on its way
  return [{ name: "returned", state: "failed", more: [{ key: "returnedMore", at: trail.returnedAt }], reason }];
}

function arrivedStep({ trail, txHash }: Line): Step {
  if (trail.releasedAt === null) return { name: "settled", state: "ahead", more: [] };
  return { name: "settled", state: "done", more: [{ key: "arrivedMore", at: trail.releasedAt }], transaction: txHash };
}

/** Released, given to the bank, paid by it: only its receipt makes a wage paid. */
function throughBank({ trail, txHash, settledTx }: Line): Step[] {
  if (trail.releasedAt === null) {
    return (["released", "withBank", "settled"] as const).map((name) => ({ name, state: "ahead", more: [] }));
  }
  const isPaid = trail.state === "settled";
  const isSubmitted = trail.submittedAt !== null;
  const released: Step = {
    name: "released",
    state: trail.state === "released" ? "current" : "done",
    more: [{ key: isPaid ? "releasedThen" : "releasedMore", at: trail.releasedAt }],
    transaction: txHash,
  };
  const withBank: Step = {
    name: "withBank",
    state: isPaid ? "done" : isSubmitted ? "current" : "ahead",
    more: isSubmitted ? [{ key: "submittedMore", at: trail.submittedAt }] : isPaid ? [] : [{ key: "notSubmitted" }],
    reason: isPaid ? null : trail.reason,
  };
  const settled: Step = {
    name: "settled",
    state: isPaid ? "done" : "ahead",
    more: isPaid ? [{ key: "settledMore", at: trail.settledAt }] : [],
    transaction: isPaid ? settledTx : null,
  };
  return [released, withBank, settled];
}

/** A word still on this phone is newer than what the server knows. */
function confirmedStep({ trail, txHash }: Line, stage: Stage): Step {
  if (stage === "toSign" || stage === "refused" || stage === "failed") {
    return { name: "toConfirm", state: "current", more: [] };
  }
  if (stage === "waiting") return { name: "confirmed", state: "current", more: [{ key: "waiting" }] };
  const signed: Step["more"] = trail.confirmedAt ? [{ key: "confirmedMore", at: trail.confirmedAt }] : [];
  if (trail.releasedAt !== null) {
    return { name: "confirmed", state: "done", more: signed.length ? signed : [{ key: "silent" }] };
  }
  return {
    name: "confirmed",
    state: "current",
    more: [...signed, { key: stage === "sent" ? "sent" : "received" }],
    transaction: stage === "sent" ? txHash : null,
  };
}

/** Where a wage stands, in one word: what is read aloud. */
export function standing(steps: Step[]): TrailKey {
  const on = steps.find(({ state }) => state === "current");
  return on?.name ?? [...steps].reverse().find(({ state }) => state === "done")!.name;
}
