"""A second reading of the pay rules, as naive as can be: every minute is looked at by itself.

Written from the rules' text alone. It shares no code with `anxin.payroll.rules` and knows whole minutes only.

    punches: [(naive local datetime, "in" | "out")]      kind_of_day: date -> "working" | "rest" | "holiday"
"""

import csv
from collections import defaultdict
from datetime import date, datetime, timedelta
from fractions import Fraction
from pathlib import Path

FIVE_MINUTES, FOUR_HOURS, SIXTEEN_HOURS = timedelta(minutes=5), timedelta(hours=4), timedelta(hours=16)
MINUTE = timedelta(minutes=1)


def kept(punches):
    """The same direction again within 5 minutes is dropped; at one instant a worker goes out before in."""
    found = []
    for at, direction in sorted(punches, key=lambda punch: (punch[0], "out in".index(punch[1]))):
        if found and found[-1][1] == direction and at - found[-1][0] <= FIVE_MINUTES:
            continue
        found.append((at, direction))
    return found


def paired(punches):
    """Intervals, and flags as (kind, day)."""
    row = [(None, None), *kept(punches), (None, None)]
    intervals, flags = [], []
    for before, this, after in zip(row, row[1:], row[2:], strict=False):
        if this[1] == "in" and after[1] != "out":
            flags.append(("missing-out", this[0].date()))
        elif this[1] == "out" and before[1] != "in":
            flags.append(("missing-in", this[0].date()))
        elif this[1] == "in" and after[0] - this[0] > SIXTEEN_HOURS:
            flags.append(("too-long", this[0].date()))
        elif this[1] == "in":
            intervals.append((this[0], after[0]))
    return intervals, flags


def minutes_of_shifts(intervals, kind_of_day):
    """For each shift the day on which it started, and how many minutes are normal, 150 %, 200 %, 300 %."""
    shifts, last_end = [], None
    for start, end in intervals:
        if last_end is None or start - last_end >= FOUR_HOURS:
            shifts.append({"day": start.date(), "normal": 0, "ot150": 0, "ot200": 0, "ot300": 0})
        last_end = end
        minute = start
        while minute < end:
            kind = kind_of_day(minute.date())
            if kind == "working":
                shifts[-1]["normal" if shifts[-1]["normal"] < 480 else "ot150"] += 1
            else:
                shifts[-1]["ot200" if kind == "rest" else "ot300"] += 1
            minute += MINUTE
    return shifts


def exact_wage(contract, punches, pieces, days, kind_of_day):
    """Items as exact fen, days worked, flags. `contract`: kind, rate in fen, quota or None; `days`: the month's."""
    kind, rate, quota = contract
    intervals, flags = paired(punches)
    shifts = [shift for shift in minutes_of_shifts(intervals, kind_of_day) if shift["day"] in days]
    total = {name: sum(shift[name] for shift in shifts) for name in ("normal", "ot150", "ot200", "ot300")}
    items = dict.fromkeys(("base", "ot150", "ot200", "ot300", "piece"), Fraction(0))
    if kind == "piece":
        for day, quantity in pieces.items():
            if day not in days:
                continue
            for number in range(1, quantity + 1):
                beyond = quota is not None and number > quota
                worth = {"working": Fraction("1.5") if beyond else 1, "rest": 2, "holiday": 3}[kind_of_day(day)]
                items["piece"] += rate * worth
    else:
        hour = {"day": Fraction(rate, 8), "hour": Fraction(rate), "month": rate / Fraction("21.75") / 8}[kind]
        if kind == "month":
            absent = sum(
                max(0, 480 - sum(shift["normal"] for shift in shifts if shift["day"] == day))
                for day in days
                if kind_of_day(day) == "working"
            )
            items["base"] = max(Fraction(0), rate - rate / Fraction("21.75") * Fraction(absent, 480))
        else:
            items["base"] = hour * total["normal"] / 60
        for name, multiple in (("ot150", Fraction("1.5")), ("ot200", 2), ("ot300", 3)):
            items[name] = hour * multiple * total[name] / 60
    overtime = total["ot150"] + total["ot200"] + total["ot300"]
    flags = [flag for flag in flags if flag[1] in days]
    worked = sorted({shift["day"] for shift in shifts})
    flags += [
        ("over-3-hours", day) for day in worked if sum(shift["ot150"] for shift in shifts if shift["day"] == day) > 180
    ]
    if overtime > 36 * 60:
        flags.append(("over-36-hours", days[-1]))
    return items, worked, set(flags)


def up(fen):
    """Rounded up to a fen."""
    return -(-fen.numerator // fen.denominator)


ORDER = ("missing-out", "missing-in", "too-long", "over-3-hours", "over-36-hours")


def month_of_files(folder: Path, first_day: date, kind_of_day):
    """What `anxin payroll compute --no-minimum --format json` is to print for the files of a folder."""
    days, day = [], first_day
    while day.month == first_day.month:
        days.append(day)
        day += timedelta(days=1)
    punches, pieces = defaultdict(list), defaultdict(dict)
    for row in csv.DictReader((folder / "punches.csv").open()):
        at = datetime.fromisoformat(row["at"]).astimezone(datetime.fromisoformat("2026-01-01T00:00+08:00").tzinfo)
        punches[row["worker_no"]].append((at.replace(tzinfo=None), {"01": "in", "02": "out"}[row["direction"]]))
    for row in csv.DictReader((folder / "pieces.csv").open()):
        pieces[row["worker_no"]][date.fromisoformat(row["date"])] = int(row["quantity"])
    wages = []
    for row in sorted(csv.DictReader((folder / "roster.csv").open()), key=lambda row: row["worker_no"]):
        worker_no = row["worker_no"]
        contract = row["contract_type"], int(row["rate_fen"]), int(row["piece_quota"]) if row["piece_quota"] else None
        items, worked, flags = exact_wage(contract, punches[worker_no], pieces[worker_no], days, kind_of_day)
        rounded = {name: up(Fraction(fen)) for name, fen in items.items()}
        kinds = {kind for kind, _ in flags}
        wages.append(
            {
                "workerNo": worker_no, "items": rounded, "grossFen": sum(rounded.values()),
                "daysWorked": [str(day) for day in worked], "flags": [kind for kind in ORDER if kind in kinds],
            }
        )  # fmt: skip
    return wages
