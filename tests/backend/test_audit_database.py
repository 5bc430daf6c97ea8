"""The audit of a database: as the indexer left it nothing differs, and each way of tampering with it is named.

Branches: as it was indexed · a second operator's rows are nobody's business · an amount, a state, a row too few, a row too
many, of each table that follows from events · a ledger entry changed, removed, added, two that cancel out · an event
changed, removed, added · a block of another chain, none yet, not there yet · the command.
"""

import asyncio
import sys
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import select, text
from tests.backend.test_audit import DAY, FEN, WORD, Life

from anxin.audit.against_database import audit_database, compare
from anxin.chain.identity import ChainChanged, NodeBehind
from anxin.chain.indexer import Indexer
from anxin.chain.reader import read_events
from anxin.core.clock import EPOCH
from anxin.core.database import transaction
from anxin.core.signing import from_hex
from anxin.disputes.views import stored as read_disputes
from anxin.payroll.models import WageLine, WageSheet
from anxin.people import service as people
from anxin.people.models import Worker
from anxin.projects import service as projects
from anxin.projects.models import Membership, Project
from anxin.stack import EMBEDDED_ROLES, address_of
from anxin.wiring import on_final_event

pytest_plugins = ["tests.chain"]

WINDOWS = projects.Windows(objection_seconds=DAY, answer_seconds=3 * DAY, bureau_seconds=7 * DAY)


@pytest.fixture
async def indexed(chain, sessions):
    """A whole life, on record before it began, indexed by the real handlers."""
    await chain("evm_setAutomine", True)
    life, start = Life(chain), chain.start
    await _on_record(sessions, chain.deployment)
    await life.live()
    await _sheet_of(sessions, life)
    deployment = msgspec.structs.replace(chain.deployment, start_block=start)
    indexer = Indexer(sessions, chain.rpc, deployment, finality_depth=0, on_event=on_final_event(deployment))
    async with asyncio.timeout(30):
        while await indexer.step():
            pass
    return life


async def _on_record(sessions, deployment):
    """The project, and its three workers with what both sides will sign."""
    async with transaction(sessions) as session:
        project = await projects.open_project(
            session, from_hex(WORD), name="一生", contractor_name="渝安", contractor=address_of("contractor"),
            bureau=EMBEDDED_ROLES.bureau, arbiter=EMBEDDED_ROLES.arbiter, windows=WINDOWS,
        )  # fmt: skip
        for number in (1, 2, 3):
            worker = await people.register_worker(
                session, f"W00{number}", name=f"工人{number}", phone=f"1380000000{number}", payout=deployment.bank
            )
            worker.worker_id = from_hex(f"0x{number:032x}" + "00" * 16)
            await session.flush()
            session.add(
                Membership(
                    digest=bytes([number]) * 32, project_pk=project.id, worker_pk=worker.id, team="T1",
                    employer=project.contractor, contract_type="day", rate_fen=FEN, day_cap_fen=FEN,
                    terms_hash=from_hex(WORD), deadline=1, state="sent", call_key=f"join:{number}",
                )
            )  # fmt: skip


async def _sheet_of(sessions, life):
    """The sheet as it was compiled here before it was posted."""
    events = await read_events(life.chain.rpc, life.chain.deployment, await life.chain.head())
    args = next(event.args for event in events if event.name == "SheetPosted")
    async with transaction(sessions) as session:
        workers = dict([*await session.execute(select(Worker.worker_id, Worker.id))])
        days = {
            name: EPOCH + timedelta(days=args["header"][key])
            for name, key in (("first_day", "firstDay"), ("last_day", "lastDay"), ("payday", "payday"))
        }
        lines = [
            WageLine(
                index=line["index"], worker_pk=workers[from_hex(line["workerId"])], worker_id=from_hex(line["workerId"]),
                amount_fen=line["amount"], day_mask=line["dayMask"], payslip_hash=from_hex(line["payslipHash"]),
            )
            for line in args["lines"]
        ]  # fmt: skip
        session.add(
            WageSheet(
                project_pk=await session.scalar(select(Project.id)), sheet_id=0, **days, rules_hash=from_hex(WORD),
                terms_root=from_hex(WORD), root=from_hex(args["root"]), digest=b"\x01" * 32, state="sent",
                total_fen=args["total"], lines=lines,
            )
        )  # fmt: skip


@pytest.fixture
def findings(chain, sessions):
    deployment = msgspec.structs.replace(chain.deployment, start_block=chain.start)  # the tests' chain began before

    async def run():
        return (await audit_database(chain.rpc, deployment, sessions, read_disputes)).result.findings

    return run


