"""A block header's logs bloom: which contracts may have logs in the block. It can say yes wrongly, never no.

Source: Yellow Paper §4.4.1, function M3:2048.
"""

from collections.abc import Iterable
from functools import lru_cache

from eth_utils.crypto import keccak

from anxin.core.signing import from_hex


def may_have_logs(bloom: str, addresses: Iterable[str]) -> bool:
    bits = int(bloom, 16)
    return any(bits & mask == mask for mask in map(_mask, addresses))


@lru_cache(4096)
def _mask(address: str) -> int:
    hashed = keccak(from_hex(address))
    return sum({1 << (int.from_bytes(hashed[i : i + 2]) & 2047) for i in (0, 2, 4)})
