"""The Merkle tree over a wage sheet's lines, as SheetTree.sol builds it.

Node i of n leaves pairs with its neighbour into node n + i // 2: the tree is one queue, and OpenZeppelin's multiproof
walks it in the same order. Pairs are hashed in ascending order of value (commutative).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from eth_abi.abi import encode as abi_encode
from eth_utils.crypto import keccak


@dataclass(frozen=True)
class SheetLine:
    """One line as the contract knows it: amount in fen, `day_mask` bit i is the period's day i."""

    index: int
    day_mask: int
    amount_fen: int
    worker_id: bytes
    payslip_hash: bytes

    def leaf(self) -> bytes:
        return keccak(
            abi_encode(
                ["uint8", "uint32", "uint64", "bytes32", "bytes32"],
                [self.index, self.day_mask, self.amount_fen, self.worker_id, self.payslip_hash],
            )
        )


@dataclass(frozen=True)
class SheetProof:
    """Proof that some lines belong to a sheet: sibling hashes, and flags that say when a sibling is among the lines."""

    hashes: list[bytes]
    flags: list[bool]


class SheetTree:
    """All nodes over a sheet's lines (1..256), leaves first, root last."""

    def __init__(self, lines: Sequence[SheetLine]) -> None:
        self._count = len(lines)
        self._nodes = [line.leaf() for line in lines]
        for i in range(self._count - 1):
            self._nodes.append(_pair(self._nodes[2 * i], self._nodes[2 * i + 1]))

    @property
    def root(self) -> bytes:
        return self._nodes[-1]

    def proof(self, indexes: Sequence[int]) -> SheetProof:
        """Return the multiproof of the lines at `indexes`, which ascend and do not repeat."""
        queue, hashes, flags = list(indexes), list[bytes](), list[bool]()
        while queue[0] != len(self._nodes) - 1:
            node = queue.pop(0)
            together = bool(queue) and queue[0] == node ^ 1
            flags.append(together)
            if together:
                queue.pop(0)
            else:
                hashes.append(self._nodes[node ^ 1])
            queue.append(self._count + node // 2)
        return SheetProof(hashes, flags)


def _pair(a: bytes, b: bytes) -> bytes:
    return keccak(a + b if a < b else b + a)
