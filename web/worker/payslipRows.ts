/** A payslip's rows as they stand on the screen: what, how, how much. */

import { yuan } from "../shared/money";
import type { PayItem, PayslipV2 } from "../shared/wire.payroll";
import { itemAgrees } from "./payslip";
import { isWord, t } from "./text.payslip";

export interface Row {
  what: string;
  how: string;
  fen: number;
  /** Null where there is nothing to compute. */
  agrees: boolean | null;
}

const RATE_TIME = { day: "8h", hour: "1h", month: "174h", piece: "" };

/** "29641.5" → "8:14:01.5"; whole minutes without their seconds. */
export function hours(seconds: string): string {
  const [whole = "0", part] = seconds.split(".");
  const minutes = Math.floor(Number(whole) / 60);
  const rest = Number(whole) % 60;
  const text = `${Math.floor(minutes / 60)}:${`${minutes % 60}`.padStart(2, "0")}`;
  if (!rest && !part) return text;
  return `${text}:${`${rest}`.padStart(2, "0")}${part ? `.${part}` : ""}`;
}

/** How an item is computed, in numbers: 56:00 × ¥300.00 ÷ 8h × 150%. */
export function sumOf({ contractType, rateFen }: PayslipV2, item: PayItem): string {
  const rate = `¥${yuan(rateFen)}`;
  if (item.leaves) return `× ${item.leaves.length}`;
  if (item.quantities) {
    const parts = item.quantities.map(({ quantity, percent }) => `${quantity}${percent === 100 ? "" : ` × ${percent}%`}`);
    return `${parts.length > 1 ? `(${parts.join(" + ")})` : parts[0]} × ${rate}`;
  }
  const time = RATE_TIME[contractType];
  if (item.absentSeconds !== undefined) return `${rate} − ${rate} ÷ ${time} × ${hours(item.absentSeconds)}`;
  const share = (item.percent ?? 100) === 100 ? "" : ` × ${item.percent}%`;
  return `${hours(item.seconds ?? "0")} × ${rate} ÷ ${time}${share}`;
}

export function itemRows(slip: PayslipV2): Row[] {
  return slip.items.map((item) => ({
    what: t(item.item),
    how: sumOf(slip, item),
    fen: item.amountFen,
    agrees: itemAgrees(slip, item),
  }));
}

/** From gross to net; what is taken is negative. */
export function netRows({ earlier, backPay, tax, deductions }: PayslipV2): Row[] {
  const rows: Row[] = earlier.map(({ sheetId, grossFen }) => ({ what: t("earlier", { sheet: sheetId }), how: "", fen: -grossFen, agrees: null }));
  for (const { firstDay, lastDay, amountFen, reason } of backPay) {
    rows.push({ what: t("backPay", { first: firstDay, last: lastDay }), how: reason, fen: amountFen, agrees: null });
  }
  if (tax) {
    const income = yuan(tax.beforeIncomeFen + tax.incomeFen);
    rows.push({ what: t("labour-service", { income }), how: "", fen: -tax.amountFen, agrees: null });
  }
  for (const { kind, amountFen, claimFen, limitFen, reason, basisPoints } of deductions) {
    const what = t(kind, { limit: yuan(limitFen ?? claimFen) });
    const how = basisPoints === undefined ? `¥${yuan(claimFen)}` : `${basisPoints / 100}%`;
    rows.push({ what, how: `${reason} ${how}`, fen: -amountFen, agrees: null });
  }
  return rows;
}

/** Each kind of flag once, with its days. */
export function flagLines({ flags, minimumMonthFen }: PayslipV2): string[] {
  const kinds = [...new Set(flags.map(({ kind }) => kind))].filter(isWord);
  return kinds.map((kind) => {
    const days = flags.filter((flag) => flag.kind === kind).map(({ day }) => day.slice(5));
    return t(kind, { days: days.join("、"), minimum: yuan(minimumMonthFen ?? 0) });
  });
}

/** "2026-10-08T07:59:00" → "07:59". */
export function clock(at: string): string {
  const time = at.slice(11);
  return time.slice(5) === ":00" || time.length === 5 ? time.slice(0, 5) : time;
}
