/** Words of the panels about people, loaded with them. */
import { translator } from "../shared/i18n";
import { en } from "./en.people";
import { zh } from "./zh.people";

export type PeopleKey = keyof typeof zh;

export const t = translator<PeopleKey>({ zh, en });

/** What a contract's rate is for. */
export const RATE = { day: "perDay", hour: "perHour", month: "perMonth", piece: "perPiece" } as const;

/** How far a contract is. */
export const CONTRACT = {
  none: "contractNone",
  prepared: "contractPrepared",
  offered: "contractOffered",
  accepted: "contractSent",
  sent: "contractSent",
  joined: "contractJoined",
  refused: "contractRefused",
  expired: "contractExpired",
} as const;

/** How far a worker's key is. */
export const KEY = { none: "keyNone", waiting: "keyWaiting", enrolled: "keyEnrolled", unknown: "keyUnknown" } as const;
