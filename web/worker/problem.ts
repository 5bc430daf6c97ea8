/** A failure as one sentence for the worker. */

import { NoAnswer } from "../shared/api";
import { NotSigned } from "./keys";
import { t } from "./text";

export function problemText(error: unknown): string {
  if (error instanceof NoAnswer) return t("notReachable");
  if (error instanceof NotSigned) return t("notSigned");
  return error instanceof Error ? error.message : String(error);
}
