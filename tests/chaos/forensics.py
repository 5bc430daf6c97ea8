"""What a node and our rows say of calls that are final though nothing of them is on the chain."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.chain.models import Block, RelayAttempt, RelayCall
from anxin.chain.rpc import Rpc, RpcError


async def forensics(rpc: Rpc, session: AsyncSession, keys: Iterable[str]) -> str:
    """Every attempt of these calls with its receipt, the block now at that height, that block's logs, and our own rows."""
    found = [f"head {await rpc.head()}"]
    for call in await session.scalars(select(RelayCall).where(RelayCall.key.in_(list(keys)))):
        found.append(f"call {call.key} {call.call['function']}: {call.state} {call.reason or ''} nonce {call.nonce}")
        for attempt in await session.scalars(select(RelayAttempt).where(RelayAttempt.call_pk == call.id)):
            found += await _of_attempt(rpc, session, attempt)
    return "\n".join(found)


async def _of_attempt(rpc: Rpc, session: AsyncSession, attempt: RelayAttempt) -> list[str]:
    lines = [
        f"  {attempt.tx_hash} nonce {attempt.nonce} of {attempt.relayer}, closed {attempt.closed}, "
        f"mined in {attempt.mined_block} by our rows, no-op {attempt.no_op}, last answer {attempt.answer!r}"
    ]
    receipt: Any = await rpc.call("eth_getTransactionReceipt", attempt.tx_hash)
    if receipt is None:
        return [*lines, "    no receipt"]
    number, block_hash = receipt["blockNumber"], receipt["blockHash"]
    now = await rpc.call("eth_getBlockByNumber", number, False)
    ours = (await session.execute(select(Block.hash, Block.state).where(Block.number == int(number, 16)))).all()
    lines.append(
        f"    receipt: status {receipt['status']}, gas used {receipt['gasUsed']}, {len(receipt['logs'])} logs, block "
        f"{int(number, 16)} {block_hash}; the node now has {now and now['hash']} there, our rows {list(map(tuple, ours))}"
    )
    try:
        logs = await rpc.call("eth_getLogs", {"blockHash": block_hash})
        lines += [f"    log {each['logIndex']} of {each['transactionHash']} {each['topics'][0]}" for each in logs]
    except RpcError as error:
        lines.append(f"    the node has no logs of that block: {error}")
    return lines
