import { expect, test } from "vitest";

import { sha256Text, toHex } from "../../shared/bytes";
import { digestOf, escrowDomain } from "../../shared/signing";
import type { Chain, Hex } from "../../shared/wire";
import type { FundSlip } from "../../shared/wire.fund";
import type { DeductionRow, PayslipV2 } from "../../shared/wire.payroll";
import { isInFundLine, leafOf, shareOf } from "../fundShare";
import { monthStarts } from "../fundWords";
import { addsUp } from "../payslip";
import payslips from "./payslips.json";

const filled = (byte: string, length = 32): Hex => `0x${byte.repeat(length)}`;
const ESCROW = escrowDomain({ chainId: 31337 } as Chain, "0xcf7ed3acca5a467e9e704c703e8d87f634fb0fc9");
const WORKER = filled("11");

function slipWithShare(): PayslipV2 {
  return JSON.parse(payslips.find(({ name }) => name === "a share for the fund")!.text) as PayslipV2;
}

function fundSlip(leaves: Hex[], amountFen: number): FundSlip {
  const payslip = JSON.stringify({ amountFen, items: [{ item: "fund-shares", amountFen, leaves }] });
  return { index: 7, amountFen, payslip, payslipHash: sha256Text(payslip) };
}

function shared(): { share: DeductionRow; leaf: Hex } {
  const share = shareOf(slipWithShare())!;
  return { share, leaf: leafOf(share.leafSalt!, WORKER, share.amountFen) };
}

test("a consent's digest is that of anxin.core.signing.digest", () => {
  const words = { workerId: WORKER, fund: filled("22", 20), shareBasisPoints: 1_200, fromDay: 20_729, deadline: 1_793_000_001 };
  expect(toHex(digestOf(ESCROW, "FundConsent", words))).toBe("0x8e01902660c932da6f621828e2e73d957c8d7ac2f23ca0873fcc5eac22414b43");
});

test("a leaf is that of anxin.payroll.fund.leaf", () => {
  expect(leafOf("ab".repeat(16), WORKER, 12_345_678_901)).toBe("0xed5ee2e7782e853ad0c08e6260f86fb67ba2d817f9d90686f28fcf2dbc5282aa");
});

test("a share in the fund's line is found", () => {
  const { share, leaf } = shared();
  expect(isInFundLine(fundSlip([filled("00"), leaf], share.amountFen + 5), WORKER, share)).toBe(true);
});

test("another worker's share is not taken for one's own", () => {
  const { share, leaf } = shared();
  expect(isInFundLine(fundSlip([leaf], share.amountFen), filled("12"), share)).toBe(false);
});

test("a fund's line of less than the share is not right", () => {
  const { share, leaf } = shared();
  expect(isInFundLine(fundSlip([leaf], share.amountFen - 1), WORKER, share)).toBe(false);
});

test("a fund's text under another hash is not right", () => {
  const { share, leaf } = shared();
  expect(isInFundLine({ ...fundSlip([leaf], share.amountFen), payslipHash: filled("00") }, WORKER, share)).toBe(false);
});

test("a share of more than the percentage says does not add up", () => {
  const slip = slipWithShare();
  const deductions = slip.deductions.map((row) => (row.basisPoints ? { ...row, amountFen: row.amountFen + 1, claimFen: row.claimFen + 1 } : row));
  expect(addsUp(slip)).toBe(true);
  expect(addsUp({ ...slip, deductions, amountFen: slip.amountFen - 1 })).toBe(false);
});

test("sheets begin with the month", () => {
  expect(monthStarts("2026-12-22")).toEqual(["2026-12-01", "2027-01-01"]);
});
