/** What the site office does with people: one attempt at a time, its problem shown, and contracts signed by wallet. */

import type { EIP1193Provider } from "viem";
import { type Ref, ref } from "vue";

import { ApiProblem, NoAnswer, put } from "../shared/api";
import { sha256Text, toHex } from "../shared/bytes";
import { withRecovery27 } from "../shared/dashboard/decisions";
import { sentence } from "../shared/dashboard/poll";
import { chainOf, isDeclined, switchChain } from "../shared/dashboard/wallets";
import { digestOf, escrowDomain, typedDataOf } from "../shared/signing";
import type { Chain, Hex, Project } from "../shared/wire";
import type { PreparedOffer } from "../shared/wire.people";
import { t } from "./text.people";

/** What cannot be done, in the reader's words. */
export class Hindered extends Error {}

export interface Attempts {
  busy: Ref<boolean>;
  problem: Ref<string>;
  attempt: (work: () => Promise<void>) => Promise<void>;
}

export function attempts(): Attempts {
  const busy = ref(false);
  const problem = ref("");
  async function attempt(work: () => Promise<void>): Promise<void> {
    busy.value = true;
    problem.value = "";
    try {
      await work();
    } catch (error) {
      problem.value = reasonOf(error);
    } finally {
      busy.value = false;
    }
  }
  return { busy, problem, attempt };
}

function reasonOf(error: unknown): string {
  if (error instanceof Hindered) return error.message;
  if (error instanceof ApiProblem || error instanceof NoAnswer) return sentence(error);
  if (isDeclined(error)) return t("declined");
  return t("walletFailed", { reason: (error as { message?: string }).message ?? String(error) });
}

/** Signs contracts one after the other, each only if it is what it says; `signed` is told after each. */
export async function signOffers(
  provider: EIP1193Provider,
  { chain, project }: { chain: Chain; project: Project },
  offers: readonly PreparedOffer[],
  signed: (count: number) => void,
): Promise<void> {
  const [account] = (await provider.request({ method: "eth_requestAccounts" })) as Hex[];
  if (account?.toLowerCase() !== project.contractor.toLowerCase()) throw new Hindered(t("notContractorWallet"));
  const { chainId } = chain;
  if ((await chainOf(provider)) !== chainId && !(await switchChain(provider, chainId))) {
    throw new Hindered(t("wrongChain", { wanted: chainId }));
  }
  let count = 0;
  for (const offer of offers) {
    const params: [Hex, string] = [account, JSON.stringify(checkedWords(chain, project, offer))];
    const signature = withRecovery27(await provider.request({ method: "eth_signTypedData_v4", params }));
    await put(`/api/projects/${project.escrow}/offers/${offer.digest}`, { signature });
    signed(++count);
  }
}

/** What the wallet shows and signs, once text, hash and digest agree. Throws Hindered where they do not. */
export function checkedWords(chain: Chain, project: Project, offer: PreparedOffer): object {
  const { workerId, dayCapFen, termsHash, deadline } = offer;
  const domain = escrowDomain(chain, project.escrow);
  const words = { workerId, dayCap: dayCapFen, termsHash, deadline };
  const isWhatItSays = sha256Text(offer.contract) === termsHash && toHex(digestOf(domain, "Join", words)) === offer.digest;
  if (!isWhatItSays) throw new Hindered(t("offerForged", { no: offer.workerNo }));
  return typedDataOf(domain, "Join", words);
}
