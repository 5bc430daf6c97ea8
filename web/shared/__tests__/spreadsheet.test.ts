import { expect, test } from "vitest";

import { textBytes } from "../bytes";
import { crc32, csvOf, xlsxOf } from "../spreadsheet";

test("CSV opens in Chinese Excel, and nothing in it is a formula", () => {
  const rows = [["=1+1", 'a "b", c', null, -5], ["'@x", "－2", "", 0]];

  expect(csvOf(["工号", "x", "y", "z"], rows)).toBe(`\ufeff工号,x,y,z\r\n'=1+1,"a ""b"", c",,-5\r\n''@x,'－2,,0\r\n`);
});

test("the ZIP's check sum is the known one", () => expect(crc32(textBytes("123456789"))).toBe(0xcbf43926));

test("XLSX holds its cells as text and numbers", () => {
  const text = new TextDecoder().decode(xlsxOf("考勤", ["工号"], [["=1+1 <&>", 8]].map(([a, b]) => [a!, b!])));

  expect(text).toContain(`<c t="inlineStr"><is><t xml:space="preserve">=1+1 &lt;&amp;&gt;</t></is></c><c><v>8</v></c>`);
  expect(text).toContain(`<sheet name="考勤"`);
});
