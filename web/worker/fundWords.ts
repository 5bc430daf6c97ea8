/** A worker's word about the provident fund: a share of the wage, or its end. Sent at once, with a signal or not at all. */

import { putSigned } from "../shared/api";
import { toHex } from "../shared/bytes";
import { dayNumber, dayOfPhone } from "../shared/calendar";
import { language } from "../shared/i18n";
import { digestOf, escrowDomain } from "../shared/signing";
import type { Chain, Hex } from "../shared/wire";
import type { SignedFundConsent } from "../shared/wire.fund";
import { sign } from "./keys";
import type { HeldKey } from "./store";

const GOOD_FOR_SECONDS = 3_600;

export interface Agreeing {
  escrow: Hex;
  fund: Hex;
  /** 100 are 1 %; 0 takes the consent back. */
  shareBasisPoints: number;
  fromDay: string;
}

/** Throws NotSigned, NoAnswer, ApiProblem. */
export async function signFundConsent(chain: Chain, key: HeldKey, said: Agreeing): Promise<void> {
  const { workerId } = key;
  const deadline = Math.floor(Date.now() / 1_000) + GOOD_FOR_SECONDS;
  const { fund, shareBasisPoints } = said;
  const words = { workerId, fund, shareBasisPoints, fromDay: dayNumber(said.fromDay), deadline };
  const digest = digestOf(escrowDomain(chain, said.escrow), "FundConsent", words);
  const body: SignedFundConsent = { ...said, workerId, deadline, signature: await sign(key, digest, chain.rpId) };
  await putSigned(`/api/fund-consents/${toHex(digest)}`, body, language.value);
}

/** The first day of this month and of the next: sheets begin with the month. */
export function monthStarts(today = dayOfPhone()): [string, string] {
  const [year, month] = today.split("-").map(Number) as [number, number];
  const first = (y: number, m: number): string => `${y}-${`${m}`.padStart(2, "0")}-01`;
  return [first(year, month), month === 12 ? first(year + 1, 1) : first(year, month + 1)];
}
