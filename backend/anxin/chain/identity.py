"""Whether a node shows the chain we know. Nothing is written to another chain, and nothing believed from one that forgot."""

from typing import Any

from sqlalchemy import select

from anxin.chain.models import FINAL, Block
from anxin.chain.rpc import Rpc, RpcError, RpcUnreachable, hex_number
from anxin.core.database import Sessions
from anxin.core.deployment import Deployment

NO_CODE = ("0x", None)


class ChainChanged(Exception):
    """The chain is not the one that was indexed, or went back behind finality. The chain side stops; a person must look."""


class NodeBehind(Exception):
    """The node does not have the newest final block: it lags, or lost its state. Wait."""


async def check_chain(rpc: Rpc, deployment: Deployment, sessions: Sessions) -> None:
    """Raises ChainChanged where chain id, first block or newest final block are others; NodeBehind without the latter."""
    async with sessions() as session:
        final = await session.scalar(select(Block).where(Block.state == FINAL).order_by(Block.number.desc()).limit(1))
    newest = await check_first_block(rpc, deployment, final.number if final else 0)
    if final is not None and newest is None:
        raise NodeBehind(f"the node does not have block {final.number}, which was final")
    if final is not None and newest["hash"] != final.hash:
        raise ChainChanged(f"block {final.number} was final and is another one now: a reorg deeper than finality")


async def check_first_block(rpc: Rpc, deployment: Deployment, number: int = 0) -> Any:
    """Return the header of block `number`. Raises ChainChanged where chain id or first block are not the deployment's."""
    asked = [("eth_chainId", ()), _header(0), _header(number)]
    for answer in (answers := await rpc.batch(asked)):
        if isinstance(answer, RpcError):
            raise answer
    chain_id, genesis, header = answers
    if not isinstance(genesis, dict | None):
        raise RpcUnreachable("what answers is no node of a chain: its blocks are none")
    if hex_number(chain_id) != deployment.chain_id or genesis is None or genesis["hash"] != deployment.genesis_hash:
        raise ChainChanged(
            "this chain is not the one the contracts were deployed on: deploy again, or point ANXIN_RPC_URL at the "
            "chain of ANXIN_DEPLOYMENT"
        )
    return header


async def has_contract(rpc: Rpc, deployment: Deployment, address: str) -> bool:
    """Whether there is a contract at an address: a call to what is none succeeds, and does nothing.

    After a reorganisation an escrow may be yet to be made again. Raises ChainChanged where the deployment's own are gone:
    such a node has lost them.
    """
    answers = await rpc.batch([("eth_getCode", (each, "latest")) for each in (address, deployment.addresses.factory)])
    for answer in answers:
        if isinstance(answer, RpcError):
            raise answer
    code, factory = answers
    if code in NO_CODE and (factory in NO_CODE or address.lower() in deployment.own_addresses):
        raise ChainChanged(f"the node has no contract at {address} any more, and takes calls to it that do nothing")
    return code not in NO_CODE


def _header(number: int) -> tuple[str, tuple[object, ...]]:
    return "eth_getBlockByNumber", (hex(number), False)
