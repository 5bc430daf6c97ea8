import type { Catalogue } from "../shared/i18n";
import type { zh } from "./zh.notices";

export const en: Catalogue<keyof typeof zh> = {
  title: "Notices that did not reach your phone",
  smsStopped: "You stopped our messages: notices are shown here only. Reply START to our number to get them again.",
  stopped: "You stopped messages",
  limit: "Too many messages that day",
  unreachable: "The message could not be delivered",
  earlier: "{count} earlier ones",
};
