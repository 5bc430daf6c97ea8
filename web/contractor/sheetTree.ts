/** A sheet's lines as the escrow takes them, and the root over them (SheetLines.sol, SheetTree.sol; core/sheet_tree.py). */

import { keccak_256 } from "@noble/hashes/sha3.js";

import { concatBytes, fromHex, toHex } from "../shared/bytes";
import type { Hex } from "../shared/wire";

export interface TreeLine {
  index: number;
  dayMask: number;
  amountFen: number;
  workerId: Hex;
  payslipHash: Hex;
}

/** 61 bytes: index 1, dayMask 4, amount 8, workerId 16, payslipHash 32. */
export function packed({ index, dayMask, amountFen, workerId, payslipHash }: TreeLine): Uint8Array {
  return concatBytes(number(index, 1), number(dayMask, 4), number(amountFen, 8), fromHex(workerId).slice(0, 16), fromHex(payslipHash));
}

/** Node i of n leaves pairs with its neighbour into node n + i / 2. */
export function rootOf(lines: readonly TreeLine[]): Hex {
  const nodes = lines.map((line) => keccak_256(packed(line)));
  for (let i = 0; i < lines.length - 1; i++) nodes.push(keccak_256(concatBytes(nodes[2 * i]!, nodes[2 * i + 1]!)));
  const root = nodes.at(-1);
  if (!root) throw new RangeError("a sheet has at least one line");
  return toHex(root);
}

function number(value: number, bytes: number): Uint8Array {
  if (!Number.isSafeInteger(value) || value < 0 || BigInt(value) >> BigInt(8 * bytes)) throw new RangeError(`not in ${bytes} bytes: ${value}`);
  return fromHex(`0x${value.toString(16).padStart(2 * bytes, "0")}`);
}
