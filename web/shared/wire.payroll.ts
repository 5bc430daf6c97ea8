/** Wage sheets and payslips. Held to the API's own description by wire.payroll.conforms.ts. */

import type { ContractType, Hex } from "./wire";

export type SheetKind = "regular" | "final" | "correcting";
export type SheetState = "draft" | "waiting" | "accepted" | "sent" | "done" | "refused" | "withdrawn";
export type LeftOutReason =
  | "not-joined"
  | "on-sheet"
  | "unreadable"
  | "month-contract"
  | "nothing-left"
  | "cannot-lower";

export interface LeftOut {
  workerNo: string;
  reason: LeftOutReason;
}

export interface BookSheet {
  id: number;
  state: SheetState;
  kind: SheetKind;
  /** The chain's number, from submission on. */
  sheetId: number | null;
  batch: string | null;
  employer: Hex | null;
  employerName: string;
  firstDay: string;
  lastDay: string;
  payday: string;
  totalFen: number;
  lineCount: number;
  digest: Hex | null;
  txHash: Hex | null;
  /** Why it was refused, withdrawn, or sent back. */
  reason: string | null;
  leftOut: LeftOut[];
  compiledAt: string | null;
  submittedAt: string | null;
  postedAt: string | null;
  replaces: number | null;
  corrects: number | null;
}

export interface SheetBook {
  role: "contractor" | "subcontractor" | "officer" | "bureau";
  sheets: BookSheet[];
}

export interface BookLine {
  index: number;
  workerNo: string;
  workerId: Hex;
  amountFen: number;
  dayMask: number;
  payslipHash: Hex;
  days: string[];
  contractType: ContractType | null;
  rateFen: number | null;
  /** Fen by item: base, ot150, ot200, ot300, piece; of the fund's line, fund-shares. */
  items: Record<string, number>;
  grossFen: number | null;
  earlierFen: number;
  backPayFen: number;
  takenFen: number;
  releasedAt: string | null;
  settledAt: string | null;
}

export interface SheetDetail {
  sheet: BookSheet;
  rulesHash: Hex;
  termsRoot: Hex;
  root: Hex;
  lines: BookLine[];
}

export interface Odd {
  kind: string;
  blocking: boolean;
  days: string[];
  /** What it is and what to do, in the reader's language. */
  text: string;
}

export interface CheckedLine {
  /** Null for somebody who is not on the sheet. */
  index: number | null;
  workerNo: string;
  amountFen: number;
  lastFen: number | null;
  odds: Odd[];
}

export interface SheetCheck {
  id: number;
  state: SheetState;
  blocking: number;
  lines: CheckedLine[];
  offSheet: CheckedLine[];
}

export interface CompileRequest {
  firstDay: string;
  lastDay: string;
  kind: SheetKind;
  employer: Hex | null;
  payday: string | null;
}

export type AdjustmentKind = "tax" | "social-insurance" | "court-order" | "advance" | "loss-recovery" | "back-pay";

export interface AdjustmentRequest {
  workerNo: string;
  kind: AdjustmentKind;
  amountFen: number;
  onDay: string;
  reason: string;
  firstDay: string | null;
  lastDay: string | null;
  receiptHash: Hex | null;
}

export interface Adjustment extends AdjustmentRequest {
  key: string;
  appliedFen: number;
  enteredBy: Hex;
  enteredAt: string;
  state: "open" | "taken" | "revoked";
}

export type Taxed = "wages" | "labour-service";

export interface TaxTreatmentRequest {
  treatment: Taxed;
  fromDay: string;
}

/** Who is in none has wages withheld from. */
export interface TaxTreatment extends TaxTreatmentRequest {
  workerNo: string;
  enteredBy: Hex;
  enteredAt: string;
}

export interface LatePay {
  sheetId: number;
  index: number;
  workerNo: string;
  payday: string;
  daysLate: number;
  amountFen: number;
  leastSurchargeFen: number;
  mostSurchargeFen: number;
}

export interface LatePayList {
  lines: LatePay[];
  amountFen: number;
  leastSurchargeFen: number;
  mostSurchargeFen: number;
}

export interface Quantity {
  quantity: number;
  percent: number;
}

/** One item of a wage. Seconds are decimal text, exact to the microsecond. */
export interface PayItem {
  item: "base" | "ot150" | "ot200" | "ot300" | "piece" | "fund-shares";
  amountFen: number;
  /** 100 where it is not said. */
  percent?: number;
  seconds?: string;
  /** A month contract's base: what it is less for. */
  absentSeconds?: string;
  quantities?: Quantity[];
  /** The fund's line: a hash for each share. */
  leaves?: Hex[];
}

export interface ShiftRow {
  day: string;
  /** In and out on the site's clock, as 2026-10-08T07:59:12. */
  times: [string, string][];
  normal: string;
  ot150: string;
  ot200: string;
  ot300: string;
}

export interface DeductionRow {
  kind: Exclude<AdjustmentKind, "back-pay"> | "provident-fund";
  amountFen: number;
  claimFen: number;
  limitFen?: number;
  reason: string;
  /** Of the share that the worker gives a fund: its wallet, how much of the work's pay, and what proves it. */
  fund?: Hex;
  basisPoints?: number;
  leafSalt?: string;
}

export interface TaxRow {
  kind: "labour-service";
  incomeFen: number;
  beforeIncomeFen: number;
  beforeWithheldFen: number;
  amountFen: number;
}

/** What a payslip's text holds since it names its items (`version` 2). */
export interface PayslipV2 {
  version: 2;
  kind: SheetKind;
  worker: string;
  project: string;
  employer: string;
  payer: string;
  firstDay: string;
  lastDay: string;
  payday: string;
  contractType: ContractType;
  rateFen: number;
  pieceQuota: number | null;
  days: string[];
  items: PayItem[];
  grossFen: number;
  earlier: { sheetId: number; grossFen: number }[];
  backPay: { firstDay: string; lastDay: string; amountFen: number; reason: string }[];
  tax: TaxRow | null;
  deductions: DeductionRow[];
  amountFen: number;
  shifts: ShiftRow[];
  flags: { kind: string; day: string }[];
  minimumMonthFen: number | null;
  rulesHash: Hex;
  complaints: { kind: string; name: string; phone: string }[];
  salt: string;
}
