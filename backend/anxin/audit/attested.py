"""The supply of tokens from events alone, and whether what the bank attested covers it. Asks no server of ours."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
from eth_abi.exceptions import EncodingError

from anxin.chain.reader import read_events_of, read_view
from anxin.chain.roles import BANK, holds_role
from anxin.chain.rpc import Rpc
from anxin.core.deployment import Deployment
from anxin.core.events import Event
from anxin.core.signing import digest, from_hex, recover_wallet


class AttestationFile(msgspec.Struct, rename="camel"):
    """What `GET /api/bank/balances/latest` answers, or the bank hands out; only what the bank signed is believed of it."""

    at: int
    amount_fen: int
    signature: str


class NoAttestation(Exception):
    """The file is none."""


def read_attestation(file: Path) -> AttestationFile:
    """Raises NoAttestation."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=AttestationFile)
    except (OSError, msgspec.DecodeError) as error:
        raise NoAttestation(f"{file} is no attested balance: {error}") from error


async def token_events(rpc: Rpc, deployment: Deployment, block: int) -> list[Event]:
    contracts = {deployment.addresses.token.lower(): "WageToken"}
    found = await read_events_of(rpc, contracts, deployment.start_block, block)
    return [event for event in found if event.name in ("Minted", "Burned")]


def supply_of(events: list[Event], until: datetime | None = None) -> int:
    """Return the tokens in fen, minted and not burned, up to an instant, or in all."""
    return sum(
        event.args["amount"] * (1 if event.name == "Minted" else -1)
        for event in events
        if until is None or event.block_time <= until
    )


async def check_supply(rpc: Rpc, deployment: Deployment, events: list[Event], block: int) -> list[str]:
    stated = int(await read_view(rpc, "WageToken", deployment.addresses.token, "totalSupply", block))
    found = supply_of(events)
    return [] if found == stated else [f"the token says its supply is {stated} fen, mints and burns amount to {found}"]


async def check_attestation(rpc: Rpc, deployment: Deployment, events: list[Event], said: AttestationFile) -> list[str]:
    """Return what is wrong: not the bank's signature, or less than the tokens of that moment."""
    try:
        words = digest(deployment.token_domain, "Balance", {"at": said.at, "amountFen": said.amount_fen})
        signer, at = recover_wallet(words, from_hex(said.signature)), datetime.fromtimestamp(said.at, UTC)
    except (ValueError, OverflowError, OSError, EncodingError):
        return ["the attested balance is no signed word of anybody's"]
    is_bank, newest = await holds_role(rpc, deployment, BANK, signer) if signer is not None else (False, at)
    if not is_bank:
        return [f"the attested balance is signed by {signer}, who does not hold the bank's role"]
    if at > newest:
        return [f"the balance is attested for {at:%Y-%m-%d %H:%M:%S} UTC, after the chain's newest block"]
    supply = supply_of(events, at)
    if supply > said.amount_fen:
        when = f"{at:%Y-%m-%d %H:%M:%S} UTC"
        return [f"the bank attested {said.amount_fen} fen at {when}, when there were {supply} fen of tokens"]
    return []
