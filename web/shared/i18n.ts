/** Words on the page: one catalogue per language, Chinese unless the browser asks for English first. */

import { ref, watchEffect } from "vue";

import type { Language } from "./wire";

export type Catalogue<Key extends string> = Record<Key, string>;
export type Translate<Key extends string> = (key: Key, values?: Record<string, string | number>) => string;

const REMEMBERED = "anxin.language";

export const language = ref<Language>(initialLanguage());

function initialLanguage(): Language {
  const remembered = globalThis.localStorage?.getItem(REMEMBERED);
  if (remembered === "zh" || remembered === "en") return remembered;
  return globalThis.navigator?.language?.startsWith("en") ? "en" : "zh";
}

export function switchLanguage(): Language {
  language.value = language.value === "zh" ? "en" : "zh";
  localStorage.setItem(REMEMBERED, language.value);
  return language.value;
}

/** `{name}` in a text is replaced by `values.name`. */
export function translator<Key extends string>(catalogues: Record<Language, Catalogue<Key>>): Translate<Key> {
  return (key, values = {}) => catalogues[language.value][key].replace(/\{(\w+)\}/g, (_, name) => `${values[name]}`);
}

/** Tells screen readers and fonts which language the page speaks. */
export function announceLanguage(title: () => string): void {
  watchEffect(() => {
    document.documentElement.lang = language.value === "zh" ? "zh-CN" : "en";
    document.title = title();
  });
}
