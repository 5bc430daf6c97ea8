/** The worker's own attendance, month by month: from the server where it answers, else as last seen. */

import { shallowReactive } from "vue";

import { onSite } from "../shared/attendance";
import { ApiProblem, get, NoAnswer } from "../shared/api";
import type { Hex } from "../shared/wire";
import type { MyAttendance } from "../shared/wire.attendance";
import { recall, remember } from "./store";

export interface SeenMonth {
  /** Null: nothing known, and nobody answered. */
  month: MyAttendance | null;
  /** When it was last seen, in milliseconds; null where it is fresh. */
  asOf: number | null;
}

/** By worker and month: a phone may serve more than one. */
const months = shallowReactive(new Map<string, SeenMonth>());

const nameOf = (workerId: Hex, month: string): string => `attendance/${workerId}/${month}`;

/** This month on the site's calendar. */
export function monthNow(now = Date.now()): string {
  return onSite(now).day.slice(0, 7);
}

/** What is known of a month (2026-10); nothing before it was first asked for. */
export function seenMonth(workerId: Hex, month: string): SeenMonth | undefined {
  return months.get(nameOf(workerId, month));
}

/** Asks anew. What was seen before stays in sight until there is an answer, and when there is none. */
export async function loadMonth(workerId: Hex, month: string): Promise<void> {
  const name = nameOf(workerId, month);
  try {
    const answer = await get<MyAttendance>(`/api/me/attendance?month=${month}`);
    await remember(name, answer);
    months.set(name, { month: answer, asOf: null });
  } catch (error) {
    if (!(error instanceof NoAnswer) && !(error instanceof ApiProblem)) throw error;
    const last = await recall<MyAttendance>(name);
    months.set(name, { month: last?.value ?? null, asOf: last?.asOf ?? null });
  }
}
