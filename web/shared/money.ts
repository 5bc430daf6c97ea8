/** Money is integer fen; it becomes yuan only as text. */

/** 123456 → "1,234.56". */
export function yuan(fen: number): string {
  const digits = Math.abs(fen).toString().padStart(3, "0");
  const whole = digits.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, ",");
  return `${fen < 0 ? "-" : ""}${whole}.${digits.slice(-2)}`;
}

/** What somebody typed, in fen; null where it is not an amount of yuan with at most two decimals. */
export function parseYuan(text: string): number | null {
  const match = /^¥?\s*(\d{1,10})(?:[.。](\d{1,2}))?$/.exec(text.replace(/[,，\s]/g, ""));
  if (!match) return null;
  return Number(match[1]) * 100 + Number((match[2] ?? "").padEnd(2, "0"));
}
