/** What a worker signs of attendance: a punch, and a correction of one. Kept in the outbox first, like every signed word. */

import { sha256Text, toHex } from "../shared/bytes";
import { language } from "../shared/i18n";
import { digestOf, escrowDomain } from "../shared/signing";
import type { Chain, Hex } from "../shared/wire";
import type { Correction, CorrectionContent, Hint, SignedPunch } from "../shared/wire.attendance";
import { sign } from "./keys";
import { post } from "./outbox";
import { hintText } from "./punch";
import type { HeldKey } from "./store";

export interface Punching {
  escrow: Hex;
  direction: 1 | 2;
  /** Unix seconds. */
  at: number;
  hint: Hint;
}

/** Throws NotSigned. Returns what was kept. */
export async function signPunch(chain: Chain, key: HeldKey, { escrow, direction, at, hint }: Punching): Promise<Hex> {
  const { workerId } = key;
  const text = hintText(hint);
  const digest = digestOf(escrowDomain(chain, escrow), "Punch", { workerId, direction, at, hintHash: sha256Text(text) });
  const signature = await sign(key, digest, chain.rpId);
  const body: SignedPunch = { escrow, workerId, direction, at, hintText: text, signature };
  await post({ ...fresh(key, toHex(digest)), path: "punches", body });
  return toHex(digest);
}

/**
 * What a correction says, where its text is the one that is to be signed, of this project; null where it is not.
 *
 * The phone signs what it shows: it takes neither hash nor digest from the server unchecked.
 */
export function contentOf(chain: Chain, workerId: Hex, escrow: Hex, correction: Correction): CorrectionContent | null {
  const { content, contentHash, correctionId } = correction;
  if (sha256Text(content) !== contentHash) return null;
  if (toHex(correctionDigest(chain, workerId, escrow, { correctionId, contentHash })) !== correction.digest) return null;
  const said = JSON.parse(content) as CorrectionContent;
  return said.escrow.toLowerCase() === escrow.toLowerCase() ? said : null;
}

/** Throws NotSigned. */
export async function signCorrection(chain: Chain, key: HeldKey, escrow: Hex, correction: Correction): Promise<void> {
  const digest = correctionDigest(chain, key.workerId, escrow, correction);
  const signature = await sign(key, digest, chain.rpId);
  const { correctionId } = correction;
  await post({ ...fresh(key, toHex(digest)), path: "corrections", correctionId, body: { signature } });
}

function correctionDigest(
  chain: Chain,
  workerId: Hex,
  escrow: Hex,
  { correctionId, contentHash }: Pick<Correction, "correctionId" | "contentHash">,
) {
  return digestOf(escrowDomain(chain, escrow), "Correction", { correctionId, workerId, contentHash });
}

function fresh(key: HeldKey, digest: Hex) {
  return {
    digest,
    workerId: key.workerId,
    signedAt: Date.now(),
    language: language.value,
    state: "waiting",
    refusal: null,
  } as const;
}
