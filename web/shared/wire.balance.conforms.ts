// The compiler holds wire.balance.ts to the API's own description.
import type { components } from "./api.gen";
import type * as wire from "./wire.balance";
import type { Conforms } from "./wire.conforms";

type Api = components["schemas"];

export type Checked = [Conforms<wire.AttestedBalance, Api["BalanceView"]>];
