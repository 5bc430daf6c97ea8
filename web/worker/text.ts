import { translator } from "../shared/i18n";
import { en } from "./en";
import { zh } from "./zh";

export const t = translator<keyof typeof zh>({ zh, en });

/** What a contract's rate is for. */
export const RATE = { day: "rateDay", hour: "rateHour", month: "rateMonth", piece: "ratePiece" } as const;
