import { translator } from "../i18n";
import { en } from "./en";
import { zh } from "./zh";

export type Key = keyof typeof zh;

export const t = translator<Key>({ zh, en });

/** Whether the catalogue has a word for this: events and fields of later contracts show under their own names. */
export function isKey(name: string): name is Key {
  return name in zh;
}
