"""`anxin payroll compute`: wages on standard output; who was left out, and what is wrong, on standard error."""

import os
import re
import signal
import sys
from collections import Counter
from concurrent.futures.process import BrokenProcessPool
from datetime import date, timedelta
from pathlib import Path
from types import FrameType
from typing import Final

import click

# Before numpy is loaded: its processes share the work by themselves, and threads of its own would only take memory.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from anxin.payroll.bulk.run import BadFiles, Files, Form, compute_files
from anxin.payroll.calendar import UnknownYear, china
from anxin.payroll.columns import Month
from anxin.payroll.files import SHOWN_PROBLEMS
from anxin.payroll.minimum import UnknownDistrict, minimum_wage

LAST_YEAR: Final = 2099  # of the lunar calendar
BAD_INPUT: Final = 2


def compute_command(
    month: str, roster: Path, punches: Path, pieces: Path | None, form: Form, minimum: tuple[str, int] | None
) -> None:
    period = _month(month, minimum)
    signal.signal(signal.SIGTERM, _stop)
    try:
        left_out = compute_files(Files(roster, punches, pieces), period, form, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    except BadFiles as bad:
        for problem in bad.problems.shown:
            click.echo(f"✗ {problem}", err=True)
        if bad.problems.count > SHOWN_PROBLEMS:
            click.echo(f"✗ … and {bad.problems.count - SHOWN_PROBLEMS:,} more", err=True)
        click.echo(f"✗ {_counted(bad.problems.count, 'thing')} to put right; nothing was computed", err=True)
        sys.exit(BAD_INPUT)
    except BrokenPipeError:  # whoever read has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except BrokenProcessPool:
        click.echo("✗ a process that shared the work was ended, perhaps for want of memory: try again", err=True)
        sys.exit(1)
    except OSError as error:
        click.echo(f"✗ {error}", err=True)
        sys.exit(1)
    _tell_left_out(left_out.punches, "punch", "punches", punches)
    if pieces:
        _tell_left_out(left_out.pieces, "line of pieces", "lines of pieces", pieces)


def _month(written: str, minimum: tuple[str, int] | None) -> Month:
    if not re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", written) or written > f"{LAST_YEAR}-12":
        raise click.BadParameter(f"{written!r} is no month: write it like 2026-10", param_hint="--month")
    first_day = date.fromisoformat(f"{written}-01")
    last_day = (first_day + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    try:
        china().kind(first_day)
    except UnknownYear as error:
        raise click.BadParameter(str(error), param_hint="--month") from error
    if minimum is None:
        return Month(first_day, last_day, china())
    try:
        wage = minimum_wage(*minimum, first_day)
    except UnknownDistrict as error:
        raise click.BadParameter(f"{error}; or give --no-minimum", param_hint="--district") from error
    return Month(first_day, last_day, china(), wage.month_fen, wage.hour_fen)


def _tell_left_out(strangers: Counter[str], one: str, many: str, file: Path) -> None:
    if not strangers:
        return
    named = ", ".join(f"{name} ({count})" for name, count in sorted(strangers.items())[:SHOWN_PROBLEMS])
    more = f" and {len(strangers) - SHOWN_PROBLEMS:,} more" if len(strangers) > SHOWN_PROBLEMS else ""
    rows = sum(strangers.values())
    click.echo(
        f"{file.name}: {rows:,} {one if rows == 1 else many} of {_counted(len(strangers), 'person')} "
        f"not on the roster left out: {named}{more}",
        err=True,
    )


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _stop(number: int, _frame: FrameType | None) -> None:
    """End as after Ctrl-C: what was spilled is removed."""
    sys.exit(128 + number)
