import { sha256Text } from "../../shared/bytes";
import { maskOf } from "../../shared/calendar";
import type { Line } from "../../shared/wire";

const ESCROW = "0xcf7ed3acca5a467e9e704c703e8d87f634fb0fc9";

/** A posted line whose payslip says what the line says. */
export function postedLine(changes: Partial<Line> = {}): Line {
  const days = ["2026-10-08", "2026-10-09", "2026-10-12"];
  const period = { firstDay: "2026-10-01", lastDay: "2026-10-31" };
  const wage = { contractType: "day", rateFen: 40_000, days, amountFen: 120_000 };
  const payslip = JSON.stringify({ worker: "W001", project: "站", ...period, ...wage, salt: "00" });
  return {
    escrow: ESCROW,
    sheetId: 0,
    index: 0,
    projectName: "站",
    contractorName: "建工",
    ...period,
    payday: "2026-11-15",
    days,
    dayMask: maskOf("2026-10-01", days),
    amountFen: 120_000,
    payslipHash: sha256Text(payslip),
    payslip,
    deadline: 1_800_000_000,
    coverage: { fundedFen: 1, owedFen: 1, enough: true },
    state: "open",
    assurance: null,
    txHash: null,
    releasedAt: null,
    toBank: false,
    settledAt: null,
    settledTx: null,
    returnedAt: null,
    reason: null,
    contest: null,
    trail: {
      payday: "2026-11-15",
      accruedAt: "2026-11-05T02:00:00Z",
      confirmedAt: null,
      releasedAt: null,
      submittedAt: null,
      settledAt: null,
      returnedAt: null,
      reason: null,
      attempt: 0,
      toBank: false,
      state: "accrued",
      lateDays: 0,
    },
    ...changes,
  };
}
