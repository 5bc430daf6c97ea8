/** Words around keeping one's signature, loaded with it. */
import { translator } from "../shared/i18n";
import { en } from "./en.keep";
import { zh } from "./zh.keep";

export const t = translator<keyof typeof zh>({ zh, en });
