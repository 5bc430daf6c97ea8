import { expect, test } from "vitest";

import { sha256Text, toHex } from "../../shared/bytes";
import { digestOf, escrowDomain } from "../../shared/signing";
import type { Chain, Hex, Project } from "../../shared/wire";
import type { PreparedOffer } from "../../shared/wire.people";
import { checkedWords, Hindered } from "../people";

const CHAIN = { chainId: 31337 } as Chain;
const PROJECT = { escrow: `0x${"e5".repeat(20)}` } as Project;
const CONTRACT = JSON.stringify({ zh: "每工作日 ¥300.00", en: "", salt: "00" });
const WORDS = {
  workerId: `0x${"01".repeat(16)}${"00".repeat(16)}` as Hex,
  dayCap: 90_000,
  termsHash: sha256Text(CONTRACT),
  deadline: 2_000_000_000,
};
const OFFER: PreparedOffer = {
  digest: toHex(digestOf(escrowDomain(CHAIN, PROJECT.escrow), "Join", WORDS)),
  workerNo: "A-1",
  workerId: WORDS.workerId,
  contract: CONTRACT,
  dayCapFen: WORDS.dayCap,
  termsHash: WORDS.termsHash,
  deadline: WORDS.deadline,
};

test("the wallet is shown the words of the contract that was read", () => {
  expect(checkedWords(CHAIN, PROJECT, OFFER)).toMatchObject({ primaryType: "Join", message: WORDS });
});

test.each<Partial<PreparedOffer>>([
  { contract: CONTRACT.replace("300", "900") },
  { termsHash: `0x${"00".repeat(32)}` },
  { dayCapFen: 900_000 },
  { workerId: `0x${"02".repeat(32)}` },
  { deadline: 2_000_000_001 },
  { digest: `0x${"00".repeat(32)}` },
])("what is not what it says is not signed: %o", (changed) => {
  expect(() => checkedWords(CHAIN, PROJECT, { ...OFFER, ...changed })).toThrow(Hindered);
});
