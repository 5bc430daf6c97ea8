import { describe, expect, test } from "vitest";

import { sha256Text, toHex } from "../bytes";
import { digestOf, escrowDomain } from "../signing";
import type { Chain, Hex } from "../wire";

const filled = (byte: string): Hex => `0x${byte.repeat(32)}`;
const ESCROW = escrowDomain({ chainId: 31337 } as Chain, "0xcf7ed3acca5a467e9e704c703e8d87f634fb0fc9");

describe("digests of what stays off chain are those of anxin.core.signing.digest", () => {
  test.each([
    ["with a hint", 1, '{"deviceId":"ab","siteCode":"12345678"}', "41355d6209372bf4e7c6bfac5dc1396c3a1fd7375309eb15c2674ff3ea7b4b5a"],
    ["without a hint", 2, "", "e8250f4e09215daa1cfc09f033bf48fd2f5fdeb54387cf133c8adde87a2c40ec"],
  ] as [string, 1 | 2, string, string][])("Punch %s", (_, direction, hintText, expected) => {
    const words = { workerId: filled("11"), direction, at: 1_793_000_001, hintHash: sha256Text(hintText) };
    expect(toHex(digestOf(ESCROW, "Punch", words))).toBe(`0x${expected}`);
  });

  test("Correction", () => {
    const words = { correctionId: filled("77"), workerId: filled("11"), contentHash: filled("66") };
    expect(toHex(digestOf(ESCROW, "Correction", words))).toBe(
      "0x38cfca221a2a3b8fcbeb1c89a42645618c20c4e0fe4b82ca817e32adfecc8eaf",
    );
  });
});
