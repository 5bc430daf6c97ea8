/**
 * What travels between the pages and the API. Money is integer fen, hex is 0x lower case, times are RFC 3339 UTC.
 *
 * Every page takes its types from here; wire.conforms.ts holds them to the description the API gives of itself.
 */

import type { Trail } from "./wire.trails";

export type Hex = `0x${string}`;

export interface Chain {
  chainId: number;
  /** The web domain whose passkeys the contracts accept. */
  rpId: string;
  registry: Hex;
  factory: Hex;
  token: Hex;
  /** BankPayout: the payout of those whom the bank pays. */
  bank: Hex;
  /** EvidenceAnchor. */
  anchor: Hex;
  finalityDepth: number;
}

export interface Books {
  fundedFen: number;
  owedFen: number;
  contestedFen: number;
  bondFen: number;
  freeFen: number;
  releasedFen: number;
  withBankFen: number;
}

export interface Project {
  escrow: Hex;
  name: string;
  contractorName: string;
  contractor: Hex;
  bureau: Hex;
  arbiter: Hex;
  objectionWindowSeconds: number;
  answerWindowSeconds: number;
  bureauWindowSeconds: number;
  workers: number;
  books: Books;
  /** Null when nothing is owed. */
  coveragePercent: number | null;
  asOfBlock: number;
}

export type EventState = "seen" | "final" | "orphaned";

export interface ChainEvent {
  id: string;
  blockNumber: number;
  blockTime: string;
  txHash: Hex;
  contract: string;
  address: Hex;
  name: string;
  args: Record<string, unknown>;
  state: EventState;
}

export interface EventPage {
  events: ChainEvent[];
  next: string | null;
}

export interface Account {
  account: string;
  balanceFen: number;
}

export interface Entry {
  id: number;
  at: string;
  blockNumber: number;
  txHash: Hex;
  event: string;
  debit: string;
  credit: string;
  amountFen: number;
}

export interface Ledger {
  accounts: Account[];
  entries: Entry[];
}

export interface CodeSent {
  resendAfterSeconds: number;
  expiresInSeconds: number;
}

export interface Session {
  accessToken: string;
  expiresInSeconds: number;
}

/** 4 passkey, 3 wallet, 2 device key. */
export type Assurance = 4 | 3 | 2;

export interface SignerKey {
  assurance: Assurance;
  x: Hex;
  y: Hex;
}

export interface DeviceSignature {
  kind: "device";
  r: Hex;
  s: Hex;
}

export interface PasskeySignature {
  kind: "passkey";
  r: Hex;
  s: Hex;
  authenticatorData: Hex;
  clientDataJson: string;
}

export type Signature = DeviceSignature | PasskeySignature;

export interface EnrolmentStatus {
  /** Waiting is for the registrar. */
  state: "none" | "waiting" | "accepted" | "sent" | "enrolled" | "refused";
  key: SignerKey | null;
  digest: Hex | null;
  reason: string | null;
}

export type ContractType = "day" | "hour" | "month" | "piece";

export interface JoinOffer {
  state: "offered" | "accepted" | "sent" | "joined" | "refused";
  team: string;
  contractType: ContractType;
  /** For one day, hour, month or piece. */
  rateFen: number;
  dayCapFen: number;
  termsHash: Hex;
  deadline: number;
  digest: Hex;
  /** The exact text (a ContractText) whose SHA-256 is `termsHash`; null for terms without one, or shredded. */
  contract: string | null;
  /** Days on which the site recorded that the worker came, and left. */
  enteredOn: string | null;
  leftOn: string | null;
}

/** What a labour contract's text holds. */
export interface ContractText {
  zh: string;
  en: string;
  salt: string;
}

export interface MyProject {
  escrow: Hex;
  name: string;
  contractorName: string;
  /** The project's own number for the worker. */
  workerNo: string;
  join: JoinOffer;
}

export interface Me {
  workerNo: string;
  displayName: string;
  phoneMasked: string;
  workerId: Hex;
  language: Language;
  payout: Hex | null;
  /** Wages go to the bank, which pays them out. */
  paidByBank: boolean;
  enrolment: EnrolmentStatus;
  /** Until when (Unix seconds) an enrolment signed now may be used. */
  offer: { deadline: number };
}

export type Language = "zh" | "en";

export interface Contest {
  state: "accepted" | "sent" | "seen" | "contested" | "refused";
  claimedFen: number;
  remainderFen: number;
  /** Known once the chain has it for good. */
  disputeId: number | null;
  txHash: Hex | null;
  reason: string | null;
}