TAMPERED = {
    # what was done: (statement, what the first finding that names a row begins with)
    "amount of a line": ("UPDATE wage_lines SET amount_fen = amount_fen + 1 WHERE index = 0", "line"),
    "line said to be unreleased": ("UPDATE wage_lines SET released_tx = NULL WHERE index = 1", "line"),
    "release moved in time": ("UPDATE wage_lines SET released_at = released_at - interval '1 day' WHERE index = 0", "line"),
    "payout of a release": ("UPDATE wage_lines SET released_payout = '0x00' WHERE index = 0", "line"),
    "line said to be settled": ("UPDATE wage_lines SET settled_tx = '0x00' WHERE index = 0", "line"),
    "return hidden": ("UPDATE wage_lines SET returned_tx = NULL WHERE index = 2", "line"),
    "line removed": ("DELETE FROM wage_lines WHERE index = 2", "line"),
    "line added": (
        "INSERT INTO wage_lines (sheet_pk, index, worker_pk, worker_id, amount_fen, day_mask, payslip_hash)"
        " SELECT sheet_pk, 9, worker_pk, worker_id, amount_fen, day_mask, payslip_hash FROM wage_lines WHERE index = 0",
        "line",
    ),
    "sheet said not to be posted": ("UPDATE wage_sheets SET state = 'sent'", "line"),
    "dispute granted more": ("UPDATE disputes SET granted_fen = granted_fen + 1 WHERE dispute_id = 1", "dispute"),
    "dispute said to be settled": ("UPDATE disputes SET settled_fen = 1 WHERE dispute_id = 0", "dispute"),
    "dispute open again": ("UPDATE disputes SET state = 'contested' WHERE dispute_id = 2", "dispute"),
    "dispute removed": ("DELETE FROM disputes WHERE dispute_id = 0", "dispute"),
    "dispute added": (
        "INSERT INTO disputes (project_pk, dispute_id, kind, worker_id, first_day, day_mask, evidence_hash, asked_fen,"
        " granted_fen, paid_fen, banked_fen, settled_fen, state, since, stood, opened_tx, last_tx)"
        " SELECT project_pk, 7, kind, worker_id, first_day, day_mask, evidence_hash, asked_fen, granted_fen, paid_fen,"
        " banked_fen, settled_fen, state, since, stood, opened_tx, last_tx FROM disputes WHERE dispute_id = 0",
        "dispute",
    ),
    "key of a worker": ("UPDATE workers SET x = '0x' || repeat('00', 32) WHERE worker_no = 'W001'", "key and payout"),
    "payout of a worker": ("UPDATE workers SET payout = '0x00' WHERE worker_no = 'W002'", "key and payout"),
    "enrolment hidden": ("UPDATE workers SET x = NULL WHERE worker_no = 'W003'", "key and payout"),
    "day cap": ("UPDATE memberships SET day_cap_fen = 1 WHERE worker_pk = 1", "joined"),
    "join hidden": ("UPDATE memberships SET state = 'sent' WHERE worker_pk = 1", "joined"),
    "membership removed": ("DELETE FROM memberships WHERE worker_pk = 2", "joined"),
    "escrow of a project": ("UPDATE projects SET escrow = '0x' || repeat('77', 20)", "escrow"),
    "escrow forgotten": ("UPDATE projects SET escrow = NULL", "escrow"),
    "closing": ("UPDATE projects SET closed_at = NULL", "escrow"),
    "entry's amount": ("UPDATE ledger_entries SET amount_fen = amount_fen + 1 WHERE id = 3", "ledger entry"),
    "entry removed": ("DELETE FROM ledger_entries WHERE id = 4", "ledger entry"),
    "entry added": (
        "INSERT INTO ledger_entries (escrow, event, event_name, debit, credit, amount_fen, block_number, tx_hash, at)"
        " SELECT escrow, '0x00:1', event_name, debit, credit, amount_fen, block_number, tx_hash, at"
        " FROM ledger_entries WHERE id = 5",
        "ledger entry",
    ),
    "entries that cancel out": (
        "UPDATE ledger_entries SET amount_fen = amount_fen + CASE WHEN id = a THEN 1 ELSE -1 END FROM (SELECT min(id) a,"
        " max(id) b FROM ledger_entries WHERE event_name = 'Funded') pair WHERE id IN (a, b)",
        "ledger entry",
    ),
    "event's words": ("UPDATE chain_events SET args = '{}' WHERE name = 'Released'", "event"),
    "event's time": ("UPDATE chain_events SET block_time = block_time + interval '1 s' WHERE name = 'Funded'", "event"),
    "event removed": ("DELETE FROM chain_events WHERE name = 'Contested' OR name = 'Claimed'", "event"),
    "event said to be orphaned": ("UPDATE chain_events SET state = 'orphaned' WHERE name = 'Closed'", "event"),
    "event added": (
        "INSERT INTO chain_events (block_hash, log_index, block_number, block_time, tx_hash, contract, address, name, args,"
        " state) SELECT block_hash, 999, block_number, block_time, tx_hash, contract, address, name, args, state"
        " FROM chain_events WHERE name = 'Closed'",
        "event",
    ),
}  # fmt: skip


