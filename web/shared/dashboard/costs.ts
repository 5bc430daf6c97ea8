/** What messages cost, in the reader's words. */

import { translator } from "../i18n";
import type { KindCost, MonthCost } from "../wire.messages";
import { en } from "./en.kinds";
import { zh } from "./zh.kinds";

const MICROS = 1_000_000;
const t = translator<keyof typeof zh>({ zh, en });

/** A kind in words; one of a later server under its own name. */
export function kindName({ kind }: KindCost): string {
  return kind in zh ? t(kind as keyof typeof zh) : kind;
}

/** 7900 and USD → "0.0079 USD"; at least two places, no more than are needed. */
export function priceText(micros: number, unit: MonthCost["priceUnit"]): string {
  const places = `${micros % MICROS}`.padStart(6, "0").replace(/0{1,4}$/, "");
  return `${Math.trunc(micros / MICROS)}.${places}${unit ? ` ${unit}` : ""}`;
}
