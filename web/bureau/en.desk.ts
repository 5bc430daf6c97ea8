import type { Catalogue } from "../shared/i18n";
import type { zh } from "./zh.desk";

export const en: Catalogue<keyof typeof zh> = {
  title: "Written by SMS",
  why: "These workers answered a message with “object”. Get in touch with them; a contest counts once it is signed on the phone. Only the bureau sees who wrote: the contractor does not.",
  open: "Open ({count})",
  done: "Done ({count})",
  noneOpen: "Nothing is open.",
  noneDone: "Nothing was done yet.",
  worker: "Worker {no}",
  written: "Wrote {time}",
  doneBy: "Done {time} by {account}",
  markDone: "Mark as done",
  openAgain: "Open again",
  sections: "Sections",
  tabFlags: "Attendance flags",
  tabTrails: "Progress of wages",
  tabDesk: "Written by SMS ({count})",
  tabCosts: "SMS costs",
};
