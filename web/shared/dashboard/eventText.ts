/** A chain event in the reader's words. */

import { yuan } from "../money";
import type { ChainEvent } from "../wire";
import { isKey, type Key, t } from "./text";

const MONEY: Record<string, Key> = {
  amount: "argAmount",
  total: "argTotal",
  asked: "argAsked",
  admitted: "argAdmitted",
  granted: "argGranted",
  dayCap: "argDayCap",
};
const PARTIES: Record<string, Key> = { from: "argFrom", to: "argTo", workerId: "argWorker", by: "argBy" };

export function eventName(name: string): string {
  const key = `event${name}`;
  return isKey(key) ? t(key) : name;
}

/** 0x1234…cdef. A worker's id is 16 bytes and 16 zero bytes, which would make all ids end alike. */
export function short(hex: unknown): string {
  const text = String(hex).replace(/^(0x[0-9a-f]{32})0{32}$/, "$1");
  return text.length > 14 ? `${text.slice(0, 8)}…${text.slice(-4)}` : text;
}

export function eventContent({ args }: ChainEvent): string {
  const parts: string[] = [];
  if (args["disputeId"] !== undefined) parts.push(t("argDispute", { id: String(args["disputeId"]) }));
  if (args["sheetId"] !== undefined) parts.push(t("argSheet", { id: String(args["sheetId"]) }));
  if (args["index"] !== undefined) parts.push(t("argIndex", { index: String(args["index"]) }));
  for (const [name, label] of Object.entries(MONEY)) {
    if (args[name] !== undefined) parts.push(`${t(label)} ¥${yuan(Number(args[name]))}`);
  }
  for (const [name, label] of Object.entries(PARTIES)) {
    if (args[name] !== undefined) parts.push(`${t(label)} ${short(args[name])}`);
  }
  const { lines } = args;
  if (Array.isArray(lines)) parts.push(t("argLines", { count: lines.length }));
  const assurance = `assurance${args["assurance"]}`;
  if (isKey(assurance)) parts.push(t(assurance));
  return parts.join(" · ");
}
