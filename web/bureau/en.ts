import type { Catalogue } from "../shared/i18n";
import type { zh } from "./zh";

export const en: Catalogue<keyof typeof zh> = {
  title: "Labour bureau",
  warnings: "{count} project(s) short of wage money",
  allCovered: "Every project covers its wages",
  noProjects: "No projects yet",
  events: "Chain events",
  allProjects: "All projects",
  allEvents: "All events",
  ledger: "Ledger",
  accounts: "Balances",
  entries: "Latest entries",
  account: "Account",
  balance: "Balance",
  debit: "Debit",
  credit: "Credit",
  amount: "Amount",
  noEntries: "No entries yet",
  readOnly: "Read only: no money can be moved from here.",
};
