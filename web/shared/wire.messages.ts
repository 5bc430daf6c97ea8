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

export interface DeskNotice {
  workerId: Hex;
  writtenAt: string;
}

export interface DeskNotices {
  notices: DeskNotice[];
}

/** `month` is YYYY-MM; `priced` messages cost `priceMicros` millionths of `priceUnit`. */
export interface MonthCost {
  month: string;
  messages: number;
  segments: number;
  priced: number;
  priceMicros: number;
  priceUnit: string | null;
}

export interface Costs {
  months: MonthCost[];
}
