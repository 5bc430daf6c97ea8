/** Messages that did not reach a phone, and who wrote back; the same rules as wire.ts. wire.messages.conforms.ts checks it. */

import type { Hex } from "./wire";

/** stopped: the number wants no messages; limit: too many for a day; unreachable: Twilio or the carrier could not deliver it. */
export type Because = "stopped" | "limit" | "unreachable";

export interface Notice {
  id: number;
  kind: string;
  text: string;
  at: string;
  because: Because;
}

/** Newest first. */
export interface Notices {
  smsStopped: boolean;
  notices: Notice[];
}

/** A worker wrote that something is wrong. `doneBy` has seen to it; null while it is open. */
export interface DeskNotice {
  id: number;
  workerId: Hex;
  workerNo: string;
  writtenAt: string;
  doneAt: string | null;
  doneBy: Hex | null;
}

/** Newest first. `next` is the cursor of the page that follows; `open` and `done` count all. */
export interface DeskNotices {
  notices: DeskNotice[];
  next: number | null;
  open: number;
  done: number;
}

/** `priced` of these messages cost `priceMicros` millionths of the month's `priceUnit`. */
export interface KindCost {
  kind: string;
  messages: number;
  segments: number;
  priced: number;
  priceMicros: number;
}

/** `month` is YYYY-MM. */
export interface MonthCost {
  month: string;
  messages: number;
  segments: number;
  priced: number;
  priceMicros: number;
  priceUnit: string | null;
  kinds: KindCost[];
}

export interface Costs {
  months: MonthCost[];
}
