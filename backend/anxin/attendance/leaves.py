"""Attendance records as leaves of a Merkle tree, as OpenZeppelin's MerkleProof checks it. Pure.

A leaf is keccak256(keccak256(text)): twice, so that no inner node can pass for a record. Leaves ascend; of a pair the
smaller is hashed first; a node without a neighbour moves up as it is.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from eth_utils.crypto import keccak

Node = bytes  # 32


def text_of(record: Mapping[str, Any]) -> str:
    """Return the canonical text of a record: JSON, members in order, instants in UTC to the microsecond, bytes as 0x-hex."""
    named = {key: "0x" + value.hex() if isinstance(value, bytes) else value for key, value in record.items()}
    return msgspec.json.encode(named, order="sorted").decode()


def leaf_of(text: str) -> Node:
    return keccak(keccak(text.encode()))


def root_of(leaves: Sequence[Node]) -> Node:
    """Return the root over ascending leaves (at least one)."""
    level = list(leaves)
    while len(level) > 1:
        level = _above(level)
    return level[0]


def proof_of(leaves: Sequence[Node], position: int) -> list[Node]:
    """Return the siblings of a leaf from the bottom up."""
    level, proof = list(leaves), list[Node]()
    while len(level) > 1:
        neighbour = position ^ 1
        if neighbour < len(level):
            proof.append(level[neighbour])
        level, position = _above(level), position // 2
    return proof


def _above(level: Sequence[Node]) -> list[Node]:
    paired = [_pair(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
    return paired + list(level[len(paired) * 2 :])


def _pair(one: Node, other: Node) -> Node:
    return keccak(one + other) if one < other else keccak(other + one)
