/** A flag in words, and the roots of a project's attendance that are on chain. */

import { keccak_256 } from "@noble/hashes/sha3.js";

import { get } from "../shared/api";
import { textBytes, toHex } from "../shared/bytes";
import { daysBefore } from "../shared/calendar";
import type { ChainEvent, EventPage, EventState, Hex } from "../shared/wire";
import type { Flag } from "../shared/wire.attendance";
import { type FlagKey, t } from "./text.flags";
import { zh } from "./zh.flags";

const PAGE = 200;

/** What a flag says; one of a later server under its own name. */
export function kindOf({ kind }: Pick<Flag, "kind">): string {
  return kind in zh ? t(kind as FlagKey) : kind;
}

/** The detail as a person reads it: whole as it came where it is of another form. */
export function detailOf({ kind, detail }: Pick<Flag, "kind" | "detail">): string {
  const number = /^(\d+) [sd]$/.exec(detail)?.[1];
  if (kind === "future-clock" && number) return t("aboutAhead", { detail: lengthOf(Number(number)) });
  if (kind === "late-sync" && number) return t("aboutLate", { detail: number });
  if (kind === "contradicts-phone") return t("aboutGate", { detail });
  if (kind === "one-device" && detail) return t("about", { detail });
  if (detail === "same-second") return t("aboutSecond");
  return kind === "machine-like" && detail ? t("aboutTime", { detail }) : detail;
}

/** 5 min, 27:33 h: as long as is worth saying. */
function lengthOf(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return t("minutes", { minutes });
  return t("hours", { hours: Math.floor(minutes / 60), minutes: minutes % 60 });
}

export interface Anchored {
  /** Of the site's calendar: what was received on it. */
  day: string;
  root: Hex;
  witnesses: number;
  txHash: Hex;
  state: EventState;
}

/** What stands for a project's attendance in EvidenceAnchor. */
export function topicOf(escrow: Hex): Hex {
  return toHex(keccak_256(textBytes(`anxin/attendance/${escrow.toLowerCase()}`)));
}

/** The project's roots among `Anchored` events. After a reorganisation a day may be there twice: the living one counts. */
export function anchoredOf(escrow: Hex, events: ChainEvent[]): Anchored[] {
  const topic = topicOf(escrow);
  const found = new Map<string, Anchored>();
  for (const { args, txHash, state } of events) {
    if (`${args["topic"]}`.toLowerCase() !== topic) continue;
    const day = dateOf(Number(args["day"]));
    const known = found.get(day);
    if (known && (state === "orphaned" || known.state !== "orphaned")) continue;
    const witnesses = args["witnesses"];
    found.set(day, {
      day,
      root: args["root"] as Hex,
      witnesses: Array.isArray(witnesses) ? witnesses.length : 0,
      txHash,
      state,
    });
  }
  return [...found.values()].sort((a, b) => b.day.localeCompare(a.day));
}

/** A date from days since 1970-01-01, as the contract counts. */
function dateOf(day: number): string {
  return daysBefore("1970-01-01", -day);
}

/** Reads the chain's `Anchored` events back to `oldest`, newest first. */
export async function loadAnchored(escrow: Hex, oldest: string): Promise<Anchored[]> {
  const events: ChainEvent[] = [];
  let before: string | null = null;
  do {
    const query = new URLSearchParams({ name: "Anchored", limit: `${PAGE}`, ...(before ? { before } : {}) });
    const page: EventPage = await get<EventPage>(`/api/events?${query}`);
    events.push(...page.events);
    before = page.next;
  } while (before && (events[events.length - 1]?.blockTime ?? "") >= oldest);
  return anchoredOf(escrow, events).filter(({ day }) => day >= oldest);
}
