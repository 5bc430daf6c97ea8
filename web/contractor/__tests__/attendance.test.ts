import { describe, expect, test } from "vitest";

import type { SiteDay, SiteDays, SiteRecord } from "../../shared/wire.attendance";
import { clockOf, hoursText, keyOf, overviewOf } from "../attendance";

/** A site's day of records as "W001 08:00 in medium". */
function day(date: string, texts: string[], changes: Partial<SiteDay> = {}): SiteDay {
  const records = texts.map((text) => {
    const [workerNo, clock, way, strength, state = "counted"] = text.split(" ");
    return { workerNo, at: `${date}T${clock}:00+08:00`, direction: way === "in" ? "01" : "02", strength, state } as SiteRecord;
  });
  return { day: date, records, pieces: [], withoutReading: [], ...changes };
}

function read(days: SiteDay[], changes: Partial<SiteDays> = {}): SiteDays {
  return { days, around: [], added: [], ...changes };
}

const cell = (found: SiteDays, key: string) => overviewOf("2026-10", found).cells.get(key);

describe("a project's month", () => {
  test("a night shift is one day's, though the site's days hold a half each", () => {
    const after = day("2026-11-01", ["W001 04:00 out medium"]).records;
    const found = read([day("2026-10-31", ["W001 20:00 in medium"])], { around: after });

    expect(cell(found, keyOf("W001", "2026-10-31"))?.work).toMatchObject({ minutes: 480, odd: [] });
    expect([...overviewOf("2026-10", found).cells.keys()]).toEqual(["W001/2026-10-31"]);
  });

  test("a punch that a correction added counts for whose it is", () => {
    const days = [day("2026-10-08", ["W001 08:00 in medium"])];
    const added = { workerNo: "W001", at: "2026-10-08T17:00:00+08:00", direction: "02" as const };

    expect(cell(read(days, { added: [added] }), "W001/2026-10-08")?.work?.minutes).toBe(540);
    expect(cell(read(days, { added: [{ ...added, workerNo: "W002" }] }), "W001/2026-10-08")?.work?.odd).toEqual(["missing-out"]);
  });

  test("a voided reading is listed and does not count", () => {
    const found = read([day("2026-10-08", ["W001 08:00 in medium voided", "W001 09:00 in strong", "W001 17:00 out medium"])]);

    expect(cell(found, "W001/2026-10-08")).toMatchObject({ weakest: "medium", work: { minutes: 480 } });
    expect(cell(found, "W001/2026-10-08")?.records.length).toBe(3);
  });

  test("who has no reading all month has a row all the same", () => {
    const found = read([day("2026-10-08", ["W002 08:00 in weak"], { withoutReading: ["W001"] })]);

    expect(overviewOf("2026-10", found).workerNos).toEqual(["W001", "W002"]);
  });

  test("pieces stand beside hours", () => {
    const pieces = [{ record: "pieces-1", workerNo: "W001", quantity: 30, reported: 30, strength: "weak" as const }];

    expect(cell(read([day("2026-10-08", [], { pieces })]), "W001/2026-10-08")).toMatchObject({ work: null, pieces: { quantity: 30 }, weakest: "weak" });
  });
});

test.each([
  ["730", "07:30"],
  ["1905", "19:05"],
  ["7:05", "07:05"],
  ["7：30", "07:30"],
  ["7", "07:00"],
  ["19", "19:00"],
  ["24", null],
  ["0760", null],
  ["7:5", null],
  ["abc", null],
  ["12345", null],
])("an hour typed as %s is %s", (typed, expected) => expect(clockOf(typed)).toBe(expected));

test("hours", () => expect([hoursText(570), hoursText(5)]).toEqual(["9:30", "0:05"]));
