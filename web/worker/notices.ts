/** Notices as they are shown: the newest open, the earlier ones folded, without the sender's mark of an SMS. */

import type { Notice } from "../shared/wire.messages";

const SHOWN = 3;
const SENDER = /^(【安薪】|\[Anxin\] )/;

export function folded(notices: Notice[]): { newest: Notice[]; earlier: Notice[] } {
  return { newest: notices.slice(0, SHOWN), earlier: notices.slice(SHOWN) };
}

export function wordsOf(notice: Notice): string {
  return notice.text.replace(SENDER, "");
}
