"""Payslips: what they say, that a person can compute them again, and who may read them.

Branches: canonical · by hand, from each kind of contract · shared with the phone · first kind · seconds · deductions reach
the line · taken once · loss over two months · labour service · entries: listed kinds, receipts, once, conflict, revoked,
used, others' workers · tables · a sheet's export.
"""

import json
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256
from math import ceil

import pytest
from tests.backend.conftest import BUREAU, CONTRACTOR, ESCROW, FIRST_DAY, LAST_DAY, assert_problem
from tests.backend.payslip_vectors import FILE, text, vectors
from tests.backend.site_office import (
    SHEETS,
    SUBCONTRACTOR,
    compile_october,
    day,
    posted,
    shift,
    submit_october,
    work,
)

from anxin.core.clock import now
from anxin.core.database import transaction
from anxin.core.tables import read_table
from anxin.payroll import sign as signing
from anxin.payroll.compile import Ask
from anxin.payroll.payslip import decode, encode, seconds_text
from anxin.projects.models import Party

ADJUSTMENTS = f"/api/projects/{ESCROW}/adjustments"
SECONDS_OF_RATE = {"day": 28_800, "hour": 3_600, "month": 626_400}
RECEIPT = "0x" + "ab" * 32


@pytest.fixture
async def october(site):
    """W001 worked 18 working days, W002 one: 540,000 and 30,000 fen."""
    working = [8, 9, 10, *range(12, 17), *range(19, 24), *range(26, 31)]
    await work(site, *(shift("W001", each) for each in working), shift("W002", 8))


@pytest.fixture
async def contractor(site, staff_headers):
    return await staff_headers(CONTRACTOR)


def by_hand(slip):
    """Compute the amount from the payslip's own numbers alone, as its docstring says."""
    gross = 0
    for item in slip["items"]:
        percent = Fraction(item.get("percent", 100), 100)
        if "quantities" in item:
            fen = slip["rateFen"] * sum(Fraction(each["quantity"] * each["percent"], 100) for each in item["quantities"])
        elif "absentSeconds" in item:
            absent = Fraction(Decimal(item["absentSeconds"]))
            fen = max(0, slip["rateFen"] - slip["rateFen"] * absent / SECONDS_OF_RATE["month"])
        else:
            seconds = Fraction(Decimal(item["seconds"]))
            fen = slip["rateFen"] * seconds * percent / SECONDS_OF_RATE[slip["contractType"]]
        assert ceil(fen) == item["amountFen"], item
        gross += ceil(fen)
    assert gross == slip["grossFen"]
    taken = sum(each["amountFen"] for each in slip["deductions"]) + (slip["tax"]["amountFen"] if slip["tax"] else 0)
    added = sum(each["amountFen"] for each in slip["backPay"])
    return gross - sum(each["grossFen"] for each in slip["earlier"]) + added - taken


@pytest.mark.parametrize(("name", "slip"), list(vectors()), ids=lambda each: each if isinstance(each, str) else "")
def test_amount_follows_from_the_numbers_of_the_payslip_alone(name, slip):
    assert slip.amount_fen == by_hand(json.loads(encode(slip)))


@pytest.mark.parametrize(("name", "slip"), list(vectors()), ids=lambda each: each if isinstance(each, str) else "")
def test_shifts_of_a_payslip_sum_to_its_items(name, slip):
    for item in slip.items:
        if item.seconds is not None:
            field = "normal" if item.item == "base" else item.item
            assert Decimal(item.seconds) == sum(Decimal(getattr(row, field)) for row in slip.shifts)


def test_phone_is_held_to_the_same_payslips():
    assert text() == FILE.read_text(encoding="utf-8"), "python -m tests.backend.payslip_vectors writes the file again"


