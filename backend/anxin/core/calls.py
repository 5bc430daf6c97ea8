"""Contract calls as features ask for them: by name, without knowing how a chain is reached.

A feature enqueues a `relay` job with a `Call`; `chain` encodes, signs, stores and sends it. `key` makes it idempotent: the
same key is relayed once.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core import jobs
from anxin.core.signing import Value

FIRST = 1  # a priority: what is ready does not wait behind what is still to be prepared


class Call(msgspec.Struct, frozen=True):
    """One call. Arguments by the ABI's names; bytes as 0x-hex, structs as objects."""

    key: str
    contract: str
    address: str
    function: str
    arguments: dict[str, Any]


class Refusal(msgspec.Struct, frozen=True):
    """Why the chain will not take a call: the contract's error and its values, in order."""

    error: str
    values: list[Any]

    def __str__(self) -> str:
        return f"{self.error}({', '.join(str(value) for value in self.values)})"


def signed_words(message: Mapping[str, Value]) -> dict[str, int | str]:
    """Return a signed message as a call's arguments: the same names, bytes as 0x-hex."""
    return {name: "0x" + value.hex() if isinstance(value, bytes) else value for name, value in message.items()}


async def relay(session: AsyncSession, call: Call) -> None:
    """Ask for a call, if and when the session's transaction commits."""
    await jobs.enqueue(session, "relay", msgspec.to_builtins(call), priority=FIRST)
