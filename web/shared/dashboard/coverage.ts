/** Whether a project's account holds what it owes, as one sentence. */

import { yuan } from "../money";
import type { Project } from "../wire";
import { t } from "./text";

export type Level = "none" | "enough" | "contestedShort" | "short";

export interface Coverage {
  level: Level;
  shortFen: number;
}

export function coverageOf({ books }: Pick<Project, "books">): Coverage {
  const { fundedFen, owedFen, contestedFen } = books;
  if (fundedFen < owedFen) return { level: "short", shortFen: owedFen - fundedFen };
  if (fundedFen < owedFen + contestedFen) {
    return { level: "contestedShort", shortFen: owedFen + contestedFen - fundedFen };
  }
  return { level: owedFen === 0 ? "none" : "enough", shortFen: 0 };
}

/** The share of what is owed that is there. More than all of it says nothing more: the free amount does. */
export function coverageFigure(percent: number | null): string {
  return percent === null ? "—" : `${Math.min(100, percent)}%`;
}

export function coverageSentence({ level, shortFen }: Coverage): string {
  const amount = yuan(shortFen);
  return {
    none: t("nothingOwed"),
    enough: t("enough"),
    contestedShort: t("shortContested", { amount }),
    short: t("short", { amount }),
  }[level];
}
