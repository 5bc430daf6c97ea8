"""Signing in: a phone number and a one-time code open a session that can read. Nothing that binds is authorised by it.

A number is never identity and never authority (it may be recycled, shared or swapped): what binds a worker is the key.
"""

import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core import jobs
from anxin.core.clock import now
from anxin.core.errors import CodeExpired, TooManyCodes, Unauthorized, WrongCode
from anxin.core.language import Language
from anxin.core.sealing import sealer
from anxin.people.models import LoginCode, RefreshToken, Worker
from anxin.people.phone import normal_phone
from anxin.people.schemas import LoginCodeSent

CODE_SECONDS = 300
RESEND_SECONDS = 60
# At most so many codes in so many seconds, to one number. Five guesses each make 50 in a million a day.
RATES = ((1, RESEND_SECONDS), (5, 3600), (10, 86400))
ATTEMPTS_PER_CODE = 5
ACCESS_SECONDS = 900
REFRESH_DAYS = 90
LOST_ANSWER = timedelta(seconds=60)
ISSUER = "anxin"


@dataclass(frozen=True)
class Tokens:
    access: str
    refresh: str


class SessionKey:
    """Signs and checks access tokens (EdDSA). One key for all API processes."""

    def __init__(self, seed_hex: str) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed_hex))
        self._public = self._private.public_key()

    def issue(self, worker_pk: int) -> str:
        issued = now()
        claims = {"iss": ISSUER, "sub": str(worker_pk), "iat": issued, "exp": issued + timedelta(seconds=ACCESS_SECONDS)}
        return jwt.encode(claims, self._private, algorithm="EdDSA")

    def read(self, token: str) -> int:
        """Return the worker's primary key. Raises Unauthorized."""
        try:
            claims = jwt.decode(
                token, self._public, algorithms=["EdDSA"], issuer=ISSUER, options={"require": ["exp", "sub", "iss"]}
            )
            return int(claims["sub"])
        except (jwt.InvalidTokenError, ValueError) as error:
            raise Unauthorized() from error


async def send_code(session: AsyncSession, phone: str, language: Language) -> LoginCodeSent:
    """Send a code, and do and say the same whether or not the number is known: who works here is nobody's business.

    Whose number it is the job finds out (`alerts`): here even the time it takes tells nothing.

    Raises BadPhone, TooManyCodes.
    """
    number = normal_phone(phone)
    code = await new_code(session, number)
    index = sealer().index(number)
    asked = {"phoneIndex": index.hex(), "sealedCode": sealer().seal(code).decode(), "language": language}
    await jobs.enqueue(session, "login_code", asked, priority=10)
    return LoginCodeSent(RESEND_SECONDS, CODE_SECONDS)


async def open_session(
    session: AsyncSession, key: SessionKey, phone: str, code: str, language: Language | None
) -> Tokens:
    """Raises BadPhone, WrongCode, CodeExpired. A wrong guess is counted even though it is refused."""
    number = normal_phone(phone)
    await spend_code(session, number, code)
    index = sealer().index(number)
    worker = await session.scalar(select(Worker).where(Worker.phone_index == index))
    if worker is None:
        raise WrongCode()
    worker.language = language or worker.language
    return await _tokens(session, key, worker.id, family=secrets.token_hex(16))


async def new_code(session: AsyncSession, number: str, purpose: str = "") -> str:
    """Return a code for a number, in normal form; only its hash is kept. Good for one purpose alone. Raises TooManyCodes."""
    index = sealer().index(number)
    await _check_rate(session, index)
    code, created = f"{secrets.randbelow(10**6):06d}", now()
    session.add(
        LoginCode(
            phone_index=index, code_hash=_hash_code(index, code, purpose), created_at=created,
            expires_at=created + timedelta(seconds=CODE_SECONDS),
        )
    )  # fmt: skip
    return code


async def spend_code(session: AsyncSession, number: str, code: str, purpose: str = "") -> None:
    """Take the newest code of a number. Raises WrongCode, CodeExpired. A wrong guess is counted though it is refused."""
    index = sealer().index(number)
    sent = await session.scalar(
        select(LoginCode).where(LoginCode.phone_index == index).order_by(LoginCode.id.desc()).limit(1).with_for_update()
    )
    if sent is None:
        raise WrongCode()
    if sent.used_at is not None or sent.expires_at <= now() or sent.attempts >= ATTEMPTS_PER_CODE:
        raise CodeExpired()
    if not hmac.compare_digest(sent.code_hash, _hash_code(index, code, purpose)):
        sent.attempts += 1
        await session.commit()
        raise WrongCode()
    sent.used_at = now()


async def refresh_session(session: AsyncSession, key: SessionKey, refresh: str | None) -> Tokens:
    """Replace a refresh token. Raises Unauthorized.

    One that comes back long after its use is in two hands, and its whole family ends. Within `LOST_ANSWER` of its use it
    is a phone that never heard our answer, and gets another: a weak signal must not cost a worker a new code.
    """
    if refresh is None:
        raise Unauthorized()
    token = await session.get(RefreshToken, _hash_token(refresh), with_for_update=True)
    if token is None or token.expires_at <= now():
        raise Unauthorized()
    if token.used_at is not None and now() - token.used_at > LOST_ANSWER:
        await _end_family(session, token.family)
        await session.commit()
        raise Unauthorized()
    token.used_at = token.used_at or now()
    return await _tokens(session, key, token.worker_pk, token.family)


async def close_session(session: AsyncSession, refresh: str | None) -> None:
    if refresh is None:
        return
    token = await session.get(RefreshToken, _hash_token(refresh))
    if token is not None:
        await _end_family(session, token.family)


async def _tokens(session: AsyncSession, key: SessionKey, worker_pk: int, family: str) -> Tokens:
    refresh = secrets.token_urlsafe(32)
    session.add(
        RefreshToken(
            token_hash=_hash_token(refresh), family=family, worker_pk=worker_pk,
            expires_at=now() + timedelta(days=REFRESH_DAYS),
        )
    )  # fmt: skip
    return Tokens(key.issue(worker_pk), refresh)


async def _end_family(session: AsyncSession, family: str) -> None:
    await session.execute(update(RefreshToken).where(RefreshToken.family == family).values(expires_at=now()))


async def _check_rate(session: AsyncSession, index: bytes) -> None:
    """Raises TooManyCodes. Whoever asks for the same number at the same time waits until this transaction has ended."""
    await session.execute(select(func.pg_advisory_xact_lock(int.from_bytes(index[:8], signed=True))))
    newest_first = (
        await session.scalars(
            select(LoginCode.created_at)
            .where(LoginCode.phone_index == index)
            .order_by(LoginCode.id.desc())
            .limit(max(count for count, _ in RATES))
        )
    ).all()
    for count, seconds in RATES:
        if len(newest_first) >= count and (age := (now() - newest_first[count - 1]).total_seconds()) < seconds:
            raise TooManyCodes(retry_after_seconds=seconds - int(age))


def _hash_code(index: bytes, code: str, purpose: str) -> bytes:
    """Keyed: six digits are enumerable."""
    return sealer().index(f"{index.hex()}:{code}:{purpose}")


def _hash_token(token: str) -> bytes:
    return sha256(token.encode()).digest()
