/** Repeats a request while the page is open, and at once when the chain has something new; a failure is shown and tried again. */

import { onMounted, onUnmounted, ref, type Ref } from "vue";

import { ApiProblem, NoAnswer } from "../api";
import { onChange } from "./live";
import { t } from "./text";

interface Poll {
  problem: Ref<string>;
  now: () => Promise<void>;
}

export function poll(work: () => Promise<void>, everyMilliseconds: number): Poll {
  const problem = ref("");
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isOpen = true;
  let stopListening = (): void => {};

  async function now(): Promise<void> {
    clearTimeout(timer);
    try {
      await work();
      problem.value = "";
    } catch (error) {
      problem.value = sentence(error);
    }
    clearTimeout(timer);
    if (isOpen) timer = setTimeout(() => void now(), everyMilliseconds);
  }

  onMounted(() => {
    stopListening = onChange(() => void now());
    return now();
  });
  onUnmounted(() => {
    isOpen = false;
    stopListening();
    clearTimeout(timer);
  });
  return { problem, now };
}

/** What went wrong, for the reader. Throws what is a mistake of ours. */
export function sentence(error: unknown): string {
  if (error instanceof NoAnswer) return t("notReachable");
  if (error instanceof ApiProblem) return error.detail;
  throw error;
}
