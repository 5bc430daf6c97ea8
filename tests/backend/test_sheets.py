"""Wage sheets: compiled from attendance, signed by the contractor once, owed when the very same sheet is on the chain.

Branches: attendance to lines · payslip · pieces · outside the period · resent readings · strangers at the gate · no lines ·
too many · next id · shown before signing · signed · resent · stranger · unknown · malformed · recovery byte ·
posted · another root, escrow or number · refused.
"""

import json
from datetime import date, datetime
from hashlib import sha256

import pytest
from sqlalchemy import func, select, update
from tests.backend.conftest import CONTRACTOR, DAYS, ESCROW, FIRST_DAY, LAST_DAY, PAYDAY, as_event, assert_problem
from tests.fakes import final_event

from anxin.attendance import service as attendance
from anxin.attendance.models import PieceCount, Punch
from anxin.attendance.service import Pieces, Reading
from anxin.core.calls import Refusal
from anxin.core.clock import SITE_ZONE
from anxin.core.database import transaction
from anxin.core.relayed import mark_refused
from anxin.core.sheet_tree import SheetTree
from anxin.core.signing import digest
from anxin.demo.keys import Wallet
from anxin.payroll import service as payroll
from anxin.payroll.models import WageSheet
from anxin.projects.models import Membership

STRANGER = Wallet.from_hex("0x" + "d7" * 32)


@pytest.fixture
async def sheet(site, sessions):
    """Compiled for two workers, waiting for the contractor."""
    workers = list(site.workers.values())
    wages = [payroll.Wage(workers[i], "day", 30_000, DAYS, amount) for i, amount in enumerate((90_000, 60_000))]
    async with transaction(sessions) as session:
        return await compile_october(session, site, wages)


async def test_days_at_the_gate_become_lines(site, session):
    readings = [*shift("W001", 8), *shift("W001", 9), *shift("W002", 8)]
    await take_in(session, site, readings)

    wages = await payroll.compute_wages(session, site.project, FIRST_DAY, LAST_DAY)

    assert [(wage.worker.worker_no, wage.amount_fen) for wage in wages] == [("W001", 60_000), ("W002", 30_000)]
    assert [date(2026, 10, 8), date(2026, 10, 9)] == wages[0].days


async def test_days_outside_the_period_belong_to_another_sheet(site, session):
    await take_in(session, site, [*shift("W001", 30, month=9), *shift("W001", 8), *shift("W001", 1, month=11)])

    (wage,) = await payroll.compute_wages(session, site.project, FIRST_DAY, LAST_DAY)

    assert [date(2026, 10, 8)] == wage.days


async def test_pieces_are_paid_by_the_piece(site, session):
    await session.execute(update(Membership).values(contract_type="piece", rate_fen=260))
    await take_in(session, site, [], [Pieces("W001", DAYS[0], 183), Pieces("W001", date(2026, 11, 1), 999)])

    (wage,) = await payroll.compute_wages(session, site.project, FIRST_DAY, LAST_DAY)

    assert wage.amount_fen == 183 * 260


async def test_device_that_repeats_itself_changes_nothing(site, session):
    for _ in range(2):
        await take_in(session, site, shift("W001", 8), [Pieces("W001", DAYS[0], 183)])

    assert await session.scalar(select(func.count()).select_from(Punch)) == 2
    assert await session.scalar(select(func.count()).select_from(PieceCount)) == 1


async def test_stranger_at_the_gate_is_left_out(site, session):
    await take_in(session, site, [*shift("W001", 8), *shift("X999", 8)], [Pieces("X999", DAYS[0], 1)])

    assert await session.scalar(select(func.count()).select_from(Punch)) == 2


async def test_line_holds_the_hash_of_the_payslip_the_worker_reads(sheet):
    line = sheet.lines[0]
    payslip = json.loads(line.payslip)

    assert sha256(line.payslip.encode()).digest() == line.payslip_hash
    assert (payslip["worker"], payslip["project"], payslip["amountFen"]) == ("W001", "测试项目", 90_000)
    assert payslip["days"] == ["2026-10-08", "2026-10-09", "2026-10-10"]


async def test_equal_wages_have_unequal_payslip_hashes(site, session):
    worker = site.workers["W001"]
    sheet = await compile_october(session, site, [payroll.Wage(worker, "day", 30_000, DAYS, 90_000)] * 2)

    assert sheet.lines[0].payslip_hash != sheet.lines[1].payslip_hash


async def test_root_total_and_mask_are_those_of_the_lines(sheet):
    assert SheetTree([line.on_chain for line in sheet.lines]).root == sheet.root
    assert (sheet.total_fen, sheet.lines[0].day_mask) == (150_000, 0b11_1000_0000)


async def test_sheets_of_an_escrow_are_numbered_in_order(site, session, sheet):
    second = await compile_october(session, site, [payroll.Wage(site.workers["W003"], "day", 30_000, DAYS, 1)])

    assert (sheet.sheet_id, second.sheet_id) == (0, 1)


@pytest.mark.parametrize("count", [0, 257])
async def test_sheet_has_as_many_lines_as_a_bitmap_word(site, session, count):
    wage = payroll.Wage(site.workers["W001"], "day", 30_000, DAYS, 90_000)

    with pytest.raises(ValueError, match=f"not {count}"):
        await compile_october(session, site, [wage] * count)


