/** A project's month: every worker's days, put together from the site's days. */

import { get } from "../shared/api";
import { daysOfMonth, isRunning, onSite, type PunchTime, type WorkDay, workDays } from "../shared/attendance";
import type { Hex } from "../shared/wire";
import type { PartyRole, RosterRow } from "../shared/wire.people";
import type { CorrectionPage, SiteDay, SiteDays, SitePieces, SiteRecord, Strength } from "../shared/wire.attendance";

const ROSTER_READERS: readonly PartyRole[] = ["contractor", "officer", "bureau", "subcontractor"];

export interface WorkerDay {
  workerNo: string;
  day: string;
  work: WorkDay<PunchTime> | null;
  pieces: SitePieces | null;
  records: SiteRecord[];
  /** Came in not long ago, and is not out yet: nothing is missing. */
  isRunning: boolean;
  /** Of what counts, the weakest; null where nothing does. */
  weakest: Strength | null;
}

export interface Overview {
  month: string;
  days: string[];
  /** In order of their numbers. */
  workerNos: string[];
  /** By `keyOf`. */
  cells: Map<string, WorkerDay>;
}

export const keyOf = (workerNo: string, day: string): string => `${workerNo}/${day}`;

export async function siteDay(escrow: Hex, day: string): Promise<SiteDay> {
  return (await get<SiteDays>(`/api/projects/${escrow}/attendance?first=${day}&last=${day}`)).days[0]!;
}

/** Masked name and team by number, for those who may see the roster; nobody's for the others. */
export async function namesOf(escrow: Hex, roles: readonly PartyRole[]): Promise<Map<string, string>> {
  if (!roles.some((role) => ROSTER_READERS.includes(role))) return new Map();
  const { rows } = await get<{ rows: RosterRow[] }>(`/api/projects/${escrow}/roster`);
  return new Map(rows.map(({ workerNo, nameMasked, team }) => [workerNo, [nameMasked, team].filter(Boolean).join(" · ")]));
}

/** A project's corrections, newest first: the first page, or the one that follows `before`. */
export function correctionsOf(escrow: Hex, before: Hex | null = null): Promise<CorrectionPage> {
  const query = before ? `?before=${before}` : "";
  return get<CorrectionPage>(`/api/projects/${escrow}/attendance/corrections${query}`);
}

export async function loadOverview(escrow: Hex, month: string): Promise<Overview> {
  const days = daysOfMonth(month);
  const query = `first=${days[0]}&last=${days[days.length - 1]}`;
  return overviewOf(month, await get<SiteDays>(`/api/projects/${escrow}/attendance?${query}`));
}

export function overviewOf(month: string, read: SiteDays, now = Date.now()): Overview {
  const workerNos = [
    ...new Set(
      read.days.flatMap(({ records, pieces, withoutReading }) => [
        ...[...records, ...pieces].map(({ workerNo }) => workerNo),
        ...withoutReading,
      ]),
    ),
  ].sort();
  const cells = new Map<string, WorkerDay>();
  const cellOf = (workerNo: string, day: string): WorkerDay => {
    const found = cells.get(keyOf(workerNo, day)) ?? { workerNo, day, work: null, pieces: null, records: [], isRunning: false, weakest: null };
    cells.set(keyOf(workerNo, day), found);
    return found;
  };
  const records = [...read.days.flatMap((each) => each.records), ...read.around];
  for (const workerNo of workerNos) {
    const mine = records.filter((record) => record.workerNo === workerNo);
    const counted = mine.filter(({ state }) => state === "counted");
    for (const work of workDays<PunchTime>([...counted, ...read.added.filter((punch) => punch.workerNo === workerNo)])) {
      if (work.day.startsWith(month)) cellOf(workerNo, work.day).work = work;
    }
    for (const record of mine) {
      const { day } = onSite(record.at);
      if (day.startsWith(month)) cellOf(workerNo, day).records.push(record);
    }
  }
  for (const { day, pieces } of read.days) {
    for (const each of pieces) cellOf(each.workerNo, day).pieces = each;
  }
  for (const cell of cells.values()) {
    cell.weakest = weakestOf(cell);
    cell.isRunning = cell.work?.intervals.some((each) => isRunning(each, now)) ?? false;
  }
  return { month, days: daysOfMonth(month), workerNos, cells };
}

function weakestOf({ records, pieces }: WorkerDay): Strength | null {
  const found = [...records.filter(({ state }) => state === "counted"), ...(pieces ? [pieces] : [])].map(({ strength }) => strength);
  return (["weak", "medium", "strong"] as const).find((strength) => found.includes(strength)) ?? null;
}

/** 570 minutes as "9:30". */
export function hoursText(minutes: number): string {
  return `${Math.floor(minutes / 60)}:${`${minutes % 60}`.padStart(2, "0")}`;
}

/** What somebody typed as an hour: 730, 7:30, 07.30, 7 are half past seven or seven; null where it is none. */
export function clockOf(typed: string): string | null {
  const text = typed.trim().replace(/[：.。]/g, ":");
  const match = /^(\d{1,2}):(\d{2})$/.exec(text) ?? /^(\d{1,2}?)(\d{2})$/.exec(text.length > 2 ? text : "") ?? /^(\d{1,2})()$/.exec(text);
  if (!match) return null;
  const [hour, minute] = [Number(match[1]), Number(match[2] || 0)];
  return hour < 24 && minute < 60 ? `${`${hour}`.padStart(2, "0")}:${`${minute}`.padStart(2, "0")}` : null;
}
