import { shallowReactive } from "vue";

import { type Catalogue, translator } from "../shared/i18n";
import type { Language } from "../shared/wire";
import { zh } from "./zh";

type Key = keyof typeof zh;

// English comes when it is asked for: most phones never do, and the first load is paid for by the worker.
const catalogues = shallowReactive<Record<Language, Catalogue<Key>>>({ zh, en: zh });

export const t = translator<Key>(catalogues);

/** Has the words of `language` ready. Without a connection, before the page was ever kept, Chinese stays. */
export async function learn(language: Language): Promise<void> {
  if (language === "zh" || catalogues.en !== zh) return;
  const english = await import("./en").catch(() => null);
  if (english) catalogues.en = english.en;
}

/** What a contract's rate is for. */
export const RATE = { day: "rateDay", hour: "rateHour", month: "rateMonth", piece: "ratePiece" } as const;
