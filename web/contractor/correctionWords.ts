/** A second party's word under a correction: the wallet shows and signs the same `Correction` as the worker does. */

import type { EIP1193Provider } from "viem";

import { put } from "../shared/api";
import { sha256Text } from "../shared/bytes";
import { withRecovery27 } from "../shared/dashboard/decisions";
import { escrowDomain, typedDataOf } from "../shared/signing";
import type { Chain, Hex } from "../shared/wire";
import type { Correction, CorrectionContent } from "../shared/wire.attendance";

/** What a correction says; null where its text is not the one that is signed. */
export function contentOf({ content, contentHash }: Correction): CorrectionContent | null {
  return sha256Text(content) === contentHash ? (JSON.parse(content) as CorrectionContent) : null;
}

export interface Countersigning {
  provider: EIP1193Provider;
  account: Hex;
  chain: Chain;
  escrow: Hex;
  correction: Correction;
}

export async function countersign({ provider, account, chain, escrow, correction }: Countersigning): Promise<Correction> {
  const { correctionId, workerId, contentHash } = correction;
  const words = { correctionId, workerId, contentHash };
  const params: [Hex, string] = [account, JSON.stringify(typedDataOf(escrowDomain(chain, escrow), "Correction", words))];
  const signature = withRecovery27(await provider.request({ method: "eth_signTypedData_v4", params }));
  return put<Correction>(`/api/projects/${escrow}/attendance/corrections/${correctionId}/countersignature`, { signature });
}
