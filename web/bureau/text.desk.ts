/** Words about the bureau's desk, loaded with it. */
import { translator } from "../shared/i18n";
import { en } from "./en.desk";
import { zh } from "./zh.desk";

export const t = translator<keyof typeof zh>({ zh, en });
