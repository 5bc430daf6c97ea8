import { expect, test } from "vitest";

import { localTime } from "../../shared/calendar";
import { language } from "../../shared/i18n";
import type { Dispute, MyDispute } from "../../shared/wire";
import { claimsOnPhone, disputeSentences } from "../disputes";
import type { SignedWord } from "../store";
import { t } from "../text";

const UNTIL = "2026-11-25T08:00:00Z";
const BEFORE = Date.parse("2026-11-24T08:00:00Z");
const AFTER = Date.parse("2026-11-26T08:00:00Z");
const HASH = `0x${"11".repeat(32)}` as const;
const ESCROW = "0xcf7ed3acca5a467e9e704c703e8d87f634fb0fc9";

function dispute(changes: Partial<Dispute>): MyDispute {
  const on: Dispute = {
    disputeId: 1,
    kind: "claim",
    state: "decided",
    workerId: HASH,
    sheetId: null,
    index: null,
    firstDay: "2026-11-03",
    dayMask: 1,
    days: ["2026-11-03"],
    askedFen: 40_000,
    grantedFen: 0,
    paidFen: 0,
    bankedFen: 0,
    settledFen: 0,
    since: "2026-11-22T08:00:00Z",
    answerUntil: null,
    bureauUntil: null,
    stood: false,
    evidenceHash: HASH,
    answerHash: null,
    resolvedBy: null,
    orderHash: null,
    openedTx: HASH,
    lastTx: HASH,
    ...changes,
  };
  return { ...mine(on.state), dispute: on };
}

function mine(state: MyDispute["state"], reason: string | null = null): MyDispute {
  const about = { escrow: ESCROW, projectName: "站", kind: "claim", askedFen: 40_000 } as const;
  return { ...about, state, firstDay: "2026-11-03", days: ["2026-11-03"], dispute: null, txHash: null, reason, digest: null };
}

const time = (): string => localTime(UNTIL, language.value);
const asked = "400.00";
const granted = "320.00";

test.each([
  ["the contractor's clock runs", BEFORE, { state: "claimed", answerUntil: UNTIL }, () => t("disputeAnswerUntil", { asked, time: time() })],
  ["it ran out", AFTER, { state: "claimed", answerUntil: UNTIL }, () => t("disputeUnanswered", { asked })],
  ["the bureau's clock runs", BEFORE, { state: "contested", bureauUntil: UNTIL }, () => t("disputeBureauUntil", { time: time() })],
  ["it ran out too", AFTER, { state: "contested", bureauUntil: UNTIL }, () => t("disputeBureauLate")],
  ["nothing was granted", AFTER, {}, () => t("disputeNothing")],
] as const)("%s", (_, now, changes, sentence) => {
  expect(disputeSentences(dispute(changes), now)).toEqual([sentence()]);
});

test.each([
  ["admitted in part and not paid yet", { state: "contested", bureauUntil: UNTIL }, 0, 0, ["disputeBureauUntilRest", "disputeToPay"]],
  ["granted in part, with the bank", {}, 32_000, 32_000, ["disputePart", "disputeWithBank"]],
  ["granted in part, and paid by the bank", {}, 32_000, 0, ["disputePart", "disputePaid"]],
  ["unanswered, and paid", { stood: true }, 32_000, 0, ["disputeStood", "disputePaid"]],
] as const)("%s: how it stands, then where the money is", (_, changes, paidFen, bankedFen, keys) => {
  const shown = disputeSentences(dispute({ ...changes, grantedFen: 32_000, paidFen, bankedFen }), BEFORE);
  expect(shown).toEqual(keys.map((key) => t(key, { asked, granted, time: time(), amount: granted })));
});

test("before the chain has it: received, on its way, or refused with the server's sentence", () => {
  expect(disputeSentences(mine("accepted"), BEFORE)).toEqual([t("claimReceived")]);
  expect(disputeSentences(mine("sent"), BEFORE)).toEqual([t("claimSent")]);
  expect(disputeSentences(mine("refused", "late"), BEFORE)).toEqual([t("claimRefused"), "late"]);
});

test("a claim on the phone is shown until the server lists it; a refused one stays", () => {
  const body = { escrow: ESCROW, firstDay: "2026-11-03", amountFen: 40_000 };
  const claim = (state: SignedWord["state"]) => ({ path: "claims", state, signedAt: 1, body }) as unknown as SignedWord;
  const shown = (state: SignedWord["state"], known: MyDispute[]): number => claimsOnPhone([claim(state)], known).length;
  expect([shown("waiting", []), shown("received", []), shown("received", [mine("accepted")])]).toEqual([1, 1, 0]);
  expect(shown("refused", [mine("accepted")])).toBe(1);
});
