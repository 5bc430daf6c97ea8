/** A project's wage account and its wages at the bank. Held to the API's own description by wire.bank.conforms.ts. */

export interface NewWageAccount {
  name: string;
  number: string;
  /** A BIC or a CNAPS number; empty: the bank finds it. */
  bank: string;
}

/** `number` shows its last four digits; all but `known` are empty where no account was named yet. */
export interface WageAccount {
  known: boolean;
  name: string;
  number: string;
  bank: string;
  setBy: string;
  setAt: string | null;
  /** What whoever pays in writes on the transfer, so that it funds this project. */
  depositReference: string;
}

export interface BankOrder {
  messageId: string;
  payday: string;
  /** ready, submitted, answered, refused. */
  state: string;
  payments: number;
  totalFen: number;
  reason: string;
  createdAt: string;
  submittedAt: string | null;
}

export interface BankPayment {
  /** line or dispute; `number` is the sheet's or the dispute's. */
  kind: string;
  number: number;
  index: number;
  attempt: number;
  reference: string;
  amountFen: number;
  dueOn: string;
  /** What the bank's files say; `closedAs` what the chain says: settled, returned, or nothing. */
  state: string;
  reason: string;
  orderedAt: string | null;
  submittedAt: string | null;
  bookedAt: string | null;
  rejectedAt: string | null;
  returnedAt: string | null;
  closedAs: string | null;
  closedAt: string | null;
}

export interface BankPayments {
  /** Of open payments, by state. */
  counts: Record<string, number>;
  orders: BankOrder[];
  payments: BankPayment[];
}
