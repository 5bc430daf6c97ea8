/** What this phone keeps: its keys, signed words not yet acknowledged, and what was last seen for reading offline. */

import { type DBSchema, type IDBPDatabase, openDB } from "idb";

import type { Bytes } from "../shared/bytes";
import type { Hex, Language, SignedClaim, SignedConfirmation, SignedContest, SignedJoin } from "../shared/wire";
import type { SignedPunch, WorkerWord } from "../shared/wire.attendance";

/** A worker's key on this phone: the private part cannot leave the browser or the phone's passkey store. */
export type HeldKey = { workerId: Hex; x: Hex; y: Hex } & (
  | { kind: "passkey"; credentialId: Bytes }
  | { kind: "device"; privateKey: CryptoKey }
);

/** Something the worker signed. It is stored before it is sent, and stays until the server has said yes or no. */
export type SignedWord = {
  digest: Hex;
  workerId: Hex;
  /** Milliseconds since 1970. */
  signedAt: number;
  language: Language;
  state: "waiting" | "received" | "refused";
  /** The server's sentence where it refused. */
  refusal: string | null;
} & (
  | { path: "confirmations"; body: SignedConfirmation }
  | { path: "joins"; body: SignedJoin }
  | { path: "contests"; body: SignedContest }
  | { path: "claims"; body: SignedClaim }
  | { path: "punches"; body: SignedPunch }
  | { path: "corrections"; correctionId: Hex; body: WorkerWord }
);

interface Remembered {
  value: unknown;
  /** Milliseconds since 1970. */
  asOf: number;
}

interface PhoneSchema extends DBSchema {
  keys: { key: Hex; value: HeldKey };
  words: { key: Hex; value: SignedWord };
  seen: { key: string; value: Remembered };
}

let opened: Promise<IDBPDatabase<PhoneSchema>> | null = null;

function phone(): Promise<IDBPDatabase<PhoneSchema>> {
  opened ??= openDB<PhoneSchema>("anxin", 1, {
    upgrade(database) {
      database.createObjectStore("keys", { keyPath: "workerId" });
      database.createObjectStore("words", { keyPath: "digest" });
      database.createObjectStore("seen");
    },
    terminated: () => (opened = null),
  });
  return opened;
}

export async function heldKey(workerId: Hex): Promise<HeldKey | undefined> {
  return (await phone()).get("keys", workerId);
}

export async function holdKey(key: HeldKey): Promise<void> {
  await (await phone()).put("keys", key);
}

export async function allWords(): Promise<SignedWord[]> {
  return (await phone()).getAll("words");
}

export async function keepWord(word: SignedWord): Promise<void> {
  await (await phone()).put("words", word);
}

export async function forgetWord(digest: Hex): Promise<void> {
  await (await phone()).delete("words", digest);
}

export async function remember(name: string, value: unknown): Promise<void> {
  await (await phone()).put("seen", { value, asOf: Date.now() }, name);
}

export async function recall<Value>(name: string): Promise<{ value: Value; asOf: number } | undefined> {
  return (await (await phone()).get("seen", name)) as { value: Value; asOf: number } | undefined;
}

/** Signing out leaves nothing to read; keys and signed words stay, for they are the worker's own. */
export async function forgetSeen(): Promise<void> {
  await (await phone()).clear("seen");
}
