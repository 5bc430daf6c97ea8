/** Words of the panels about attendance, loaded with them. */
import { translator } from "../shared/i18n";
import { en } from "./en.attendance";
import { zh } from "./zh.attendance";

export type AttendanceKey = keyof typeof zh;

export const t = translator<AttendanceKey>({ zh, en });
