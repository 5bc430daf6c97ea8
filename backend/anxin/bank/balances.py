"""The bank's attested balances: kept as they were signed, compared with the supply of tokens, shown to anybody.

    teller ──PUT──► signed by a holder of the bank's role? ──► row ──► each final block: supply at `at` ≤ amount, or an alarm
Nobody but the bank can make one: the operator keeps them, and could only leave them out, which all can see.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.bank.balance_models import AttestedBalance
from anxin.bank.balance_schemas import BalanceView, SignedBalance
from anxin.bank.errors import AttestedAhead, NoBank
from anxin.core.clock import now
from anxin.core.deployment import Deployment
from anxin.core.errors import NotFound
from anxin.core.signing import recover_wallet
from anxin.core.wire import Kept, hex_bytes, signed_digest

SUPPLY_ABOVE, NOT_ATTESTED = "supply above attested balance", "no attested balance"  # alarms
TOKEN = "WageToken"  # noqa: S105 - whom they are about
ATTESTED_WITHIN = timedelta(hours=26)  # a day, and two hours for whoever must look
AHEAD_AT_MOST = timedelta(minutes=5)  # of the chain's clock
LATEST_TIME = 2**37  # Unix seconds, some 2,400 years: what a column can hold


@dataclass(frozen=True, slots=True)
class BankOnChain:
    """What the chain says at its newest block: whether an address holds the bank's role, and the block's time."""

    is_bank: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Supply:
    """Tokens in fen, by final events: up to the instant asked about, and up to the newest; since when there are any."""

    then_fen: int
    now_fen: int
    first_at: datetime | None


AskBank = Callable[[str], Awaitable[BankOnChain]]  # raises ChainSilent
ReadSupply = Callable[[AsyncSession, datetime | None], Awaitable[Supply]]
RaiseAlarm = Callable[[AsyncSession, str, str, str], Awaitable[None]]
ClearAlarm = Callable[[AsyncSession, str, str], Awaitable[bool]]


async def keep_balance(
    session: AsyncSession, deployment: Deployment, digest: str, said: SignedBalance, ask_bank: AskBank
) -> Kept:
    """Keep what the bank signed. Resending changes nothing.

    Raises Malformed, DigestMismatch, NoBank (403), AttestedAhead (422), ChainSilent (503: send it again).
    """
    if said.at > LATEST_TIME:
        raise AttestedAhead(at=said.at)
    words = signed_digest(digest, deployment.token_domain, "Balance", {"at": said.at, "amountFen": said.amount_fen})
    raw, at = hex_bytes(said.signature, 65, "signature"), datetime.fromtimestamp(said.at, UTC)
    signer = recover_wallet(words, raw)
    if await session.get(AttestedBalance, words) is None:
        if signer is None or not (known := await ask_bank(signer)).is_bank:
            raise NoBank(signer=signer or "")
        if at > known.at + AHEAD_AT_MOST:
            raise AttestedAhead(at=said.at)
        row = {
            "digest": words, "at": at, "amount_fen": said.amount_fen, "signature": raw, "signer": signer,
            "received_at": now(),
        }  # fmt: skip
        await session.execute(insert(AttestedBalance).values(row).on_conflict_do_nothing())
    return Kept("0x" + words.hex(), "kept")


async def latest_balance(session: AsyncSession, read_supply: ReadSupply) -> BalanceView:
    """Return the newest attested balance beside the supply at that time. Raises NotFound where there is none."""
    row = await session.scalar(select(AttestedBalance).order_by(AttestedBalance.at.desc()).limit(1))
    if row is None:
        raise NotFound(what="attested balance")
    supply = await read_supply(session, row.at)
    return BalanceView(
        at=int(row.at.timestamp()), amount_fen=row.amount_fen, supply_fen=supply.then_fen,
        ok=supply.then_fen <= row.amount_fen, signature="0x" + row.signature.hex(), signer=row.signer,
        digest="0x" + row.digest.hex(),
    )  # fmt: skip


async def check_balance(
    session: AsyncSession,
    chain_time: datetime,
    *,
    read_supply: ReadSupply,
    raise_alarm: RaiseAlarm,
    clear_alarm: ClearAlarm,
) -> None:
    """On final blocks: the newest attested balance that is not ahead of them covers the supply, and is young enough."""
    row = await session.scalar(
        select(AttestedBalance)
        .where(AttestedBalance.at <= chain_time)
        .order_by(AttestedBalance.at.desc(), AttestedBalance.amount_fen)
        .limit(1)
    )
    supply = await read_supply(session, row.at if row is not None else None)
    if row is not None and supply.then_fen > row.amount_fen:
        text = (
            f"the bank attested {row.amount_fen} fen at {row.at:%Y-%m-%d %H:%M:%S} UTC, and there were {supply.then_fen} "
            "fen of tokens: ask the bank, and compare its statement with the Minted and Burned events since the one before"
        )
        await raise_alarm(session, SUPPLY_ABOVE, TOKEN, text)
    else:
        await clear_alarm(session, SUPPLY_ABOVE, TOKEN)
    since = row.at if row is not None else supply.first_at
    if supply.now_fen > 0 and since is not None and chain_time - since > ATTESTED_WITHIN:
        said = f"none since {since:%Y-%m-%d %H:%M} UTC" if row is not None else "none ever"
        text = f"the bank must say once a day what it holds, and there is {said}: see that its teller runs with --api"
        await raise_alarm(session, NOT_ATTESTED, TOKEN, text)
    else:
        await clear_alarm(session, NOT_ATTESTED, TOKEN)
