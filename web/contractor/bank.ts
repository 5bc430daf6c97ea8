/** Wages at the bank in the reader's words. */

import type { BankOrder, BankPayment } from "../shared/wire.bank";
import { t } from "./text.bank";
import type { zh } from "./zh.bank";

/** What the bank's files say of a payment, in the order in which it comes. */
export const STATES = ["due", "ordered", "submitted", "pending", "booked", "rejected", "returned"] as const;
/** As many as the server shows at once. */
export const MAX_SHOWN = 500;

const ORDERS: Record<string, keyof typeof zh> = {
  ready: "orderReady",
  submitted: "orderSubmitted",
  answered: "orderAnswered",
  refused: "orderRefused",
};

/** Only what the chain has settled is called paid. */
export function wordOf({ state, closedAs }: Pick<BankPayment, "state" | "closedAs">): string {
  if (closedAs === "settled") return t("settled");
  if (closedAs === "returned") return t("owedAgain");
  return STATES.some((known) => known === state) ? t(state as (typeof STATES)[number]) : state;
}

export function toneOf({ state, closedAs, reason }: Pick<BankPayment, "state" | "closedAs" | "reason">): "good" | "bad" | "" {
  if (closedAs === "settled") return "good";
  return closedAs === "returned" || state === "rejected" || state === "returned" || reason ? "bad" : "";
}

export function orderWord({ state }: Pick<BankOrder, "state">): string {
  const word = ORDERS[state];
  return word ? t(word) : state;
}
