/**
 * What a worker, a contractor and the bureau sign (EIP-712), and what a signature looks like on the wire.
 *
 * The contracts fix the words; a frozen set of digests in the tests holds this file to the server's and the contracts'.
 * Sources: EIP-712, SEC 1 §4.1 (ECDSA), RFC 3279 §2.2.3 (DER of r and s), EIP-2 (low s).
 */

import { keccak_256 } from "@noble/hashes/sha3.js";

import { type Bytes, concatBytes, fromHex, textBytes, toHex } from "./bytes";
import type { Assurance, Chain, Hex, SignerKey } from "./wire";

const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

const TYPES = {
  Enrolment: "bytes32 workerId,uint8 assurance,bytes32 x,bytes32 y,address payout,uint256 deadline",
  Join: "bytes32 workerId,uint64 dayCap,bytes32 termsHash,uint256 deadline",
  Confirmation:
    "uint256 sheetId,uint8 index,bytes32 workerId,uint64 amount,uint32 dayMask,bytes32 payslipHash,uint64 deadline",
  Contest:
    "uint256 sheetId,uint8 index,bytes32 workerId,uint64 amount,uint32 dayMask,bytes32 payslipHash," +
    "uint64 claimed,uint32 claimedDays,bytes32 evidenceHash,uint64 deadline",
  Claim: "bytes32 workerId,uint64 amount,uint32 firstDay,uint32 dayMask,bytes32 evidenceHash,uint64 deadline",
  Answer: "uint256 disputeId,uint64 admitted,bytes32 evidenceHash,uint64 deadline",
  Resolution: "uint256 disputeId,uint64 award,bytes32 orderHash,uint64 deadline",
  Evidence: "bytes32 topic,uint32 day,bytes32 root",
  Sheet:
    "uint256 sheetId,uint32 firstDay,uint32 lastDay,uint32 payday,bytes32 rulesHash,bytes32 termsRoot,bytes32 root,uint256 total",
  // Words that stay off chain: no contract knows them, they move nothing.
  Punch: "bytes32 workerId,uint8 direction,uint64 at,bytes32 hintHash",
  FundConsent: "bytes32 workerId,address fund,uint16 shareBasisPoints,uint32 fromDay,uint64 deadline",
  Correction: "bytes32 correctionId,bytes32 workerId,bytes32 contentHash",
} as const;

const DOMAIN_FIELDS = "string name,string version,uint256 chainId,address verifyingContract";

/** Where a signature counts: one contract on one chain. */
export interface Domain {
  name: "Anxin WorkerRegistry" | "Anxin WageEscrow" | "Anxin EvidenceAnchor";
  chainId: number;
  contract: Hex;
}

export interface EnrolmentWords {
  workerId: Hex;
  assurance: Assurance;
  x: Hex;
  y: Hex;
  payout: Hex;
  deadline: number;
}

export interface JoinWords {
  workerId: Hex;
  dayCap: number;
  termsHash: Hex;
  deadline: number;
}

export interface ConfirmationWords {
  sheetId: number;
  index: number;
  workerId: Hex;
  amount: number;
  dayMask: number;
  payslipHash: Hex;
  deadline: number;
}

export interface ContestWords extends ConfirmationWords {
  claimed: number;
  claimedDays: number;
  evidenceHash: Hex;
}

export interface ClaimWords {
  workerId: Hex;
  amount: number;
  /** Days since 1970-01-01. */
  firstDay: number;
  dayMask: number;
  evidenceHash: Hex;
  deadline: number;
}

export interface AnswerWords {
  disputeId: number;
  admitted: number;
  evidenceHash: Hex;
  deadline: number;
}

export interface ResolutionWords {
  disputeId: number;
  award: number;
  orderHash: Hex;
  deadline: number;
}

export interface EvidenceWords {
  topic: Hex;
  /** Days since 1970-01-01. */
  day: number;
  root: Hex;
}

/** Days since 1970-01-01. */
export interface SheetWords {
  sheetId: number;
  firstDay: number;
  lastDay: number;
  payday: number;
  rulesHash: Hex;
  termsRoot: Hex;
  root: Hex;
  total: number;
}

export interface PunchWords {
  workerId: Hex;
  /** 1 in, 2 out. */
  direction: 1 | 2;
  /** Unix seconds by the phone's clock. */
  at: number;
  hintHash: Hex;
}

export interface CorrectionWords {
  correctionId: Hex;
  workerId: Hex;
  contentHash: Hex;
}

export interface FundConsentWords {
  workerId: Hex;
  /** The fund's own wallet. */
  fund: Hex;
  shareBasisPoints: number;
  /** Days since 1970-01-01. */
  fromDay: number;
  deadline: number;
}

interface Words {
  Enrolment: EnrolmentWords;
  Join: JoinWords;
  Confirmation: ConfirmationWords;
  Contest: ContestWords;
  Claim: ClaimWords;
  Answer: AnswerWords;
  Resolution: ResolutionWords;
  Evidence: EvidenceWords;
  Sheet: SheetWords;
  Punch: PunchWords;
  FundConsent: FundConsentWords;
  Correction: CorrectionWords;
}

