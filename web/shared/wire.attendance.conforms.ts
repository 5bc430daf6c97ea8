// The compiler holds wire.attendance.ts to the API's own description.
import type { components } from "./api.gen";
import type * as wire from "./wire.attendance";
import type { Conforms } from "./wire.conforms";

type Api = components["schemas"];

export type Checked = [
  Conforms<wire.SignedPunch, Api["SignedPunch"]>,
  Conforms<wire.WorkerWord, Api["WorkerWord"]>,
  Conforms<wire.MyRecord, Api["MyRecord"]>,
  Conforms<wire.EffectivePunch, Api["EffectivePunch"]>,
  Conforms<wire.DayPieces, Api["DayPieces"]>,
  Conforms<wire.Correction, Api["CorrectionView"]>,
  Conforms<wire.CorrectionPage, Api["Corrections"]>,
  Conforms<wire.MyProjectAttendance, Api["MyProjectAttendance"]>,
  Conforms<wire.MyAttendance, Api["MyAttendance"]>,
  Conforms<wire.Source, Api["SourceView"]>,
  Conforms<wire.SourceSecret, Api["SourceSecret"]>,
  Conforms<wire.SiteCode, Api["SiteCode"]>,
  Conforms<wire.Stray, Api["StrayView"]>,
  Conforms<wire.SheetShift, Api["SheetShift"]>,
  Conforms<wire.SheetPieces, Api["SheetPieces"]>,
  Conforms<wire.ForemanSheet, Api["ForemanSheet"]>,
  Conforms<wire.SheetProblem, Api["SheetProblem"]>,
  Conforms<wire.SheetKept, Api["SheetKept"]>,
  Conforms<wire.CellError, Api["CellError"]>,
  Conforms<wire.FilePreview, Api["FilePreview"]>,
  Conforms<wire.FileStored, Api["FileStored"]>,
  Conforms<wire.SiteRecord, Api["SiteRecord"]>,
  Conforms<wire.SitePieces, Api["SitePieces"]>,
  Conforms<wire.SiteDay, Api["SiteDay"]>,
  Conforms<wire.AddedPunch, Api["AddedPunch"]>,
  Conforms<wire.SiteDays, Api["SiteDays"]>,
  Conforms<wire.Flag, Api["FlagView"]>,
  Conforms<wire.Flags, Api["FlagsView"]>,
  Conforms<wire.Root, Api["RootView"]>,
];
