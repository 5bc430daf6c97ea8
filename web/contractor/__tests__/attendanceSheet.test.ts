import { expect, test } from "vitest";

import { emptyLine, endsNextDay, isWritten, lineProblem, type SheetLine, sheetOf } from "../attendanceSheet";

const line = (changes: Partial<SheetLine>): SheetLine => ({ ...emptyLine("W001"), ...changes });

test("only written lines are sent, and each row knows its line", () => {
  const lines = [line({ workerNo: "W001", pieces: "30" }), line({ workerNo: "W002" }), line({ workerNo: "W003", in: "730", out: "17.30" })];
  const { sheet, of } = sheetOf(lines.filter(isWritten), "2026-10-08");

  expect(sheet).toEqual({
    shifts: [{ workerNo: "W003", day: "2026-10-08", in: "07:30", out: "17:30", shift: 1 }],
    pieces: [{ workerNo: "W001", day: "2026-10-08", quantity: 30 }],
  });
  expect(of.shifts[0]).toBe(lines[2]);
});

test("a half that is not written is sent as missing, never guessed", () => {
  expect(sheetOf([line({ in: "7" })], "2026-10-08").sheet.shifts[0]).toMatchObject({ in: "07:00", out: null });
});

test.each([
  ["nothing wrong", { in: "730", out: "1730" }, false],
  ["no time", { in: "7x" }, true],
  ["broken pieces", { pieces: "3.5" }, true],
  ["whole pieces", { pieces: "30" }, false],
])("%s", (_, changes, isWrong) => expect(lineProblem(line(changes)) !== "").toBe(isWrong));

test.each([
  ["2000", "400", true],
  ["800", "800", true],
  ["800", "1700", false],
  ["800", "", false],
])("from %s to %s ends on the next day: %s", (began, ended, expected) => {
  expect(endsNextDay(line({ in: began, out: ended }))).toBe(expected);
});