export function registryDomain(chain: Chain): Domain {
  return { name: "Anxin WorkerRegistry", chainId: chain.chainId, contract: chain.registry };
}

export function escrowDomain(chain: Chain, escrow: Hex): Domain {
  return { name: "Anxin WageEscrow", chainId: chain.chainId, contract: escrow };
}

export function anchorDomain(chain: Chain): Domain {
  return { name: "Anxin EvidenceAnchor", chainId: chain.chainId, contract: chain.anchor };
}

/** The 32 bytes that are signed. Throws where a word does not fit its type, before anything can be signed. */
export function digestOf<Name extends keyof Words>(domain: Domain, name: Name, words: Words[Name]): Bytes {
  const values = words as unknown as Record<string, Hex | number>;
  const encoded = TYPES[name].split(",").map((field) => {
    const [kind, key] = field.split(" ") as [string, string];
    return word(kind, values[key]);
  });
  const structHash = keccak_256(concatBytes(hashText(`${name}(${TYPES[name]})`), ...encoded));
  return new Uint8Array(keccak_256(concatBytes(new Uint8Array([0x19, 0x01]), separator(domain), structHash)));
}

/** The same words as a wallet is asked to sign them (eth_signTypedData_v4). */
export function typedDataOf<Name extends keyof Words>(domain: Domain, primaryType: Name, message: Words[Name]) {
  const fields = (list: string) => list.split(",").map((field) => ({ type: field.split(" ")[0], name: field.split(" ")[1] }));
  return {
    domain: { name: domain.name, version: "1", chainId: domain.chainId, verifyingContract: domain.contract },
    types: { EIP712Domain: fields(DOMAIN_FIELDS), [primaryType]: fields(TYPES[primaryType]) },
    primaryType,
    message,
  };
}

function separator(domain: Domain): Uint8Array {
  return keccak_256(
    concatBytes(
      hashText(`EIP712Domain(${DOMAIN_FIELDS})`),
      hashText(domain.name),
      hashText("1"),
      word("uint256", domain.chainId),
      word("address", domain.contract),
    ),
  );
}

function hashText(text: string): Uint8Array {
  return keccak_256(textBytes(text));
}

/** One value, padded to 32 bytes. */
function word(kind: string, value: Hex | number | undefined): Uint8Array {
  if (kind.startsWith("uint")) return numberWord(value, Number(kind.slice(4)));
  const length = kind === "address" ? 20 : 32;
  if (typeof value !== "string") throw new RangeError(`${kind} is not hex: ${value}`);
  const bytes = fromHex(value);
  if (bytes.length !== length) throw new RangeError(`${kind} of ${bytes.length} bytes`);
  return concatBytes(new Uint8Array(32 - length), bytes);
}

function numberWord(value: Hex | number | undefined, bits: number): Uint8Array {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0 || BigInt(value) >> BigInt(bits)) {
    throw new RangeError(`not a uint${bits}: ${value}`);
  }
  return fromHex(scalar(BigInt(value)));
}

/** WebCrypto's form: r ‖ s, 64 bytes. */
export function scalarsOfRaw(signature: Uint8Array): { r: Hex; s: Hex } {
  if (signature.length !== 64) throw new RangeError(`signature of ${signature.length} bytes`);
  return scalars(signature.slice(0, 32), signature.slice(32));
}

/** A passkey's form: DER, SEQUENCE of two INTEGERs. */
export function scalarsOfDer(der: Uint8Array): { r: Hex; s: Hex } {
  if (der[0] !== 0x30 || der[1] !== der.length - 2) throw new RangeError("not a DER signature");
  const [r, afterR] = derInteger(der, 2);
  const [s, end] = derInteger(der, afterR);
  if (end !== der.length) throw new RangeError("not a DER signature");
  return scalars(r, s);
}

function derInteger(der: Uint8Array, at: number): [Uint8Array, number] {
  const end = at + 2 + (der[at + 1] ?? 0);
  if (der[at] !== 0x02 || end > der.length) throw new RangeError("not a DER signature");
  return [der.slice(at + 2, end), end];
}

/** The contracts take only the lower s: each signature has one form, so nobody can vary it. */
function scalars(r: Uint8Array, s: Uint8Array): { r: Hex; s: Hex } {
  const high = BigInt(toHex(s));
  return { r: scalar(BigInt(toHex(r))), s: scalar(high > P256_ORDER / 2n ? P256_ORDER - high : high) };
}

function scalar(value: bigint): Hex {
  return `0x${value.toString(16).padStart(64, "0")}`;
}

/** The point of a public key as browsers export it: its last 64 bytes (SPKI, and the raw form, end with x ‖ y). */
export function signerKey(assurance: Assurance, publicKey: Uint8Array): SignerKey {
  const point = publicKey.slice(-64);
  return { assurance, x: toHex(point.slice(0, 32)), y: toHex(point.slice(32)) };
}
