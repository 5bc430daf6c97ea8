/** What the worker says and signs: enrolment, join, confirmation, contest, claim. Digest first, then the signature, then kept. */

import { put } from "../shared/api";
import { sha256Text, toHex } from "../shared/bytes";
import { dayNumber } from "../shared/calendar";
import { evidenceOf } from "../shared/evidence";
import { language } from "../shared/i18n";
import { digestOf, escrowDomain, registryDomain } from "../shared/signing";
import type { Chain, Hex, Line, Me, MyProject, Receipt, SignedConfirmation, SignedEnrolment } from "../shared/wire";
import type { Claim } from "./claim";
import { publicPart, sign } from "./keys";
import { post } from "./outbox";
import type { HeldKey, SignedWord } from "./store";

/** Sends the key and the proof that this phone holds it. Needs a session, so it is not kept for later. */
export async function sendEnrolment(chain: Chain, me: Me, payout: Hex, key: HeldKey): Promise<Receipt> {
  const signer = publicPart(key);
  const deadline = me.offer.deadline;
  const digest = digestOf(registryDomain(chain), "Enrolment", { workerId: me.workerId, ...signer, payout, deadline });
  const signature = await sign(key, digest, chain.rpId);
  const body: SignedEnrolment = { key: signer, deadline, signature };
  return put<Receipt>(`/api/me/enrolment/${toHex(digest)}`, body);
}

export async function signJoin(chain: Chain, key: HeldKey, project: MyProject): Promise<void> {
  const { dayCapFen, termsHash, deadline } = project.join;
  const { workerId } = key;
  const domain = escrowDomain(chain, project.escrow);
  const digest = digestOf(domain, "Join", { workerId, dayCap: dayCapFen, termsHash, deadline });
  const signature = await sign(key, digest, chain.rpId);
  const body = { escrow: project.escrow, workerId, dayCapFen, termsHash, deadline, signature };
  await post({ ...fresh(key, toHex(digest)), path: "joins", body });
}

export async function signConfirmation(chain: Chain, key: HeldKey, line: Line): Promise<void> {
  const digest = digestOf(escrowDomain(chain, line.escrow), "Confirmation", confirmationWords(key, line));
  const signature = await sign(key, digest, chain.rpId);
  await post({ ...fresh(key, toHex(digest)), path: "confirmations", body: { ...lineBody(line), signature } });
}

export interface Objection {
  claimedFen: number;
  claimedDays: number;
  reason: string;
}

export async function signContest(chain: Chain, key: HeldKey, line: Line, objection: Objection): Promise<void> {
  const { claimedFen, claimedDays, reason } = objection;
  const evidence = evidenceOf(reason);
  const digest = digestOf(escrowDomain(chain, line.escrow), "Contest", {
    ...confirmationWords(key, line),
    claimed: claimedFen,
    claimedDays,
    evidenceHash: sha256Text(evidence),
  });
  const signature = await sign(key, digest, chain.rpId);
  const body = { ...lineBody(line), claimedFen, claimedDays, evidence, signature };
  await post({ ...fresh(key, toHex(digest)), path: "contests", body });
}

/** `deadline` in Unix seconds. */
export async function signClaim(
  chain: Chain,
  key: HeldKey,
  escrow: Hex,
  claim: Claim,
  deadline: number,
): Promise<void> {
  const { amountFen, firstDay, dayMask } = claim;
  const { workerId } = key;
  const evidence = evidenceOf(claim.evidence);
  const digest = digestOf(escrowDomain(chain, escrow), "Claim", {
    workerId,
    amount: amountFen,
    firstDay: dayNumber(firstDay),
    dayMask,
    evidenceHash: sha256Text(evidence),
    deadline,
  });
  const signature = await sign(key, digest, chain.rpId);
  const body = { escrow, workerId, amountFen, firstDay, dayMask, evidence, deadline, signature };
  await post({ ...fresh(key, toHex(digest)), path: "claims", body });
}

function confirmationWords(key: HeldKey, line: Line) {
  const { sheetId, index, amountFen, dayMask, payslipHash, deadline } = line;
  return { sheetId, index, workerId: key.workerId, amount: amountFen, dayMask, payslipHash, deadline };
}

function lineBody(line: Line): Omit<SignedConfirmation, "signature"> {
  const { escrow, sheetId, index, amountFen, dayMask, payslipHash, deadline } = line;
  return { escrow, sheetId, index, amountFen, dayMask, payslipHash, deadline };
}

function fresh(key: HeldKey, digest: Hex): Omit<SignedWord, "path" | "body"> {
  return {
    digest,
    workerId: key.workerId,
    signedAt: Date.now(),
    language: language.value,
    state: "waiting",
    refusal: null,
  };
}
