import { expect, test } from "vitest";

import type { ChainEvent, EventState } from "../../shared/wire";
import { fundingState } from "../sent";

const SENT = { txHash: "0xab", amountFen: 1 } as const;

function event(state: EventState, changes: Partial<ChainEvent> = {}): ChainEvent {
  return { name: "Funded", txHash: "0xab", state, ...changes } as ChainEvent;
}

test.each([
  ["no event yet", [], "sent"],
  ["another transaction's", [event("final", { txHash: "0xcd" })], "sent"],
  ["another event of the same transaction", [event("final", { name: "Minted" })], "sent"],
  ["seen", [event("seen")], "seen"],
  ["final", [event("final")], "final"],
  ["reorganised away", [event("orphaned")], "orphaned"],
  ["mined again after a reorganisation", [event("seen"), event("orphaned")], "seen"],
])("%s", (_, events, state) => expect(fundingState(SENT, events)).toBe(state));
