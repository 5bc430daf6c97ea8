/** Bytes as the wire writes them: 0x-hex, and base64url inside WebAuthn. */

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";

import type { Hex } from "./wire";

export { concatBytes, utf8ToBytes as textBytes };

export type Bytes = Uint8Array<ArrayBuffer>;

export function toHex(bytes: Uint8Array): Hex {
  return `0x${bytesToHex(bytes)}`;
}

export function fromHex(hex: Hex): Bytes {
  return new Uint8Array(hexToBytes(hex.slice(2)));
}

/** SHA-256 of the text's UTF-8 bytes. */
export function sha256Text(text: string): Hex {
  return toHex(sha256(utf8ToBytes(text)));
}

export function randomHex(length: number): string {
  return bytesToHex(crypto.getRandomValues(new Uint8Array(length)));
}
