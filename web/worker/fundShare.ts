/** Whether a worker's share is in the fund's line: the hashes of backend/anxin/payroll/fund/share.py, computed on this phone. */

import { sha256 } from "@noble/hashes/sha2.js";

import { concatBytes, fromHex, sha256Text, toHex } from "../shared/bytes";
import type { Hex } from "../shared/wire";
import type { FundSlip } from "../shared/wire.fund";
import type { DeductionRow, PayslipV2 } from "../shared/wire.payroll";

/** The share of a payslip; undefined where there is none. */
export function shareOf({ deductions }: PayslipV2): DeductionRow | undefined {
  return deductions.find(({ kind }) => kind === "provident-fund");
}

/** SHA-256 of salt, worker id and amount (8 bytes, big-endian). */
export function leafOf(leafSalt: string, workerId: Hex, amountFen: number): Hex {
  const amount = fromHex(`0x${BigInt(amountFen).toString(16).padStart(16, "0")}`);
  return toHex(sha256(concatBytes(fromHex(`0x${leafSalt}`), fromHex(workerId), amount)));
}

/** Whether the text is the one of the hash, is of that amount, and has this worker's share in it. */
export function isInFundLine(slip: FundSlip, workerId: Hex, share: DeductionRow): boolean {
  if (sha256Text(slip.payslip) !== slip.payslipHash || share.leafSalt === undefined) return false;
  const { amountFen, items } = JSON.parse(slip.payslip) as PayslipV2;
  const leaves = items.flatMap((item) => item.leaves ?? []);
  const own = leafOf(share.leafSalt, workerId, share.amountFen);
  return amountFen === slip.amountFen && amountFen >= share.amountFen && leaves.includes(own);
}
