import type { Catalogue } from "../shared/i18n";
import type { zh } from "./zh";

export const en: Catalogue<keyof typeof zh> = {
  title: "Contractor",
  chooseProject: "Choose a project",
  noProjects: "No projects yet",
  recentEvents: "Recent records",

  fundTitle: "Fund the wages",
  noWallet: "No wallet found. Install and open a wallet extension in this browser, then reload the page.",
  connect: "Connect {wallet}",
  connected: "Wallet {account}",
  wrongChain: "The wallet is on chain {now}; this needs chain {wanted}.",
  switchChain: "Switch to chain {wanted}",
  switchRefused: "The wallet did not switch. Choose chain {wanted} in the wallet.",
  balance: "In the wallet",
  amount: "Amount (yuan)",
  amountWrong: "Write an amount, such as 50000 or 50000.50",
  amountTooMuch: "The wallet holds only ¥{balance}",
  fillShort: "Fill the gap of ¥{amount}",
  fund: "Fund",
  twoSteps: "Use two transactions (approve, then fund)",
  declined: "You declined in the wallet; nothing was paid.",
  walletFailed: "The wallet did not finish: {reason}",
  foreignToken: "The token contract is not the one on record here; stopped.",
  tokenReverted: "The contract turned the transaction back; no money moved.",

  signPermit: "Sign the permit in your wallet…",
  approve: "Confirm the approval in your wallet (1 of 2)…",
  approveMined: "Waiting for the approval to be mined…",
  sendFund: "Confirm the funding in your wallet…",

  stepSent: "Sent",
  stepSeen: "Waiting for finality",
  stepFunded: "Funded",
  sentMore: "Transaction {hash}",
  seenMore: "It counts {depth} blocks after it is mined",
  fundedMore: "¥{amount} is in the account",
  dropped: "The chain reorganised; the transaction is being confirmed again.",
  another: "Fund again",
  stopWatching: "Stop watching",
};