NEWEST_HIGHER = "UPDATE blocks SET number = number + 1000 WHERE number = (SELECT max(number) FROM blocks)"
NEWEST_BACK_AS_ANOTHER = "UPDATE blocks SET number = number - 1000, hash = 'another' WHERE number > 1000"


async def test_untouched_database_agrees_and_each_way_of_tampering_is_named(indexed, findings, sessions):
    """One test for all, because a life takes some seconds: each statement is undone after it was looked at."""
    assert [] == await findings()
    missed = []
    for what, (statement, begins) in TAMPERED.items():
        table = statement.split()[2 if statement.startswith(("DELETE", "INSERT")) else 1]
        changed = await _change(sessions, f"CREATE TABLE kept.{table} AS TABLE {table}", statement)
        found = await findings()
        if not changed or not any(each.startswith(begins) for each in found):
            missed.append((what, changed, found))
        await _change(
            sessions, f"DELETE FROM {table}",  # noqa: S608
            f"INSERT INTO {table} OVERRIDING SYSTEM VALUE TABLE kept.{table}",
            f"DROP TABLE kept.{table}",
        )

    assert ([], []) == (missed, await findings())


async def _change(sessions, *statements):
    """As nobody but a tamperer can: references are not checked. Return how many rows the last one changed."""
    async with transaction(sessions) as session:
        await session.execute(text("CREATE SCHEMA IF NOT EXISTS kept"))
        await session.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in statements:
            done = await session.execute(text(statement))
        return done.rowcount


async def test_command_prints_each_difference_and_ends_with_1(indexed, chain, sessions, settings, tmp_path):
    file = tmp_path / "deployment.json"
    file.write_bytes(msgspec.json.encode(msgspec.structs.replace(chain.deployment, start_block=chain.start)))
    command = ("audit", "--rpc", chain.anvil.url, "--deployment", str(file), "--database", settings.database_url)

    before = await anxin(*command)
    await _change(sessions, "UPDATE disputes SET granted_fen = 7 WHERE dispute_id = 1")
    after, both = await anxin(*command), await anxin(*command, "--block", "3")

    assert (0, 1, 1) == (before[0], after[0], both[0]), before[1]
    assert "✓ consistent up to block" in before[1]
    assert f"✗ dispute {indexed.escrow.lower()} · 1, granted: the chain says {FEN // 2}, the database says 7" in after[1]
    assert "--block does not go with --database" in both[1]


async def anxin(*arguments):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "anxin.cli", *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    return process.returncode, output.decode()


async def test_database_of_another_chain_is_not_compared(indexed, findings, sessions):
    await _change(sessions, NEWEST_HIGHER)
    with pytest.raises(NodeBehind, match="does not have block"):
        await findings()

    await _change(sessions, NEWEST_BACK_AS_ANOTHER)
    with pytest.raises(ChainChanged, match="another one on this chain"):
        await findings()


async def test_nothing_is_compared_before_there_is_a_final_block(chain, findings):
    with pytest.raises(NodeBehind, match="no final block"):
        await findings()


def test_a_difference_says_what_and_where_and_who_says_what():
    chain = {("0xe5", 0): {"paid": 1, "state": "decided"}, ("0xe5", 1): {"paid": 2}}
    database = {("0xe5", 0): {"paid": 3, "state": "decided"}, ("0xe5", 2): {"paid": 4}}

    assert [
        "dispute 0xe5 · 0, paid: the chain says 1, the database says 3",
        "dispute 0xe5 · 1: the chain says {'paid': 2}, the database says nothing",
        "dispute 0xe5 · 2: the chain says nothing, the database says {'paid': 4}",
    ] == compare("dispute", chain, database)
