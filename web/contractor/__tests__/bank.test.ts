import { describe, expect, it } from "vitest";

import { orderWord, STATES, toneOf, wordOf } from "../bank";

describe("a wage at the bank", () => {
  it("is called paid by the chain alone", () => {
    expect(wordOf({ state: "booked", closedAs: null })).toBe("银行已入账");
    expect(wordOf({ state: "submitted", closedAs: "settled" })).toBe("已到账");
  });

  it("is owed again once the chain says so, whatever the bank said", () => {
    expect(wordOf({ state: "rejected", closedAs: "returned" })).toBe("退回，仍欠");
    expect(toneOf({ state: "booked", closedAs: "returned", reason: "" })).toBe("bad");
  });

  it("has a word for each state, and keeps an unknown one as it is", () => {
    expect(new Set(STATES.map((state) => wordOf({ state, closedAs: null }))).size).toBe(STATES.length);
    expect(wordOf({ state: "frozen", closedAs: null })).toBe("frozen");
    expect(orderWord({ state: "refused" })).toBe("银行不受理");
  });

  it("looks bad where something keeps it back", () => {
    expect(toneOf({ state: "due", closedAs: null, reason: "账户已销户" })).toBe("bad");
    expect(toneOf({ state: "due", closedAs: null, reason: "" })).toBe("");
  });
});
