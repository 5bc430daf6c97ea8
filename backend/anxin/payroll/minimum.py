"""The minimum wage of a district: data that an operator corrects, by the day from which it is in force.

`data/minimum-wages.csv`: district, tier, from, month_fen, hour_fen (for those paid by the hour), name, source. Figures whose
source is a copy, or memory, say "(check)" there.
"""

import csv
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final

MINIMUM_WAGES: Final = Path(__file__).with_name("data") / "minimum-wages.csv"
DISTRICT, TIER = "Chongqing", 1


@dataclass(frozen=True)
class MinimumWage:
    """`since`: the day from which it is in force. `name`: the district and tier in Chinese."""

    district: str
    tier: int
    since: date
    month_fen: int
    hour_fen: int
    name: str
    source: str


class UnknownDistrict(ValueError):
    """No minimum wage is on record for the district, tier and day."""


def minimum_wage(district: str, tier: int, day: date) -> MinimumWage:
    """Return what is in force on a day. Raises UnknownDistrict."""
    known = [wage for wage in _on_record() if wage.district.lower() == district.lower() and wage.tier == tier]
    in_force = [wage for wage in known if wage.since <= day]
    if in_force:
        return max(in_force, key=lambda wage: wage.since)
    if known:
        raise UnknownDistrict(
            f"the minimum wage of {district}, tier {tier}, is on record from {known[0].since} on, not for {day}"
        )
    names = ", ".join(sorted({f"{wage.district} (tier {wage.tier})" for wage in _on_record()}))
    raise UnknownDistrict(f"no minimum wage is on record for {district}, tier {tier}: there are {names}")


@cache
def _on_record() -> tuple[MinimumWage, ...]:
    """By district, tier and day."""
    with MINIMUM_WAGES.open(encoding="utf-8", newline="") as lines:
        found = [
            MinimumWage(
                row["district"], int(row["tier"]), date.fromisoformat(row["from"]), int(row["month_fen"]),
                int(row["hour_fen"]), row["name"], row["source"],
            )
            for row in csv.DictReader(lines)
        ]  # fmt: skip
    return tuple(sorted(found, key=lambda wage: (wage.district, wage.tier, wage.since)))
