import { translator } from "../shared/i18n";
import { en } from "./en";
import { zh } from "./zh";

type Key = keyof typeof zh;

export const t = translator<Key>({ zh, en });

/** "paid in" → accountPaidIn: the ledger's account in the reader's words; one of a later ledger under its own name. */
export function accountName(account: string): string {
  const key = `account${account.replace(/(?:^| )(\w)/g, (_, letter: string) => letter.toUpperCase())}`;
  return key in zh ? t(key as Key) : account;
}
