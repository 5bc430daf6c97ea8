import { expect, test } from "vitest";

import type { Contest } from "../../shared/wire";
import { confirmationProgress, contestProgress, isPaid, wordAbout } from "../progress";
import type { SignedWord } from "../store";
import { postedLine } from "./lines";

function word(state: SignedWord["state"], changes: Partial<SignedWord> = {}): SignedWord {
  const { escrow, sheetId, index } = postedLine();
  const about = { path: "confirmations", body: { escrow, sheetId, index } };
  return { ...about, state, signedAt: 1, refusal: state === "refused" ? "no" : null, ...changes } as SignedWord;
}

function confirmedUntil(deadline: number, state: SignedWord["state"]): SignedWord {
  const { body } = word(state);
  return word(state, { body: { ...body, deadline } } as Partial<SignedWord>);
}

test.each([
  ["open", undefined, "toSign"],
  ["open", word("waiting"), "waiting"],
  ["open", word("received"), "received"],
  ["open", word("refused"), "refused"],
  ["accepted", word("waiting"), "received"],
  ["sent", word("received"), "sent"],
  ["seen", word("received"), "sent"],
  ["released", undefined, "released"],
  ["settled", undefined, "settled"],
  ["failed", word("received"), "failed"],
  ["refused", word("received"), "refused"],
  ["refused", word("waiting"), "waiting"],
] as const)("a line that is %s with %o on the phone is %s", (state, held, stage) => {
  expect(confirmationProgress(postedLine({ state }), held).stage).toBe(stage);
});

test.each([
  [false, "sent", false],
  [true, "released", false],
  [false, "released", true],
  [true, "settled", true],
  [true, "settled", false],
  [false, "returned", true],
] as const)("paid is %s for a line that is %s, to the bank %s", (paid, state, toBank) => {
  expect(isPaid(postedLine({ state, toBank }))).toBe(paid);
});

test.each([
  ["nothing on the phone", undefined, "toSign"],
  ["the word that the bank gave back", confirmedUntil(1, "received"), "toSign"],
  ["a new word that waits", confirmedUntil(2, "waiting"), "waiting"],
  ["a new word that was received", confirmedUntil(2, "received"), "received"],
] as const)("a returned line with %s is %s", (_, held, stage) => {
  expect(confirmationProgress(postedLine({ state: "returned", deadline: 2 }), held).stage).toBe(stage);
});

test("a refusal keeps the server's sentence", () => {
  expect(confirmationProgress(postedLine(), word("refused")).reason).toBe("no");
  expect(confirmationProgress(postedLine({ state: "refused", reason: "late" }), undefined).reason).toBe("late");
});

test("the latest word about a line counts, and only about that line", () => {
  const words = [word("refused"), word("waiting", { signedAt: 2 })];
  expect(wordAbout(words, "confirmations", postedLine())?.state).toBe("waiting");
  expect(wordAbout(words, "confirmations", postedLine({ index: 1 }))).toBeUndefined();
  expect(wordAbout(words, "contests", postedLine())).toBeUndefined();
});

test.each([
  ["accepted", "received"],
  ["sent", "sent"],
  ["seen", "sent"],
  ["contested", "contested"],
  ["refused", "refused"],
] as const)("a contest that is %s shows as %s", (state, stage) => {
  const contest: Contest = { state, claimedFen: 2, remainderFen: 1, disputeId: null, txHash: null, reason: null };
  expect(contestProgress(postedLine({ contest }), undefined).stage).toBe(stage);
});
