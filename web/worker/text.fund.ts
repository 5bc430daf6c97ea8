/** Words about the provident fund, loaded with it. */
import { translator } from "../shared/i18n";
import { en } from "./en.fund";
import { zh } from "./zh.fund";

export type FundKey = keyof typeof zh;

export const t = translator<FundKey>({ zh, en });
