"""Trying a call out before it is signed: would it revert, how much gas does it use, what does it read?

A large batch is run once only: what names the slots it reads (EIP-2930, 200 gas a wage) says what it used, too, while an
estimate runs it a dozen times to find the least gas. Why one would revert only an estimate says.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping
from typing import Any

import structlog

from anxin.chain.identity import has_contract
from anxin.chain.lane import Lane
from anxin.chain.rpc import REVERTED, RpcError
from anxin.chain.transactions import Transaction

LARGE_GAS = 500_000  # from here on it pays to ask what a call will read
LARGE_DATA = 16_000  # characters of 0x-hex: such a call is large
NO_CONTRACT = "there is no contract at this address"

log = structlog.get_logger()


async def try_ahead(
    lane: Lane, groups: Iterable[Mapping[int, Transaction]]
) -> AsyncGenerator[tuple[Mapping[int, Transaction], dict[int, int | RpcError]], None]:
    """Yield each group with what `try_out` says of it; the next is tried out while this one is dealt with."""
    trying: asyncio.Task[dict[int, int | RpcError]] | None = None
    before: Mapping[int, Transaction] = {}
    try:
        for some in groups:
            tried = None if trying is None else await trying
            trying = asyncio.create_task(try_out(lane, some))
            if tried is not None:
                yield before, tried
            before = some
        if trying is not None:
            yield before, await trying
    finally:
        if trying is not None:
            trying.cancel()
            await asyncio.gather(trying, return_exceptions=True)


async def try_out(lane: Lane, transactions: Mapping[int, Transaction]) -> dict[int, int | RpcError]:
    """Return the gas each call uses on the newest block, or what the node says against it; name what large ones read.

    A call to where no contract is would succeed, and do nothing: it is as if the node had said so.
    """
    tried: dict[int, int | RpcError] = {}
    for call_pk, made in transactions.items():
        if not await _is_there(lane, made["to"]):
            tried[call_pk] = RpcError(REVERTED, NO_CONTRACT)
        elif len(made["data"]) >= LARGE_DATA and (used := await _announce_reads(lane, made)) is not None:
            tried[call_pk] = used
    others = {call_pk: made for call_pk, made in transactions.items() if call_pk not in tried}
    answers = await lane.rpc.batch([("eth_estimateGas", ({**made, "from": lane.address},)) for made in others.values()])
    for (call_pk, made), answer in zip(others.items(), answers, strict=True):
        tried[call_pk] = answer if isinstance(answer, RpcError) else int(answer, 16)
        if not isinstance(answer, RpcError) and int(answer, 16) >= LARGE_GAS and len(made["data"]) < LARGE_DATA:
            await _announce_reads(lane, made, below=int(answer, 16))
    return tried


async def _is_there(lane: Lane, address: str) -> bool:
    """Whether the contract is there; looked up once. The deployment's own are looked after by what reads receipts."""
    at = address.lower()
    if at not in lane.contracts and (
        at in lane.deployment.own_addresses or await has_contract(lane.rpc, lane.deployment, address)
    ):
        lane.contracts.add(at)
    return at in lane.contracts


async def _announce_reads(lane: Lane, made: Transaction, below: float = float("inf")) -> int | None:
    """Name what a call will read, where it then uses less gas than `below`; return how much.

    None where it does not, or would revert, or where the node cannot tell: that is no obstacle.
    """
    try:
        answer: dict[str, Any] = await lane.rpc.call("eth_createAccessList", {**made, "from": lane.address}, "latest")
    except RpcError as error:
        log.info("the node makes no access list", answer=error.message)
        return None
    if "error" in answer or int(answer["gasUsed"], 16) >= below:
        return None
    made["accessList"] = answer["accessList"]
    return int(answer["gasUsed"], 16)
