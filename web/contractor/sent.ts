/** A funding under way, kept over reloads: it counts as funded only when the books' final events say so. */

import type { ChainEvent, Hex } from "../shared/wire";

export interface SentFunding {
  txHash: Hex;
  amountFen: number;
}

export type FundingState = "sent" | "seen" | "orphaned" | "final";

const nameOf = (escrow: Hex): string => `anxin.funding.${escrow}`;

export function rememberSent(escrow: Hex, sent: SentFunding): void {
  localStorage.setItem(nameOf(escrow), JSON.stringify(sent));
}

export function recallSent(escrow: Hex): SentFunding | null {
  return JSON.parse(localStorage.getItem(nameOf(escrow)) ?? "null") as SentFunding | null;
}

export function forgetSent(escrow: Hex): void {
  localStorage.removeItem(nameOf(escrow));
}

/** After a reorganisation a transaction may be listed twice, once orphaned: the living event counts. */
export function fundingState(sent: SentFunding, events: ChainEvent[]): FundingState {
  const states = events
    .filter((event) => event.name === "Funded" && event.txHash.toLowerCase() === sent.txHash.toLowerCase())
    .map((event) => event.state);
  return (["final", "seen", "orphaned"] as const).find((state) => states.includes(state)) ?? "sent";
}
