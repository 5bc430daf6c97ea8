/** How far a signed word has come, from what the server says and what this phone still holds. */

import type { Line } from "../shared/wire";
import type { SignedWord } from "./store";

export type Stage = "toSign" | "waiting" | "received" | "sent" | "released" | "settled" | "failed" | "refused";
export type ContestStage = "none" | "waiting" | "received" | "sent" | "contested" | "refused";

export interface Progress<S> {
  stage: S;
  /** The server's sentence where it refused. */
  reason: string | null;
}

const STAGE_OF = {
  accepted: "received",
  sent: "sent",
  seen: "sent",
  released: "released",
  settled: "settled",
  failed: "failed",
} as const;
const CONTEST_STAGE_OF = { accepted: "received", sent: "sent", seen: "sent", contested: "contested" } as const;

/** The word of `path` about this line, of all that this phone holds; the latest where there are several. */
export function wordAbout(words: SignedWord[], path: "confirmations" | "contests", line: Line): SignedWord | undefined {
  return words
    .filter((word) => word.path === path && isAbout(word, line))
    .sort((a, b) => b.signedAt - a.signedAt)[0];
}

function isAbout(word: SignedWord, line: Line): boolean {
  return (
    "sheetId" in word.body &&
    word.body.escrow === line.escrow &&
    word.body.sheetId === line.sheetId &&
    word.body.index === line.index
  );
}

/** A word still on this phone is newer than what the server says of an open, returned or refused line. */
export function confirmationProgress(line: Line, held: SignedWord | undefined): Progress<Stage> {
  const { state, reason } = line;
  if (state !== "open" && state !== "returned" && state !== "refused") return { stage: STAGE_OF[state], reason };
  const word = state === "returned" && !isOfNow(held, line) ? undefined : held;
  if (word?.state === "waiting") return { stage: "waiting", reason: null };
  if (state === "refused") return { stage: "refused", reason };
  return onPhone(word) ?? { stage: "toSign", reason: null };
}

/** Paid is what the worker has: money with the bank is on its way, and may come back. */
export function isPaid(line: Line): boolean {
  return line.state === "settled" || (line.state === "released" && !line.toBank);
}

/** A returned line has a new deadline: a word with the old one brought the money that came back. */
function isOfNow(word: SignedWord | undefined, line: Line): boolean {
  return word?.path === "confirmations" && word.body.deadline === line.deadline;
}

export function contestProgress(line: Line, word: SignedWord | undefined): Progress<ContestStage> {
  const { contest } = line;
  if (!contest) return onPhone(word) ?? { stage: "none", reason: null };
  if (contest.state !== "refused") return { stage: CONTEST_STAGE_OF[contest.state], reason: null };
  if (word?.state === "waiting") return { stage: "waiting", reason: null };
  return { stage: "refused", reason: contest.reason };
}

function onPhone(word: SignedWord | undefined): Progress<"waiting" | "received" | "refused"> | null {
  return word ? { stage: word.state, reason: word.refusal } : null;
}

/** Whether the server will have news soon. */
export function isMoving(stage: Stage | ContestStage): boolean {
  return stage === "waiting" || stage === "received" || stage === "sent";
}
