/** Whether the contract on the screen is the one the worker would sign. */

import { sha256Text } from "../shared/bytes";
import type { ContractText, Hex } from "../shared/wire";

/** The contract's text, or null where it is not what the signature would be over: then nobody should sign. */
export function checkedContract(contract: string, termsHash: Hex): ContractText | null {
  if (sha256Text(contract) !== termsHash) return null;
  try {
    const { zh, en, salt } = (JSON.parse(contract) ?? {}) as Partial<ContractText>;
    return typeof zh === "string" && typeof en === "string" && typeof salt === "string" ? { zh, en, salt } : null;
  } catch {
    return null;
  }
}
