/** What staff send and see: sign-in, parties, rosters, contracts, notice board. Held to the API by wire.people.conforms.ts. */

import type { Hex } from "./wire";

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
  address: Hex;
  role: PartyRole;
  firm: string;
  project: string;
  field: PersonalField;
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