def test_text_is_canonical_and_read_back_as_it_was():
    for _, slip in vectors():
        assert encode(slip) == encode(decode(encode(slip)))
        said = json.loads(encode(slip))
        assert encode(slip) == json.dumps(said, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def test_payslip_of_the_first_kind_has_no_items():
    assert decode(json.dumps({"worker": "W001", "amountFen": 1, "salt": "00"})) is None


@pytest.mark.parametrize(
    ("minutes", "seconds"),
    [(0, "0"), (Fraction(15, 2), "450"), (Fraction(1, 60), "1"), (Fraction(1, 60_000_000), "0.000001"), (10, "600")],
)
def test_seconds_are_exact_decimal_text(minutes, seconds):
    assert seconds == seconds_text(minutes)


# ------------------------------------------------------------------ taken and added


async def test_deductions_reach_the_line_and_say_why(client, site, contractor, october):
    """20 % of 540,000 is 108,000, though the loss was greater; no minimum leaves the loss alone."""
    await district(site, "Chongqing 1")
    await enter(client, contractor, "a", kind="advance", amountFen=20_000, receiptHash=RECEIPT)
    await enter(client, contractor, "b", kind="loss-recovery", amountFen=500_000)

    (draft,) = await compile_october(site)

    slip = json.loads(draft.lines[0].payslip)
    assert 540_000 - 20_000 - 108_000 == draft.lines[0].amount_fen == by_hand(slip)
    assert [("advance", 20_000, "为什么"), ("loss-recovery", 108_000, "为什么")] == [
        (each["kind"], each["amountFen"], each["reason"]) for each in slip["deductions"]
    ]


async def test_what_one_sheet_took_the_next_does_not_take_again(client, site, contractor, october):
    await enter(client, contractor, "a", kind="advance", amountFen=20_000, receiptHash=RECEIPT)
    await submit_october(site)
    await work(site, shift("W001", 3, month=11))

    (november,) = await compile_october(site, Ask(day(1, 11), day(30, 11)))

    assert 30_000 == november.lines[0].amount_fen


async def test_rest_of_a_loss_is_taken_the_month_after(client, site, contractor, october):
    await district(site, "Chongqing 1")
    await enter(client, contractor, "a", kind="loss-recovery", amountFen=110_000)
    await submit_october(site)
    await work(site, *(shift("W001", each, month=11) for each in (*range(2, 7), *range(9, 14), *range(16, 21))))

    (november,) = await compile_october(site, Ask(day(1, 11), day(30, 11)))

    assert [2_000] == [each["amountFen"] for each in json.loads(november.lines[0].payslip)["deductions"]]


async def test_back_pay_is_named_with_its_period(client, site, contractor, october):
    await enter(client, contractor, "a", kind="back-pay", amountFen=7_000, firstDay="2026-08-01", lastDay="2026-08-31")

    (draft,) = await compile_october(site)

    assert 547_000 == draft.lines[0].amount_fen
    assert "2026-08-31" == json.loads(draft.lines[0].payslip)["backPay"][0]["lastDay"]


async def test_labour_service_is_taxed_over_the_months_sheets(client, site, contractor, october):
    """5,400 yuan: 864 in all, whether on one sheet or two."""
    body = {"treatment": "labour-service", "fromDay": "2026-10-01"}
    path = f"/api/projects/{ESCROW}/workers/W001/tax"
    assert 204 == (await client.put(path, json=body, headers=contractor)).status_code
    (first,) = await compile_october(site, Ask(FIRST_DAY, day(15)))

    (second,) = await compile_october(site, Ask(day(16), LAST_DAY))

    taxes = [json.loads(sheet.lines[0].payslip)["tax"]["amountFen"] for sheet in (first, second)]
    assert 86_400 == sum(taxes)
    assert 210_000 - 26_000 == first.lines[0].amount_fen


async def test_whose_deductions_leave_nothing_is_told(client, site, contractor, october):
    await enter(client, contractor, "a", worker="W002", kind="advance", amountFen=40_000, receiptHash=RECEIPT)

    (draft,) = await compile_october(site)

    assert [{"workerNo": "W002", "reason": "nothing-left"}] == draft.left_out


async def test_deduction_that_no_law_lists_is_refused_by_name(client, contractor):
    for kind in ("fine", "罚款", "deposit", "meals"):
        answer = await enter(client, contractor, "a", kind=kind, amountFen=1)

        assert_problem(answer, 422, "deduction-not-listed", kind)


async def test_advance_needs_the_receipt_the_worker_signed(client, contractor):
    assert_problem(await enter(client, contractor, "a", kind="advance", amountFen=1), 422, "receipt-needed", "SHA-256")


async def test_entry_sent_again_is_one_and_another_under_its_key_is_refused(client, contractor):
    first = await enter(client, contractor, "a", kind="tax", amountFen=5)
    again = await enter(client, contractor, "a", kind="tax", amountFen=5)

    assert first.json() == again.json()
    assert_problem(await enter(client, contractor, "a", kind="tax", amountFen=6), 409, "adjustment-conflict", "a")


async def test_revoked_entry_takes_nothing_and_a_used_one_is_not_revoked(client, site, contractor, october):
    for key in "ab":
        await enter(client, contractor, key, kind="court-order", amountFen=1_000)
    revoked = await client.put(f"{ADJUSTMENTS}/a/revocation", json={"reason": "弄错人"}, headers=contractor)
    (draft,) = await compile_october(site)

    used = await client.put(f"{ADJUSTMENTS}/b/revocation", json={"reason": "弄错人"}, headers=contractor)

    assert ("revoked", 539_000) == (revoked.json()["state"], draft.lines[0].amount_fen)
    assert_problem(used, 409, "adjustment-used", "b")


async def test_subcontractor_takes_nothing_from_others_workers(client, site, staff_headers):
    async with transaction(site.sessions) as session:
        session.add(Party(project_pk=1, address=SUBCONTRACTOR.address, role="subcontractor", firm="巴渝", since=now()))
    headers = await staff_headers(SUBCONTRACTOR)

    assert_problem(await enter(client, headers, "a", kind="tax", amountFen=5), 404, "not-on-roster", "W001")
    assert [] == (await client.get(ADJUSTMENTS, headers=headers)).json()["adjustments"]


# ------------------------------------------------------------------ tables


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
async def test_worker_takes_all_payslips_along_as_a_table(client, site, october, signed_in, kind):
    sheet = await owed(site)
    headers = signed_in(site.workers["W001"])

    answer = await client.get(f"/api/me/payslips?format={kind}", headers=headers)

    (row,) = read_table(answer.content, f"payslips.{kind}").rows
    assert ("测试项目", "540000", "18") == (row.cells["project"], row.cells["net_fen"], row.cells["days"])
    assert "0x" + sheet.lines[0].payslip_hash.hex() == row.cells["payslip_sha256"]


async def test_contractor_exports_a_sheet(client, site, contractor, october):
    sheet = await owed(site)

    answer = await client.get(f"{SHEETS}/{sheet.id}/export?format=xlsx", headers=contractor)

    rows = read_table(answer.content, "sheet.xlsx").rows
    assert [("W001", "540000"), ("W002", "30000")] == [(row.cells["worker_no"], row.cells["base_fen"]) for row in rows]


@pytest.mark.parametrize(("today", "amount_fen"), [(13, 0), (14, 570_000)], ids=["payday", "the day after"])
async def test_bureau_alone_sees_what_late_pay_could_cost(
    client, site, contractor, staff_headers, october, monkeypatch, today, amount_fen
):
    await owed(site)
    monkeypatch.setattr("anxin.payroll.late_pay.now", lambda: datetime(2026, 11, today, 4, tzinfo=UTC))
    path = f"/api/projects/{ESCROW}/late-pay"

    seen = (await client.get(path, headers=await staff_headers(BUREAU))).json()

    said = (seen["amountFen"], seen["leastSurchargeFen"], seen["mostSurchargeFen"])
    assert (amount_fen, amount_fen // 2, amount_fen) == said
    assert_problem(await client.get(path, headers=contractor), 403, "role-needed", "bureau")


async def test_hash_of_the_posted_text_is_the_lines(site, october):
    sheet = await owed(site)

    assert [line.payslip_hash for line in sheet.lines] == [sha256(line.payslip.encode()).digest() for line in sheet.lines]


async def enter(client, headers, key, *, worker="W001", **more):
    body = {"workerNo": worker, "onDay": "2026-10-20", "reason": "为什么", **more}
    return await client.put(f"{ADJUSTMENTS}/{key}", json=body, headers=headers)


async def district(site, name):
    async with transaction(site.sessions) as session:
        project = await session.merge(site.project)
        project.district = name
    site.project.district = name


async def owed(site):
    sheet = await submit_october(site)
    await site.apply(signing.record_sheet_posted, posted(sheet))
    return sheet


