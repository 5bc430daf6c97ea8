"""All events of a deployment, straight from a node: what an auditor needs, without our database."""

from typing import Any

from anxin.chain.contracts import decode_log, decode_result, encode_call
from anxin.chain.identity import NodeBehind
from anxin.chain.rpc import Rpc, RpcError
from anxin.core.calls import Call
from anxin.core.deployment import Deployment
from anxin.core.events import Event

BLOCKS_A_RANGE = 2000


async def read_events(rpc: Rpc, deployment: Deployment, to_block: int) -> list[Event]:
    """Return every event of the deployment's contracts and escrows up to `to_block`, in order. Raises NodeBehind."""
    if await rpc.head() < to_block:
        raise NodeBehind(f"the node does not have block {to_block} yet")
    addresses = deployment.addresses
    contracts = {
        addresses.token.lower(): "WageToken",
        addresses.registry.lower(): "WorkerRegistry",
        addresses.factory.lower(): "WageEscrowFactory",
    }
    first, last = deployment.start_block, to_block
    events = await read_events_of(rpc, contracts, first, last)
    escrows = {event.args["escrow"]: "WageEscrow" for event in events if event.name == "EscrowCreated"}
    if escrows:
        events += await read_events_of(rpc, escrows, first, last)
    return sorted(events, key=lambda event: (event.block_number, event.log_index))


async def read_events_of(rpc: Rpc, contracts: dict[str, str], first: int, last: int) -> list[Event]:
    """Return the events of these contracts (lower-case address → name) in these blocks."""
    logs: list[dict[str, Any]] = []
    for start in range(first, last + 1, BLOCKS_A_RANGE):
        logs += await _logs(rpc, contracts, start, min(last, start + BLOCKS_A_RANGE - 1))
    times = await _times(rpc, {each["blockNumber"] for each in logs if "blockTimestamp" not in each})
    decoded = [
        decode_log(
            contracts[each["address"].lower()], each, int(each.get("blockTimestamp") or times[each["blockNumber"]], 16)
        )
        for each in logs
    ]
    return [event for event in decoded if event is not None]


async def _logs(rpc: Rpc, contracts: dict[str, str], first: int, last: int) -> list[dict[str, Any]]:
    """A range, in halves where the node finds it too long."""
    wanted = {"fromBlock": hex(first), "toBlock": hex(last), "address": list(contracts)}
    try:
        found: list[dict[str, Any]] = await rpc.call("eth_getLogs", wanted)
    except RpcError:
        if first == last:
            raise
        middle = (first + last) // 2
        return await _logs(rpc, contracts, first, middle) + await _logs(rpc, contracts, middle + 1, last)
    return found


async def _times(rpc: Rpc, numbers: set[str]) -> dict[str, str]:
    """Timestamps by block, from the headers: not every node puts them into its logs."""
    blocks = await rpc.batch([("eth_getBlockByNumber", (number, False)) for number in numbers])
    return {number: block["timestamp"] for number, block in zip(numbers, blocks, strict=True)}


async def read_view(rpc: Rpc, contract: str, address: str, function: str, block: int, **arguments: Any) -> Any:
    """Return what a view says at a block."""
    data = encode_call(Call("", contract, address, function, arguments))
    answer = await rpc.call("eth_call", {"to": address, "data": data}, hex(block))
    return decode_result(contract, function, answer)
