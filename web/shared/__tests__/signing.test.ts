import { describe, expect, test } from "vitest";

import { fromHex, toHex } from "../bytes";
import { dayNumber } from "../calendar";
import { digestOf, escrowDomain, registryDomain, scalarsOfDer, scalarsOfRaw, signerKey } from "../signing";
import type { Chain, Hex } from "../wire";

const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const filled = (byte: string): Hex => `0x${byte.repeat(32)}`;

const CHAIN: Chain = {
  chainId: 31337,
  rpId: "localhost",
  registry: "0x5fbdb2315678afecb367f032d93f642f64180aa3",
  factory: "0x0000000000000000000000000000000000000000",
  token: "0x0000000000000000000000000000000000000000",
  bank: "0x0000000000000000000000000000000000000000",
  anchor: "0x0000000000000000000000000000000000000000",
  finalityDepth: 2,
};
const ESCROW = escrowDomain(CHAIN, "0xcf7ed3acca5a467e9e704c703e8d87f634fb0fc9");
const CONFIRMATION = {
  sheetId: 3,
  index: 255,
  workerId: filled("11"),
  amount: 12_345_678_901_234,
  dayMask: 0xffffffff,
  payslipHash: filled("55"),
  deadline: 1_793_000_001,
};

describe("digests are those the server computes for the same words", () => {
  test("Enrolment", () => {
    const digest = digestOf(registryDomain(CHAIN), "Enrolment", {
      workerId: filled("11"),
      assurance: 4,
      x: filled("22"),
      y: filled("33"),
      payout: "0x70997970c51812dc3a010c7d01b50e0d17dc79c8",
      deadline: 1_793_000_000,
    });
    expect(toHex(digest)).toBe("0x5391e7626e3bf4cf4b973ca742017cbdaef0d47911136aeaed3ce42acfa10b69");
  });

  test("Join", () => {
    const words = { workerId: filled("11"), dayCap: 50_000, termsHash: filled("44"), deadline: 1_793_000_000 };
    expect(toHex(digestOf(ESCROW, "Join", words))).toBe(
      "0xcc60c69d6a7a7c5dde8c6afa488c1f392517b92f7c79cec3570f40ba4a361b41",
    );
  });

  test("Confirmation", () => {
    expect(toHex(digestOf(ESCROW, "Confirmation", CONFIRMATION))).toBe(
      "0x7f8cd1b52333ca7f846e2a75897cef8f3ac5b831766afb512a22b14d14364e82",
    );
  });

  test("Contest", () => {
    const words = {
      ...CONFIRMATION,
      claimed: 12_345_678_909_999,
      claimedDays: 0xffffffff,
      evidenceHash: filled("66"),
    };
    expect(toHex(digestOf(ESCROW, "Contest", words))).toBe(
      "0x0f579ad00c85c017932e1ad202c7915cba9d1588d974ef5b9c831678f8a0a1c6",
    );
  });
});

describe("digests of a dispute's words are those of anxin.core.signing.digest", () => {
  const deadline = 1_793_000_001;

  test("Claim", () => {
    const days = { firstDay: dayNumber("2026-10-07"), dayMask: 0b1011 };
    const words = { workerId: filled("11"), amount: 96_000, ...days, evidenceHash: filled("66"), deadline };
    expect(toHex(digestOf(ESCROW, "Claim", words))).toBe(
      "0x508c89ac76123ba488b2b8f2536cbf12255536eaa2cc70db7321287b96ca8bd7",
    );
  });

  test("Answer", () => {
    const words = { disputeId: 7, admitted: 32_000, evidenceHash: filled("66"), deadline };
    expect(toHex(digestOf(ESCROW, "Answer", words))).toBe(
      "0x7b894716c86e9edec9cf25fba839581c4460d48f2d1e0e65ee0d91a115bfcf91",
    );
  });

  test("Resolution", () => {
    const words = { disputeId: 7, award: 64_000, orderHash: filled("77"), deadline };
    expect(toHex(digestOf(ESCROW, "Resolution", words))).toBe(
      "0x96619b8deedf28713a4546888a3255ed40da98f8decb091bf7e6fab88a1e9616",
    );
  });
});

describe("words that do not fit are not signed", () => {
  test.each([
    ["a negative day mask", { dayMask: -1 }],
    ["an index past a byte", { index: 256 }],
    ["a broken amount", { amount: 12.5 }],
    ["a short hash", { payslipHash: "0x55" as Hex }],
  ])("%s", (_, change) => {
    expect(() => digestOf(ESCROW, "Confirmation", { ...CONFIRMATION, ...change })).toThrow(RangeError);
  });
});

