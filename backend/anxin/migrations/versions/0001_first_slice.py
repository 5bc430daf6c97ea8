"""First slice"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "blocks",
        sa.Column("hash", sa.String(length=66), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("parent", sa.String(length=66), nullable=False),
        sa.Column("time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_blocks")),
    )
    op.create_index(op.f("ix_blocks_number"), "blocks", ["number"], unique=False)
    op.create_table(
        "escrow_addresses",
        sa.Column("address", sa.String(length=42), nullable=False),
        sa.Column("from_block", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_escrow_addresses")),
    )
    op.create_table(
        "ledger_entries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("escrow", sa.String(length=42), nullable=True),
        sa.Column("event", sa.String(length=80), nullable=False),
        sa.Column("event_name", sa.String(length=32), nullable=False),
        sa.Column("debit", sa.String(length=32), nullable=False),
        sa.Column("credit", sa.String(length=32), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("block_number", sa.BigInteger(), nullable=False),
        sa.Column("tx_hash", sa.String(length=66), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_ledger_entries_positive")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entries")),
        sa.UniqueConstraint("event", "debit", "credit", name=op.f("uq_ledger_entries_event_debit_credit")),
    )
    op.create_index(op.f("ix_ledger_entries_escrow"), "ledger_entries", ["escrow"], unique=False)
    op.create_table(
        "login_codes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("phone_index", sa.LargeBinary(length=32), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_codes")),
    )
    op.create_index(op.f("ix_login_codes_phone_index"), "login_codes", ["phone_index"], unique=False)
    op.create_table(
        "projects",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("reference", sa.LargeBinary(length=32), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("contractor_name", sa.String(length=200), nullable=False),
        sa.Column("contractor", sa.String(length=42), nullable=False),
        sa.Column("bureau", sa.String(length=42), nullable=False),
        sa.Column("objection_window_seconds", sa.Integer(), nullable=False),
        sa.Column("escrow", sa.String(length=42), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects")),
        sa.UniqueConstraint("escrow", name=op.f("uq_projects_escrow")),
        sa.UniqueConstraint("reference", name=op.f("uq_projects_reference")),
    )
    op.create_table(
        "relay_calls",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("call", postgresql.JSON(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("relayer", sa.String(length=42), nullable=True),
        sa.Column("nonce", sa.BigInteger(), nullable=True),
        sa.Column("gas", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_relay_calls")),
        sa.UniqueConstraint("key", name=op.f("uq_relay_calls_key")),
    )
    op.create_index(op.f("ix_relay_calls_state"), "relay_calls", ["state"], unique=False)
    op.create_table(
        "relayers",
        sa.Column("address", sa.String(length=42), nullable=False),
        sa.Column("next_nonce", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_relayers")),
    )
    op.create_table(
        "workers",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("worker_no", sa.String(length=32), nullable=False),
        sa.Column("worker_id", sa.LargeBinary(length=32), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("phone", sa.LargeBinary(), nullable=False),
        sa.Column("phone_index", sa.LargeBinary(length=32), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("payout", sa.String(length=42), nullable=True),
        sa.Column("assurance", sa.Integer(), nullable=True),
        sa.Column("x", sa.String(length=66), nullable=True),
        sa.Column("y", sa.String(length=66), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workers")),
        sa.UniqueConstraint("phone_index", name=op.f("uq_workers_phone_index")),
        sa.UniqueConstraint("worker_id", name=op.f("uq_workers_worker_id")),
        sa.UniqueConstraint("worker_no", name=op.f("uq_workers_worker_no")),
    )
    op.create_table(
        "chain_events",
        sa.Column("block_hash", sa.String(length=66), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.Column("block_number", sa.BigInteger(), nullable=False),
        sa.Column("block_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tx_hash", sa.String(length=66), nullable=False),
        sa.Column("contract", sa.String(length=32), nullable=False),
        sa.Column("address", sa.String(length=42), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("args", postgresql.JSON(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.ForeignKeyConstraint(["block_hash"], ["blocks.hash"], name=op.f("fk_chain_events_block_hash")),
        sa.PrimaryKeyConstraint("block_hash", "log_index", name=op.f("pk_chain_events")),
    )
    op.create_index(op.f("ix_chain_events_address"), "chain_events", ["address"], unique=False)
    op.create_index("ix_chain_events_place", "chain_events", ["block_number", "log_index"], unique=False)
    op.create_index(op.f("ix_chain_events_state"), "chain_events", ["state"], unique=False)
    op.create_index(op.f("ix_chain_events_tx_hash"), "chain_events", ["tx_hash"], unique=False)
    op.create_table(
        "enrolments",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("worker_pk", sa.BigInteger(), nullable=False),
        sa.Column("assurance", sa.Integer(), nullable=False),
        sa.Column("x", sa.String(length=66), nullable=False),
        sa.Column("y", sa.String(length=66), nullable=False),
        sa.Column("payout", sa.String(length=42), nullable=False),
        sa.Column("deadline", sa.BigInteger(), nullable=False),
        sa.Column("worker_proof", sa.LargeBinary(), nullable=False),
        sa.Column("registrar", sa.String(length=42), nullable=True),
        sa.Column("registrar_signature", sa.LargeBinary(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("call_key", sa.String(), nullable=True),
        sa.Column("tx_hash", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["worker_pk"], ["workers.id"], name=op.f("fk_enrolments_worker_pk")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_enrolments")),
    )
    op.create_index(op.f("ix_enrolments_call_key"), "enrolments", ["call_key"], unique=False)
    op.create_index(op.f("ix_enrolments_state"), "enrolments", ["state"], unique=False)
    op.create_index(op.f("ix_enrolments_worker_pk"), "enrolments", ["worker_pk"], unique=False)
    op.create_table(
        "memberships",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("project_pk", sa.BigInteger(), nullable=False),
        sa.Column("worker_pk", sa.BigInteger(), nullable=False),
        sa.Column("team", sa.String(length=32), nullable=False),
        sa.Column("contract_type", sa.String(length=8), nullable=False),
        sa.Column("rate_fen", sa.BigInteger(), nullable=False),
        sa.Column("day_cap_fen", sa.BigInteger(), nullable=False),
        sa.Column("terms_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("deadline", sa.BigInteger(), nullable=False),
        sa.Column("contractor_signature", sa.LargeBinary(), nullable=False),
        sa.Column("worker_signature", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("call_key", sa.String(), nullable=True),
        sa.Column("tx_hash", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["project_pk"], ["projects.id"], name=op.f("fk_memberships_project_pk")),
        sa.ForeignKeyConstraint(["worker_pk"], ["workers.id"], name=op.f("fk_memberships_worker_pk")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_memberships")),
        sa.UniqueConstraint("project_pk", "worker_pk", name=op.f("uq_memberships_project_pk_worker_pk")),
    )
    op.create_index(op.f("ix_memberships_call_key"), "memberships", ["call_key"], unique=False)
    op.create_index(op.f("ix_memberships_state"), "memberships", ["state"], unique=False)
    op.create_index(op.f("ix_memberships_worker_pk"), "memberships", ["worker_pk"], unique=False)
    op.create_table(
        "messages",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("worker_pk", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("provider_id", sa.String(length=64), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["worker_pk"], ["workers.id"], name=op.f("fk_messages_worker_pk")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.UniqueConstraint("key", name=op.f("uq_messages_key")),
    )
    op.create_index(op.f("ix_messages_worker_pk"), "messages", ["worker_pk"], unique=False)
    op.create_table(
        "piece_counts",
        sa.Column("project_pk", sa.BigInteger(), nullable=False),
        sa.Column("worker_pk", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["project_pk"], ["projects.id"], name=op.f("fk_piece_counts_project_pk")),
        sa.ForeignKeyConstraint(["worker_pk"], ["workers.id"], name=op.f("fk_piece_counts_worker_pk")),
        sa.PrimaryKeyConstraint("project_pk", "worker_pk", "day", name=op.f("pk_piece_counts")),
    )
    op.create_table(
        "punches",
        sa.Column("project_pk", sa.BigInteger(), nullable=False),
        sa.Column("worker_pk", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("direction", sa.String(length=2), nullable=False),
        sa.Column("device", sa.String(length=32), nullable=False),
        sa.Column("attend_type", sa.String(length=3), nullable=False),
        sa.ForeignKeyConstraint(["project_pk"], ["projects.id"], name=op.f("fk_punches_project_pk")),
        sa.ForeignKeyConstraint(["worker_pk"], ["workers.id"], name=op.f("fk_punches_worker_pk")),
        sa.PrimaryKeyConstraint("project_pk", "worker_pk", "at", "direction", "device", name=op.f("pk_punches")),
    )
    op.create_table(
        "refresh_tokens",
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("family", sa.String(length=32), nullable=False),
        sa.Column("worker_pk", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["worker_pk"], ["workers.id"], name=op.f("fk_refresh_tokens_worker_pk")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_refresh_tokens")),
    )
    op.create_index(op.f("ix_refresh_tokens_family"), "refresh_tokens", ["family"], unique=False)
    op.create_table(
        "relay_attempts",
        sa.Column("tx_hash", sa.String(length=66), nullable=False),
        sa.Column("call_pk", sa.BigInteger(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["call_pk"], ["relay_calls.id"], name=op.f("fk_relay_attempts_call_pk")),
        sa.PrimaryKeyConstraint("tx_hash", name=op.f("pk_relay_attempts")),
    )
    op.create_index(op.f("ix_relay_attempts_call_pk"), "relay_attempts", ["call_pk"], unique=False)
    op.create_table(
        "wage_sheets",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("project_pk", sa.BigInteger(), nullable=False),
        sa.Column("sheet_id", sa.Integer(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("payday", sa.Date(), nullable=False),
        sa.Column("rules_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("terms_root", sa.LargeBinary(length=32), nullable=False),
        sa.Column("root", sa.LargeBinary(length=32), nullable=False),
        sa.Column("total_fen", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("contractor_signature", sa.LargeBinary(), nullable=True),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("call_key", sa.String(), nullable=True),
        sa.Column("tx_hash", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["project_pk"], ["projects.id"], name=op.f("fk_wage_sheets_project_pk")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wage_sheets")),
        sa.UniqueConstraint("digest", name=op.f("uq_wage_sheets_digest")),
        sa.UniqueConstraint("project_pk", "sheet_id", name=op.f("uq_wage_sheets_project_pk_sheet_id")),
    )
    op.create_index(op.f("ix_wage_sheets_call_key"), "wage_sheets", ["call_key"], unique=False)
    op.create_index(op.f("ix_wage_sheets_state"), "wage_sheets", ["state"], unique=False)
    op.create_table(
        "wage_lines",
        sa.Column("sheet_pk", sa.BigInteger(), nullable=False),
        sa.Column("index", sa.Integer(), nullable=False),
        sa.Column("worker_pk", sa.BigInteger(), nullable=False),
        sa.Column("worker_id", sa.LargeBinary(length=32), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("day_mask", sa.BigInteger(), nullable=False),
        sa.Column("payslip", sa.LargeBinary(), nullable=False),
        sa.Column("payslip_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("silent_key", sa.String(), nullable=True),
        sa.Column("released_tx", sa.String(), nullable=True),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_assurance", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["sheet_pk"], ["wage_sheets.id"], name=op.f("fk_wage_lines_sheet_pk")),
        sa.ForeignKeyConstraint(["worker_pk"], ["workers.id"], name=op.f("fk_wage_lines_worker_pk")),
        sa.PrimaryKeyConstraint("sheet_pk", "index", name=op.f("pk_wage_lines")),
    )
    op.create_index(op.f("ix_wage_lines_worker_pk"), "wage_lines", ["worker_pk"], unique=False)
    op.create_table(
        "confirmations",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("sheet_pk", sa.BigInteger(), nullable=False),
        sa.Column("line_index", sa.Integer(), nullable=False),
        sa.Column("deadline", sa.BigInteger(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("call_key", sa.String(), nullable=True),
        sa.Column("tx_hash", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["sheet_pk", "line_index"],
            ["wage_lines.sheet_pk", "wage_lines.index"],
            name=op.f("fk_confirmations_sheet_pk_line_index"),
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_confirmations")),
    )
    op.create_index(op.f("ix_confirmations_call_key"), "confirmations", ["call_key"], unique=False)
    op.create_index("ix_confirmations_sheet_pk_line_index", "confirmations", ["sheet_pk", "line_index"], unique=False)
    op.create_index(op.f("ix_confirmations_state"), "confirmations", ["state"], unique=False)
    op.create_table(
        "contests",
        sa.Column("claimed_fen", sa.BigInteger(), nullable=False),
        sa.Column("claimed_days", sa.BigInteger(), nullable=False),
        sa.Column("evidence", sa.LargeBinary(), nullable=False),
        sa.Column("evidence_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("sheet_pk", sa.BigInteger(), nullable=False),
        sa.Column("line_index", sa.Integer(), nullable=False),
        sa.Column("deadline", sa.BigInteger(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("call_key", sa.String(), nullable=True),
        sa.Column("tx_hash", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["sheet_pk", "line_index"],
            ["wage_lines.sheet_pk", "wage_lines.index"],
            name=op.f("fk_contests_sheet_pk_line_index"),
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_contests")),
    )
    op.create_index(op.f("ix_contests_call_key"), "contests", ["call_key"], unique=False)
    op.create_index(op.f("ix_contests_state"), "contests", ["state"], unique=False)
    op.create_index("uq_contests_sheet_pk_line_index", "contests", ["sheet_pk", "line_index"], unique=True)


def downgrade() -> None:
    op.drop_index("uq_contests_sheet_pk_line_index", table_name="contests")
    op.drop_index(op.f("ix_contests_state"), table_name="contests")
    op.drop_index(op.f("ix_contests_call_key"), table_name="contests")
    op.drop_table("contests")
    op.drop_index(op.f("ix_confirmations_state"), table_name="confirmations")
    op.drop_index("ix_confirmations_sheet_pk_line_index", table_name="confirmations")
    op.drop_index(op.f("ix_confirmations_call_key"), table_name="confirmations")
    op.drop_table("confirmations")
    op.drop_index(op.f("ix_wage_lines_worker_pk"), table_name="wage_lines")
    op.drop_table("wage_lines")
    op.drop_index(op.f("ix_wage_sheets_state"), table_name="wage_sheets")
    op.drop_index(op.f("ix_wage_sheets_call_key"), table_name="wage_sheets")
    op.drop_table("wage_sheets")
    op.drop_index(op.f("ix_relay_attempts_call_pk"), table_name="relay_attempts")
    op.drop_table("relay_attempts")
    op.drop_index(op.f("ix_refresh_tokens_family"), table_name="refresh_tokens")
    op.drop_table("refresh_tokens")
    op.drop_table("punches")
    op.drop_table("piece_counts")
    op.drop_index(op.f("ix_messages_worker_pk"), table_name="messages")
    op.drop_table("messages")
    op.drop_index(op.f("ix_memberships_worker_pk"), table_name="memberships")
    op.drop_index(op.f("ix_memberships_state"), table_name="memberships")
    op.drop_index(op.f("ix_memberships_call_key"), table_name="memberships")
    op.drop_table("memberships")
    op.drop_index(op.f("ix_enrolments_worker_pk"), table_name="enrolments")
    op.drop_index(op.f("ix_enrolments_state"), table_name="enrolments")
    op.drop_index(op.f("ix_enrolments_call_key"), table_name="enrolments")
    op.drop_table("enrolments")
    op.drop_index(op.f("ix_chain_events_tx_hash"), table_name="chain_events")
    op.drop_index(op.f("ix_chain_events_state"), table_name="chain_events")
    op.drop_index("ix_chain_events_place", table_name="chain_events")
    op.drop_index(op.f("ix_chain_events_address"), table_name="chain_events")
    op.drop_table("chain_events")
    op.drop_table("workers")
    op.drop_table("relayers")
    op.drop_index(op.f("ix_relay_calls_state"), table_name="relay_calls")
    op.drop_table("relay_calls")
    op.drop_table("projects")
    op.drop_index(op.f("ix_login_codes_phone_index"), table_name="login_codes")
    op.drop_table("login_codes")
    op.drop_index(op.f("ix_ledger_entries_escrow"), table_name="ledger_entries")
    op.drop_table("ledger_entries")
    op.drop_table("escrow_addresses")
    op.drop_index(op.f("ix_blocks_number"), table_name="blocks")
    op.drop_table("blocks")
