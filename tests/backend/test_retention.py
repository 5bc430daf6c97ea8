"""Retention: what the law asks to keep is kept to its last day; then it goes, and nothing brings it back.

Branches: payslip on the last day and the day after · with the bank · at the worker's own address · unpaid · in dispute ·
reasons with their payslip, their last payslip, their project, revoked ·
names on the last day and the day after · one living project · never closed · closed at a false date · contract, contacts,
board · again · once a day · what stays · no name in the log · 29 February.
"""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select, text, update
from structlog.testing import capture_logs
from tests.backend.conftest import BANK, CONTRACTOR, ESCROW
from tests.fakes import final_event

from anxin import wiring
from anxin.core.clock import SITE_ZONE
from anxin.core.database import transaction
from anxin.disputes.models import Dispute
from anxin.payroll.models import Adjustment, AdjustmentRevocation, AppliedAdjustment, WageLine
from anxin.people.models import Worker
from anxin.projects import retention
from anxin.projects import service as projects
from anxin.projects.models import Membership, Party, Project, RosterEntry, ShreddingRun

ENDED = datetime(2026, 11, 20, 15, 59, tzinfo=UTC)  # 23:59 on the site
LAST_DAY_KEPT, DAY_AFTER = date(2029, 11, 20), date(2029, 11, 21)


@pytest.fixture
def shred(site, deployment):
    """Run the job of a day."""

    async def run(day):
        handler = wiring.on_job(None, deployment)["shred"]
        await site.apply(handler, {"day": day.isoformat()})

    return run


@pytest.fixture
async def closed(site):
    """The site's escrow is closed, by its own event."""
    await site.final(
        final_event("Closed", "WageEscrow", ESCROW, at=ENDED, contractor=CONTRACTOR.address, amount=100)
    )


@pytest.fixture
def in_database(sessions):
    async def change(statement):
        async with transaction(sessions) as session:
            await session.execute(statement)

    return change


async def names(sessions):
    async with sessions() as session:
        return [worker.name for worker in await session.scalars(select(Worker).order_by(Worker.worker_no))]


async def payslips(sessions):
    """Whether each line still has its text."""
    async with sessions() as session:
        return [line.payslip is not None for line in await session.scalars(select(WageLine).order_by(WageLine.index))]


# ------------------------------------------------------------------ payslips


async def test_payslip_is_kept_three_years_from_payment_and_no_longer(site, shred, sessions, in_database):
    await site.post(30_000)
    await in_database(update(WageLine).values(released_at=ENDED, released_payout="0x" + "0f" * 20))

    await shred(LAST_DAY_KEPT)
    assert [True] == await payslips(sessions)
    await shred(DAY_AFTER)
    assert [False] == await payslips(sessions)


async def test_with_the_bank_the_years_run_from_its_receipt(site, shred, sessions, in_database):
    """Released is not paid."""
    await site.post(30_000, 30_000)
    early = ENDED - timedelta(days=400)
    await in_database(update(WageLine).values(released_at=early, released_payout=BANK))
    await in_database(update(WageLine).where(WageLine.index == 1).values(settled_at=ENDED))

    await shred(LAST_DAY_KEPT)
    assert [True, True] == await payslips(sessions)
    await shred(DAY_AFTER)
    assert [True, False] == await payslips(sessions)


async def test_payslip_of_an_unpaid_wage_is_kept_for_ever(site, shred, sessions):
    await site.post(30_000)

    await shred(date(2060, 1, 1))

    assert [True] == await payslips(sessions)


@pytest.mark.parametrize(
    ("state", "left"),
    [
        ({"state": "contested"}, True),
        ({"state": "decided", "granted_fen": 5, "paid_fen": 0}, True),
        ({"state": "decided", "granted_fen": 5, "paid_fen": 5, "banked_fen": 5}, True),
        ({"state": "decided", "granted_fen": 5, "paid_fen": 5, "banked_fen": 0}, False),
    ],
    ids=["undecided", "unpaid", "with the bank", "paid"],
)
async def test_payslip_somebody_argues_about_is_kept(site, shred, sessions, in_database, state, left):
    sheet = await site.post(30_000)
    await in_database(update(WageLine).values(released_at=ENDED, released_payout="0x" + "0f" * 20))
    async with transaction(sessions) as session:
        session.add(
            Dispute(
                **({"granted_fen": 0, "paid_fen": 0, "banked_fen": 0} | state), project_pk=site.project.id, dispute_id=0,
                kind="contest", worker_id=b"\1" * 32, sheet_id=sheet.sheet_id, line_index=0, first_day=date(2026, 10, 1),
                day_mask=1, evidence_hash=b"\0" * 32, asked_fen=5, since=ENDED, stood=False, opened_tx="0x", last_tx="0x",
            )
        )  # fmt: skip

    await shred(DAY_AFTER)

    assert [left] == await payslips(sessions)


