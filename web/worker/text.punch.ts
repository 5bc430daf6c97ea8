/** Words about punches and attendance, loaded with them. */
import { translator } from "../shared/i18n";
import { en } from "./en.punch";
import { zh } from "./zh.punch";

export type PunchKey = keyof typeof zh;

export const t = translator<PunchKey>({ zh, en });
