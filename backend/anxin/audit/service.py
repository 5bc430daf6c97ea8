"""The audit: books recomputed from events, against the contract's own, against the tokens it holds, against our ledger."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from anxin.audit.books import EscrowBooks, Place, Recomputed
from anxin.audit.recompute import recompute
from anxin.chain.reader import read_events, read_view
from anxin.chain.rpc import Rpc
from anxin.core.deployment import Deployment
from anxin.ledger import service as ledger


async def audit(rpc: Rpc, deployment: Deployment, block: int, session: AsyncSession | None = None) -> Recomputed:
    """Recompute everything up to `block` and compare. Differences are in `findings`.

    Args:
        session: also compare our ledger, which must have booked exactly up to `block`.
    """
    result = recompute(await read_events(rpc, deployment, block), bank=deployment.bank)
    for escrow, books in result.escrows.items():
        stated = await read_view(rpc, "WageEscrow", escrow, "books", block)
        _compare(result, escrow, "the contract", books, _figures(stated))
        await _compare_sheets(rpc, result, escrow, books, block)
        await _compare_disputes(rpc, result, escrow, books, block)
        held = await _balance(rpc, deployment, escrow, block)
        if held < books.funded_fen + books.bond_fen:
            result.findings.append(
                f"{escrow} holds {held} fen of tokens but its books say {books.funded_fen + books.bond_fen}"
            )
        if session is not None:
            own = await ledger.books_of(session, escrow)
            _compare(result, escrow, "the ledger", books, {
                "funded": own.funded_fen, "owed": own.owed_fen, "contested": own.contested_fen, "bond": own.bond_fen,
                "free": own.free_fen,
            })  # fmt: skip
            if (own.released_fen, own.with_bank_fen) != (books.released_fen, books.banked_fen):
                result.findings.append(
                    f"{escrow}: events say released, with the bank = {(books.released_fen, books.banked_fen)}, the ledger "
                    f"says {(own.released_fen, own.with_bank_fen)}"
                )
    await _compare_bank(rpc, deployment, result, block)
    return result


def _figures(stated: Any) -> dict[str, int]:
    return {name: int(stated[name]) for name in ("funded", "owed", "contested", "bond", "free")}


def _compare(result: Recomputed, escrow: str, who: str, books: EscrowBooks, stated: dict[str, int]) -> None:
    recomputed = {
        "funded": books.funded_fen, "owed": books.owed_fen, "contested": books.contested_fen, "bond": books.bond_fen,
        "free": books.free_fen,
    }  # fmt: skip
    if recomputed != stated:
        result.findings.append(f"{escrow}: events say {recomputed}, {who} says {stated}")


async def _compare_sheets(rpc: Rpc, result: Recomputed, escrow: str, books: EscrowBooks, block: int) -> None:
    """Which lines are paid, contested and with the bank, line by line."""
    for sheet_id in sorted({sheet_id for sheet_id, _ in books.lines}):
        stated = await read_view(rpc, "WageEscrow", escrow, "sheet", block, sheetId=sheet_id)
        for name, places in (
            ("released", books.released), ("contested", books.contested), ("banked", books.banked),
        ):  # fmt: skip
            if _bits(places, sheet_id) != stated[name]:
                result.findings.append(f"{escrow}: sheet {sheet_id} has other lines {name} than the events say")


def _bits(places: set[Place], sheet_id: int) -> int:
    return sum(1 << index for sheet, index in places if sheet == sheet_id)


async def _compare_disputes(rpc: Rpc, result: Recomputed, escrow: str, books: EscrowBooks, block: int) -> None:
    count = await read_view(rpc, "WageEscrow", escrow, "disputeCount", block)
    if count != len(books.disputes):
        result.findings.append(f"{escrow} has {count} disputes, the events opened {len(books.disputes)}")
        return
    for number, known in books.disputes.items():
        stated = await read_view(rpc, "WageEscrow", escrow, "dispute", block, disputeId=number)
        recomputed = {
            "workerId": known.worker_id, "asked": known.asked_fen, "granted": known.granted_fen,
            "paid": known.paid_fen, "state": known.state, "banked": known.banked_fen,
        }  # fmt: skip
        if recomputed != {name: stated[name] for name in recomputed}:
            result.findings.append(f"{escrow}: events say dispute {number} is {recomputed}, the contract says {stated}")


async def _compare_bank(rpc: Rpc, deployment: Deployment, result: Recomputed, block: int) -> None:
    """The bank holds what it was given and has neither paid out nor given back."""
    held, given = await _balance(rpc, deployment, deployment.bank, block), sum(
        books.banked_fen for books in result.escrows.values()
    )
    if held < given:
        result.findings.append(f"the bank holds {held} fen of tokens but was given {given} that it has not paid out")


async def _balance(rpc: Rpc, deployment: Deployment, account: str, block: int) -> int:
    return int(
        await read_view(rpc, "WageToken", deployment.addresses.token, "balanceOf", block, account=account)
    )
