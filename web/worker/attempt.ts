/** One thing at a time, and what went wrong said where it was tried. */
import { type Ref, ref } from "vue";

import { problemText } from "./problem";

interface Attempt {
  busy: Ref<boolean>;
  /** A sentence, or nothing. */
  problem: Ref<string>;
  attempt: (work: () => Promise<void> | void) => Promise<void>;
}

export function useAttempt(say: (error: unknown) => string = problemText): Attempt {
  const busy = ref(false);
  const problem = ref("");

  async function attempt(work: () => Promise<void> | void): Promise<void> {
    busy.value = true;
    problem.value = "";
    try {
      await work();
    } catch (error) {
      problem.value = say(error);
    } finally {
      busy.value = false;
    }
  }

  return { busy, problem, attempt };
}
