"""What was read, kept on disk by partition: some thousands of workers that follow each other.

A block's rows are a run, in order of partition; a partition's rows are a slice of every run.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np

from anxin.payroll.columns import WORKER_BIT, Ints

PARTITION_BITS: Final = 12  # 4,096 workers
WORKERS: Final = 1 << PARTITION_BITS


def partitions(workers: int) -> int:
    return -(-workers // WORKERS)


@dataclass(frozen=True)
class Runs:
    """A file of runs. `edges[run, partition]`: the row of the file at which the partition begins in the run."""

    file: Path
    width: int
    edges: Ints

    def read(self, partition: int) -> Ints:
        """Return a partition's rows, (rows, width), run after run."""
        size = 8 * self.width
        with self.file.open("rb") as rows:
            parts = [
                _slice(rows, begin * size, end * size) for begin, end in self.edges[:, partition : partition + 2].tolist()
            ]
        return np.frombuffer(b"".join(parts), np.int64).reshape(-1, self.width)


def _slice(rows: BinaryIO, begin: int, end: int) -> bytes:
    rows.seek(begin)
    return rows.read(end - begin)


class Spill:
    """Writes runs. Rows are of `width` integers, the first with the worker in its upper bits."""

    def __init__(self, file: Path, width: int, workers: int) -> None:
        self.path, self.width, self.count = file, width, 0
        self.partitions = np.arange(partitions(workers) + 1)
        self.edges: list[Ints] = []
        self.file = file.open("wb", buffering=0)

    def add(self, *columns: Ints) -> None:
        if not len(columns[0]):
            return
        partition = (columns[0] >> PARTITION_BITS + WORKER_BIT).astype(np.uint16)
        order = np.argsort(partition, kind="stable")
        self.edges.append(self.count + np.searchsorted(partition[order], self.partitions))
        self.count += len(order)
        self.file.write(np.column_stack([column[order] for column in columns]).tobytes())

    def close(self) -> Runs:
        self.file.close()
        edges = np.array(self.edges, np.int64).reshape(-1, len(self.partitions))
        return Runs(self.path, self.width, edges)


def read_all(runs: Iterable[Runs], partition: int) -> Ints:
    """Return a partition's rows of several files, in order of their first integer."""
    parts = [some.read(partition) for some in runs]
    rows = np.concatenate(parts) if len(parts) > 1 else parts[0]
    return np.sort(rows, axis=0) if rows.shape[1] == 1 else rows[np.argsort(rows[:, 0], kind="stable")]
