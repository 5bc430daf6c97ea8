/** A second party's word under a correction: the wallet shows and signs the same `Correction` as the worker does. */

import type { EIP1193Provider } from "viem";

import { get, put } from "../shared/api";
import { sha256Text, toHex } from "../shared/bytes";
import { withRecovery27 } from "../shared/dashboard/decisions";
import { digestOf, escrowDomain, typedDataOf } from "../shared/signing";
import type { Chain, EventPage, Hex } from "../shared/wire";
import type { Correction, CorrectionContent } from "../shared/wire.attendance";

const PAGE = 200;

/** What a correction says; null where its text is not the one that is signed. */
export function contentOf({ content, contentHash }: Correction): CorrectionContent | null {
  return sha256Text(content) === contentHash ? (JSON.parse(content) as CorrectionContent) : null;
}

/** Everyone who has joined the project, as the chain knows them. */
export async function joinedWorkers(escrow: Hex): Promise<Hex[]> {
  const found = new Set<Hex>();
  let before: string | null = null;
  do {
    const query = new URLSearchParams({ escrow, name: "Joined", limit: `${PAGE}`, ...(before ? { before } : {}) });
    const page: EventPage = await get<EventPage>(`/api/events?${query}`);
    for (const { args } of page.events) found.add(args["workerId"] as Hex);
    before = page.next;
  } while (before);
  return [...found];
}

/**
 * Whose record a correction is about: the one of `workers` under whose id it is to be signed; null where none is.
 *
 * Staff are told numbers, not chain identities; the digest says whose it is, and holds the server to it.
 */
export function workerOf(chain: Chain, escrow: Hex, { correctionId, contentHash, digest }: Correction, workers: Hex[]): Hex | null {
  const domain = escrowDomain(chain, escrow);
  return workers.find((workerId) => toHex(digestOf(domain, "Correction", { correctionId, workerId, contentHash })) === digest) ?? null;
}

export interface Countersigning {
  provider: EIP1193Provider;
  account: Hex;
  chain: Chain;
  escrow: Hex;
  correction: Correction;
  workerId: Hex;
}

export async function countersign({ provider, account, chain, escrow, correction, workerId }: Countersigning): Promise<Correction> {
  const { correctionId, contentHash } = correction;
  const words = { correctionId, workerId, contentHash };
  const params: [Hex, string] = [account, JSON.stringify(typedDataOf(escrowDomain(chain, escrow), "Correction", words))];
  const signature = withRecovery27(await provider.request({ method: "eth_signTypedData_v4", params }));
  return put<Correction>(`/api/projects/${escrow}/attendance/corrections/${correctionId}/countersignature`, { signature });
}
