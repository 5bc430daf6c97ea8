/** Wage sheets on their way: what may be done with one, and the contractor's signature under what is on the screen. */

import type { EIP1193Provider } from "viem";

import { put } from "../shared/api";
import { toHex } from "../shared/bytes";
import { dayNumber } from "../shared/calendar";
import { withRecovery27 } from "../shared/dashboard/decisions";
import { chainOf, switchChain } from "../shared/dashboard/wallets";
import { digestOf, escrowDomain, type SheetWords, typedDataOf } from "../shared/signing";
import type { Chain, Hex, Project } from "../shared/wire";
import type { BookSheet, CheckedLine, SheetBook, SheetDetail } from "../shared/wire.payroll";
import { rootOf } from "./sheetTree";

/** What is shown is not what would be signed: then nothing is. */
export class NotWhatIsShown extends Error {}
/** Not the wallet, or not the chain, that this sheet is for. */
export class WrongWallet extends Error {}
export class WrongChain extends Error {}

export type Act = "recompile" | "discard" | "submit" | "sendBack" | "sign" | "correct";

/** What somebody in this role may do with a sheet now. */
export function actsOf({ state, kind }: BookSheet, role: SheetBook["role"]): Act[] {
  if (role !== "contractor" && role !== "subcontractor") return [];
  if (state === "draft") return kind === "correcting" ? ["submit", "discard"] : ["submit", "recompile", "discard"];
  if (state === "waiting") return role === "contractor" ? ["sign", "sendBack"] : ["sendBack"];
  if (state === "refused") return ["sendBack"];
  return state === "done" ? ["correct"] : [];
}

/** The words to sign, computed from the lines on the screen. Throws NotWhatIsShown. */
export function wordsOf(chain: Chain, escrow: Hex, { sheet, lines, rulesHash, termsRoot, root }: SheetDetail): SheetWords {
  const words: SheetWords = {
    sheetId: sheet.sheetId ?? 0,
    firstDay: dayNumber(sheet.firstDay),
    lastDay: dayNumber(sheet.lastDay),
    payday: dayNumber(sheet.payday),
    rulesHash,
    termsRoot,
    root: rootOf(lines),
    total: lines.reduce((all, { amountFen }) => all + amountFen, 0),
  };
  const isShown = words.root === root && words.total === sheet.totalFen;
  if (!isShown || toHex(digestOf(escrowDomain(chain, escrow), "Sheet", words)) !== sheet.digest) throw new NotWhatIsShown();
  return words;
}

/** Signs with the contractor's wallet and sends. Throws NotWhatIsShown, WrongWallet, WrongChain, and what wallets throw. */
export async function sign(provider: EIP1193Provider, chain: Chain, project: Project, detail: SheetDetail): Promise<void> {
  const words = wordsOf(chain, project.escrow, detail);
  const [account] = (await provider.request({ method: "eth_requestAccounts" })) as Hex[];
  if (account?.toLowerCase() !== project.contractor.toLowerCase()) throw new WrongWallet();
  const { chainId } = chain;
  if ((await chainOf(provider)) !== chainId && !(await switchChain(provider, chainId))) throw new WrongChain();
  const typedData = typedDataOf(escrowDomain(chain, project.escrow), "Sheet", words);
  const params: [Hex, string] = [account, JSON.stringify(typedData)];
  const signature = withRecovery27(await provider.request({ method: "eth_signTypedData_v4", params }));
  await put(`/api/sheets/${detail.sheet.digest}/signature`, { signature });
}

/** By how much a wage differs from last month's, in whole percent; null where there was none. */
export function changePercent({ amountFen, lastFen }: CheckedLine): number | null {
  return lastFen ? Math.round(((amountFen - lastFen) * 100) / lastFen) : null;
}

/** First and last day of a month, 2026-10. */
export function monthOf(month: string): { firstDay: string; lastDay: string } {
  const [year = 0, number = 0] = month.split("-").map(Number);
  const last = new Date(Date.UTC(year, number, 0)).getUTCDate();
  return { firstDay: `${month}-01`, lastDay: `${month}-${`${last}`.padStart(2, "0")}` };
}

/** The month before a day's. */
export function monthBefore(day: string): string {
  const [year = 0, month = 0] = day.split("-").map(Number);
  return new Date(Date.UTC(year, month - 2, 1)).toISOString().slice(0, 7);
}
