import type { Catalogue } from "../shared/i18n";
import type { zh } from "./zh.people";

export const en: Catalogue<keyof typeof zh> = {
  firmUnknown: "no name given",
  teamOf: "team {team}",
  partiesNone: "No labour officer, subcontractor or foreman is named yet.",
  partiesEnded: "{count} ended",
  partyUntil: "until {time}",
  partyEnd: "End",
  partyName: "Name a party",
  partyWhy:
    "Labour officer, subcontractors and foremen sign in with wallets of their own and act in their role. " +
    "A witness is independent: it can be nothing else here.",
  partyRole: "Role",
  partyAddress: "Wallet address",
  partyFirm: "Firm",
  partyTeam: "Team",
  partyContact: "Person and phone (for contractor, officer and bureau only)",
  partySave: "Save",
  addressWrong: "A wallet address is 0x and 40 hexadecimal digits.",
  firmMissing: "Name the firm.",
};
