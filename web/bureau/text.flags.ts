/** Words about attendance flags, loaded with them. */
import { translator } from "../shared/i18n";
import { en } from "./en.flags";
import { zh } from "./zh.flags";

export type FlagKey = keyof typeof zh;

export const t = translator<FlagKey>({ zh, en });
