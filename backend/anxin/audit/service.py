"""The audit: books recomputed from events, against the contract's own, against the tokens it holds, against our ledger."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from anxin.audit.recompute import EscrowBooks, Recomputed, recompute
from anxin.chain.contracts import decode_result, encode_call
from anxin.chain.reader import read_events, read_view
from anxin.chain.rpc import Rpc
from anxin.core.calls import Call
from anxin.core.deployment import Deployment
from anxin.ledger import service as ledger


async def audit(rpc: Rpc, deployment: Deployment, block: int, session: AsyncSession | None = None) -> Recomputed:
    """Recompute everything up to `block` and compare. Differences are in `findings`.

    Args:
        session: also compare our ledger, which must have booked exactly up to `block`.
    """
    result = recompute(await read_events(rpc, deployment, block))
    for escrow, books in result.escrows.items():
        stated: Any = await read_view(rpc, "WageEscrow", escrow, "books", block)
        _compare(result, escrow, "the contract", books, stated["funded"], stated["owed"], stated["contested"])
        held = await _balance(rpc, deployment, escrow, block)
        if held < books.funded_fen:
            result.findings.append(f"{escrow} holds {held} fen of tokens but its books say {books.funded_fen}")
        if session is not None:
            own = await ledger.books_of(session, escrow)
            _compare(result, escrow, "the ledger", books, own.funded_fen, own.owed_fen, own.contested_fen)
    return result


def _compare(
    result: Recomputed, escrow: str, who: str, books: EscrowBooks, funded: int, owed: int, contested: int
) -> None:
    recomputed = (books.funded_fen, books.owed_fen, books.contested_fen)
    if recomputed != (funded, owed, contested):
        result.findings.append(
            f"{escrow}: events say funded, owed, contested = {recomputed}, {who} says {(funded, owed, contested)}"
        )


async def _balance(rpc: Rpc, deployment: Deployment, escrow: str, block: int) -> int:
    token = deployment.addresses.token
    data = encode_call(Call("", "WageToken", token, "balanceOf", {"account": escrow}))
    answer = await rpc.call("eth_call", {"to": token, "data": data}, hex(block))
    return int(decode_result("WageToken", "balanceOf", answer))
