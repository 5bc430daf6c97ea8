/** What the bank attests to hold, beside the tokens that stand for it. */
import type { Hex } from "./wire";

/** `at` in Unix seconds by the chain's clock; `ok`: the balance covers the tokens of that moment. */
export interface AttestedBalance {
  at: number;
  amountFen: number;
  supplyFen: number;
  ok: boolean;
  signature: Hex;
  signer: Hex;
  digest: Hex;
}
