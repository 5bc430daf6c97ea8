/** Words about wage sheets, loaded with them. */
import { translator } from "../shared/i18n";
import { en } from "./en.sheets";
import { zh } from "./zh.sheets";

export const t = translator<keyof typeof zh>({ zh, en });
