/** What staff send and see: sign-in, parties, rosters, contracts, notice board. Held to the API by wire.people.conforms.ts. */

import type { ContractType, Hex } from "./wire";

export interface StaffChallenge {
  /** The exact text for the wallet's personal_sign. */
  message: string;
  expiresAt: string;
}

export interface StaffSession {
  accessToken: string;
  address: Hex;
  expiresAt: string;
}

export type NamedRole = "subcontractor" | "officer" | "foreman" | "witness";
export type PartyRole = NamedRole | "contractor" | "bureau";

export interface StaffProject {
  escrow: Hex;
  name: string;
  contractorName: string;
  roles: PartyRole[];
}

export interface NamedParty {
  firm: string;
  team: string | null;
  contact: string | null;
}

export interface Party extends NamedParty {
  address: Hex;
  role: PartyRole;
  since: string | null;
  until: string | null;
}

/** A contract and what checks it: the SHA-256 of `contract` is `termsHash`; both signatures are over `digest`. */
export interface SignedContract {
  escrow: Hex;
  contract: string;
  termsHash: Hex;
  digest: Hex;
  workerId: Hex;
  dayCapFen: number;
  deadline: number;
  contractor: Hex;
  contractorSignature: Hex;
  workerSignature: Hex | null;
  state: string;
  txHash: Hex | null;
}

export type PersonalField = "name" | "phone" | "idNumber" | "bankAccount";

/** That somebody opened a field of the worker's record. */
export interface Opening {
  openedAt: string;
  /** Empty where it went into a payment order, to the bank. */
  address: Hex | "";
  role: PartyRole | "bank";
  firm: string;
  project: string;
  field: PersonalField | "contract";
  reason: string;
}

/** What contractor and labour officer write on the notice board; null where it is not known. */
export interface BoardEntries {
  address: string | null;
  /** Whose minimum wage holds: "Chongqing", or "Chongqing 2" for its second tier. */
  district: string | null;
  /** Of the month that follows. */
  paydayDay: number | null;
  startedOn: string | null;
  completedOn: string | null;
  developer: string | null;
  projectOffice: string | null;
  bureauName: string | null;
  authority: string | null;
  authorityPhone: string | null;
  officer: string | null;
  officerPhone: string | null;
  inspectionPhone: string | null;
  arbitration: string | null;
  arbitrationPhone: string | null;
  legalAid: string | null;
  legalAidPhone: string | null;
}

export interface Board {
  escrow: Hex;
  name: string;
  contractorName: string;
  subcontractors: string[];
  entries: BoardEntries;
  minimumWage: { name: string; monthFen: number; hourFen: number; since: string } | null;
  workerUrl: string;
  /** Entries that the law asks for and nobody has filled in. */
  missing: string[];
}

/** Who somebody is, as on their ID card, and the terms they are to be offered. */
export interface RosterPerson {
  name: string;
  idNumber: string;
  phone: string;
  team: string;
  contractType: ContractType;
  /** For one day, hour, month or piece. */
  rateFen: number;
  pieceQuota: number | null;
  startsOn: string | null;
  bankAccount: string | null;
  /** A subcontractor's address; the contractor's where it is null. */
  employer: string | null;
}

export interface Registered {
  workerNo: string;
  /** Known before, through another project: what is on record stays. */
  alreadyOnRecord: boolean;
  phoneUsable: boolean;
}

export type ContractState = "none" | "prepared" | "offered" | "accepted" | "sent" | "joined" | "refused" | "expired";

/** Personal data is masked; null of somebody who was on record before, until they have signed with this project. */
export interface RosterRow {
  workerNo: string;
  nameMasked: string | null;
  phoneMasked: string | null;
  phoneUsable: boolean | null;
  hasBankAccount: boolean | null;
  sharesAccount: boolean;
  alreadyOnRecord: boolean;
  key: string | null;
  team: string;
  employer: string;
  contractType: string;
  rateFen: number;
  pieceQuota: number | null;
  startsOn: string | null;
  contract: string;
  enteredOn: string | null;
  leftOn: string | null;
}

export interface CellError {
  line: number;
  column: string;
  value: string;
  problem: string;
}

export interface RosterPreview {
  fileDigest: string;
  rows: number;
  newRows: number;
  errorCount: number;
  errors: CellError[];
}

export interface RosterStored {
  rows: number;
  alreadyOnRecord: string[];
  phoneUnusable: string[];
}

/** A contract for the contractor to sign: `digest` is of Join(workerId, dayCapFen, termsHash, deadline). */
export interface PreparedOffer {
  digest: Hex;
  workerNo: string;
  workerId: Hex;
  contract: string;
  dayCapFen: number;
  termsHash: Hex;
  deadline: number;
}

export interface Move {
  kind: string;
  day: string;
  recordedBy: string;
  recordedAt: string;
}

/** The worker's number, masked, and the one that takes its place at `effectiveAt` unless it is withdrawn. */
export interface MyNumber {
  phoneMasked: string;
  waiting: WaitingNumber | null;
}

export interface WaitingNumber {
  phoneMasked: string;
  effectiveAt: string;
}
