import { expect, test } from "vitest";

import { expectSameCatalogues } from "../../shared/__tests__/catalogues";
import type { ChainEvent, EventState, Hex } from "../../shared/wire";
import { en } from "../en.flags";
import { anchoredOf, detailOf, kindOf, topicOf } from "../flags";
import { zh } from "../zh.flags";

expectSameCatalogues(zh, en);

const ESCROW = "0xCf7Ed3AccA5a467e9e704C703E8D87F634fB0Fc9" as Hex;
const TOPIC = "0x2f4f49e30b65dc2e9e6ab9d93af9ae7f3be9b5e8c6a9a1a1c9ef53a0f2c1d9aa";

function anchored(day: number, state: EventState, txHash: string, topic: string = topicOf(ESCROW)): ChainEvent {
  return { args: { topic, day, root: "0x01", witnesses: ["0xa", "0xb"] }, state, txHash } as unknown as ChainEvent;
}

test("a topic is the server's own for that project, however its address is written", () => {
  expect(topicOf(ESCROW)).toBe("0x4c40c12851d8694b1d5ac4ec832f20e9df3c542eb8544961f18c0a020718cffa");
  expect(topicOf(ESCROW.toLowerCase() as Hex)).toBe(topicOf(ESCROW));
});

test("roots of other topics are not this project's", () => {
  expect(anchoredOf(ESCROW, [anchored(20_733, "final", "0x1", TOPIC)])).toEqual([]);
});

test("after a reorganisation the living transaction is shown, and an orphaned one only where it is alone", () => {
  const events = [
    anchored(20_733, "orphaned", "0x1"),
    anchored(20_733, "final", "0x2"),
    anchored(20_734, "seen", "0x3"),
    anchored(20_734, "orphaned", "0x4"),
    anchored(20_735, "orphaned", "0x5"),
  ];

  expect(anchoredOf(ESCROW, events).map(({ day, txHash, state }) => [day, txHash, state])).toEqual([
    ["2026-10-09", "0x5", "orphaned"],
    ["2026-10-08", "0x3", "seen"],
    ["2026-10-07", "0x2", "final"],
  ]);
});

test.each([
  ["future-clock", "360 s", "快 6 分"],
  ["future-clock", "3660 s", "快 1 小时 1 分"],
  ["late-sync", "9 d", "晚 9 天"],
  ["machine-like", "07:58:03", "总是 07:58:03"],
  ["machine-like", "same-second", "同一秒通过"],
  ["one-device", "abcd1234", "手机编号 abcd1234"],
  ["one-position", "", ""],
  ["of-tomorrow", "x", "x"],
])("%s with %s reads %s", (kind, detail, expected) => expect(detailOf({ kind, detail })).toBe(expected));

test("a kind of a later server stands under its own name", () => {
  expect([kindOf({ kind: "mocked" }), kindOf({ kind: "of-tomorrow" })]).toEqual(["位置可能是假的", "of-tomorrow"]);
});
