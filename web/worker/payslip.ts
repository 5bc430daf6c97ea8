/** Whether the payslip on the screen is the one the worker would sign. */

import { sha256Text } from "../shared/bytes";
import { maskOf } from "../shared/calendar";
import type { Line, Payslip } from "../shared/wire";

/** The payslip's content, or null where it does not say what the signature would: then nobody should sign. */
export function checkedPayslip(line: Line): Payslip | null {
  if (sha256Text(line.payslip) !== line.payslipHash) return null;
  try {
    const payslip = JSON.parse(line.payslip) as Payslip;
    return agrees(payslip, line) ? payslip : null;
  } catch {
    return null;
  }
}

function agrees(payslip: Payslip, line: Line): boolean {
  return (
    payslip.amountFen === line.amountFen &&
    payslip.firstDay === line.firstDay &&
    payslip.lastDay === line.lastDay &&
    payslip.days.length === line.days.length &&
    payslip.days.every((day, i) => day === line.days[i]) &&
    maskOf(line.firstDay, line.days) === line.dayMask
  );
}
