/**
 * The code a site's screen shows: scanned here, typed, or brought along in the page's address by the phone's camera.
 *
 * It is held for a few minutes and for one punch.
 */

import { type Ref, ref, watch } from "vue";

import type { Hex } from "../shared/wire";
import { brought } from "./punchAddress";

const HELD_MILLISECONDS = 3 * 60_000;
const CODE = /^[0-9]{8}$/;
const ESCROW = /^0x[0-9a-f]{40}$/;

export interface SiteScan {
  /** Null where only the code was typed. */
  escrow: Hex | null;
  code: string;
  /** Milliseconds since 1970. */
  at: number;
}

export const scan: Ref<SiteScan | null> = ref(null);

/** The site and the code of a QR code's text, of the page's fragment, or of what somebody typed; null where it is none. */
export function siteScanOf(text: string, at = Date.now()): SiteScan | null {
  const trimmed = text.trim();
  const fragment = /#(site=.*)$/.exec(trimmed)?.[1];
  if (fragment === undefined) {
    const code = trimmed.normalize("NFKC").replace(/\s/g, "");
    return CODE.test(code) ? { escrow: null, code, at } : null;
  }
  const fields = new URLSearchParams(fragment);
  const escrow = fields.get("site")?.toLowerCase() ?? "";
  const code = fields.get("code") ?? "";
  return ESCROW.test(escrow) && CODE.test(code) ? { escrow: escrow as Hex, code, at } : null;
}

/** The code held for a project at `now`; a typed one counts for whichever is chosen. */
export function heldCode(held: SiteScan | null, escrow: Hex, now: number): string | undefined {
  if (!held || now - held.at > HELD_MILLISECONDS) return undefined;
  return held.escrow === null || held.escrow === escrow.toLowerCase() ? held.code : undefined;
}

watch(
  brought,
  (came) => {
    if (came) scan.value = siteScanOf(came.text, came.at);
  },
  { immediate: true },
);
