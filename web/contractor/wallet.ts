/** The contractor's wallet, connected: every chain read goes through it. */

import {
  createPublicClient,
  createWalletClient,
  custom,
  defineChain,
  type EIP1193Provider,
  getAddress,
  type Address,
  type PublicClient,
  type WalletClient,
} from "viem";
import type { Chain } from "../shared/wire";

export interface ConnectedWallet {
  account: Address;
  provider: EIP1193Provider;
  reads: PublicClient;
  writes: WalletClient;
}

/** Asks the wallet for an account. The chain's RPC URL stays the wallet's own business. */
export async function connect(provider: EIP1193Provider, { chainId }: Chain): Promise<ConnectedWallet> {
  const chain = defineChain({
    id: chainId,
    name: `${chainId}`,
    nativeCurrency: { name: "gas", symbol: "GAS", decimals: 18 },
    rpcUrls: { default: { http: [] } },
  });
  const [first] = await provider.request({ method: "eth_requestAccounts" });
  if (!first) throw new Error("the wallet shared no account");
  const account = getAddress(first);
  const transport = custom(provider);
  return {
    account,
    provider,
    reads: createPublicClient({ chain, transport, pollingInterval: 1_000 }) as PublicClient,
    writes: createWalletClient({ account, chain, transport }),
  };
}
