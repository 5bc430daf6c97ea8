/** Words about wages on their way and messages' costs, loaded with them. */
import { translator } from "../i18n";
import { en } from "./en.office";
import { zh } from "./zh.office";

export const t = translator<keyof typeof zh>({ zh, en });
