import { translator } from "../shared/i18n";
import { en } from "./en";
import { zh } from "./zh";

export const t = translator<keyof typeof zh>({ zh, en });
