/** The progress of a project's wages, page by page. */

import { get } from "../api";
import type { Hex } from "../wire";
import type { Trails, TrailState } from "../wire.trails";

export const PAGE = 100;
const MOST = 500;

/** The steps in the order in which a wage takes them; `arrived` is where there is no bank between. */
export const STEPS = ["accruedAt", "confirmedAt", "releasedAt", "submittedAt", "settledAt", "returnedAt"] as const;

export type Tone = "good" | "moving" | "bad";
const TONES: Record<TrailState, Tone> = {
  accrued: "moving",
  confirmed: "moving",
  released: "moving",
  submitted: "moving",
  settled: "good",
  arrived: "good",
  returned: "bad",
};

export interface Question {
  escrow: Hex;
  /** The sheet's number on the chain; all sheets where none is named. */
  sheet?: number | null;
  late: boolean;
}

export function toneOf(state: TrailState): Tone {
  return TONES[state];
}

export function pathOf({ escrow }: Question): string {
  return `/api/projects/${escrow}/trails`;
}

/** What both the page and the file ask for. */
export function queryOf({ sheet, late }: Question): Record<string, string> {
  return { sheet: sheet == null ? "" : `${sheet}`, late: late ? "true" : "" };
}

/** A page from after a cursor on; as many from the beginning as are shown already, where there is none. */
export function readTrails(asked: Question, after: string | null, shown: number): Promise<Trails> {
  const given = Object.entries({ ...queryOf(asked), after: after ?? "" }).filter(([, value]) => value);
  const limit = after ? PAGE : Math.min(MOST, Math.max(PAGE, shown));
  return get<Trails>(`${pathOf(asked)}?${new URLSearchParams([...given, ["limit", `${limit}`]])}`);
}
