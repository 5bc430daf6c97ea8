// The compiler holds wire.bank.ts to the API's own description.
import type { components } from "./api.gen";
import type * as wire from "./wire.bank";
import type { Conforms } from "./wire.conforms";

type Api = components["schemas"];

export type Checked = [
  Conforms<wire.NewWageAccount, Api["NewWageAccount"]>,
  Conforms<wire.WageAccount, Api["WageAccountView"]>,
  Conforms<wire.BankOrder, Api["OrderView"]>,
  Conforms<wire.BankPayment, Api["PaymentView"]>,
  Conforms<wire.BankPayments, Api["PaymentsView"]>,
];
