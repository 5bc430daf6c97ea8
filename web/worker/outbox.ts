/**
 * Signed words on their way to the server, from the page and from the service worker alike.
 *
 * Stored before sent, one sender at a time, and safe to repeat: the server keeps one word per digest. Its yes or no is
 * final; silence, overload and failures of its own are not, and the word stays.
 */

import { ApiProblem, NoAnswer, oneAtATime, putSigned } from "../shared/api";
import type { Receipt } from "../shared/wire";
import { allWords, forgetWord, keepWord, type SignedWord } from "./store";

export const SYNC_TAG = "anxin-outbox";

const KEEP_RECEIVED_MILLISECONDS = 40 * 86_400_000;
const NOT_FINAL = new Set([408, 425, 429]);

/** What one attempt to send did to the word; null where nothing is known yet. */
export function outcomeOf(error: unknown): { state: "refused"; refusal: string } | null {
  if (error instanceof NoAnswer) return null;
  if (!(error instanceof ApiProblem)) throw error;
  if (error.status >= 500 || NOT_FINAL.has(error.status)) return null;
  return { state: "refused", refusal: error.detail };
}

/** Sends everything that waits, oldest first. Returns whether any word's state changed. */
export function flush(): Promise<boolean> {
  return oneAtATime("anxin-outbox", async () => {
    let changed = false;
    for (const word of (await allWords()).sort((a, b) => a.signedAt - b.signedAt)) {
      if (word.state === "waiting") changed = (await deliver(word)) || changed;
      else if (word.state === "received") await forgetOld(word);
    }
    return changed;
  });
}

async function deliver(word: SignedWord): Promise<boolean> {
  const sent = await attempt(word);
  if (sent) await keepWord({ ...word, ...sent });
  return sent !== null;
}

async function attempt(word: SignedWord): Promise<{ state: "received" | "refused"; refusal: string | null } | null> {
  try {
    const receipt = await putSigned<Receipt>(placeOf(word), word.body, word.language);
    return receipt.digest === word.digest ? { state: "received", refusal: null } : null;
  } catch (error) {
    return outcomeOf(error);
  }
}

/** Where a word goes: under its digest, or as the worker's signature under a correction that is there already. */
export function placeOf(word: SignedWord): string {
  if (word.path === "corrections") return `/api/corrections/${word.correctionId}/signature`;
  return `/api/${word.path}/${word.digest}`;
}

async function forgetOld(word: SignedWord): Promise<void> {
  if (Date.now() - word.signedAt > KEEP_RECEIVED_MILLISECONDS) await forgetWord(word.digest);
}

/** Keeps the word, then asks the browser to send it even after the page is closed, where it can. */
export async function post(word: SignedWord): Promise<void> {
  await keepWord(word);
  const registration = (await navigator.serviceWorker?.getRegistration()) as SyncingRegistration | undefined;
  await registration?.sync?.register(SYNC_TAG).catch(() => undefined);
}

/** Background Sync, which not every browser has. */
interface SyncingRegistration extends ServiceWorkerRegistration {
  sync?: { register(tag: string): Promise<void> };
}
