/**
 * A site's code brought along in the page's address, by the phone's own camera. It leaves the address bar at once: what
 * stays there gets shared. Read with the first load, used by what is loaded later.
 */

import { shallowRef } from "vue";

/** The fragment, and when it came (milliseconds since 1970). */
export const brought = shallowRef<{ text: string; at: number } | null>(null);

/** Takes the code out of the address, now and whenever another comes. */
export function watchAddress(): void {
  take();
  window.addEventListener("hashchange", take);
}

function take(): void {
  if (!location.hash.startsWith("#site=")) return;
  brought.value = { text: location.hash, at: Date.now() };
  history.replaceState(history.state, "", location.pathname + location.search);
}
