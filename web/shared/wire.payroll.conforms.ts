// The compiler holds wire.payroll.ts to the API's own description.
import type { components } from "./api.gen";
import type { Conforms } from "./wire.conforms";
import type * as wire from "./wire.payroll";

type Api = components["schemas"];

export type Checked = [
  Conforms<wire.LeftOut, Api["LeftOutView"]>,
  Conforms<wire.BookSheet, Api["BookSheet"]>,
  Conforms<wire.SheetBook, Api["SheetBook"]>,
  Conforms<wire.BookLine, Api["BookLine"]>,
  Conforms<wire.SheetDetail, Api["SheetDetail"]>,
  Conforms<wire.Odd, Api["OddView"]>,
  Conforms<wire.CheckedLine, Api["CheckedLineView"]>,
  Conforms<wire.SheetCheck, Api["SheetCheck"]>,
  Conforms<wire.CompileRequest, Api["CompileRequest"]>,
  Conforms<wire.AdjustmentRequest, Api["AdjustmentRequest"]>,
  Conforms<wire.Adjustment, Api["AdjustmentView"]>,
  Conforms<wire.TaxTreatmentRequest, Api["TaxTreatmentRequest"]>,
  Conforms<wire.TaxTreatment, Api["TaxTreatmentView"]>,
  Conforms<wire.LatePay, Api["LatePay"]>,
  Conforms<wire.LatePayList, Api["LatePayList"]>,
];
