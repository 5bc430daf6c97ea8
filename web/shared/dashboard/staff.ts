/** Staff's session: opened by a wallet's signature under the server's text (ERC-4361), kept in this tab until it ends. */

import type { EIP1193Provider } from "viem";
import { type Ref, shallowRef } from "vue";

import { post, remove, setStaffToken } from "../api";
import { textBytes, toHex } from "../bytes";
import type { Hex } from "../wire";
import type { StaffChallenge, StaffSession } from "../wire.people";
import { withRecovery27 } from "./decisions";

const KEPT = "anxin.staff";

/** Who is signed in with a wallet here; null where nobody is. */
export const staff: Ref<StaffSession | null> = shallowRef(null);

function hold(session: StaffSession | null): void {
  staff.value = session;
  if (session) sessionStorage.setItem(KEPT, JSON.stringify(session));
  else sessionStorage.removeItem(KEPT);
  setStaffToken(session?.accessToken ?? null, () => hold(null));
}

/** Goes on with the session of before a reload, while it lasts. */
export function restoreStaff(): void {
  const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null") as StaffSession | null;
  hold(kept && Date.parse(kept.expiresAt) > Date.now() ? kept : null);
}

export async function signInStaff(provider: EIP1193Provider): Promise<void> {
  const [account] = (await provider.request({ method: "eth_requestAccounts" })) as Hex[];
  if (!account) return;
  const { message } = await post<StaffChallenge>("/api/staff/challenges", { address: account });
  const params: [Hex, Hex] = [toHex(textBytes(message)), account];
  const signature = withRecovery27(await provider.request({ method: "personal_sign", params }));
  hold(await post<StaffSession>("/api/staff/sessions", { message, signature }));
}

export async function signOutStaff(): Promise<void> {
  await remove("/api/staff/sessions/current").catch(() => undefined);
  hold(null);
}
