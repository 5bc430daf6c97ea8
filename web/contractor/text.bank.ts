/** Words about wages at the bank, loaded with them. */
import { translator } from "../shared/i18n";
import { en } from "./en.bank";
import { zh } from "./zh.bank";

export const t = translator<keyof typeof zh>({ zh, en });
