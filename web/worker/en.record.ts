import type { Catalogue } from "../shared/i18n";
import type { zh } from "./zh.record";

export const en: Catalogue<keyof typeof zh> = {
  title: "My contracts and my data",
  contract: "{project} · contract",
  download: "Download the contract",
  entered: "came on {day}",
  left: "left on {day}",
  leftMore: "Leaving takes away neither wages earned nor the right to claim them.",
  opened: "Who looked at my data",
  nobody: "Nobody has.",
  opening: "{time}: {firm} ({role}) looked at your {field}, because: {reason}",
  name: "name",
  phone: "phone number",
  idNumber: "ID number",
  bankAccount: "bank account",
  contractField: "contract",
  contractor: "general contractor",
  bureau: "labour bureau",
  officer: "labour officer",
  subcontractor: "subcontractor",
  foreman: "foreman",
  witness: "witness",
};
