/**
 * Paying into an escrow from the contractor's wallet.
 *
 * A permit and the funding go in one transaction; a wallet that cannot sign typed data approves first, in another.
 */

import { type Address, isAddressEqual, parseAbi, parseSignature, zeroHash } from "viem";

import { isDeclined } from "../shared/dashboard/wallets";
import type { Chain, Hex } from "../shared/wire";
import type { ConnectedWallet } from "./wallet";

const PERMIT_SECONDS = 3_600;

const TOKEN = parseAbi([
  "function balanceOf(address) view returns (uint256)",
  "function nonces(address) view returns (uint256)",
  "function approve(address spender, uint256 amount) returns (bool)",
  "function eip712Domain() view returns (bytes1 fields, string name, string version, uint256 chainId, address verifyingContract, bytes32 salt, uint256[] extensions)",
]);
const ESCROW = parseAbi([
  "function fund(uint256 amount, bytes32 memo)",
  "function fundWithPermit(uint256 amount, bytes32 memo, uint256 deadline, uint8 v, bytes32 r, bytes32 s)",
]);
const PERMIT = {
  Permit: [
    { name: "owner", type: "address" },
    { name: "spender", type: "address" },
    { name: "value", type: "uint256" },
    { name: "nonce", type: "uint256" },
    { name: "deadline", type: "uint256" },
  ],
} as const;

export type Step = "signPermit" | "approve" | "approveMined" | "sendFund";

export interface Funding {
  chain: Chain;
  escrow: Hex;
  amountFen: number;
  /** Skip the permit: the owner chose so. */
  inTwoSteps: boolean;
  onStep: (step: Step) => void;
}

/** The token says it belongs to another contract or chain than the one on record. */
export class ForeignToken extends Error {}

/** The contract turned a transaction back. */
export class Reverted extends Error {}

export async function balanceFen(wallet: ConnectedWallet, chain: Chain): Promise<number> {
  const args = [wallet.account] as const;
  return Number(await wallet.reads.readContract({ address: chain.token, abi: TOKEN, functionName: "balanceOf", args }));
}

/** Sends the money and returns the transaction's hash; what it did is told by the books, at finality. */
export async function fund(wallet: ConnectedWallet, funding: Funding): Promise<Hex> {
  const permit = funding.inTwoSteps ? null : await signPermit(wallet, funding);
  if (!permit) await approve(wallet, funding);
  funding.onStep("sendFund");
  const { escrow: address, amountFen } = funding;
  const target = { address, abi: ESCROW, account: wallet.account, chain: wallet.writes.chain };
  const head = [BigInt(amountFen), zeroHash] as const;
  if (!permit) return wallet.writes.writeContract({ ...target, functionName: "fund", args: head });
  const { deadline, v, r, s } = permit;
  return wallet.writes.writeContract({ ...target, functionName: "fundWithPermit", args: [...head, deadline, v, r, s] });
}

interface Permit {
  deadline: bigint;
  v: number;
  r: Hex;
  s: Hex;
}

/** Null where the wallet cannot sign typed data, or signs as a contract does (which a permit cannot carry). */
async function signPermit(wallet: ConnectedWallet, funding: Funding): Promise<Permit | null> {
  const { account, reads, writes } = wallet;
  const domain = await permitDomain(wallet, funding.chain);
  const token = { address: funding.chain.token, abi: TOKEN } as const;
  const nonce = await reads.readContract({ ...token, functionName: "nonces", args: [account] });
  const deadline = BigInt(Math.floor(Date.now() / 1_000) + PERMIT_SECONDS);
  const message = { owner: account, spender: funding.escrow, value: BigInt(funding.amountFen), nonce, deadline };
  funding.onStep("signPermit");
  try {
    const signature = await writes.signTypedData({ account, domain, types: PERMIT, primaryType: "Permit", message });
    if (signature.length !== 132) return null;
    const { r, s, yParity } = parseSignature(signature);
    return { deadline, v: 27 + yParity, r, s };
  } catch (error) {
    if (isDeclined(error)) throw error;
    return null;
  }
}

/** The token's own words for its domain, held against what the platform has on record. */
async function permitDomain({ reads }: ConnectedWallet, { token, chainId }: Chain) {
  const [, name, version, domainChain, verifyingContract] = await reads.readContract({
    address: token,
    abi: TOKEN,
    functionName: "eip712Domain",
  });
  if (domainChain !== BigInt(chainId) || !isAddressEqual(verifyingContract, token as Address)) throw new ForeignToken();
  return { name, version, chainId, verifyingContract };
}

async function approve(wallet: ConnectedWallet, { chain, escrow, amountFen, onStep }: Funding): Promise<void> {
  onStep("approve");
  const hash = await wallet.writes.writeContract({
    address: chain.token,
    abi: TOKEN,
    functionName: "approve",
    args: [escrow, BigInt(amountFen)],
    account: wallet.account,
    chain: wallet.writes.chain,
  });
  onStep("approveMined");
  await mined(wallet, hash);
}

/** Waits until the wallet's chain has the transaction. Throws Reverted where the contract turned it back. */
export async function mined({ reads }: ConnectedWallet, hash: Hex): Promise<void> {
  const receipt = await reads.waitForTransactionReceipt({ hash });
  if (receipt.status === "reverted") throw new Reverted();
}
