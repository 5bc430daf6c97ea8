/** The foreman's sheet as it is typed: which lines say something, what of them is no time, and what is sent. */

import type { ForemanSheet, SheetProblem } from "../shared/wire.attendance";
import { clockOf } from "./attendance";
import { type AttendanceKey, t } from "./text.attendance";

export interface SheetLine {
  workerNo: string;
  /** Counts a day's shifts: 1 is the first. */
  shift: number;
  in: string;
  out: string;
  pieces: string;
  /** What is wrong with it, here or by the server's word. */
  problem: string;
}

export const emptyLine = (workerNo: string, shift = 1): SheetLine => ({ workerNo, shift, in: "", out: "", pieces: "", problem: "" });

export const isWritten = (line: SheetLine): boolean => [line.in, line.out, line.pieces].some((text) => text.trim() !== "");

/** What is wrong with a line, in a sentence; "" where it can be sent. */
export function lineProblem(line: SheetLine): string {
  const clocks = [line.in, line.out].filter((text) => text.trim());
  if (clocks.some((text) => clockOf(text) === null)) return t("sheetBadTime");
  return /^\d{0,9}$/.test(line.pieces.trim()) ? "" : t("sheetBadPieces");
}

/** Whether the out is of the next day, as the server will read it. */
export function endsNextDay(line: SheetLine): boolean {
  const [began, ended] = [clockOf(line.in), clockOf(line.out)];
  return began !== null && ended !== null && ended <= began;
}

/** The written lines as they are sent, and for each row of the sheet the line it came from. */
export function sheetOf(lines: SheetLine[], day: string): { sheet: ForemanSheet; of: Record<"shifts" | "pieces", SheetLine[]> } {
  const shifts = lines.filter((line) => line.in.trim() || line.out.trim());
  const pieces = lines.filter((line) => line.pieces.trim());
  return {
    sheet: {
      shifts: shifts.map((line) => ({
        workerNo: line.workerNo,
        day,
        in: clockOf(line.in),
        out: clockOf(line.out),
        shift: line.shift,
      })),
      pieces: pieces.map((line) => ({ workerNo: line.workerNo, day, quantity: Number(line.pieces) })),
    },
    of: { shifts, pieces },
  };
}

const PROBLEMS: readonly string[] = ["not-on-project", "impossible-time", "differs", "empty"];

export function sayProblem({ problem }: SheetProblem): string {
  return PROBLEMS.includes(problem) ? t(problem as AttendanceKey) : problem;
}
