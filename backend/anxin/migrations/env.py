"""Alembic's environment: which tables are ours, and how the database is reached."""

import asyncio
from typing import Literal

from alembic import context
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from anxin.alerts import models as alerts
from anxin.attendance import models as attendance
from anxin.bank import balance_models as bank_balances
from anxin.bank import payment_models as bank_payments
from anxin.chain import models as chain
from anxin.core.database import Base
from anxin.core.sealing import Sealed
from anxin.disputes import models as disputes
from anxin.ledger import models as ledger
from anxin.payroll import models as payroll
from anxin.payroll.fund import models as fund
from anxin.people import models as people
from anxin.projects import models as projects
from anxin.realname import models as realname
from anxin.wages import models as wages

TABLES_OF = (people, projects, attendance, payroll, fund, wages, chain, ledger, alerts, disputes, realname, bank_payments,
             bank_balances)  # fmt: skip


def render(kind: str, item: object, _: object) -> str | Literal[False]:
    """A migration knows columns as the database does: what is sealed is bytes."""
    return "sa.LargeBinary()" if kind == "type" and isinstance(item, Sealed) else False


def upgrade(connection: Connection) -> None:
    context.configure(
        connection=connection, target_metadata=Base.metadata, transaction_per_migration=True, render_item=render,
        include_name=lambda name, kind, _: not (kind == "table" and (name or "").startswith("pgqueuer")),
    )  # fmt: skip
    with context.begin_transaction():
        context.run_migrations()


async def main() -> None:
    engine = create_async_engine(context.config.attributes["database_url"])
    async with engine.begin() as connection:
        await connection.run_sync(upgrade)
    await engine.dispose()


asyncio.run(main())
