import { expect, test } from "vitest";

import { sha256Text, toHex } from "../../shared/bytes";
import { digestOf, escrowDomain } from "../../shared/signing";
import type { Chain, Hex } from "../../shared/wire";
import type { Correction } from "../../shared/wire.attendance";
import { contentOf, workerOf } from "../correctionWords";

const chain = { chainId: 31337 } as Chain;
const escrow = `0x${"ab".repeat(20)}` as Hex;
const correctionId = `0x${"77".repeat(32)}` as Hex;
const [worker, other] = ["11", "22"].map((byte) => `0x${byte.repeat(32)}`) as [Hex, Hex];
const content = '{"reason":"twice"}';
const contentHash = sha256Text(content);
const digest = toHex(digestOf(escrowDomain(chain, escrow), "Correction", { correctionId, workerId: worker, contentHash }));
const correction = { correctionId, content, contentHash, digest } as Correction;

test("the digest says whose record it is", () => {
  expect(workerOf(chain, escrow, correction, [other, worker])).toBe(worker);
});

test("nobody's, where the words are not what the digest is of", () => {
  expect(workerOf(chain, escrow, { ...correction, contentHash: sha256Text("another") }, [other, worker])).toBeNull();
});

test("a text under another hash is not shown as what is signed", () => {
  expect([contentOf(correction)?.reason, contentOf({ ...correction, content: '{"reason":"agreed"}' })]).toEqual(["twice", null]);
});
