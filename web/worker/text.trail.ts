/** Words about how far a wage has come, loaded with it. */
import { translator } from "../shared/i18n";
import { en } from "./en.trail";
import { zh } from "./zh.trail";

export type TrailKey = keyof typeof zh;

export const t = translator<TrailKey>({ zh, en });
