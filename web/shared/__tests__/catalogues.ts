import { expect, test } from "vitest";

/** Both languages have the same keys, every text says something, and uses the same values. */
export function expectSameCatalogues(zh: Record<string, string>, en: Record<string, string>): void {
  const valuesOf = (text: string | undefined): string[] => (text?.match(/\{\w+\}/g) ?? []).sort();

  test("both languages have the same keys", () => expect(Object.keys(en).sort()).toEqual(Object.keys(zh).sort()));

  test.each(Object.keys(zh))("%s says the same in both", (key) => {
    expect(zh[key]?.trim()).toBeTruthy();
    expect(en[key]?.trim()).toBeTruthy();
    expect(valuesOf(en[key])).toEqual(valuesOf(zh[key]));
  });
}
