import { expect, test } from "vitest";

import type { Line } from "../../shared/wire";
import type { Trail } from "../../shared/wire.trails";
import { standing, stepsOf } from "../trail";
import { postedLine } from "./lines";

const AT = "2026-11-05T02:00:00Z";

function lineAt(trail: Partial<Trail>, line: Partial<Line> = {}): Line {
  return postedLine({ ...line, trail: { ...postedLine().trail, ...trail } });
}

const shown = (line: Line, stage: Parameters<typeof stepsOf>[1], bank = true) =>
  stepsOf(line, stage, bank).map(({ name, state }) => `${name} ${state}`);

test("a line nobody has signed for is owed, and waits for its worker", () => {
  expect(shown(lineAt({}), "toSign")).toEqual([
    "accrued done",
    "toConfirm current",
    "released ahead",
    "withBank ahead",
    "settled ahead",
  ]);
});

test("a word still on this phone is confirmed, and not yet received", () => {
  const [, confirmed] = stepsOf(lineAt({}), "waiting", true);

  expect([confirmed!.name, confirmed!.state, confirmed!.more[0]!.key]).toEqual(["confirmed", "current", "waiting"]);
});

test("a line released to the bank is not paid", () => {
  const line = lineAt({ state: "released", confirmedAt: AT, releasedAt: AT, toBank: true });

  expect(shown(line, "released")).toEqual([
    "accrued done",
    "confirmed done",
    "released current",
    "withBank ahead",
    "settled ahead",
  ]);
  expect(standing(stepsOf(line, "released", true))).toBe("released");
});

test("what the bank waits for is said before it has the order", () => {
  const line = lineAt({ state: "released", releasedAt: AT, toBank: true, reason: "没有银行账号" });

  expect(stepsOf(line, "released", true)[3]!.reason).toBe("没有银行账号");
});

test("a line the bank has the order for is with the bank", () => {
  const line = lineAt({ state: "submitted", releasedAt: AT, submittedAt: AT, toBank: true });

  expect(shown(line, "released").slice(2)).toEqual(["released done", "withBank current", "settled ahead"]);
});

test("only the bank's receipt makes it paid", () => {
  const line = lineAt({ state: "settled", releasedAt: AT, submittedAt: AT, settledAt: AT, toBank: true });

  expect(shown(line, "settled").every((step) => step.endsWith("done"))).toBe(true);
  expect(standing(stepsOf(line, "settled", true))).toBe("settled");
});

test("a line the bank gave back shows it, with the bank's words, and waits for its worker", () => {
  const line = lineAt({ state: "returned", returnedAt: AT, reason: "账号不存在", toBank: true }, { state: "returned" });
  const steps = stepsOf(line, "toSign", true);

  expect(steps.slice(0, 3).map(({ name, state }) => `${name} ${state}`)).toEqual([
    "accrued done",
    "returned failed",
    "toConfirm current",
  ]);
  expect(steps[1]!.reason).toBe("账号不存在");
});

test("a line released straight to its worker has no bank between", () => {
  const line = lineAt({ state: "arrived", confirmedAt: AT, releasedAt: AT });

  expect(shown(line, "released", true)).toEqual(["accrued done", "confirmed done", "settled done"]);
});

test("whoever was silent is told that it was released all the same", () => {
  const line = lineAt({ state: "released", releasedAt: AT, toBank: true });

  expect(stepsOf(line, "released", true)[1]!.more).toEqual([{ key: "silent" }]);
});
