"""What the bank has signed that it holds. Rows are only ever added."""

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from anxin.core.database import Base


class AttestedBalance(Base):
    """`digest`: of `Balance(at, amountFen)` in the token's domain. `at` is by the chain's clock; `signer` in lower case."""

    __tablename__ = "attested_balances"

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    signature: Mapped[bytes] = mapped_column(LargeBinary(65))
    signer: Mapped[str] = mapped_column(String(42))
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
