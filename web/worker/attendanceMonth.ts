/** A month of the worker's attendance as days: pairs of punches, pieces, and what is missing, project by project. */

import { isRunning, onSite, type WorkDay, workDays } from "../shared/attendance";
import type { DayPieces, EffectivePunch, MyAttendance, MyProjectAttendance, MyRecord } from "../shared/wire.attendance";

export interface ProjectDay {
  project: MyProjectAttendance;
  day: string;
  /** Null where only pieces are on record. */
  work: WorkDay<EffectivePunch> | null;
  pieces: DayPieces | null;
  /** Every reading of that day, those that do not count too. */
  records: MyRecord[];
}

export interface MonthDays {
  /** Newest first. */
  days: ProjectDay[];
  minutes: number;
  pieces: number;
  /** Days on which something counts. */
  workedDays: number;
  oddDays: number;
}

/** `around` are the months before and after, where known: a night shift may begin or end in them. */
export function daysIn(month: MyAttendance, around: (MyAttendance | null)[] = [], now = Date.now()): MonthDays {
  const days = month.projects
    .flatMap((project) => projectDays(project, month.month, around))
    .sort((a, b) => b.day.localeCompare(a.day));
  const worked = days.filter(({ work, pieces }) => (work?.minutes ?? 0) > 0 || (pieces?.quantity ?? 0) > 0);
  return {
    days,
    minutes: days.reduce((sum, { work }) => sum + (work?.minutes ?? 0), 0),
    pieces: days.reduce((sum, { pieces }) => sum + (pieces?.quantity ?? 0), 0),
    workedDays: new Set(worked.map(({ day }) => day)).size,
    oddDays: new Set(days.filter((day) => isOdd(day, now)).map(({ day }) => day)).size,
  };
}

/** Whether something of a day is missing: who is at work now is not missing an out. */
export function isOdd({ work }: ProjectDay, now: number): boolean {
  return work?.intervals.some((each) => each.odd !== null && !isRunning(each, now)) ?? false;
}

function projectDays(project: MyProjectAttendance, month: string, around: (MyAttendance | null)[]): ProjectDay[] {
  const neighbours = around.flatMap((other) => other?.projects.filter(({ escrow }) => escrow === project.escrow) ?? []);
  const every = [project, ...neighbours];
  const work = workDays(every.flatMap(({ effective }) => effective)).filter(({ day }) => day.startsWith(month));
  const dates = new Set([
    ...work.map(({ day }) => day),
    ...project.pieces.map(({ day }) => day),
    ...project.records.map(({ at }) => onSite(at).day),
  ]);
  return [...dates].map((day) => ({
    project,
    day,
    work: work.find((each) => each.day === day) ?? null,
    pieces: project.pieces.find((each) => each.day === day) ?? null,
    records: every.flatMap(({ records }) => records).filter((record) => onSite(record.at).day === day),
  }));
}

/** What of `hours` is to be said: 8 h, 8 h 30 min, 30 min. */
export function durationOf(minutes: number): ["hours" | "hoursMinutes" | "minutesOnly", { hours: number; minutes: number }] {
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  return [rest === 0 && hours > 0 ? "hours" : hours > 0 ? "hoursMinutes" : "minutesOnly", { hours, minutes: rest }];
}