async def test_amount_and_hash_of_a_shredded_payslip_stay(site, shred, sessions, in_database):
    sheet = await site.post(30_000)
    await in_database(update(WageLine).values(released_at=ENDED, released_payout="0x" + "0f" * 20))

    await shred(DAY_AFTER)

    async with sessions() as session:
        kept = (await session.scalars(select(WageLine))).one()
    assert (30_000, sheet.lines[0].payslip_hash) == (kept.amount_fen, kept.payslip_hash)


# ------------------------------------------------------------------ reasons of what was taken or added


@pytest.fixture
def entry(site, sessions):
    """Enter an advance of 1.00, of which `taken` fen were taken on each of these (sheet, line)."""

    async def entry(*lines, taken=100, revoked_at=None):
        async with transaction(sessions) as session:
            row = Adjustment(
                project_pk=site.project.id, worker_pk=site.workers["W001"].id, key=str(len(lines)), kind="advance",
                amount_fen=100, on_day=date(2026, 10, 1), reason="孩子住院", entered_by="0x", entered_at=ENDED,
            )  # fmt: skip
            session.add(row)
            await session.flush()
            for sheet, index in lines:
                session.add(
                    AppliedAdjustment(sheet_pk=sheet.id, line_index=index, adjustment_pk=row.id, amount_fen=taken)
                )
            if revoked_at is not None:
                session.add(
                    AdjustmentRevocation(adjustment_pk=row.id, reason="记错人", revoked_by="0x", revoked_at=revoked_at)
                )

    return entry


async def reasons(sessions):
    """What is still told of each entry, and of its revocation."""
    async with sessions() as session:
        told = select(Adjustment.reason, AdjustmentRevocation.reason).outerjoin(AdjustmentRevocation)
        return [tuple(row) for row in await session.execute(told)]


PAID = {"released_at": ENDED, "released_payout": "0x" + "0f" * 20}


async def test_reason_of_a_deduction_goes_with_its_payslip_and_not_before(site, shred, entry, sessions, in_database):
    await entry((await site.post(30_000), 0))
    await in_database(update(WageLine).values(**PAID))

    await shred(LAST_DAY_KEPT)
    assert [("孩子住院", None)] == await reasons(sessions)
    await shred(DAY_AFTER)
    assert [("", None)] == await reasons(sessions)


async def test_reason_is_kept_while_one_payslip_names_it(site, shred, entry, sessions, in_database):
    sheet = await site.post(30_000, 30_000)
    await entry((sheet, 0), (sheet, 1), taken=50)
    await in_database(update(WageLine).where(WageLine.index == 0).values(**PAID))

    await shred(DAY_AFTER)

    assert [("孩子住院", None)] == await reasons(sessions)


async def test_reason_of_what_is_still_to_be_taken_is_kept_until_the_project_is_over(
    site, shred, entry, sessions, in_database
):
    await entry((await site.post(30_000), 0), taken=99)
    await in_database(update(WageLine).values(**PAID))

    await shred(DAY_AFTER)
    assert [("孩子住院", None)] == await reasons(sessions)
    await in_database(update(Project).values(closed_at=ENDED))
    await shred(LAST_DAY_KEPT)
    assert [("孩子住院", None)] == await reasons(sessions)
    await shred(DAY_AFTER)
    assert [("", None)] == await reasons(sessions)


async def test_reasons_of_a_revoked_entry_go_three_years_after(shred, entry, sessions):
    await entry(revoked_at=ENDED)

    await shred(LAST_DAY_KEPT)
    assert [("孩子住院", "记错人")] == await reasons(sessions)
    await shred(DAY_AFTER)
    assert [("", "")] == await reasons(sessions)


# ------------------------------------------------------------------ people


async def test_names_are_kept_three_years_from_the_projects_end_and_no_longer(shred, closed, sessions):
    await shred(LAST_DAY_KEPT)
    assert ["工人W001", "工人W002", "工人W003"] == await names(sessions)
    await shred(DAY_AFTER)
    assert [None] * 3 == await names(sessions)


async def test_all_that_is_personal_goes_with_the_salt(shred, closed, sessions):
    await shred(DAY_AFTER)

    async with sessions() as session:
        rows = (await session.execute(text("SELECT * FROM workers"))).mappings().all()
    personal = (
        "name", "phone", "phone_index", "id_number", "id_number_index", "bank_account", "bank_account_index", "salt",
    )  # fmt: skip
    assert [None] * 8 * 3 == [row[column] for row in rows for column in personal]
    assert all(row["worker_id"] and row["shredded_at"] for row in rows)


