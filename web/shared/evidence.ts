import { randomHex } from "./bytes";

/** What is hashed and signed for a reason. The nonce keeps a short one from being guessed from its public hash. */
export function evidenceOf(reason: string): string {
  return JSON.stringify({ reason, nonce: randomHex(16) });
}
