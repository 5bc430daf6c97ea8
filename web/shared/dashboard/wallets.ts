/** The wallets of this browser: found by EIP-6963, else window.ethereum. */

import type { EIP1193Provider } from "viem";
import { type Ref, ref } from "vue";

const USER_DECLINED = 4001;

export interface FoundWallet {
  id: string;
  name: string;
  provider: EIP1193Provider;
}

interface Announcement extends Event {
  detail: { info: { uuid: string; name: string }; provider: EIP1193Provider };
}

/** The wallets of this browser, in the order in which they announce themselves. */
export function findWallets(): Ref<FoundWallet[]> {
  const found = ref<FoundWallet[]>([]) as Ref<FoundWallet[]>;
  window.addEventListener("eip6963:announceProvider", (event) => {
    const { info, provider } = (event as Announcement).detail;
    if (found.value.some((wallet) => wallet.id === info.uuid)) return;
    const announced = { id: info.uuid, name: info.name, provider };
    found.value = [...found.value.filter((wallet) => wallet.id !== "injected"), announced];
  });
  window.dispatchEvent(new Event("eip6963:requestProvider"));
  const { ethereum } = window as { ethereum?: EIP1193Provider };
  if (ethereum && found.value.length === 0) found.value = [{ id: "injected", name: "Wallet", provider: ethereum }];
  return found;
}

export async function chainOf(provider: EIP1193Provider): Promise<number> {
  return Number(await provider.request({ method: "eth_chainId" }));
}

/** Whether the wallet moved to the chain. Not every wallet can, and its owner may decline. */
export async function switchChain(provider: EIP1193Provider, chainId: number): Promise<boolean> {
  try {
    const params: [{ chainId: string }] = [{ chainId: `0x${chainId.toString(16)}` }];
    await provider.request({ method: "wallet_switchEthereumChain", params });
  } catch {
    return false;
  }
  return (await chainOf(provider)) === chainId;
}

/** Whether the wallet's owner said no, as against a wallet that could not. */
export function isDeclined(error: unknown): boolean {
  for (let cause = error; cause instanceof Object; cause = (cause as { cause?: unknown }).cause) {
    if ((cause as { code?: unknown }).code === USER_DECLINED) return true;
  }
  return false;
}
