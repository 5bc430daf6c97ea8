"""All events of a deployment, straight from a node: what an auditor needs, without our database."""

from anxin.chain.contracts import decode_log, decode_result, encode_call
from anxin.chain.rpc import Rpc
from anxin.core.calls import Call
from anxin.core.deployment import Deployment
from anxin.core.events import Event

BLOCKS_A_RANGE = 2000


async def read_events(rpc: Rpc, deployment: Deployment, to_block: int) -> list[Event]:
    """Return every event of the deployment's contracts and escrows up to `to_block`, in order."""
    addresses = deployment.addresses
    contracts = {
        addresses.token.lower(): "WageToken",
        addresses.registry.lower(): "WorkerRegistry",
        addresses.factory.lower(): "WageEscrowFactory",
    }
    events = await _read(rpc, deployment, to_block, contracts)
    escrows = {event.args["escrow"]: "WageEscrow" for event in events if event.name == "EscrowCreated"}
    if escrows:
        events += await _read(rpc, deployment, to_block, escrows)
    return sorted(events, key=lambda event: (event.block_number, event.log_index))


async def _read(rpc: Rpc, deployment: Deployment, to_block: int, contracts: dict[str, str]) -> list[Event]:
    events: list[Event] = []
    for start in range(deployment.start_block, to_block + 1, BLOCKS_A_RANGE):
        end = min(to_block, start + BLOCKS_A_RANGE - 1)
        wanted = {"fromBlock": hex(start), "toBlock": hex(end), "address": list(contracts)}
        for log in await rpc.call("eth_getLogs", wanted):
            event = decode_log(contracts[log["address"].lower()], log, int(log.get("blockTimestamp", "0x0"), 16))
            if event is not None:
                events.append(event)
    return events


async def read_view(rpc: Rpc, contract: str, address: str, function: str, block: int) -> object:
    """Return what a view without arguments says at a block."""
    data = encode_call(Call("", contract, address, function, {}))
    answer = await rpc.call("eth_call", {"to": address, "data": data}, hex(block))
    return decode_result(contract, function, answer)
