/**
 * The worker's key: made on this phone, and only this phone can sign with it.
 *
 * A passkey where the phone has one and the site's domain may use it, else a WebCrypto key that cannot be exported:
 * phones without Google services and browsers inside other apps have no passkeys.
 */

import { type Bytes, concatBytes, fromHex, toHex } from "../shared/bytes";
import { scalarsOfDer, scalarsOfRaw, signerKey } from "../shared/signing";
import type { Hex, Signature, SignerKey } from "../shared/wire";
import { type HeldKey, holdKey } from "./store";

const PROBE_MILLISECONDS = 2_000;
const PROMPT_MILLISECONDS = 60_000;
const ES256 = -7;
const P256 = { name: "ECDSA", namedCurve: "P-256" } as const;
const ECDSA_SHA256 = { name: "ECDSA", hash: "SHA-256" } as const;
const ASSURANCE = { passkey: 4, device: 2 } as const;

/** The person said no, or the phone could not. */
export class NotSigned extends Error {}

/** Whether this phone can hold a passkey for `rpId`. Some browsers never answer the question: that means no. */
export async function canUsePasskey(rpId: string): Promise<boolean> {
  const host = location.hostname;
  if (host !== rpId && !host.endsWith(`.${rpId}`)) return false;
  if (!("PublicKeyCredential" in window)) return false;
  const silence = new Promise<boolean>((resolve) => setTimeout(resolve, PROBE_MILLISECONDS, false));
  const probe = PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable().catch(() => false);
  return Promise.race([probe, silence]);
}

export function publicPart(key: HeldKey): SignerKey {
  return { assurance: ASSURANCE[key.kind], x: key.x, y: key.y };
}

export function isSameKey(a: SignerKey, b: SignerKey): boolean {
  return a.assurance === b.assurance && a.x === b.x && a.y === b.y;
}

/** Makes and keeps a passkey. Throws NotSigned where the person or the phone says no. */
export async function makePasskey(workerId: Hex, rpId: string, name: string): Promise<HeldKey> {
  const created = await prompted(
    navigator.credentials.create({
      publicKey: {
        rp: { id: rpId, name: "Anxin 安薪" },
        // A random handle: a worker's identity is nobody's business, not even the passkey store's.
        user: { id: crypto.getRandomValues(new Uint8Array(32)), name, displayName: name },
        challenge: crypto.getRandomValues(new Uint8Array(32)),
        pubKeyCredParams: [{ type: "public-key", alg: ES256 }],
        authenticatorSelection: {
          authenticatorAttachment: "platform",
          residentKey: "preferred",
          userVerification: "required",
        },
        attestation: "none",
        timeout: PROMPT_MILLISECONDS,
      },
    }),
  );
  const publicKey = (created.response as AuthenticatorAttestationResponse).getPublicKey?.();
  if (!publicKey) throw new NotSigned();
  const { x, y } = signerKey(ASSURANCE.passkey, new Uint8Array(publicKey));
  return keep({ kind: "passkey", workerId, credentialId: new Uint8Array(created.rawId), x, y });
}

/** Makes and keeps a key in this browser that no script can read. */
export async function makeDeviceKey(workerId: Hex): Promise<HeldKey> {
  const pair = await crypto.subtle.generateKey(P256, false, ["sign", "verify"]);
  const point = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  const { x, y } = signerKey(ASSURANCE.device, point);
  return keep({ kind: "device", workerId, privateKey: pair.privateKey, x, y });
}

async function keep(key: HeldKey): Promise<HeldKey> {
  await holdKey(key);
  // Otherwise a phone short of space may throw the key away.
  await navigator.storage?.persist?.().catch(() => false);
  return key;
}

/** Signs 32 bytes. Throws NotSigned where the person or the phone says no. */
export async function sign(key: HeldKey, digest: Bytes, rpId: string): Promise<Signature> {
  if (key.kind === "device") {
    const raw = await crypto.subtle.sign(ECDSA_SHA256, key.privateKey, digest);
    return { kind: "device", ...scalarsOfRaw(new Uint8Array(raw)) };
  }
  const { response } = await assertion(digest, rpId, [key.credentialId]);
  return {
    kind: "passkey",
    ...scalarsOfDer(new Uint8Array(response.signature)),
    authenticatorData: toHex(new Uint8Array(response.authenticatorData)),
    clientDataJson: new TextDecoder().decode(response.clientDataJSON),
  };
}

/**
 * Finds the enrolled passkey again after the browser forgot which it was: the phone still has it.
 *
 * Returns null where the person chose another passkey.
 */
export async function findPasskey(workerId: Hex, rpId: string, enrolled: SignerKey): Promise<HeldKey | null> {
  const challenge = crypto.getRandomValues(new Uint8Array(32));
  const { rawId, response } = await assertion(challenge, rpId, []);
  const { r, s } = scalarsOfDer(new Uint8Array(response.signature));
  const clientHash = await crypto.subtle.digest("SHA-256", response.clientDataJSON);
  const isIt = await crypto.subtle.verify(
    ECDSA_SHA256,
    await crypto.subtle.importKey("raw", joined(fromHex("0x04"), fromHex(enrolled.x), fromHex(enrolled.y)), P256, false, [
      "verify",
    ]),
    joined(fromHex(r), fromHex(s)),
    joined(new Uint8Array(response.authenticatorData), new Uint8Array(clientHash)),
  );
  if (!isIt) return null;
  return keep({ kind: "passkey", workerId, credentialId: new Uint8Array(rawId), x: enrolled.x, y: enrolled.y });
}

async function assertion(challenge: Bytes, rpId: string, credentialIds: Bytes[]) {
  const credential = await prompted(
    navigator.credentials.get({
      publicKey: {
        challenge,
        rpId,
        allowCredentials: credentialIds.map((id) => ({ type: "public-key", id })),
        userVerification: "required",
        timeout: PROMPT_MILLISECONDS,
      },
    }),
  );
  return { rawId: credential.rawId, response: credential.response as AuthenticatorAssertionResponse };
}

/** Some phones never close a prompt that failed; after the time-out we stop waiting. */
async function prompted(prompt: Promise<Credential | null>): Promise<PublicKeyCredential> {
  const silence = new Promise<null>((resolve) => setTimeout(resolve, PROMPT_MILLISECONDS + PROBE_MILLISECONDS, null));
  const credential = await Promise.race([prompt, silence]).catch(() => null);
  if (!credential) throw new NotSigned();
  return credential as PublicKeyCredential;
}

function joined(...parts: Bytes[]): Bytes {
  return new Uint8Array(concatBytes(...parts));
}
