"""Staff sign in with a wallet: it signs a text that says so (ERC-4361), and that opens a session of twelve hours.

    address ──► text with a fresh nonce ──► personal_sign in the wallet ──► session

Only the very text we wrote is accepted: it is written again from what was kept and compared, so that nothing of it has to be
interpreted. A session says whose wallet this is and nothing more; what it may do on a project its parties say
(`projects/access.py`). Whatever moves money is signed by itself and needs no session.

Contract wallets (ERC-1271) cannot sign in: their word is only known on the chain.
"""

import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core.clock import now
from anxin.core.signing import recover_wallet
from anxin.core.wire import hex_address, hex_bytes
from anxin.people.errors import ChallengeGone, NotStaff, NotTheirWallet, TooManyChallenges
from anxin.people.models import StaffChallenge, StaffSession
from anxin.people.schemas import StaffChallengeSent, StaffSessionOpened

CHALLENGE_SECONDS: Final = 300
SESSION_HOURS: Final = 12
CHALLENGES_AT_ONCE: Final = 20  # per address, in the life of a challenge
AUDIENCE: Final = "anxin-staff"
ISSUER: Final = "anxin"
STATEMENT: Final = "Sign in to Anxin. This costs nothing and moves no money."

_NONCE = re.compile(r"^Nonce: ([0-9a-f]{32})$", re.MULTILINE)


@dataclass(frozen=True)
class Staff:
    """Whoever is signed in with a wallet. `address` is 0x, lower case."""

    address: str
    session_id: str = ""


@dataclass(frozen=True)
class Place:
    """Where a text counts: our own address as browsers know it, and the chain."""

    public_url: str
    chain_id: int


class StaffKey:
    """Signs and checks staff's tokens (EdDSA), which name an audience of their own: a worker's token is none of them."""

    def __init__(self, seed_hex: str) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed_hex))
        self._public = self._private.public_key()

    def issue(self, session: StaffSession) -> str:
        claims = {
            "iss": ISSUER, "aud": AUDIENCE, "sub": session.address, "jti": session.id, "iat": session.opened_at,
            "exp": session.expires_at,
        }  # fmt: skip
        return jwt.encode(claims, self._private, algorithm="EdDSA")

    def read(self, token: str) -> Staff:
        """Raises NotStaff."""
        try:
            claims = jwt.decode(
                token, self._public, algorithms=["EdDSA"], issuer=ISSUER, audience=AUDIENCE,
                options={"require": ["exp", "sub", "iss", "aud", "jti"]},
            )  # fmt: skip
        except jwt.InvalidTokenError as error:
            raise NotStaff() from error
        return Staff(claims["sub"], claims["jti"])


async def challenge(session: AsyncSession, place: Place, address: str) -> StaffChallengeSent:
    """Return a text for the wallet of `address` to sign. Raises Malformed, TooManyChallenges."""
    account = hex_address(address, "address")
    await _check_rate(session, account)
    nonce, issued = secrets.token_hex(16), now().replace(microsecond=0)
    row = StaffChallenge(
        nonce_hash=_hash(nonce), address=account, issued_at=issued,
        expires_at=issued + timedelta(seconds=CHALLENGE_SECONDS),
    )  # fmt: skip
    session.add(row)
    return StaffChallengeSent(message_of(place, row, nonce), row.expires_at)


def message_of(place: Place, row: StaffChallenge, nonce: str) -> str:
    """Return the text of a challenge, in the form of ERC-4361."""
    account = to_checksum_address(row.address)
    return (
        f"{urlsplit(place.public_url).netloc} wants you to sign in with your Ethereum account:\n{account}\n\n"
        f"{STATEMENT}\n\nURI: {place.public_url}\nVersion: 1\nChain ID: {place.chain_id}\nNonce: {nonce}\n"
        f"Issued At: {_written(row.issued_at)}\nExpiration Time: {_written(row.expires_at)}"
    )


async def open_session(
    session: AsyncSession, key: StaffKey, place: Place, message: str, signature: str
) -> StaffSessionOpened:
    """Open a session for the wallet that signed `message`. A text opens one session.

    Raises ChallengeGone, NotTheirWallet, Malformed.
    """
    raw = hex_bytes(signature, 65, "signature")
    found = _NONCE.search(message)
    if found is None:
        raise ChallengeGone()
    row = await session.get(StaffChallenge, _hash(found[1]), with_for_update=True)
    gone = row is None or row.used_at is not None or row.expires_at <= now()
    if row is None or gone or message != message_of(place, row, found[1]):
        raise ChallengeGone()
    if recover_wallet(personal_digest(message), raw) != row.address:
        raise NotTheirWallet(address=row.address)
    opened = row.used_at = now()
    kept = StaffSession(
        id=secrets.token_hex(16), address=row.address, opened_at=opened,
        expires_at=opened + timedelta(hours=SESSION_HOURS),
    )  # fmt: skip
    session.add(kept)
    return StaffSessionOpened(key.issue(kept), kept.address, kept.expires_at)


def personal_digest(message: str) -> bytes:
    """Return what a wallet's personal_sign signs (EIP-191)."""
    text = message.encode()
    return keccak(b"\x19Ethereum Signed Message:\n" + str(len(text)).encode() + text)


async def staff_of(session: AsyncSession, key: StaffKey, token: str) -> Staff:
    """Return whose session a token is. Raises NotStaff where it is none, or has ended."""
    staff = key.read(token)
    known = await session.get(StaffSession, staff.session_id)
    if known is None or known.ended_at is not None or known.address != staff.address:
        raise NotStaff()
    return staff


async def close_session(session: AsyncSession, staff: Staff) -> None:
    await session.execute(update(StaffSession).where(StaffSession.id == staff.session_id).values(ended_at=now()))


async def _check_rate(session: AsyncSession, address: str) -> None:
    """Raises TooManyChallenges. What has expired goes; whoever asks for the same address meanwhile waits."""
    await session.execute(select(func.pg_advisory_xact_lock(int.from_bytes(_hash(address)[:8], signed=True))))
    await session.execute(delete(StaffChallenge).where(StaffChallenge.expires_at <= now()))
    oldest, count = (
        await session.execute(
            select(func.min(StaffChallenge.expires_at), func.count()).where(StaffChallenge.address == address)
        )
    ).one()
    if count >= CHALLENGES_AT_ONCE:
        raise TooManyChallenges(retry_after_seconds=max(1, int((oldest - now()).total_seconds())))


def _written(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _hash(text: str) -> bytes:
    return sha256(text.encode()).digest()
