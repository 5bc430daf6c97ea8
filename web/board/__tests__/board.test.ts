import { expect, test } from "vitest";

import type { Board, BoardEntries } from "../../shared/wire.people";
import { sectionsOf } from "../board";
import { words } from "../words";

const NOTHING: BoardEntries = {
  address: null,
  district: null,
  paydayDay: null,
  startedOn: null,
  completedOn: null,
  developer: null,
  projectOffice: null,
  bureauName: null,
  authority: null,
  authorityPhone: null,
  officer: null,
  officerPhone: null,
  inspectionPhone: null,
  arbitration: null,
  arbitrationPhone: null,
  legalAid: null,
  legalAidPhone: null,
};
const BOARD: Board = {
  escrow: "0x01",
  name: "三标段",
  contractorName: "渝安建工",
  subcontractors: [],
  entries: NOTHING,
  minimumWage: null,
  workerUrl: "http://localhost:8000/w/",
  missing: [],
};

function valueOf(board: Board, label: string): unknown {
  return sectionsOf(board)
    .flatMap(({ rows }) => rows)
    .find((row) => row.label.zh === label)?.value;
}

test("what nobody has filled in is missing", () => {
  const missing = sectionsOf(BOARD).flatMap(({ rows }) => rows.filter(({ value }) => value === null));
  expect(missing.map(({ label }) => label.zh)).toEqual([
    "项目地址",
    "开工 / 竣工日期",
    "建设单位",
    "项目部",
    "行业主管部门",
    "人力资源社会保障部门",
    "劳资专管员",
    "当地最低工资标准",
    "工资支付日",
    "欠薪投诉（劳动保障监察）",
    "劳动争议调解仲裁",
    "法律援助",
  ]);
});

test("the payday is told in both languages", () => {
  const board = { ...BOARD, entries: { ...NOTHING, paydayDay: 15 } };
  expect(valueOf(board, "工资支付日")).toEqual(words("paydayValue", { day: 15 }));
  expect(words("paydayValue", { day: 15 }).en).toContain("day 15");
});

test("the minimum wage is in yuan", () => {
  const minimumWage = { name: "重庆市一档", monthFen: 233_000, hourFen: 2_300, since: "2025-01-01" };
  expect(valueOf({ ...BOARD, minimumWage }, "当地最低工资标准")).toMatchObject({
    zh: "每月 2,330.00 元，非全日制每小时 23.00 元",
  });
});

test("a name without a phone number lacks the number", () => {
  const board = { ...BOARD, entries: { ...NOTHING, officer: "张三" } };
  const row = sectionsOf(board)[1]!.rows[0]!;
  expect([row.value, row.phone]).toEqual(["张三", null]);
});
