"""Workers, how they sign in, and the keys that speak for them."""

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, ForeignKey, Identity, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from anxin.core.database import Base
from anxin.core.relayed import Relayed
from anxin.core.sealing import Sealed
from anxin.core.signing import SignerKey


class Worker(Base):
    """A person on a site. `worker_id` is what the chain knows: the first 16 bytes of keccak(salt, identity), then
    zeros; destroying the salt unlinks it.

    `assurance`, `x`, `y` and `payout` are the registry's, by its final events; the key is null until Enrolled.
    """

    __tablename__ = "workers"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    worker_no: Mapped[str] = mapped_column(String(32), unique=True)
    worker_id: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    salt: Mapped[str | None] = mapped_column(Sealed)
    name: Mapped[str] = mapped_column(Sealed)
    phone: Mapped[str] = mapped_column(Sealed)
    phone_index: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    language: Mapped[str] = mapped_column(String(2), default="zh")
    payout: Mapped[str | None] = mapped_column(String(42))
    assurance: Mapped[int | None]
    x: Mapped[str | None] = mapped_column(String(66))
    y: Mapped[str | None] = mapped_column(String(66))

    @property
    def key(self) -> SignerKey | None:
        if self.assurance is None or self.x is None or self.y is None:
            return None
        return SignerKey(self.assurance, self.x, self.y)

    @property
    def hex_id(self) -> str:
        return "0x" + self.worker_id.hex()


class LoginCode(Base):
    """A one-time code that was sent: only its hash is kept."""

    __tablename__ = "login_codes"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    phone_index: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class RefreshToken(Base):
    """A device that stays signed in. Each use replaces the token; a used one that comes back revokes its family."""

    __tablename__ = "refresh_tokens"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    family: Mapped[str] = mapped_column(String(32), index=True)
    worker_pk: Mapped[int] = mapped_column(ForeignKey("workers.id"))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Enrolment(Relayed, Base):
    """A worker's signed wish to use a key; waits for the registrar's signature over the same words."""

    __tablename__ = "enrolments"

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    worker_pk: Mapped[int] = mapped_column(ForeignKey("workers.id"), index=True)
    assurance: Mapped[int]
    x: Mapped[str] = mapped_column(String(66))
    y: Mapped[str] = mapped_column(String(66))
    payout: Mapped[str] = mapped_column(String(42))
    deadline: Mapped[int] = mapped_column(BigInteger)
    worker_proof: Mapped[bytes] = mapped_column(LargeBinary)
    registrar: Mapped[str | None] = mapped_column(String(42))
    registrar_signature: Mapped[bytes | None] = mapped_column(LargeBinary)
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    @property
    def key(self) -> SignerKey:
        return SignerKey(self.assurance, self.x, self.y)
