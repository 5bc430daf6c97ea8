// The compiler holds wire.trails.ts to the API's own description.
import type { components } from "./api.gen";
import type { Conforms } from "./wire.conforms";
import type * as wire from "./wire.trails";

type Api = components["schemas"];

export type Checked = [
  Conforms<wire.Trail, Api["Trail"]>,
  Conforms<wire.LineTrail, Api["LineTrail"]>,
  Conforms<wire.Trails, Api["Trails"]>,
];
