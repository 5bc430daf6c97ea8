import { expect, test } from "vitest";

import { parseYuan, yuan } from "../money";

test.each([
  [0, "0.00"],
  [5, "0.05"],
  [100, "1.00"],
  [123_456_789, "1,234,567.89"],
  [-1_050, "-10.50"],
])("%d fen reads %s", (fen, text) => expect(yuan(fen)).toBe(text));

test.each([
  ["5200", 520_000],
  ["5,200.5", 520_050],
  ["¥0.07", 7],
  ["4.35", 435], // 4.35 * 100 is 434.99999999999994 in floats
  [" 12 ", 1_200],
])("%s is %d fen", (text, fen) => expect(parseYuan(text)).toBe(fen));

test.each(["", "12.345", "-5", "1e3", "五百", ".5", "12345678901"])("%s is no amount", (text) =>
  expect(parseYuan(text)).toBeNull(),
);
