import { expect, test } from "vitest";

import { sha256Text } from "../../shared/bytes";
import { checkedContract } from "../contract";

const TEXT = JSON.stringify({ zh: "劳动合同\n工资：每日 ¥300.00", en: "Labour contract", salt: "00" });

test("the text that is signed is shown", () => {
  expect(checkedContract(TEXT, sha256Text(TEXT))?.zh).toBe("劳动合同\n工资：每日 ¥300.00");
});

test("a text with another wage than is signed is not", () => {
  expect(checkedContract(TEXT.replace("300", "400"), sha256Text(TEXT))).toBeNull();
});

test.each(["", "[]", '{"zh":"x"}', "null"])("what is no contract is not: %s", (text) => {
  expect(checkedContract(text, sha256Text(text))).toBeNull();
});
