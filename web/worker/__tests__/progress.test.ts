import { expect, test } from "vitest";

import type { Contest } from "../../shared/wire";
import { confirmationProgress, contestProgress, wordAbout } from "../progress";
import type { SignedWord } from "../store";
import { postedLine } from "./lines";

function word(state: SignedWord["state"], changes: Partial<SignedWord> = {}): SignedWord {
  const { escrow, sheetId, index } = postedLine();
  const about = { path: "confirmations", body: { escrow, sheetId, index } };
  return { ...about, state, signedAt: 1, refusal: state === "refused" ? "no" : null, ...changes } as SignedWord;
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
  ["failed", word("received"), "failed"],
  ["refused", word("received"), "refused"],
  ["refused", word("waiting"), "waiting"],
] as const)("a line that is %s with %o on the phone is %s", (state, held, stage) => {
  expect(confirmationProgress(postedLine({ state }), held).stage).toBe(stage);
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
  const contest: Contest = { state, claimedFen: 2, remainderFen: 1, txHash: null, reason: null };
  expect(contestProgress(postedLine({ contest }), undefined).stage).toBe(stage);
});