describe("scalars", () => {
  test("a high s becomes the low one, a low s stays", () => {
    const low = filled("01");
    const high = `0x${(ORDER - BigInt(low)).toString(16)}` as Hex;
    const raw = (s: Hex) => fromHex(`${filled("07")}${s.slice(2)}`);
    expect(scalarsOfRaw(raw(low))).toEqual({ r: filled("07"), s: low });
    expect(scalarsOfRaw(raw(high))).toEqual({ r: filled("07"), s: low });
  });

  // Signatures by another library (OpenSSL); r and s as it decodes them, s taken to the lower half.
  test.each([
    [
      "33 and 33 bytes",
      "0x3046022100d5b131ddf457fea3dae1f2877f46d164bfd7851b330c5bdc1c5b8ff2f5e24e1c022100d721d5f2f80fec6560c3096732dbb799d24c5d27722987d81effc837373eb8c3",
      "0xd5b131ddf457fea3dae1f2877f46d164bfd7851b330c5bdc1c5b8ff2f5e24e1c",
      "0x28de2a0c07f0139b9f3cf698cd244865ea9a9d8634ee16acd4ba028bc5246c8e",
    ],
    [
      "32 and 33 bytes",
      "0x304502201142275a2b4ff5d140ebad8c01c95a203d8c99f8ba0a1213423cc0f8b4fc2fae022100fdd8861d752bf4c39fa7a7273cd60702f37e701db1be233d2f94cd345585e43a",
      "0x1142275a2b4ff5d140ebad8c01c95a203d8c99f8ba0a1213423cc0f8b4fc2fae",
      "0x022779e18ad40b3d605858d8c329f8fcc9688a8ff5597b47c424fd8ea6dd4117",
    ],
    [
      "33 and 32 bytes",
      "0x3045022100a1058cb3fa5c78ad3c0c40d8c255cb9aae4b506d3575ed5074a58ac54ce7f7cc022001b7652b9e001a900e7696fe57667ab81ce91d22b94bebb30765a0238cce5adb",
      "0xa1058cb3fa5c78ad3c0c40d8c255cb9aae4b506d3575ed5074a58ac54ce7f7cc",
      "0x01b7652b9e001a900e7696fe57667ab81ce91d22b94bebb30765a0238cce5adb",
    ],
    [
      "31 and 32 bytes",
      "0x3043021f1d84428d97efaadda065ba2491e53cb1c05f446f2fb0fe509d2ce67f5dcae10220685ec8b98a83662909350fb046d9bf6a0e90bc7f858c2258942594cdcdeac115",
      "0x001d84428d97efaadda065ba2491e53cb1c05f446f2fb0fe509d2ce67f5dcae1",
      "0x685ec8b98a83662909350fb046d9bf6a0e90bc7f858c2258942594cdcdeac115",
    ],
    [
      "32 and 31 bytes",
      "0x3043022037ec1de44c31b6827cc55a3f44b48169d652ddb5e4910c848e3dd9018527c777021f0a7f7f692f2037ee5cc845d96b34177aa08aa108a0717693f2ff84720fe41a",
      "0x37ec1de44c31b6827cc55a3f44b48169d652ddb5e4910c848e3dd9018527c777",
      "0x000a7f7f692f2037ee5cc845d96b34177aa08aa108a0717693f2ff84720fe41a",
    ],
  ] as [string, Hex, Hex, Hex][])("DER integers of %s", (_, der, r, s) => {
    expect(scalarsOfDer(fromHex(der))).toEqual({ r, s });
  });

  test("a short r is padded to 32 bytes", () => {
    expect(scalarsOfDer(fromHex("0x3006020105020106"))).toEqual({
      r: `0x${"05".padStart(64, "0")}`,
      s: `0x${"06".padStart(64, "0")}`,
    });
  });

  test.each(["0x", "0x3006020105030106", "0x3007020105020106", "0x300602010502010600"] as Hex[])(
    "%s is no DER signature",
    (hex) => expect(() => scalarsOfDer(fromHex(hex))).toThrow(RangeError),
  );
});

test("a key's point is the end of what browsers export", async () => {
  const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
  const spki = new Uint8Array(await crypto.subtle.exportKey("spki", pair.publicKey));
  const raw = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  expect(signerKey(4, spki)).toEqual({ assurance: 4, x: toHex(raw.slice(1, 33)), y: toHex(raw.slice(33)) });
  expect(signerKey(2, raw)).toEqual({ ...signerKey(4, spki), assurance: 2 });
});
