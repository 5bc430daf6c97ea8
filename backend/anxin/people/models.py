"""Workers, how they sign in, and the keys that speak for them."""

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, ForeignKey, Identity, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from anxin.core.database import Base
from anxin.core.relayed import Relayed
from anxin.core.sealing import Sealed
from anxin.core.signing import SignerKey


class Worker(Base):
    """A person on a site. `worker_id` is what the chain knows: the first 16 bytes of keccak(salt, identity), then
    zeros; destroying the salt unlinks it.

    `assurance`, `x`, `y` and `payout` are the registry's, by its final events; the key is null until Enrolled. One ID number
    is one person, whoever registers them and however often: `id_number_index` is unique. `phone_index` is null where
    somebody else signs in with that number. Personal data and salt are null once `shredded_at`.
    """

    __tablename__ = "workers"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    worker_no: Mapped[str] = mapped_column(String(32), unique=True)
    worker_id: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    salt: Mapped[str | None] = mapped_column(Sealed)
    name: Mapped[str | None] = mapped_column(Sealed)
    phone: Mapped[str | None] = mapped_column(Sealed)
    phone_index: Mapped[bytes | None] = mapped_column(LargeBinary(32), unique=True)
    id_number: Mapped[str | None] = mapped_column(Sealed)
    id_number_index: Mapped[bytes | None] = mapped_column(LargeBinary(32), unique=True)
    bank_account: Mapped[str | None] = mapped_column(Sealed)
    bank_account_index: Mapped[bytes | None] = mapped_column(LargeBinary(32), index=True)
    language: Mapped[str] = mapped_column(String(2), default="zh")
    payout: Mapped[str | None] = mapped_column(String(42))
    assurance: Mapped[int | None]
    x: Mapped[str | None] = mapped_column(String(66))
    y: Mapped[str | None] = mapped_column(String(66))
    shredded_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    @property
    def key(self) -> SignerKey | None:
        if self.assurance is None or self.x is None or self.y is None:
            return None
        return SignerKey(self.assurance, self.x, self.y)

    @property
    def hex_id(self) -> str:
        return "0x" + self.worker_id.hex()


class Opening(Base):
    """That somebody opened a sealed field of a worker: who, whose, which, when, why. The worker can see it."""

    __tablename__ = "openings"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    worker_pk: Mapped[int] = mapped_column(ForeignKey("workers.id"), index=True)
    address: Mapped[str] = mapped_column(String(42))
    role: Mapped[str] = mapped_column(String(16))
    firm: Mapped[str] = mapped_column(String(200))
    project: Mapped[str] = mapped_column(String(200))
    field: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(String(200))
    opened_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


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


class NumberChange(Base):
    """A worker's wish for another number. It waits until `effective_at`, so that whoever has the old one can stop it.

    One waits at a time. `asked_by`: the registrar before whom they asked; null where they asked on their phone.
    outcome: done, withdrawn, taken (somebody else signs in with that number by now).
    """

    __tablename__ = "number_changes"
    __table_args__ = (
        Index("uq_number_changes_waiting", "worker_pk", unique=True, postgresql_where=text("ended_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    worker_pk: Mapped[int] = mapped_column(ForeignKey("workers.id"))
    phone: Mapped[str] = mapped_column(Sealed)
    asked_by: Mapped[str | None] = mapped_column(String(42))
    asked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    effective_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    outcome: Mapped[str | None] = mapped_column(String(9))


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


class StaffChallenge(Base):
    """A text that a wallet was asked to sign. Only the hash of its nonce is kept; it opens one session, within minutes."""

    __tablename__ = "staff_challenges"

    nonce_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    address: Mapped[str] = mapped_column(String(42), index=True)
    issued_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class StaffSession(Base):
    """A wallet that is signed in. `ended_at`: its owner signed out before it expired."""

    __tablename__ = "staff_sessions"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    address: Mapped[str] = mapped_column(String(42), index=True)
    opened_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
