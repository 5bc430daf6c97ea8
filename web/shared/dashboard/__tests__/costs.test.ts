import { expect, test } from "vitest";

import { kindName, priceText } from "../costs";

test.each([
  [7_900, "USD", "0.0079 USD"],
  [0, "USD", "0.00 USD"],
  [1_500_000, "USD", "1.50 USD"],
  [12_000_001, null, "12.000001"],
  [100_000, "CNY", "0.10 CNY"],
])("%i millionths of %s are written %s", (micros, unit, written) => {
  expect(priceText(micros, unit)).toBe(written);
});

test("a kind of a later server keeps its own name", () => {
  const cost = { messages: 1, segments: 1, priced: 0, priceMicros: 0 };

  expect([kindName({ kind: "paid", ...cost }), kindName({ kind: "brand_new", ...cost })]).toEqual(["银行已付", "brand_new"]);
});
