"""A wage sheet's lines as the contract takes them, and the Merkle tree over them: SheetLines.sol and SheetTree.sol.

Node i of n leaves pairs with its neighbour into node n + i // 2, the even one left: the tree is one queue, and the indexes
of some lines alone say which siblings their proof must bring.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sha3 import keccak_256

LINE_BYTES: Final = 61
WORKER_ID_BYTES: Final = 16  # the rest of a worker id's 32 bytes is zero


@dataclass(frozen=True)
class SheetLine:
    """One line as the contract knows it: amount in fen, `day_mask` bit i is the period's day i, `worker_id` 32 bytes."""

    index: int
    day_mask: int
    amount_fen: int
    worker_id: bytes
    payslip_hash: bytes

    def packed(self) -> bytes:
        """Return the line's 61 bytes. Raises ValueError where the worker id is longer than a line has room for."""
        if any(self.worker_id[WORKER_ID_BYTES:]):
            raise ValueError("worker id does not end in 16 zero bytes")
        return (
            self.index.to_bytes(1)
            + self.day_mask.to_bytes(4)
            + self.amount_fen.to_bytes(8)
            + self.worker_id[:WORKER_ID_BYTES]
            + self.payslip_hash
        )

    @classmethod
    def unpacked(cls, line: bytes) -> "SheetLine":
        """Return the line of these 61 bytes."""
        return cls(
            line[0],
            int.from_bytes(line[1:5]),
            int.from_bytes(line[5:13]),
            line[13:29] + bytes(32 - WORKER_ID_BYTES),
            line[29:],
        )

    def leaf(self) -> bytes:
        return bytes(keccak_256(self.packed()).digest())


def pack_lines(lines: Sequence[SheetLine]) -> bytes:
    return b"".join(line.packed() for line in lines)


def unpack_lines(packed: bytes) -> list[SheetLine]:
    """Return the lines of a `SheetPosted` event or a call."""
    return [SheetLine.unpacked(packed[at : at + LINE_BYTES]) for at in range(0, len(packed), LINE_BYTES)]


class SheetTree:
    """All nodes over a sheet's lines (1..256), leaves first, root last."""

    def __init__(self, lines: Sequence[SheetLine]) -> None:
        self._count = len(lines)
        self._nodes = [line.leaf() for line in lines]
        for i in range(self._count - 1):
            self._nodes.append(keccak_256(self._nodes[2 * i] + self._nodes[2 * i + 1]).digest())

    @property
    def root(self) -> bytes:
        return self._nodes[-1]

    def proof(self, indexes: Sequence[int]) -> list[bytes]:
        """Return the siblings that prove the lines at `indexes`, which ascend and do not repeat."""
        queue, hashes = list(indexes), list[bytes]()
        while queue[0] != len(self._nodes) - 1:
            node = queue.pop(0)
            if queue and queue[0] == node ^ 1:
                queue.pop(0)
            else:
                hashes.append(self._nodes[node ^ 1])
            queue.append(self._count + node // 2)
        return hashes
