/** One thing at a time on a dashboard, and what went wrong said where it was tried. */

import { type Ref, ref } from "vue";

import { ApiProblem, NoAnswer } from "../api";
import { sentence } from "./poll";
import { t } from "./text";
import { isDeclined } from "./wallets";

interface Attempt {
  busy: Ref<boolean>;
  /** A sentence, or nothing. */
  problem: Ref<string>;
  /** `work` returns a sentence where something is missing. */
  attempt: (work: () => Promise<string | void>) => Promise<void>;
}

export function useAttempt(): Attempt {
  const busy = ref(false);
  const problem = ref("");

  async function attempt(work: () => Promise<string | void>): Promise<void> {
    busy.value = true;
    problem.value = "";
    try {
      problem.value = (await work()) ?? "";
    } catch (error) {
      problem.value = reasonOf(error);
    } finally {
      busy.value = false;
    }
  }

  return { busy, problem, attempt };
}

/** A wallet fails in its own ways, with its own words. */
function reasonOf(error: unknown): string {
  if (error instanceof ApiProblem || error instanceof NoAnswer) return sentence(error);
  if (isDeclined(error)) return t("staffDeclined");
  const { code, message } = error as { code?: unknown; message?: string };
  if (code === undefined) throw error;
  return t("walletFailed", { reason: message ?? String(code) });
}
