import { expect, test } from "vitest";

import { coverageFigure, coverageOf } from "../coverage";

const books = (fundedFen: number, owedFen: number, contestedFen: number) => ({
  books: { fundedFen, owedFen, contestedFen, bondFen: 0, freeFen: 0, releasedFen: 0, withBankFen: 0 },
});

test.each([
  ["nothing owed", books(0, 0, 0), { level: "none", shortFen: 0 }],
  ["owed and there", books(100, 100, 0), { level: "enough", shortFen: 0 }],
  ["owed and short", books(99, 100, 50), { level: "short", shortFen: 1 }],
  ["wages there, contested short", books(120, 100, 50), { level: "contestedShort", shortFen: 30 }],
])("%s", (_, project, coverage) => expect(coverageOf(project)).toEqual(coverage));

test.each([
  [null, "—"],
  [0, "0%"],
  [99, "99%"],
  [2082, "100%"],
])("%s percent reads %s", (percent, text) => expect(coverageFigure(percent)).toBe(text));
