/** Words about the worker's own contracts and data, loaded with them. */
import { translator } from "../shared/i18n";
import { en } from "./en.record";
import { zh } from "./zh.record";

export const t = translator<keyof typeof zh>({ zh, en });