async def test_contractor_can_compute_the_digest_from_what_is_shown(client, sheet, site):
    (shown,) = (await client.get(f"/api/projects/{ESCROW}/sheets")).json()["sheets"]

    message = {**sheet.header, "sheetId": shown["sheetId"], "root": shown["root"], "total": shown["totalFen"]}
    assert shown["digest"] == "0x" + digest(site.deployment.escrow_domain(ESCROW), "Sheet", message).hex()
    assert (shown["state"], len(shown["lines"])) == ("waiting", 2)
    assert "工人" not in str(shown)


async def test_contractors_signature_posts_the_sheet(client, sheet, jobs):
    answer = await sign(client, sheet)

    assert (answer.status_code, answer.json()["state"]) == (202, "accepted")
    (call,) = await jobs("relay")
    arguments = call["arguments"]
    assert (call["contract"], call["address"], call["function"]) == ("WageEscrow", ESCROW, "postSheet")
    lines = "0x" + b"".join(line.on_chain.packed() for line in sheet.lines).hex()
    assert (0, sheet.header, lines) == (arguments["sheetId"], arguments["header"], arguments["lines"])
    assert "0x" + CONTRACTOR.sign_bytes(sheet.digest).hex() == arguments["contractorSignature"]


async def test_resent_signature_posts_once(client, sheet, jobs):
    first, again = await sign(client, sheet), await sign(client, sheet)

    assert first.json() == again.json()
    assert len(await jobs("relay")) == 1


async def test_strangers_signature_posts_nothing(client, sheet, jobs):
    assert_problem(await sign(client, sheet, STRANGER), 403, "wrong-signer", CONTRACTOR.address)
    assert await jobs("relay") == []


async def test_unknown_sheet_is_not_found(client, site):
    body = {"signature": "0x" + "00" * 65}

    answer = await client.put(f"/api/sheets/0x{'ab' * 32}/signature", json=body)

    assert_problem(answer, 404, "sheet-not-found", "ab" * 32)


@pytest.mark.parametrize("signature", ["", "0x", "0x" + "00" * 64, "zz" * 65], ids=["empty", "none", "short", "not hex"])
async def test_malformed_signature_says_so(client, sheet, signature):
    answer = await client.put(f"/api/sheets/0x{sheet.digest.hex()}/signature", json={"signature": signature})

    assert_problem(answer, 400, "malformed", "130 hexadecimal digits")


@pytest.mark.parametrize("off", [27, 2, -2, 200], ids=["counted from 0", "too small", "too large", "far off"])
async def test_recovery_byte_the_contract_does_not_take_is_refused(client, sheet, jobs, off):
    signature = bytearray(CONTRACTOR.sign_bytes(sheet.digest))
    signature[64] = (signature[64] - off) % 256

    answer = await client.put(f"/api/sheets/0x{sheet.digest.hex()}/signature", json={"signature": "0x" + signature.hex()})

    assert_problem(answer, 403, "wrong-signer", CONTRACTOR.address)
    assert await jobs("relay") == []


async def test_sheet_is_owed_once_it_is_final(client, site, sheet, sessions):
    await sign(client, sheet)
    event = posted(sheet)

    await site.apply(payroll.record_sheet_posted, event)

    async with sessions() as session:
        row = (await session.scalars(select(WageSheet))).one()
    assert ("done", event.tx_hash, event.block_time) == (row.state, row.tx_hash, row.posted_at)


@pytest.mark.parametrize(
    "changed", [{"root": "0x" + "ab" * 32}, {"escrow": "0x" + "11" * 20}, {"sheet_id": 7}], ids=["root", "escrow", "number"]
)
async def test_another_sheet_on_the_chain_is_not_ours(site, sheet, sessions, changed):
    await site.apply(payroll.record_sheet_posted, posted(sheet, **changed))

    async with sessions() as session:
        assert await session.scalar(select(WageSheet.state)) == "waiting"


async def test_refusal_by_the_chain_is_shown_to_the_contractor(client, site, sheet, jobs):
    await sign(client, sheet)
    (call,) = await jobs("relay")

    await site.apply(mark_refused, WageSheet, call["key"], Refusal("Escrow_BadLine", [1]))

    (shown,) = (await client.get(f"/api/projects/{ESCROW}/sheets")).json()["sheets"]
    assert shown["state"] == "refused"


async def compile_october(session, site, wages):
    return await payroll.compile_sheet(
        session, site.deployment, site.project, wages, first_day=FIRST_DAY, last_day=LAST_DAY, payday=PAYDAY
    )


async def take_in(session, site, readings, pieces=()):
    workers = {number: worker.id for number, worker in site.workers.items()}
    await attendance.take_in(session, site.project, workers, readings, pieces)


def shift(worker_no, day, *, month=10):
    """In at seven, out at six."""
    at = {"01": datetime(2026, month, day, 7, tzinfo=SITE_ZONE), "02": datetime(2026, month, day, 18, tzinfo=SITE_ZONE)}
    return [Reading(worker_no, when, direction, "001", "G1") for direction, when in at.items()]


async def sign(client, sheet, by=CONTRACTOR):
    body = {"signature": "0x" + by.sign_bytes(sheet.digest).hex()}
    return await client.put(f"/api/sheets/0x{sheet.digest.hex()}/signature", json=body)


def posted(sheet, *, root=None, escrow=ESCROW, sheet_id=0):
    return final_event(
        "SheetPosted", "WageEscrow", escrow, sheetId=sheet_id, root=root or "0x" + sheet.root.hex(), header=sheet.header,
        total=sheet.total_fen, lines=[as_event(line) for line in sheet.lines],
    )  # fmt: skip
