/** The provident fund. Held to the API's own description by wire.fund.conforms.ts. */

import type { Hex, Signature } from "./wire";

export interface Fund {
  workerNo: string;
  name: string;
  /** The fund's own wallet, which consents name; null where its key is another kind by now. */
  address: Hex | null;
  payout: Hex | null;
  namedAt: string;
}

export interface FundOfProject {
  fund: Fund | null;
  consents: number;
}

export interface FundRequest {
  workerNo: string | null;
  name: string;
}

export interface FundConsent {
  fund: Hex;
  /** 100 are 1 %; 0: taken back. */
  shareBasisPoints: number;
  fromDay: string;
  receivedAt: string;
}

export interface MyFund {
  escrow: Hex;
  project: string;
  fund: Fund | null;
  consent: FundConsent | null;
  least: number;
  most: number;
}

export interface MyFunds {
  funds: MyFund[];
}

export interface SignedFundConsent {
  escrow: Hex;
  workerId: Hex;
  fund: Hex;
  shareBasisPoints: number;
  fromDay: string;
  /** Unix seconds. */
  deadline: number;
  signature: Signature;
}

/** The fund's line of a posted sheet; `payslip` is the exact text of the hash. */
export interface FundSlip {
  index: number;
  amountFen: number;
  payslip: string;
  payslipHash: Hex;
}
