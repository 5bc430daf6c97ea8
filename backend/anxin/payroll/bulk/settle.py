"""What a partition's workers earned: by `columns.py`, and by the rules themselves for those it is not sure of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np

from anxin.core.clock import EPOCH
from anxin.payroll import columns, rules
from anxin.payroll.bulk.roster import Roster
from anxin.payroll.bulk.scan import Found, at_micros
from anxin.payroll.bulk.spill import WORKERS, read_all
from anxin.payroll.columns import SECONDS, WORKER_BIT, Ints, Month, PieceCounts

_PLACE: Final = (1 << WORKER_BIT) - 1


@dataclass(frozen=True)
class Settled:
    """A partition's workers, and their wages; `exact` overrules `wages` for some, by their place in the partition."""

    names: list[str]
    wages: columns.Wages
    exact: Mapping[int, rules.Pay]


def settle(partition: int, roster: Roster, punches: Sequence[Found], pieces: Sequence[Found], month: Month) -> Settled:
    first = partition * WORKERS
    crew = roster.crew[first : first + WORKERS]
    whole = read_all([found.rows for found in punches], partition)[:, 0] - (first << WORKER_BIT)
    fine = read_all([found.fine for found in punches if found.fine is not None], partition)
    fine_worker = (fine[:, 0] >> WORKER_BIT) - first
    counts = _counts(pieces, partition, first)
    wages = columns.compute(crew, whole, counts, month)
    unsure = wages.unsure.copy()
    unsure[fine_worker] = True
    exact = {}
    for worker in np.flatnonzero(unsure).tolist():
        begin, end = np.searchsorted(whole, [worker << WORKER_BIT, (worker + 1) << WORKER_BIT])
        times = [
            *((at >> 1 & SECONDS) * 10**6 << 1 | at & 1 for at in whole[begin:end].tolist()),
            *fine[fine_worker == worker, 1].tolist(),
        ]
        exact[worker] = by_the_rules(crew.contracts(worker), times, _pieces_of(counts, worker), month)
    return Settled(roster.numbers(slice(first, first + WORKERS)), wages, exact)


def by_the_rules(
    contracts: Sequence[rules.Contract], times: Sequence[int], pieces: Mapping[date, int], month: Month
) -> rules.Pay:
    """Return what `rules.compute` says. `times`: `microseconds << 1 | is_in` of the site's wall clock."""
    punches = [(at_micros(at >> 1), rules.IN if at & 1 else rules.OUT) for at in times]
    pays = [
        rules.compute(
            contract, punches, pieces, month.first_day, month.last_day, month.calendar,
            minimum_month_fen=month.minimum_month_fen, minimum_hour_fen=month.minimum_hour_fen,
        )
        for contract in contracts
    ]  # fmt: skip
    if len(pays) == 1:
        return pays[0]
    time, piece = pays
    return rules.merged(time, piece, month.last_day)


def repeated_days(pieces: Sequence[Found], partition: int) -> list[tuple[int, date]]:
    """Return the places and days that the pieces name more than once."""
    key = read_all([found.rows for found in pieces], partition)[:, 0] if pieces else np.zeros(0, np.int64)
    again = np.unique(key[1:][key[1:] == key[:-1]]).tolist()
    return [(one >> WORKER_BIT, EPOCH + timedelta(days=one & _PLACE)) for one in again]


def _counts(pieces: Sequence[Found], partition: int, first: int) -> PieceCounts:
    rows: Ints = read_all([found.rows for found in pieces], partition) if pieces else np.zeros((0, 2), np.int64)
    return PieceCounts((rows[:, 0] >> WORKER_BIT) - first, rows[:, 0] & _PLACE, rows[:, 1])


def _pieces_of(counts: PieceCounts, worker: int) -> dict[date, int]:
    begin, end = np.searchsorted(counts.worker, [worker, worker + 1])
    days, quantities = counts.day[begin:end].tolist(), counts.quantity[begin:end].tolist()
    return {EPOCH + timedelta(days=day): quantity for day, quantity in zip(days, quantities, strict=True)}
