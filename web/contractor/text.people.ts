/** Words of the panels about people, loaded with them. */
import { translator } from "../shared/i18n";
import { en } from "./en.people";
import { zh } from "./zh.people";

export const t = translator<keyof typeof zh>({ zh, en });
