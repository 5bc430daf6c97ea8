import type { EIP1193Provider } from "viem";
import { afterEach, expect, test, vi } from "vitest";

import { sha256Text } from "../../shared/bytes";
import type { Chain, Hex } from "../../shared/wire";
import type { Correction } from "../../shared/wire.attendance";
import { contentOf, countersign } from "../correctionWords";

const chain = { chainId: 31337 } as Chain;
const escrow = `0x${"ab".repeat(20)}` as Hex;
const correctionId = `0x${"77".repeat(32)}` as Hex;
const workerId = `0x${"11".repeat(32)}` as Hex;
const content = '{"reason":"twice"}';
const contentHash = sha256Text(content);
const correction = { correctionId, workerId, content, contentHash } as Correction;

afterEach(() => vi.unstubAllGlobals());

test("the wallet shows and signs the worker's own words", async () => {
  const request = vi.fn(async () => `0x${"00".repeat(65)}`);
  vi.stubGlobal("fetch", async () => new Response(JSON.stringify(correction), { headers: { "content-type": "application/json" } }));

  await countersign({ provider: { request } as unknown as EIP1193Provider, account: escrow, chain, escrow, correction });

  const [{ params }] = request.mock.calls[0] as unknown as [{ params: [Hex, string] }];
  expect(JSON.parse(params[1]).message).toEqual({ correctionId, workerId, contentHash });
});

test("a text under another hash is not shown as what is signed", () => {
  expect([contentOf(correction)?.reason, contentOf({ ...correction, content: '{"reason":"agreed"}' })]).toEqual(["twice", null]);
});
