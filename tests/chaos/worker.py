"""The real worker process, but for three things: it dies at the boundary it is told to, its clock can be set, and what it
has locked it may keep for a few seconds of silence only.

    python -m tests.chaos.worker FOLDER        settings from the environment, as `anxin worker`

FOLDER/clock: seconds that this process is ahead. Beside FOLDER, kill-at-NAME: whoever reaches that boundary first takes the
file away and kills itself; killed: a line for each that has.
"""

import asyncio
import os
import signal
import sys
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from anxin.core import clock

FOLDER = Path(sys.argv[1])
REAL_NOW = clock.now
RESEND_SECONDS = 2
SILENT_SECONDS = 4


def shifted_now() -> datetime:
    return REAL_NOW() + timedelta(seconds=float((FOLDER / "clock").read_text() or 0))


clock.now = shifted_now  # before anybody imports it by name

from anxin import worker  # noqa: E402
from anxin.chain import leader  # noqa: E402
from anxin.chain.steps import Boundary  # noqa: E402
from anxin.core import database  # noqa: E402
from anxin.settings import Settings  # noqa: E402


async def die_where_told(boundary: Boundary) -> None:
    try:
        (FOLDER.parent / f"kill-at-{boundary.name}").unlink()
    except FileNotFoundError:
        return
    with (FOLDER.parent / "killed").open("a") as killed:
        killed.write(f"{boundary.name}\n")
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    changed: Any = worker
    leader.SILENT_SECONDS = SILENT_SECONDS
    database.LET_GO["idle_in_transaction_session_timeout"] = f"{SILENT_SECONDS}s"
    changed.Relayer = partial(worker.Relayer, at=die_where_told)
    changed.Bounds = partial(
        worker.Bounds, resend_after=timedelta(seconds=RESEND_SECONDS), help_after=timedelta(seconds=RESEND_SECONDS)
    )
    asyncio.run(worker.run(Settings.from_environment()))


if __name__ == "__main__":
    main()
