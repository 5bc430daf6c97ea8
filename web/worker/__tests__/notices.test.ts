import { expect, it } from "vitest";

import { expectSameCatalogues } from "../../shared/__tests__/catalogues";
import type { Notice } from "../../shared/wire.messages";
import { en } from "../en.notices";
import { folded, wordsOf } from "../notices";
import { zh } from "../zh.notices";

expectSameCatalogues(zh, en);

function notice(id: number, text = ""): Notice {
  return { id, kind: "contested", text, at: "2026-11-05T02:00:00Z", because: "stopped" };
}

it("shows the newest three, and folds the others", () => {
  const { newest, earlier } = folded([5, 4, 3, 2, 1].map((id) => notice(id)));

  expect([
    [5, 4, 3],
    [2, 1],
  ]).toEqual([newest.map(({ id }) => id), earlier.map(({ id }) => id)]);
});

it("leaves out the mark that only an SMS needs", () => {
  expect(["您的签名钥匙已更换。", "Your signing key was changed."]).toEqual(
    ["【安薪】您的签名钥匙已更换。", "[Anxin] Your signing key was changed."].map((text) => wordsOf(notice(1, text))),
  );
});
