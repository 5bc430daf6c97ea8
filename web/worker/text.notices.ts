/** Words about notices, loaded with them. */
import { translator } from "../shared/i18n";
import { en } from "./en.notices";
import { zh } from "./zh.notices";

export const t = translator<keyof typeof zh>({ zh, en });
