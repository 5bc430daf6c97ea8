// The compiler holds wire.people.ts to the API's own description.
import type { components } from "./api.gen";
import type { Conforms } from "./wire.conforms";
import type * as wire from "./wire.people";

type Api = components["schemas"];

export type Checked = [
  Conforms<wire.StaffChallenge, Api["StaffChallengeSent"]>,
  Conforms<wire.StaffSession, Api["StaffSessionOpened"]>,
  Conforms<wire.StaffProject, Api["StaffProject"]>,
  Conforms<wire.NamedParty, Api["NamedParty"]>,
  Conforms<wire.Party, Api["PartyView"]>,
  Conforms<wire.SignedContract, Api["SignedContract"]>,
  Conforms<wire.Opening, Api["OpeningView"]>,
  Conforms<wire.BoardEntries, Api["BoardEntries"]>,
  Conforms<wire.Board, Api["BoardView"]>,
  Conforms<wire.RosterPerson, Api["RosterPerson"]>,
  Conforms<wire.Registered, Api["Registered"]>,
  Conforms<wire.RosterRow, Api["RosterRow"]>,
  Conforms<wire.RosterPreview, Api["RosterPreview"]>,
  Conforms<wire.RosterStored, Api["RosterStored"]>,
  Conforms<wire.PreparedOffer, Api["PreparedOffer"]>,
  Conforms<wire.Move, Api["MoveView"]>,
  Conforms<wire.MyNumber, Api["MyNumber"]>,
  Conforms<wire.WaitingNumber, Api["WaitingNumber"]>,
];
