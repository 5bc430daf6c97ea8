"""The processes that share the work. Roster and month are theirs from the start; what is sent to them is small."""

import gc
import multiprocessing
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Concatenate, Final, ParamSpec, TypeVar

from anxin.payroll.bulk import printed
from anxin.payroll.bulk.roster import Roster
from anxin.payroll.bulk.scan import Found, Part, PieceSpill, PunchSpill, scan_pieces, scan_punches
from anxin.payroll.bulk.settle import Settled, repeated_days, settle
from anxin.payroll.columns import Month

MOST: Final = 4
AHEAD: Final = 2  # results of a process that may wait to be taken

T = TypeVar("T")
P = ParamSpec("P")


class Processes:
    """As many as there are processors, MOST at most."""

    def __init__(self, roster: Roster, month: Month) -> None:
        self.count = min(MOST, _processors())
        # Forked processes have numpy and the roster already; elsewhere they are sent.
        way = "fork" if sys.platform == "linux" else "spawn"
        self.pool = ProcessPoolExecutor(self.count, multiprocessing.get_context(way), _begin, (roster, month))

    def __enter__(self) -> "Processes":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.pool.shutdown(cancel_futures=True)

    def read(self, task: Callable[[Part, Path], Found], parts: Sequence[Part], folder: Path) -> list[Found]:
        """Read parts of a file. Raises Unusual."""
        return list(self.pool.map(task, parts, [folder / str(n) for n in range(len(parts))]))

    def in_order(
        self, task: Callable[Concatenate[int, P], T], partitions: int, *args: P.args, **kwargs: P.kwargs
    ) -> Iterator[T]:
        """What a task returns for each partition, in order; never many ahead of who takes it."""
        waiting: deque[Future[T]] = deque()
        for partition in range(partitions):
            waiting.append(self.pool.submit(task, partition, *args, **kwargs))
            if len(waiting) > AHEAD * self.count:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


# ------------------------------------------------------------------ within a process

_roster: Roster
_month: Month


def _begin(roster: Roster, month: Month) -> None:
    global _roster, _month
    _roster, _month = roster, month
    gc.disable()  # what is made here is in no circles
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that started this one ends it
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def punches_of(part: Part, file: Path) -> Found:
    spill = PunchSpill(file, len(_roster))
    scan_punches(part, _roster, spill)
    return spill.close()


def pieces_of(part: Part, file: Path) -> Found:
    spill = PieceSpill(file, len(_roster))
    scan_pieces(part, _roster, spill)
    return spill.close()


def repeated_days_of(partition: int, pieces: Sequence[Found]) -> list[tuple[int, date]]:
    return repeated_days(pieces, partition)


def json_of(partition: int, punches: Sequence[Found], pieces: Sequence[Found]) -> bytes:
    return printed.json_rows(_settled(partition, punches, pieces), _month)


def table_of(partition: int, punches: Sequence[Found], pieces: Sequence[Found], width: int) -> tuple[bytes, printed.Totals]:
    return printed.table_rows(_settled(partition, punches, pieces), _month, width)


def _settled(partition: int, punches: Sequence[Found], pieces: Sequence[Found]) -> Settled:
    return settle(partition, _roster, punches, pieces, _month)
