"""Attendance: sources, records that are never edited, corrections, roots

Punches on record came from a site's devices by way of a file: each keeps its device, as a source that has ended, and is weak
evidence. Nobody kept when they were received: that is now.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    _sources()
    _punches()
    _pieces()
    _intake()
    _corrections()
    _roots()


def downgrade() -> None:
    """Corrections, unassigned readings and roots have no place in the older tables."""
    for table in (
        "attendance_closed_days", "root_signatures", "attendance_leaves", "attendance_roots", "attendance_corrections",
        "attendance_files", "stray_readings",
    ):  # fmt: skip
        op.drop_table(table)
    op.execute("ALTER TABLE punches RENAME TO newer_punches")
    op.execute("ALTER TABLE newer_punches RENAME CONSTRAINT pk_punches TO pk_newer_punches")
    _old_punches()
    op.execute(
        "INSERT INTO punches SELECT DISTINCT ON (project_pk, worker_pk, at, direction, left(device, 32)) "
        "project_pk, worker_pk, at, direction, left(device, 32), attend_type FROM newer_punches "
    )
    op.drop_table("newer_punches")
    op.execute("ALTER TABLE piece_counts RENAME TO newer_piece_counts")
    op.execute("ALTER TABLE newer_piece_counts RENAME CONSTRAINT pk_piece_counts TO pk_newer_piece_counts")
    _old_piece_counts()
    op.execute("INSERT INTO piece_counts SELECT project_pk, worker_pk, day, quantity FROM newer_piece_counts")
    op.drop_table("newer_piece_counts")
    op.drop_table("attendance_sources")


def _sources() -> None:
    op.create_table(
        "attendance_sources",
        _identity(),
        _reference("project_pk"),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("strength", sa.String(length=6), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        sa.Column("created_by", sa.String(length=42), nullable=True),
        _instant("created_at"),
        _instant("ended_at", nullable=True),
        _to("attendance_sources", "project_pk", "projects"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendance_sources")),
        sa.UniqueConstraint("project_pk", "kind", "name", name=op.f("uq_attendance_sources_project_pk_kind_name")),
    )
    op.execute(
        "INSERT INTO attendance_sources (project_pk, kind, name, strength, created_at, ended_at) "
        "SELECT DISTINCT project_pk, 'device', device, 'weak', now(), now() FROM punches"
    )
    op.execute(
        "INSERT INTO attendance_sources (project_pk, kind, name, strength, created_at) "
        "SELECT DISTINCT project_pk, 'file', 'file', 'weak', now() FROM piece_counts"
    )


def _punches() -> None:
    op.execute("ALTER TABLE punches RENAME TO older_punches")
    op.execute("ALTER TABLE older_punches RENAME CONSTRAINT pk_punches TO pk_older_punches")
    op.create_table(
        "punches",
        _identity(),
        _reference("project_pk"),
        _reference("worker_pk"),
        _reference("source_pk"),
        sa.Column("record_id", sa.String(length=120), nullable=False),
        _instant("at"),
        _instant("received_at"),
        sa.Column("direction", sa.String(length=2), nullable=False),
        sa.Column("attend_type", sa.String(length=3), nullable=False),
        sa.Column("device", sa.String(length=64), nullable=False),
        sa.Column("strength", sa.String(length=6), nullable=False),
        sa.Column("code_verdict", sa.String(length=8), server_default="none", nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=True),
        sa.Column("signature", sa.LargeBinary(), nullable=True),
        sa.Column("hint", sa.LargeBinary(), nullable=True),
        sa.Column("salt", sa.LargeBinary(length=16), nullable=False),
        _to("punches", "project_pk", "projects"),
        _to("punches", "worker_pk", "workers"),
        _to("punches", "source_pk", "attendance_sources"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_punches")),
        sa.UniqueConstraint("source_pk", "record_id", name=op.f("uq_punches_source_pk_record_id")),
    )
    op.execute(
        "INSERT INTO punches (project_pk, worker_pk, source_pk, record_id, at, received_at, direction, attend_type, device, "
        "strength, salt) "
        "SELECT p.project_pk, p.worker_pk, s.id, "
        "'w' || p.worker_pk || ':' || floor(extract(epoch FROM p.at))::bigint || ':' || p.direction || ':' || p.device, "
        "p.at, now(), p.direction, p.attend_type, p.device, 'weak', uuid_send(gen_random_uuid()) "
        "FROM older_punches p JOIN attendance_sources s "
        "ON s.project_pk = p.project_pk AND s.kind = 'device' AND s.name = p.device "
        "ON CONFLICT DO NOTHING"
    )
    op.drop_table("older_punches")
    op.create_index("ix_punches_worker_pk_at", "punches", ["worker_pk", "at"], unique=False)
    op.create_index("ix_punches_project_pk_at", "punches", ["project_pk", "at"], unique=False)
    op.create_index(
        "ix_punches_received_at", "punches", ["received_at"], unique=False, postgresql_using="brin"
    )


def _pieces() -> None:
    op.execute("ALTER TABLE piece_counts RENAME TO older_piece_counts")
    op.execute("ALTER TABLE older_piece_counts RENAME CONSTRAINT pk_piece_counts TO pk_older_piece_counts")
    op.create_table(
        "piece_counts",
        _identity(),
        _reference("project_pk"),
        _reference("worker_pk"),
        _reference("source_pk"),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        _instant("received_at"),
        sa.Column("strength", sa.String(length=6), nullable=False),
        sa.Column("salt", sa.LargeBinary(length=16), nullable=False),
        _to("piece_counts", "project_pk", "projects"),
        _to("piece_counts", "worker_pk", "workers"),
        _to("piece_counts", "source_pk", "attendance_sources"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_piece_counts")),
        sa.UniqueConstraint(
            "project_pk", "worker_pk", "day", name=op.f("uq_piece_counts_project_pk_worker_pk_day")
        ),
    )
    op.execute(
        "INSERT INTO piece_counts (project_pk, worker_pk, source_pk, day, quantity, received_at, strength, salt) "
        "SELECT p.project_pk, p.worker_pk, s.id, p.day, p.quantity, now(), 'weak', uuid_send(gen_random_uuid()) "
        "FROM older_piece_counts p JOIN attendance_sources s ON s.project_pk = p.project_pk AND s.kind = 'file'"
    )
    op.drop_table("older_piece_counts")
    op.create_index(op.f("ix_piece_counts_worker_pk"), "piece_counts", ["worker_pk"], unique=False)
    op.create_index(op.f("ix_piece_counts_received_at"), "piece_counts", ["received_at"], unique=False)


def _intake() -> None:
    op.create_table(
        "stray_readings",
        _identity(),
        _reference("project_pk"),
        _reference("source_pk"),
        sa.Column("record_id", sa.String(length=120), nullable=False),
        sa.Column("subject", sa.LargeBinary(), nullable=False),
        _instant("at"),
        _instant("received_at"),
        sa.Column("direction", sa.String(length=2), nullable=False),
        sa.Column("attend_type", sa.String(length=3), nullable=False),
        sa.Column("device", sa.String(length=64), nullable=False),
        _reference("assigned_worker_pk", nullable=True),
        sa.Column("assigned_by", sa.String(length=42), nullable=True),
        _instant("assigned_at", nullable=True),
        _to("stray_readings", "project_pk", "projects"),
        _to("stray_readings", "source_pk", "attendance_sources"),
        _to("stray_readings", "assigned_worker_pk", "workers"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stray_readings")),
        sa.UniqueConstraint("source_pk", "record_id", name=op.f("uq_stray_readings_source_pk_record_id")),
    )
    op.create_index(op.f("ix_stray_readings_project_pk"), "stray_readings", ["project_pk"], unique=False)
    op.create_table(
        "attendance_files",
        _reference("project_pk"),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("uploaded_by", sa.String(length=42), nullable=False),
        _instant("uploaded_at"),
        sa.Column("confirmed_by", sa.String(length=42), nullable=True),
        _instant("confirmed_at", nullable=True),
        sa.Column("stored_rows", sa.Integer(), nullable=True),
        _to("attendance_files", "project_pk", "projects"),
        sa.PrimaryKeyConstraint("project_pk", "kind", "digest", name=op.f("pk_attendance_files")),
    )


def _corrections() -> None:
    op.create_table(
        "attendance_corrections",
        sa.Column("correction_id", sa.LargeBinary(length=32), nullable=False),
        _reference("project_pk"),
        _reference("worker_pk"),
        sa.Column("action", sa.String(length=8), nullable=False),
        _reference("punch_pk", nullable=True),
        _instant("at", nullable=True),
        sa.Column("direction", sa.String(length=2), nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("old_quantity", sa.BigInteger(), nullable=True),
        sa.Column("new_quantity", sa.BigInteger(), nullable=True),
        sa.Column("takes_away", sa.Boolean(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("proposed_by", sa.String(length=42), nullable=False),
        sa.Column("proposer_role", sa.String(length=16), nullable=False),
        _instant("proposed_at"),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("countersigned_by", sa.String(length=42), nullable=True),
        sa.Column("countersignature", sa.LargeBinary(), nullable=True),
        _instant("countersigned_at", nullable=True),
        sa.Column("worker_signature", sa.LargeBinary(), nullable=True),
        _instant("worker_signed_at", nullable=True),
        sa.Column("by_silence", sa.Boolean(), nullable=False),
        _instant("closed_at", nullable=True),
        sa.Column("salt", sa.LargeBinary(length=16), nullable=False),
        _to("attendance_corrections", "project_pk", "projects"),
        _to("attendance_corrections", "worker_pk", "workers"),
        _to("attendance_corrections", "punch_pk", "punches"),
        sa.PrimaryKeyConstraint("correction_id", name=op.f("pk_attendance_corrections")),
    )
    for column in ("project_pk", "worker_pk", "punch_pk", "state"):
        op.create_index(op.f(f"ix_attendance_corrections_{column}"), "attendance_corrections", [column], unique=False)


def _roots() -> None:
    op.create_table(
        "attendance_roots",
        _identity(),
        _reference("project_pk"),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("topic", sa.LargeBinary(length=32), nullable=False),
        sa.Column("root", sa.LargeBinary(length=32), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("leaf_count", sa.Integer(), nullable=False),
        _instant("built_at"),
        _instant("anchored_at", nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("call_key", sa.String(), nullable=True),
        sa.Column("tx_hash", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        _to("attendance_roots", "project_pk", "projects"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendance_roots")),
        sa.UniqueConstraint("digest", name=op.f("uq_attendance_roots_digest")),
        sa.UniqueConstraint("project_pk", "day", name=op.f("uq_attendance_roots_project_pk_day")),
    )
    for column in ("state", "call_key"):
        op.create_index(op.f(f"ix_attendance_roots_{column}"), "attendance_roots", [column], unique=False)
    op.create_table(
        "attendance_leaves",
        _reference("root_pk"),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("record", sa.String(length=66), nullable=False),
        sa.Column("leaf", sa.LargeBinary(length=32), nullable=False),
        _to("attendance_leaves", "root_pk", "attendance_roots"),
        sa.PrimaryKeyConstraint("root_pk", "position", name=op.f("pk_attendance_leaves")),
        sa.UniqueConstraint("kind", "record", name=op.f("uq_attendance_leaves_kind_record")),
    )
    op.create_table(
        "root_signatures",
        _reference("root_pk"),
        sa.Column("witness", sa.String(length=42), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        _instant("received_at"),
        _to("root_signatures", "root_pk", "attendance_roots"),
        sa.PrimaryKeyConstraint("root_pk", "witness", name=op.f("pk_root_signatures")),
    )
    op.create_table(
        "attendance_closed_days",
        sa.Column("day", sa.Date(), nullable=False),
        _instant("closed_at"),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_attendance_closed_days")),
    )


def _identity() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False)


def _reference(column: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(column, sa.BigInteger(), nullable=nullable)


def _instant(column: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(column, sa.DateTime(timezone=True), nullable=nullable)


def _to(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}"))


def _old_punches() -> None:
    op.create_table(
        "punches",
        _reference("project_pk"),
        _reference("worker_pk"),
        _instant("at"),
        sa.Column("direction", sa.String(length=2), nullable=False),
        sa.Column("device", sa.String(length=32), nullable=False),
        sa.Column("attend_type", sa.String(length=3), nullable=False),
        sa.ForeignKeyConstraint(["project_pk"], ["projects.id"], name=op.f("fk_punches_project_pk")),
        sa.ForeignKeyConstraint(["worker_pk"], ["workers.id"], name=op.f("fk_punches_worker_pk")),
        sa.PrimaryKeyConstraint("project_pk", "worker_pk", "at", "direction", "device", name=op.f("pk_punches")),
    )


def _old_piece_counts() -> None:
    op.create_table(
        "piece_counts",
        _reference("project_pk"),
        _reference("worker_pk"),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["project_pk"], ["projects.id"], name=op.f("fk_piece_counts_project_pk")),
        sa.ForeignKeyConstraint(["worker_pk"], ["workers.id"], name=op.f("fk_piece_counts_worker_pk")),
        sa.PrimaryKeyConstraint("project_pk", "worker_pk", "day", name=op.f("pk_piece_counts")),
    )
