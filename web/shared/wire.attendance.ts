/**
 * What travels of attendance. Held to the API by wire.attendance.conforms.ts.
 *
 * Instants are RFC 3339 in UTC; `direction` is "01" in, "02" out; `record` names one row (punch-12, pieces-5).
 */

import type { Hex, Signature } from "./wire";

export type Direction = "01" | "02";

/** strong: signed by the worker with a passkey; medium: a device, or a device key; weak: written down by somebody. */
export type Strength = "strong" | "medium" | "weak";

export type SourceKind = "phone" | "device" | "foreman" | "file";

/** What a punch's site code was worth at the punch's own time. */
export type CodeVerdict = "matched" | "stale" | "wrong" | "none";

/** What a phone adds to a punch: never proof. Members that are not known are left out. */
export interface Hint {
  siteCode?: string;
  latitude?: number;
  longitude?: number;
  accuracyMetres?: number;
  /** A random text this browser keeps. */
  deviceId?: string;
}

export interface SignedPunch {
  escrow: Hex;
  workerId: Hex;
  direction: 1 | 2;
  /** Unix seconds by the phone's clock. */
  at: number;
  /** JSON of `Hint`, exactly as hashed; "" without one. */
  hintText: string;
  signature: Signature;
}

export interface WorkerWord {
  signature: Signature;
}

export interface MyRecord {
  record: string;
  at: string;
  receivedAt: string;
  direction: Direction;
  attendType: string;
  sourceKind: SourceKind;
  sourceName: string;
  device: string;
  strength: Strength;
  codeVerdict: CodeVerdict;
  state: RecordState;
  digest: Hex | null;
  rootDay: string | null;
  rootState: RootState | null;
}

/** voided: by a correction; outweighed: stronger readings say otherwise. */
export type RecordState = "counted" | "voided" | "outweighed";

export type RootState = "waiting" | "accepted" | "sent" | "done" | "refused";

export interface EffectivePunch {
  at: string;
  direction: Direction;
  /** By a correction. */
  added: boolean;
}

export interface DayPieces {
  record: string | null;
  day: string;
  quantity: number;
  reported: number | null;
  strength: Strength;
}

export type CorrectionState = "proposed" | "countersigned" | "effective" | "objected";

export interface Correction {
  correctionId: Hex;
  /** Of `Correction(correctionId, workerId, contentHash)`. */
  digest: Hex;
  workerNo: string;
  /** As the chain knows them. */
  workerId: Hex;
  action: "void" | "add" | "pieces";
  day: string;
  /** The exact text whose SHA-256 is `contentHash`. */
  content: string;
  contentHash: Hex;
  takesAway: boolean;
  proposedBy: Hex;
  proposerRole: string;
  proposedAt: string;
  state: CorrectionState;
  countersignedBy: Hex | null;
  countersignedAt: string | null;
  workerSignedAt: string | null;
  bySilence: boolean;
  closedAt: string | null;
}

/** Newest first; `next` is what to ask `before` for the page before. */
export interface CorrectionPage {
  corrections: Correction[];
  next: Hex | null;
}

/** What a correction's `content` holds. */
export interface CorrectionContent {
  action: "void" | "add" | "pieces";
  escrow: Hex;
  workerNo: string;
  day: string;
  old: PunchText | number | null;
  new: PunchText | number | null;
  reason: string;
}

/** A punch on the site's clock. */
export interface PunchText {
  at: string;
  direction: Direction;
  device: string;
}

export interface MyProjectAttendance {
  escrow: Hex;
  name: string;
  records: MyRecord[];
  pieces: DayPieces[];
  corrections: Correction[];
  effective: EffectivePunch[];
}

export interface MyAttendance {
  /** 2026-10 */
  month: string;
  workerId: Hex;
  projects: MyProjectAttendance[];
}

export interface Source {
  appId: string;
  kind: SourceKind;
  name: string;
  strength: Strength;
  createdBy: Hex | null;
  createdAt: string;
  endedAt: string | null;
  latestAt: string | null;
}

export interface SourceSecret {
  appId: string;
  name: string;
  secret: string;
}

export interface SiteCode {
  /** Eight digits. */
  code: string;
  /** What the QR code holds. */
  url: string;
  svg: string;
  validFrom: string;
  expiresAt: string;
}

export interface Stray {
  stray: number;
  subject: string;
  sourceName: string;
  device: string;
  at: string;
  receivedAt: string;
  direction: Direction;
}

/** `in` and `out` on the site's clock, as 07:30; an `out` not after the `in` is of the next day. */
export interface SheetShift {
  workerNo: string;
  day: string;
  in?: string | null;
  out?: string | null;
  shift: number;
}

export interface SheetPieces {
  workerNo: string;
  day: string;
  quantity: number;
}

export interface ForemanSheet {
  shifts: SheetShift[];
  pieces: SheetPieces[];
}

export interface SheetProblem {
  list: "shifts" | "pieces";
  index: number;
  workerNo: string;
  problem: string;
}

export interface SheetKept {
  kept: number;
  known: number;
  problems: SheetProblem[];
}

export interface CellError {
  line: number;
  column: string;
  value: string;
  problem: string;
}

export type FileKind = "punches" | "pieces";

export interface FilePreview {
  fileDigest: Hex;
  kind: FileKind;
  name: string;
  rows: number;
  newRows: number;
  duplicates: number;
  /** The first of `errorCount`. */
  errors: CellError[];
  errorCount: number;
  unknownWorkers: string[];
  firstDay: string | null;
  lastDay: string | null;
  confirmedAt: string | null;
}

export interface FileStored {
  fileDigest: Hex;
  storedRows: number;
}

export type ProposedCorrection =
  | { action: "void"; record: string; reason: string }
  | { action: "add"; workerNo: string; at: string; direction: Direction; reason: string }
  | { action: "pieces"; workerNo: string; day: string; quantity: number; reason: string };

export interface SiteRecord {
  record: string;
  workerNo: string;
  at: string;
  receivedAt: string;
  skewSeconds: number;
  direction: Direction;
  attendType: string;
  sourceKind: SourceKind;
  sourceName: string;
  device: string;
  strength: Strength;
  codeVerdict: CodeVerdict;
  signed: boolean;
  state: RecordState;
}

export interface SitePieces {
  record: string | null;
  workerNo: string;
  quantity: number;
  reported: number | null;
  strength: Strength;
}

export interface SiteDay {
  day: string;
  records: SiteRecord[];
  pieces: SitePieces[];
  withoutReading: string[];
}

export interface AddedPunch {
  workerNo: string;
  at: string;
  direction: Direction;
}

export interface SiteDays {
  days: SiteDay[];
  /** Of the day before and the day after: a night shift may begin or end there. */
  around: SiteRecord[];
  /** By corrections in effect, of all these days. */
  added: AddedPunch[];
}

export interface Flag {
  kind: string;
  day: string;
  workerNos: string[];
  records: string[];
  detail: string;
}

export interface Flags {
  firstDay: string;
  lastDay: string;
  flags: Flag[];
}

export interface Root {
  digest: Hex;
  escrow: Hex;
  project: string;
  day: string;
  dayNumber: number;
  topic: Hex;
  root: Hex;
  leafCount: number;
  state: RootState;
  signatures: number;
  needed: number;
  signedByMe: boolean;
  txHash: Hex | null;
}
