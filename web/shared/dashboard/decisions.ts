/** What the contractor may answer and the bureau decide (WageEscrow.answer, WageEscrow.resolve), and its way to the server. */

import type { EIP1193Provider } from "viem";

import { put } from "../api";
import { sha256Text, toHex } from "../bytes";
import { localTime } from "../calendar";
import { evidenceOf } from "../evidence";
import { language } from "../i18n";
import { digestOf, escrowDomain, typedDataOf } from "../signing";
import type { Chain, Dispute, Hex, Project, Receipt, SignedAnswer, SignedResolution } from "../wire";
import { short } from "./eventText";
import { t } from "./text";
import { chainOf, switchChain } from "./wallets";

export type Role = "contractor" | "bureau";

export interface Bounds {
  leastFen: number;
  mostFen: number;
}

export interface Decision {
  fen: number;
  reasons: string;
}

/** A signature is sent at once; the chain gets it within minutes. */
const SIGN_FOR_SECONDS = 7 * 86_400;

/** What may be said now, in fen in all; null where nothing may. What was admitted is never taken back. */
export function boundsOf({ state, answerUntil, grantedFen, askedFen }: Dispute, role: Role, now: number): Bounds | null {
  const isInTime = state === "contested" || (answerUntil !== null && Date.parse(answerUntil) >= now);
  if (role === "bureau") return state === "contested" ? { leastFen: 0, mostFen: askedFen } : null;
  if (state === "decided" || !isInTime) return null;
  return { leastFen: state === "claimed" ? 0 : grantedFen + 1, mostFen: askedFen };
}

/** Whose turn it is until when, or how it ended. */
export function standingOf(dispute: Dispute, now: number): { text: string; isLate: boolean } {
  const { state, answerUntil, bureauUntil } = dispute;
  const until = state === "claimed" ? answerUntil : bureauUntil;
  if (state !== "decided" && until !== null) {
    const isLate = Date.parse(until) < now;
    const time = localTime(until, language.value);
    const running = state === "claimed" ? "answerUntil" : "bureauUntil";
    const over = state === "claimed" ? "answerLate" : "bureauLate";
    return { text: t(isLate ? over : running, { time }), isLate };
  }
  const how = dispute.stood ? "disputeStood" : dispute.resolvedBy ? "disputeResolved" : "disputeAdmitted";
  return { text: t(how), isLate: false };
}

/** Compares two open disputes: the one whose clock runs out sooner is before the other. */
export function byUrgency(a: Dispute, b: Dispute): number {
  const due = ({ answerUntil, bureauUntil, since }: Dispute): number => Date.parse(answerUntil ?? bureauUntil ?? since);
  return due(a) - due(b) || a.disputeId - b.disputeId;
}

export interface Signing {
  provider: EIP1193Provider;
  account: Hex;
  chain: Chain;
  project: Project;
  dispute: Dispute;
  role: Role;
}

/** Why this wallet cannot sign here; null where it can. */
export async function walletProblem({ provider, account, chain, project, role }: Signing): Promise<string | null> {
  const allowed = role === "contractor" ? [project.contractor] : [project.bureau, project.arbiter];
  if (!allowed.some((party) => party.toLowerCase() === account.toLowerCase())) {
    const expected = short(allowed[0]);
    return t(role === "contractor" ? "notContractorWallet" : "notBureauWallet", { expected });
  }
  const { chainId } = chain;
  if ((await chainOf(provider)) === chainId || (await switchChain(provider, chainId))) return null;
  return t("wrongChain", { wanted: chainId });
}

/** Signs with the wallet and sends; the server keeps it and brings it to the chain. */
export async function decide(signing: Signing, { fen, reasons }: Decision): Promise<Receipt> {
  const { chain, project, dispute, role } = signing;
  const { escrow } = project;
  const { disputeId } = dispute;
  const domain = escrowDomain(chain, escrow);
  const deadline = Math.floor(Date.now() / 1_000) + SIGN_FOR_SECONDS;
  const evidence = evidenceOf(reasons);
  const hash = sha256Text(evidence);
  if (role === "contractor") {
    const words = { disputeId, admitted: fen, evidenceHash: hash, deadline };
    const signature = await signed(signing, typedDataOf(domain, "Answer", words));
    const body: SignedAnswer = { escrow, disputeId, admittedFen: fen, evidence, deadline, signature };
    return put<Receipt>(`/api/answers/${toHex(digestOf(domain, "Answer", words))}`, body);
  }
  const words = { disputeId, award: fen, orderHash: hash, deadline };
  const signature = await signed(signing, typedDataOf(domain, "Resolution", words));
  const body: SignedResolution = { escrow, disputeId, awardFen: fen, reasons: evidence, deadline, signature };
  return put<Receipt>(`/api/resolutions/${toHex(digestOf(domain, "Resolution", words))}`, body);
}

async function signed({ provider, account }: Signing, typedData: object): Promise<Hex> {
  const params: [Hex, string] = [account, JSON.stringify(typedData)];
  return withRecovery27(await provider.request({ method: "eth_signTypedData_v4", params }));
}

/** Some wallets write v as 0 or 1; the contracts take 27 or 28. */
export function withRecovery27(signature: Hex): Hex {
  const v = Number.parseInt(signature.slice(-2), 16);
  return v < 27 ? (`${signature.slice(0, -2)}${(v + 27).toString(16)}` as Hex) : signature;
}