async def test_worker_with_one_living_project_is_kept(site, shred, closed, sessions):
    async with transaction(sessions) as session:
        other = await projects.open_project(
            session, b"\x02" * 32, name="在建", contractor_name="甲", contractor=CONTRACTOR.address,
            bureau="0x" + "b1" * 20, arbiter="0x" + "b2" * 20, windows=projects.Windows(1, 1, 1),
        )  # fmt: skip
        session.add(
            RosterEntry(
                project_pk=other.id, worker_pk=site.workers["W002"].id, worker_no="7", team="T", contract_type="day",
                employer=CONTRACTOR.address, rate_fen=1, registered_at=ENDED,
            )
        )  # fmt: skip

    await shred(DAY_AFTER)

    assert [None, "工人W002", None] == await names(sessions)


async def test_project_that_was_never_closed_keeps_everything(shred, site, sessions):
    await shred(date(2060, 1, 1))

    assert ["工人W001", "工人W002", "工人W003"] == await names(sessions)


async def test_contractor_cannot_hasten_the_day_by_a_false_date(shred, site, sessions, in_database):
    """Whoever wants the evidence gone writes that the project ended long ago: only the escrow's closing counts."""
    await in_database(update(Project).values(completed_on=date(2020, 1, 1), started_on=date(2019, 1, 1)))

    await shred(DAY_AFTER)

    assert ["工人W001", "工人W002", "工人W003"] == await names(sessions)


async def test_contracts_contacts_and_the_officers_name_go_with_the_project(shred, closed, site, sessions, in_database):
    await in_database(update(Membership).values(contract="合同"))
    await in_database(update(Project).values(notice={"officer": "张三", "officerPhone": "138", "developer": "甲"}))
    async with transaction(sessions) as session:
        session.add(
            Party(project_pk=site.project.id, address="0x1", role="officer", firm="甲", contact="张三", since=ENDED)
        )

    await shred(DAY_AFTER)

    async with sessions() as session:
        assert [None] * 3 == list(await session.scalars(select(Membership.contract)))
        assert None is await session.scalar(select(Party.contact))
        assert {"developer": "甲"} == await session.scalar(select(Project.notice))


async def test_terms_and_signatures_stay(shred, closed, sessions):
    await shred(DAY_AFTER)

    async with sessions() as session:
        kept = (await session.scalars(select(Membership))).all()
    assert [30_000] * 3 == [row.rate_fen for row in kept]
    assert all(row.contractor_signature for row in kept)


async def test_shredded_worker_cannot_sign_in_any_more(client, shred, closed, jobs, site):
    await shred(DAY_AFTER)

    asked = await client.post("/api/login-codes", json={"phone": "13800000001", "language": "zh"})

    assert 202 == asked.status_code  # the same answer as for anybody
    async with site.sessions() as session:
        assert 0 == await session.scalar(select(func.count()).where(Worker.phone_index.is_not(None)))


# ------------------------------------------------------------------ the run


async def test_shredding_again_finds_nothing(shred, closed, sessions):
    await shred(DAY_AFTER)
    await shred(DAY_AFTER)

    async with sessions() as session:
        run = await session.get(ShreddingRun, DAY_AFTER)
    assert (3, 0, 0) == (run.workers, run.contracts, run.payslips)


async def test_log_says_how_many_and_not_who(shred, closed):
    with capture_logs() as told:
        await shred(DAY_AFTER)

    (line,) = [each for each in told if each["event"] == "shredded"]
    assert {"day": "2029-11-21", "workers": 3, "contracts": 0, "payslips": 0} == {
        name: line[name] for name in ("day", "workers", "contracts", "payslips")
    }
    assert "工人" not in str(told)


async def test_a_day_has_one_run_by_the_sites_calendar(site, jobs, monkeypatch):
    evening = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)  # midnight on the site
    for at in (evening, evening + timedelta(hours=23), evening + timedelta(hours=24)):
        monkeypatch.setattr(retention, "now", lambda at=at: at)
        await site.apply(retention.schedule, at)

    assert [{"day": "2026-11-21"}, {"day": "2026-11-22"}] == await jobs("shred")


def test_run_is_asked_for_whenever_blocks_become_final():
    assert retention.schedule in wiring.ON_FINAL_BLOCK


async def test_clock_of_the_chain_shreds_nothing(site, jobs, monkeypatch):
    """A chain whose clock ran ahead must not cost anybody their evidence."""
    monkeypatch.setattr(retention, "now", lambda: datetime(2026, 11, 20, tzinfo=UTC))

    await site.apply(retention.schedule, datetime(2040, 1, 1, tzinfo=UTC))

    assert [{"day": "2026-11-20"}] == await jobs("shred")


@pytest.mark.parametrize(
    ("today", "since"), [(date(2028, 2, 29), date(2025, 2, 28)), (date(2028, 3, 1), date(2025, 3, 1))]
)
def test_years_begin_and_end_at_the_sites_midnight(today, since):
    assert datetime(since.year, since.month, since.day, tzinfo=SITE_ZONE) == retention.kept_since(today)
