"""People and projects: staff, parties, real names, rosters, contracts, entry and exit, retention

Whoever was a member before is on the roster under their own number, employed by the contractor.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"

NAMED = ("name", "phone", "phone_index")
Columns = tuple[tuple[str, sa.types.TypeEngine[Any]], ...]

WORKER_COLUMNS: Columns = (
    ("id_number", sa.LargeBinary()), ("id_number_index", sa.LargeBinary(length=32)), ("bank_account", sa.LargeBinary()),
    ("bank_account_index", sa.LargeBinary(length=32)), ("shredded_at", sa.DateTime(timezone=True)),
)  # fmt: skip
PROJECT_COLUMNS: Columns = (
    ("address", sa.String(length=200)), ("district", sa.String(length=32)), ("payday_day", sa.Integer()),
    ("started_on", sa.Date()), ("completed_on", sa.Date()), ("closed_at", sa.DateTime(timezone=True)),
)  # fmt: skip
MEMBERSHIP_COLUMNS: Columns = (
    ("piece_quota", sa.Integer()), ("contract", sa.LargeBinary()), ("entered_on", sa.Date()), ("left_on", sa.Date()),
)  # fmt: skip


def upgrade() -> None:
    for column in NAMED:
        op.alter_column("workers", column, nullable=True)
    _add("workers", WORKER_COLUMNS)
    op.create_unique_constraint("uq_workers_id_number_index", "workers", ["id_number_index"])
    op.create_index(op.f("ix_workers_bank_account_index"), "workers", ["bank_account_index"], unique=False)
    _add("projects", PROJECT_COLUMNS)
    op.add_column("projects", sa.Column("notice", JSONB(), server_default="{}", nullable=False))
    _add("memberships", MEMBERSHIP_COLUMNS)
    op.alter_column("memberships", "contractor_signature", nullable=True)
    op.add_column("memberships", sa.Column("employer", sa.String(length=42), nullable=True))
    op.execute("UPDATE memberships SET employer = projects.contractor FROM projects WHERE projects.id = project_pk")
    op.alter_column("memberships", "employer", nullable=False)
    op.alter_column("wage_lines", "payslip", nullable=True)
    _staff()
    _parties()
    _roster()
    op.create_table(
        "shredding_runs",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("workers", sa.Integer(), nullable=False),
        sa.Column("contracts", sa.Integer(), nullable=False),
        sa.Column("payslips", sa.Integer(), nullable=False),
        sa.Column("ran_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_shredding_runs")),
    )


def _add(table: str, columns: Columns) -> None:
    for name, kind in columns:
        op.add_column(table, sa.Column(name, kind, nullable=True))


def _staff() -> None:
    op.create_table(
        "staff_challenges",
        sa.Column("nonce_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("address", sa.String(length=42), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("nonce_hash", name=op.f("pk_staff_challenges")),
    )
    op.create_table(
        "staff_sessions",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("address", sa.String(length=42), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_sessions")),
    )
    for table in ("staff_challenges", "staff_sessions"):
        op.create_index(op.f(f"ix_{table}_address"), table, ["address"], unique=False)
    op.create_table(
        "openings",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("worker_pk", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.String(length=42), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("firm", sa.String(length=200), nullable=False),
        sa.Column("project", sa.String(length=200), nullable=False),
        sa.Column("field", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["worker_pk"], ["workers.id"], name=op.f("fk_openings_worker_pk")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_openings")),
    )
    op.create_index(op.f("ix_openings_worker_pk"), "openings", ["worker_pk"], unique=False)


def _parties() -> None:
    op.create_table(
        "parties",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("project_pk", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.String(length=42), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("firm", sa.String(length=200), nullable=False),
        sa.Column("team", sa.String(length=32), nullable=True),
        sa.Column("contact", sa.LargeBinary(), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["project_pk"], ["projects.id"], name=op.f("fk_parties_project_pk")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parties")),
    )
    for column in ("project_pk", "address"):
        op.create_index(op.f(f"ix_parties_{column}"), "parties", [column], unique=False)
    op.create_index(
        "uq_parties_active", "parties", ["project_pk", "address", "role"], unique=True,
        postgresql_where=sa.text("until IS NULL"),
    )  # fmt: skip


def _roster() -> None:
    op.create_table(
        "roster",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("project_pk", sa.BigInteger(), nullable=False),
        sa.Column("worker_pk", sa.BigInteger(), nullable=False),
        sa.Column("worker_no", sa.String(length=32), nullable=False),
        sa.Column("team", sa.String(length=32), nullable=False),
        sa.Column("employer", sa.String(length=42), nullable=False),
        sa.Column("contract_type", sa.String(length=8), nullable=False),
        sa.Column("rate_fen", sa.BigInteger(), nullable=False),
        sa.Column("piece_quota", sa.Integer(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("was_known", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("registered_by", sa.String(length=42), nullable=True),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["project_pk"], ["projects.id"], name=op.f("fk_roster_project_pk")),
        sa.ForeignKeyConstraint(["worker_pk"], ["workers.id"], name=op.f("fk_roster_worker_pk")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster")),
        sa.UniqueConstraint("project_pk", "worker_no", name=op.f("uq_roster_project_pk_worker_no")),
        sa.UniqueConstraint("project_pk", "worker_pk", name=op.f("uq_roster_project_pk_worker_pk")),
    )
    op.create_index(op.f("ix_roster_worker_pk"), "roster", ["worker_pk"], unique=False)
    op.execute(
        "INSERT INTO roster (project_pk, worker_pk, worker_no, team, employer, contract_type, rate_fen, registered_at) "
        "SELECT m.project_pk, m.worker_pk, w.worker_no, m.team, m.employer, m.contract_type, m.rate_fen, now() "
        "FROM memberships m JOIN workers w ON w.id = m.worker_pk"
    )
    op.create_table(
        "entry_exits",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("project_pk", sa.BigInteger(), nullable=False),
        sa.Column("worker_pk", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=5), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("recorded_by", sa.String(length=42), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["project_pk"], ["projects.id"], name=op.f("fk_entry_exits_project_pk")),
        sa.ForeignKeyConstraint(["worker_pk"], ["workers.id"], name=op.f("fk_entry_exits_worker_pk")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entry_exits")),
        sa.UniqueConstraint(
            "project_pk", "worker_pk", "day", "kind", name=op.f("uq_entry_exits_project_pk_worker_pk_day_kind")
        ),
    )
    op.create_index(op.f("ix_entry_exits_worker_pk"), "entry_exits", ["worker_pk"], unique=False)


def downgrade() -> None:
    """What was shredded or only prepared has no place in the older tables."""
    for table in ("shredding_runs", "entry_exits", "roster", "parties", "openings", "staff_sessions", "staff_challenges"):
        op.drop_table(table)
    op.alter_column("wage_lines", "payslip", nullable=False)
    op.execute("DELETE FROM memberships WHERE contractor_signature IS NULL")
    op.alter_column("memberships", "contractor_signature", nullable=False)
    op.drop_column("memberships", "employer")
    op.drop_column("projects", "notice")
    for table, columns in (
        ("memberships", MEMBERSHIP_COLUMNS), ("projects", PROJECT_COLUMNS), ("workers", WORKER_COLUMNS),
    ):  # fmt: skip
        for name, _ in columns:
            op.drop_column(table, name)
    for column in NAMED:
        op.alter_column("workers", column, nullable=False)
