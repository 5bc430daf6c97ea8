// The compiler holds wire.messages.ts to the API's own description.
import type { components } from "./api.gen";
import type { Conforms } from "./wire.conforms";
import type * as wire from "./wire.messages";

type Api = components["schemas"];

export type Checked = [
  Conforms<wire.Notice, Api["Notice"]>,
  Conforms<wire.Notices, Api["Notices"]>,
  Conforms<wire.DeskNotice, Api["DeskNoticeView"]>,
  Conforms<wire.DeskNotices, Api["DeskNotices"]>,
  Conforms<wire.KindCost, Api["KindCost"]>,
  Conforms<wire.MonthCost, Api["MonthCost"]>,
  Conforms<wire.Costs, Api["Costs"]>,
];
