// The compiler holds wire.fund.ts to the API's own description.
import type { components } from "./api.gen";
import type { Conforms } from "./wire.conforms";
import type * as wire from "./wire.fund";

type Api = components["schemas"];

export type Checked = [
  Conforms<wire.Fund, Api["FundView"]>,
  Conforms<wire.FundOfProject, Api["FundOfProject"]>,
  Conforms<wire.FundRequest, Api["FundRequest"]>,
  Conforms<wire.FundConsent, Api["ConsentView"]>,
  Conforms<wire.MyFund, Api["MyFund"]>,
  Conforms<wire.MyFunds, Api["MyFunds"]>,
  Conforms<wire.SignedFundConsent, Api["SignedFundConsent"]>,
  Conforms<wire.FundSlip, Api["FundSlip"]>,
];
