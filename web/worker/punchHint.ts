/** What goes with a punch as a hint: where the phone says it is, if the worker wants that, and which phone it is. */

import { randomHex } from "../shared/bytes";
import type { Hint } from "../shared/wire.attendance";

const PATIENCE_MILLISECONDS = 4_000;
const DEVICE = "anxin.device";
const POSITION = "anxin.position";

/** Off until the worker turns it on, on this phone. */
export function wantsPosition(): boolean {
  return localStorage.getItem(POSITION) === "on";
}

export function setWantsPosition(wanted: boolean): void {
  localStorage.setItem(POSITION, wanted ? "on" : "off");
}

/** A random text that tells one browser from another: one phone punching for many is looked at. */
export function deviceId(): string {
  const kept = localStorage.getItem(DEVICE);
  if (kept) return kept;
  const made = randomHex(8);
  localStorage.setItem(DEVICE, made);
  return made;
}

/** Where the phone says it is; nothing where it does not say so at once. A punch never waits for it. */
export async function position(): Promise<Pick<Hint, "latitude" | "longitude" | "accuracyMetres">> {
  if (!("geolocation" in navigator)) return {};
  const silence = new Promise<null>((resolve) => setTimeout(resolve, PATIENCE_MILLISECONDS, null));
  const asked = new Promise<GeolocationPosition | null>((resolve) =>
    navigator.geolocation.getCurrentPosition(resolve, () => resolve(null), {
      enableHighAccuracy: true,
      timeout: PATIENCE_MILLISECONDS,
      maximumAge: 60_000,
    }),
  );
  const found = await Promise.race([asked, silence]);
  if (!found) return {};
  const { latitude, longitude, accuracy } = found.coords;
  // Not rounded to what a phone can know: the very same place to the last digit is what copied positions have.
  return { latitude: rounded(latitude), longitude: rounded(longitude), accuracyMetres: Math.round(accuracy) };
}

function rounded(degrees: number): number {
  return Math.round(degrees * 10_000_000) / 10_000_000;
}
