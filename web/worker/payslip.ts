/**
 * Whether the payslip on the screen is the one the worker would sign, and whether its amounts follow from its own numbers.
 *
 * The sums are those of backend/anxin/payroll/payslip.py, held to the same payslips by test. All in whole numbers: fen and
 * microseconds, and one division that is rounded up.
 */

import { sha256Text } from "../shared/bytes";
import { maskOf } from "../shared/calendar";
import type { Line, Payslip } from "../shared/wire";
import type { DeductionRow, PayItem, PayslipV2, TaxRow } from "../shared/wire.payroll";

export type AnyPayslip = Payslip | PayslipV2;

/** The seconds that a rate is for: a day of 8 hours, an hour, a month of 21.75 days. */
const SECONDS_OF_RATE = { day: 28_800n, hour: 3_600n, month: 626_400n, piece: 0n };
const MICROSECONDS = 1_000_000n;

/** The text whose hash is on the chain, whatever it says; null where it is another. */
export function shownPayslip({ payslip, payslipHash }: Line): AnyPayslip | null {
  if (sha256Text(payslip) !== payslipHash) return null;
  try {
    const shown = JSON.parse(payslip) as Partial<AnyPayslip> | null;
    return Array.isArray(shown?.days) ? (shown as AnyPayslip) : null;
  } catch {
    return null;
  }
}

/** The payslip's content, or null where it does not say what the signature would: then nobody should sign. */
export function checkedPayslip(line: Line): AnyPayslip | null {
  const payslip = shownPayslip(line);
  try {
    return payslip && agrees(payslip, line) ? payslip : null;
  } catch {
    return null;
  }
}

/** Payslips posted before there were items only say the amount. */
export function hasItems(payslip: AnyPayslip): payslip is PayslipV2 {
  return "version" in payslip;
}

function agrees(payslip: AnyPayslip, line: Line): boolean {
  return (
    payslip.amountFen === line.amountFen &&
    payslip.firstDay === line.firstDay &&
    payslip.lastDay === line.lastDay &&
    payslip.days.length === line.days.length &&
    payslip.days.every((day, i) => day === line.days[i]) &&
    maskOf(line.firstDay, line.days) === line.dayMask &&
    (!hasItems(payslip) || addsUp(payslip))
  );
}

/** Whether every item, and the amount from all of them, can be computed again. Throws where a number is none. */
export function addsUp(slip: PayslipV2): boolean {
  const { items, earlier, backPay, deductions, tax } = slip;
  const takes = deductions.every(({ amountFen, claimFen, limitFen = claimFen }) => amountFen <= Math.min(claimFen, limitFen));
  return (
    slip.version === 2 &&
    [...items, ...earlier.map(({ grossFen }) => ({ amountFen: grossFen })), ...backPay, ...deductions].every(
      ({ amountFen }) => Number.isSafeInteger(amountFen) && amountFen >= 0,
    ) &&
    items.every((item) => itemAgrees(slip, item)) &&
    daysAgree(slip) &&
    slip.grossFen === sum(items, "amountFen") &&
    takes &&
    deductions.every((row) => shareAgrees(slip, row)) &&
    (tax === null || tax.amountFen === taxFen(tax)) &&
    slip.amountFen ===
      slip.grossFen -
        sum(earlier, "grossFen") +
        sum(backPay, "amountFen") -
        (tax?.amountFen ?? 0) -
        sum(deductions, "amountFen")
  );
}

/** Whether a fund's share is that of the work's pay, rounded down, and leaves the worker a fen at least. */
function shareAgrees({ grossFen, earlier, amountFen }: PayslipV2, row: DeductionRow): boolean {
  if (row.kind !== "provident-fund") return true;
  const asked = (BigInt(grossFen - sum(earlier, "grossFen")) * BigInt(row.basisPoints ?? -1)) / 10_000n;
  return BigInt(row.claimFen) === asked && amountFen > 0;
}

/** Whether the days of the payslip sum to what its items are paid for. Pieces, and a month's base, are not paid by the hour. */
function daysAgree({ items, shifts }: PayslipV2): boolean {
  return items.every(({ item, seconds }) => {
    if (seconds === undefined || item === "piece" || item === "fund-shares") return true;
    const worked = shifts.map((shift) => microseconds(item === "base" ? shift.normal : shift[item]));
    return worked.reduce((all, each) => all + each, 0n) === microseconds(seconds);
  });
}

/** Whether an item's amount follows from its own numbers; what cannot be computed does not. */
export function itemAgrees(slip: PayslipV2, item: PayItem): boolean {
  try {
    return BigInt(item.amountFen) === itemFen(slip, item);
  } catch {
    return false;
  }
}

/** What an item is worth by its own numbers, rounded up to a fen. */
export function itemFen({ contractType, rateFen }: PayslipV2, item: PayItem): bigint {
  const rate = BigInt(rateFen);
  if (item.quantities) {
    const weighed = item.quantities.reduce((all, { quantity, percent }) => all + BigInt(quantity) * BigInt(percent), 0n);
    return divideUp(rate * weighed, 100n);
  }
  const whole = SECONDS_OF_RATE[contractType] * MICROSECONDS;
  if (item.absentSeconds !== undefined) {
    const left = whole - microseconds(item.absentSeconds);
    return left > 0n ? divideUp(rate * left, whole) : 0n;
  }
  return divideUp(rate * microseconds(item.seconds ?? "") * BigInt(item.percent ?? 100), whole * 100n);
}

/** "29641.5" → 29641500000n. */
function microseconds(seconds: string): bigint {
  const match = /^(\d+)(?:\.(\d{1,6}))?$/.exec(seconds);
  if (!match) throw new RangeError(`not seconds: ${seconds}`);
  return BigInt(match[1]!) * MICROSECONDS + BigInt((match[2] ?? "").padEnd(6, "0"));
}

function divideUp(value: bigint, by: bigint): bigint {
  return (value + by - 1n) / by;
}

/** Tax on labour service: the month's, less what was withheld earlier in it. */
export function taxFen({ incomeFen, beforeIncomeFen, beforeWithheldFen }: TaxRow): number {
  return Math.max(0, labourServiceTaxFen(beforeIncomeFen + incomeFen) - beforeWithheldFen);
}

/** 800 yuan are free up to 4,000, a fifth above; 20 %, 30 % − 2,000, 40 % − 7,000; half a fen counts as one. */
export function labourServiceTaxFen(incomeFen: number): number {
  const base = incomeFen <= 400_000 ? 5n * BigInt(Math.max(0, incomeFen - 80_000)) : 4n * BigInt(incomeFen); // in fifths
  const [percent, lessFen] = base <= 10_000_000n ? [20n, 0n] : base <= 25_000_000n ? [30n, 200_000n] : [40n, 700_000n];
  return Number((base * percent - lessFen * 500n + 250n) / 500n);
}

function sum<Name extends string>(rows: Record<Name, number>[], name: Name): number {
  return rows.reduce((all, row) => all + row[name], 0);
}
