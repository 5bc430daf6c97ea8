/** Words of a payslip, loaded with it. */
import { translator } from "../shared/i18n";
import { en } from "./en.payslip";
import { zh } from "./zh.payslip";

export type PayslipKey = keyof typeof zh;

export const t = translator<PayslipKey>({ zh, en });

export function isWord(key: string): key is PayslipKey {
  return key in zh;
}
