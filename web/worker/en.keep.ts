import type { zh } from "./zh.keep";

export const en: Record<keyof typeof zh, string> = {
  keepWord: "Save my signature as a file",
  keepWhy:
    "Your signature has reached us and is not paid yet. Should we let you wait, anyone who knows how can submit this file for you; the money can only go to you.",
  keeping: "Fetching the file…",
};
