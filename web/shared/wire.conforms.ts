// wire.ts says more than OpenAPI can (hex, named states); here the compiler holds it to the API's own description.
import type { components } from "./api.gen";
import type * as wire from "./wire";

type Api = components["schemas"];

/** Compiles only where ours has exactly the API's fields, each of the API's type or narrower. */
export type Conforms<Ours extends Theirs & Record<Exclude<keyof Ours, keyof Theirs>, never>, Theirs> = Ours;

export type Checked = [
  Conforms<wire.Chain, Api["ChainFacts"]>,
  Conforms<wire.Books, Api["BooksView"]>,
  Conforms<wire.Project, Api["ProjectView"]>,
  Conforms<wire.ChainEvent, Api["EventView"]>,
  Conforms<wire.EventPage, Api["EventsView"]>,
  Conforms<wire.Account, Api["AccountView"]>,
  Conforms<wire.Entry, Api["EntryView"]>,
  Conforms<wire.Ledger, Api["LedgerView"]>,
  Conforms<wire.CodeSent, Api["LoginCodeSent"]>,
  Conforms<wire.Session, Api["SessionOpened"]>,
  Conforms<wire.SignerKey, Api["SignerKey"]>,
  Conforms<wire.DeviceSignature, Api["DeviceSignature"]>,
  Conforms<wire.PasskeySignature, Api["PasskeySignature"]>,
  Conforms<wire.EnrolmentStatus, Api["EnrolmentStatus"]>,
  Conforms<wire.JoinOffer, Api["JoinOffer"]>,
  Conforms<wire.MyProject, Api["MyProject"]>,
  Conforms<wire.Me, Api["Me"]>,
  Conforms<wire.Contest, Api["MyContest"]>,
  Conforms<wire.Line, Api["MyLine"]>,
  Conforms<wire.Dispute, Api["DisputeView"]>,
  Conforms<wire.MyDispute, Api["MyDispute"]>,
  Conforms<wire.MyDisputes, Api["MyDisputes"]>,
  Conforms<wire.SignedEnrolment, Api["SignedEnrolment"]>,
  Conforms<wire.SignedConfirmation, Api["SignedConfirmation"]>,
  Conforms<wire.SignedJoin, Api["SignedJoin"]>,
  Conforms<wire.SignedContest, Api["SignedContest"]>,
  Conforms<wire.SignedClaim, Api["SignedClaim"]>,
  Conforms<wire.SignedAnswer, Api["SignedAnswer"]>,
  Conforms<wire.SignedResolution, Api["SignedResolution"]>,
];
