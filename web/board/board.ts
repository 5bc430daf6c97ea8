/** What stands on a notice board, in order. */

import { yuan } from "../shared/money";
import type { Board, BoardEntries } from "../shared/wire.people";
import { type Key, type Words, words } from "./words";

/** `value` null: it is missing. `also`: a second line; `phone`: to call, null where it is missing. */
export interface Row {
  label: Words;
  value: string | Words | null;
  also?: Words;
  phone?: string | null;
}

export interface Section {
  title: Words;
  rows: Row[];
}

export function sectionsOf(board: Board): Section[] {
  const { entries } = board;
  const row = (label: Key, name: keyof BoardEntries, phone?: keyof BoardEntries): Row => ({
    label: words(label),
    value: text(entries[name]),
    ...(phone && { phone: text(entries[phone]) }),
  });
  return [
    {
      title: words("parties"),
      rows: [
        { label: words("name"), value: board.name },
        row("address", "address"),
        period(entries),
        row("developer", "developer"),
        { label: words("contractor"), value: board.contractorName },
        row("projectOffice", "projectOffice"),
        { label: words("subcontractors"), value: board.subcontractors.join("、") || words("none") },
        row("authority", "authority", "authorityPhone"),
        row("bureauName", "bureauName"),
      ],
    },
    {
      title: words("pay"),
      rows: [
        row("officer", "officer", "officerPhone"),
        minimumWage(board),
        {
          label: words("payday"),
          value: entries.paydayDay === null ? null : words("paydayValue", { day: entries.paydayDay }),
        },
        { label: words("escrow"), value: board.escrow },
      ],
    },
    {
      title: words("rights"),
      rows: [
        { label: words("inspection"), value: entries.inspectionPhone && "", phone: entries.inspectionPhone },
        row("arbitration", "arbitration", "arbitrationPhone"),
        row("legalAid", "legalAid", "legalAidPhone"),
      ],
    },
  ];
}

function text(value: string | number | null): string | null {
  return value === null ? null : `${value}`;
}

function period({ startedOn, completedOn }: BoardEntries): Row {
  const ends = completedOn ?? words("ongoing").zh;
  return { label: words("period"), value: startedOn && `${startedOn} / ${ends}` };
}

function minimumWage({ minimumWage }: Board): Row {
  const label = words("minimumWage");
  if (!minimumWage) return { label, value: null };
  const { name, monthFen, hourFen, since } = minimumWage;
  return {
    label,
    value: words("monthWage", { month: yuan(monthFen), hour: yuan(hourFen) }),
    also: words("since", { name, since }),
  };
}