/** Released is with the bank or in the worker's own account; settled: the bank has paid; returned: it could not. */
export type LineState =
  | "open"
  | "accepted"
  | "sent"
  | "seen"
  | "released"
  | "settled"
  | "returned"
  | "failed"
  | "refused";

export interface Line {
  escrow: Hex;
  sheetId: number;
  index: number;
  projectName: string;
  contractorName: string;
  /** Dates of the site's calendar, as 2026-10-01. */
  firstDay: string;
  lastDay: string;
  payday: string;
  days: string[];
  dayMask: number;
  amountFen: number;
  payslipHash: Hex;
  /** The exact text whose SHA-256 is `payslipHash`. */
  payslip: string;
  deadline: number;
  coverage: { fundedFen: number; owedFen: number; enough: boolean };
  state: LineState;
  assurance: number | null;
  txHash: Hex | null;
  releasedAt: string | null;
  /** Released to the bank, which pays it out; only `settledAt` says that it has. */
  toBank: boolean;
  settledAt: string | null;
  settledTx: Hex | null;
  returnedAt: string | null;
  reason: string | null;
  contest: Contest | null;
  trail: Trail;
}

/** A claim is for days that no sheet has; a contest for more than a line says. */
export type DisputeKind = "claim" | "contest";

/** Claimed: the contractor may answer; contested: the bureau decides; decided: nothing more to say. */
export type DisputeState = "claimed" | "contested" | "decided";

export interface Dispute {
  disputeId: number;
  kind: DisputeKind;
  state: DisputeState;
  workerId: Hex;
  sheetId: number | null;
  index: number | null;
  firstDay: string;
  dayMask: number;
  days: string[];
  askedFen: number;
  grantedFen: number;
  /** Out of the account, to the bank or to the worker. */
  paidFen: number;
  /** With the bank, which has not yet paid it out. */
  bankedFen: number;
  settledFen: number;
  since: string;
  /** Only while claimed. */
  answerUntil: string | null;
  /** Only while contested; after it the arbiter may decide too. */
  bureauUntil: string | null;
  /** Nobody answered in time. */
  stood: boolean;
  evidenceHash: Hex;
  answerHash: Hex | null;
  resolvedBy: Hex | null;
  orderHash: Hex | null;
  openedTx: Hex;
  lastTx: Hex;
}

/** One of the worker's own; not on the chain yet where `dispute` is null. */
export interface MyDispute {
  escrow: Hex;
  projectName: string;
  kind: DisputeKind;
  state: "accepted" | "sent" | "refused" | DisputeState;
  askedFen: number;
  firstDay: string;
  days: string[];
  dispute: Dispute | null;
  txHash: Hex | null;
  reason: string | null;
  /** Of a claim that is not on the chain yet: its file is under it. */
  digest: Hex | null;
}

export interface MyDisputes {
  disputes: MyDispute[];
  /** Until when (Unix seconds) a claim signed now may be used. */
  claimDeadline: number;
}

/** What a payslip's text holds. */
export interface Payslip {
  worker: string;
  project: string;
  firstDay: string;
  lastDay: string;
  contractType: ContractType;
  rateFen: number;
  days: string[];
  amountFen: number;
  salt: string;
}

export interface SignedEnrolment {
  key: SignerKey;
  deadline: number;
  signature: Signature;
}

export interface SignedConfirmation {
  escrow: Hex;
  sheetId: number;
  index: number;
  amountFen: number;
  dayMask: number;
  payslipHash: Hex;
  deadline: number;
  signature: Signature;
}

export interface SignedJoin {
  escrow: Hex;
  workerId: Hex;
  dayCapFen: number;
  termsHash: Hex;
  deadline: number;
  signature: Signature;
}

export interface SignedContest extends SignedConfirmation {
  claimedFen: number;
  claimedDays: number;
  evidence: string;
}

export interface SignedClaim {
  escrow: Hex;
  workerId: Hex;
  amountFen: number;
  firstDay: string;
  dayMask: number;
  evidence: string;
  deadline: number;
  signature: Signature;
}

/** The contractor's: what it admits, in all. */
export interface SignedAnswer {
  escrow: Hex;
  disputeId: number;
  admittedFen: number;
  evidence: string;
  deadline: number;
  /** A wallet's 65 bytes. */
  signature: Hex;
}

/** The bureau's or the arbiter's: what it awards, in all. */
export interface SignedResolution {
  escrow: Hex;
  disputeId: number;
  awardFen: number;
  reasons: string;
  deadline: number;
  signature: Hex;
}

export interface Receipt {
  digest: Hex;
  state: string;
  receivedAt?: string;
}

export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
}
