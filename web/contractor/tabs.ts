/** The sections of the page, each loaded when it is first opened. A new section is one more line here. */

import { type Component, defineAsyncComponent } from "vue";

import type { Chain, Project } from "../shared/wire";
import type { PartyRole } from "../shared/wire.people";
import type { zh } from "./zh";

export interface Tab {
  /** Its place in the address: /c/#people */
  id: string;
  title: keyof typeof zh;
  /** Who may open it, in roles on the project; without roles it is public and needs no sign-in. */
  roles?: readonly PartyRole[];
  /** Takes `TabProps`. */
  component: Component;
}

/** What each section is given. `roles` are the signed-in wallet's on this project; empty where nobody is signed in. */
export interface TabProps {
  chain: Chain;
  project: Project;
  roles: readonly PartyRole[];
}

const EVERYBODY: readonly PartyRole[] = ["contractor", "officer", "subcontractor", "foreman", "bureau", "witness"];
const OFFICE: readonly PartyRole[] = ["contractor", "officer", "subcontractor", "bureau"];

const SHEETS: readonly PartyRole[] = ["contractor", "subcontractor", "officer", "bureau"];
const PAYERS: readonly PartyRole[] = ["contractor", "officer", "bureau"];

export const TABS: readonly Tab[] = [
  { id: "money", title: "tabMoney", component: defineAsyncComponent(() => import("./MoneyPanel.vue")) },
  { id: "people", title: "tabPeople", roles: OFFICE, component: defineAsyncComponent(() => import("./PeoplePanel.vue")) },
  { id: "attendance", title: "tabAttendance", roles: EVERYBODY, component: defineAsyncComponent(() => import("./AttendancePanel.vue")) },
  { id: "sheets", title: "tabSheets", roles: SHEETS, component: defineAsyncComponent(() => import("./SheetPanel.vue")) },
  { id: "trails", title: "tabTrails", roles: SHEETS, component: defineAsyncComponent(() => import("../shared/dashboard/TrailTable.vue")) },
  { id: "bank", title: "tabBank", roles: PAYERS, component: defineAsyncComponent(() => import("./BankPanel.vue")) },
  { id: "sms", title: "tabSms", roles: OFFICE, component: defineAsyncComponent(() => import("../shared/dashboard/SmsCosts.vue")) },
  { id: "parties", title: "tabParties", roles: EVERYBODY, component: defineAsyncComponent(() => import("./PeopleParties.vue")) },
  { id: "board", title: "tabBoard", roles: EVERYBODY, component: defineAsyncComponent(() => import("./PeopleBoard.vue")) },
];
