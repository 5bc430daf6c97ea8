import { afterEach, expect, test, vi } from "vitest";

import { pathOf, queryOf, readTrails } from "../trails";

const ASKED = { escrow: "0xe5", sheet: 0, late: true } as const;

afterEach(() => vi.unstubAllGlobals());

function answering(): string[] {
  const asked: string[] = [];
  vi.stubGlobal("fetch", async (path: string) => {
    asked.push(path);
    return new Response(JSON.stringify({ trails: [], next: null, lines: 0, late: 0 }), { headers: { "Content-Type": "application/json" } });
  });
  return asked;
}

test("the first sheet is asked for by its number, which is nought", async () => {
  const asked = answering();
  await readTrails(ASKED, null, 0);

  expect(asked).toEqual(["/api/projects/0xe5/trails?sheet=0&late=true&limit=100"]);
});

test("the page that follows goes on after the cursor", async () => {
  const asked = answering();
  await readTrails({ escrow: "0xe5", late: false }, "3-17", 200);

  expect(asked).toEqual(["/api/projects/0xe5/trails?after=3-17&limit=100"]);
});

test("what is shown is read anew in one page, as far as a page goes", async () => {
  const asked = answering();
  await readTrails({ escrow: "0xe5", late: false }, null, 300);
  await readTrails({ escrow: "0xe5", late: false }, null, 900);

  expect(asked.map((path) => path.split("limit=")[1])).toEqual(["300", "500"]);
});

test("the file is of what the page shows", () => {
  expect([pathOf(ASKED), queryOf(ASKED)]).toEqual(["/api/projects/0xe5/trails", { sheet: "0", late: "true" }]);
});
