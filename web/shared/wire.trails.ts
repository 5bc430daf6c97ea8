/** How far a posted line has come; the same rules as wire.ts. wire.trails.conforms.ts checks it. */

import type { Hex } from "./wire";

/** Released is with the bank and not paid; arrived: straight at the worker's own address; returned: owed again. */
export type TrailState = "accrued" | "confirmed" | "released" | "submitted" | "settled" | "arrived" | "returned";

/** The time of each step; null where the line has not come so far. */
export interface Trail {
  payday: string;
  accruedAt: string;
  /** Null where the worker is silent. */
  confirmedAt: string | null;
  releasedAt: string | null;
  /** The bank has the order. */
  submittedAt: string | null;
  settledAt: string | null;
  /** Of the latest return. */
  returnedAt: string | null;
  /** Why the bank waits, or could not pay, in the reader's language. */
  reason: string | null;
  /** Counts from 0. */
  attempt: number;
  toBank: boolean;
  state: TrailState;
  /** From the payday until the worker had the money, or today; 0 in time. */
  lateDays: number;
}

export interface LineTrail {
  sheetId: number;
  index: number;
  workerNo: string;
  workerId: Hex;
  amountFen: number;
  trail: Trail;
}

/** A page; `lines` and `late` count all that was asked for. */
export interface Trails {
  trails: LineTrail[];
  next: string | null;
  lines: number;
  late: number;
}
