"""The provident fund: a share of the wage by the worker's own consent, paid to the fund in a line of the same sheet.

Branches: arithmetic, pure · no consent · consent · its first day · taken back · more than is left · leaves · totals · two
sheets · correcting · final · fund named, by whom, whom not, ended · checks · signed for another fund, by another key, held
back, replayed, for too long, out of bounds · resent · what the worker sees.
"""

import json
from dataclasses import replace
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

import msgspec
import pytest
from sqlalchemy import func, select, update
from tests.backend.conftest import BUREAU, CONTRACTOR, ESCROW, FIRST_DAY, LAST_DAY, Site, assert_problem, plain_wage
from tests.backend.site_office import (
    SHEETS,
    compile_october,
    contractor_of,
    day,
    posted,
    shift,
    sign,
    submit_october,
    work,
)

from anxin.core.clock import day_number, now
from anxin.core.database import transaction
from anxin.core.signing import digest
from anxin.demo.keys import Key, Wallet
from anxin.payroll import drafts
from anxin.payroll.check import OddKind
from anxin.payroll.compile import Ask
from anxin.payroll.correct import compile_correction
from anxin.payroll.deductions import BackPay, Claim, DeductionKind, net
from anxin.payroll.drafts import SheetPlan, Wage, keep_drafts
from anxin.payroll.errors import SheetBlocked
from anxin.payroll.fund.consents import name_fund
from anxin.payroll.fund.models import FundConsent, ProjectFund
from anxin.payroll.fund.schemas import FundRequest
from anxin.payroll.fund.share import Consent, leaf, may_share
from anxin.payroll.models import SheetKind, WageSheet
from anxin.payroll.review import review
from anxin.payroll.submit import submit
from anxin.projects.models import Membership

FUND = "0x" + "67" * 32  # W003's wallet
OTHER = Wallet.from_hex("0x" + "d9" * 32)
NAME = "重庆市住房公积金管理中心"
TEN_PERCENT = Consent("0x" + "f0" * 20, NAME, 1_000)


def fund_address() -> str:
    return Wallet.from_hex(FUND).address


def consent(
    site: Site, number: str = "W001", *, share: int = 1_000, from_day: date = FIRST_DAY, minutes: int = 60,
    named: str | None = None, key: Key | None = None, **sent: Any,
) -> tuple[str, dict[str, Any]]:  # fmt: skip
    """Return (path, body) of a worker's consent; what is `sent` is so without having been signed."""
    deadline = int((now() + timedelta(minutes=minutes)).timestamp())
    worker_id, to = site.workers[number].hex_id, named or fund_address()
    words = digest(
        site.deployment.escrow_domain(ESCROW), "FundConsent",
        {
            "workerId": worker_id, "fund": to, "shareBasisPoints": share, "fromDay": day_number(from_day),
            "deadline": deadline,
        },
    )  # fmt: skip
    body = {
        "escrow": ESCROW, "workerId": worker_id, "fund": to, "shareBasisPoints": share, "fromDay": from_day.isoformat(),
        "deadline": deadline, "signature": msgspec.to_builtins((key or site.keys[number]).sign(words)), **sent,
    }  # fmt: skip
    return f"/api/fund-consents/0x{words.hex()}", body


async def put(client: Any, word: tuple[str, dict[str, Any]]) -> Any:
    return await client.put(word[0], json=word[1])


async def name(site: Site, worker_no: str | None = "W003", called: str = NAME) -> None:
    async with transaction(site.sessions) as session:
        await name_fund(session, contractor_of(site), FundRequest(worker_no, called))


@pytest.fixture
async def with_fund(site):
    """W003 is the fund. W001 worked two days, W002 one: 60,000 and 30,000 fen."""
    await work(site, shift("W001", 8), shift("W001", 9), shift("W002", 8))
    await name(site)
    return site


def slip_of(line: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(line.payslip)
    return found


def amounts(sheet: WageSheet) -> list[int]:
    return [line.amount_fen for line in sheet.lines]


# ------------------------------------------------------------------ arithmetic


def test_share_is_rounded_down_to_a_fen():
    share = net(99_999, consent=TEN_PERCENT).share

    assert share is not None
    assert 9_999 == share.amount_fen


def test_share_comes_after_all_that_the_law_takes_and_leaves_a_fen():
    found = net(10_000, claims=[Claim(1, DeductionKind.COURT_ORDER, 9_500, "判决")], consent=TEN_PERCENT)

    assert (499, 1) == (found.share and found.share.amount_fen, found.amount_fen)


def test_nothing_left_is_no_share_rather_than_a_line_of_nothing():
    found = net(10_000, claims=[Claim(1, DeductionKind.COURT_ORDER, 9_999, "判决")], consent=TEN_PERCENT)

    assert (None, 1) == (found.share, found.amount_fen)


def test_back_pay_is_not_shared():
    found = net(10_000, back_pay=[BackPay(1, FIRST_DAY, LAST_DAY, 50_000, "漏记")], consent=TEN_PERCENT)

    assert 59_000 == found.amount_fen


@pytest.mark.parametrize(
    ("basis_points", "may"), [(0, True), (1, False), (99, False), (100, True), (2_400, True), (2_401, False)]
)
def test_shares_that_may_be_agreed_to(basis_points, may):
    assert may == may_share(basis_points)


def test_leaf_is_of_salt_worker_and_amount():
    salt, worker = b"\x01" * 16, b"\x02" * 32

    assert "0x" + sha256(salt + worker + (300).to_bytes(8)).hexdigest() == leaf(salt, worker, 300)


# ------------------------------------------------------------------ on a sheet


async def test_without_consent_nothing_is_split(with_fund):
    (draft,) = await compile_october(with_fund)

    assert [60_000, 30_000] == amounts(draft)
    assert [] == slip_of(draft.lines[0])["deductions"]


async def test_consent_moves_the_share_into_the_funds_line_of_the_same_sheet(client, with_fund):
    assert 200 == (await put(client, consent(with_fund))).status_code

    (draft,) = await compile_october(with_fund)

    assert [54_000, 30_000, 6_000] == amounts(draft)
    assert (90_000, 0) == (draft.total_fen, draft.lines[2].day_mask)
    assert with_fund.workers["W003"].worker_id == draft.lines[2].worker_id


async def test_payslip_says_what_went_where_and_why(client, with_fund):
    await put(client, consent(with_fund))

    (draft,) = await compile_october(with_fund)
    (row,) = slip_of(draft.lines[0])["deductions"]

    assert (6_000, 6_000, 59_999) == (row["amountFen"], row["claimFen"], row["limitFen"])
    assert ("provident-fund", NAME, fund_address(), 1_000) == (
        row["kind"], row["reason"], row["fund"], row["basisPoints"],
    )  # fmt: skip


async def test_worker_can_prove_that_the_share_is_in_the_funds_line(client, with_fund):
    await put(client, consent(with_fund))
    await put(client, consent(with_fund, "W002", share=500))

    (draft,) = await compile_october(with_fund)
    (item,) = slip_of(draft.lines[2])["items"]
    mine = [
        leaf(bytes.fromhex(row["leafSalt"]), line.worker_id, row["amountFen"])
        for line in draft.lines[:2]
        for row in slip_of(line)["deductions"]
    ]

    assert sorted(mine) == item["leaves"]
    assert 6_000 + 1_500 == item["amountFen"] == draft.lines[2].amount_fen


async def test_consent_counts_from_the_first_sheet_that_begins_on_its_day(client, with_fund):
    await put(client, consent(with_fund, from_day=day(2)))

    (draft,) = await compile_october(with_fund)

    assert [60_000, 30_000] == amounts(draft)


async def test_each_sheet_of_a_batch_has_a_fund_line_and_room_for_it(client, site, sessions, monkeypatch):
    monkeypatch.setattr(drafts, "MAX_LINES", 2)
    await name(site)
    wages = [_shared(plain_wage(site.workers[number], 10_000)) for number in ("W001", "W002")]
    async with transaction(sessions) as session:
        sheets = await keep_drafts(session, site.project, SheetPlan(FIRST_DAY, LAST_DAY, LAST_DAY), wages)

    assert [[9_000, 1_000], [9_000, 1_000]] == [amounts(sheet) for sheet in sheets]


def _shared(wage: Wage) -> Wage:
    return replace(wage, slip=replace(wage.slip, net=net(wage.amount_fen, consent=TEN_PERCENT)))


async def test_correcting_sheet_shares_the_difference(client, with_fund, sessions):
    await put(client, consent(with_fund))
    sheet = await submit_october(with_fund)
    await sign(client, sheet)
    await with_fund.final(posted(sheet))
    await work(with_fund, shift("W001", 10))

    async with transaction(sessions) as session:
        (correction,) = await compile_correction(session, contractor_of(with_fund), sheet.id)

    assert [27_000, 3_000] == amounts(correction)


async def test_final_settlement_shares_too(client, with_fund, sessions):
    await put(client, consent(with_fund))
    async with transaction(sessions) as session:
        await session.execute(
            update(Membership).where(Membership.worker_pk == with_fund.workers["W001"].id).values(left_on=day(9))
        )

    (final,) = await compile_october(with_fund, Ask(FIRST_DAY, day(9), SheetKind.FINAL))

    assert [54_000, 6_000] == amounts(final)


async def test_fund_line_is_submitted_signed_and_posted_like_any_other(client, with_fund):
    await put(client, consent(with_fund))

    sheet = await submit_october(with_fund)
    assert 202 == (await sign(client, sheet)).status_code
    await with_fund.final(posted(sheet))

    assert 90_000 == sheet.total_fen


# ------------------------------------------------------------------ taken back


async def test_consent_taken_back_ends_the_share(client, with_fund):
    await put(client, consent(with_fund))
    assert 200 == (await put(client, consent(with_fund, share=0, minutes=61))).status_code

    (draft,) = await compile_october(with_fund)

    assert [60_000, 30_000] == amounts(draft)


async def test_replayed_consent_does_not_bring_back_what_was_taken_back(client, with_fund):
    first = consent(with_fund)
    await put(client, first)
    await put(client, consent(with_fund, share=0, minutes=61))

    assert 200 == (await put(client, first)).status_code
    (draft,) = await compile_october(with_fund)

    assert [60_000, 30_000] == amounts(draft)


async def test_consent_held_back_until_it_was_taken_back_is_refused(client, with_fund):
    held = consent(with_fund, share=2_000, minutes=60)
    await put(client, consent(with_fund, share=0, minutes=61))

    assert_problem(await put(client, held), 409, "consent-outdated", "before a later word")


async def test_larger_share_held_back_until_a_smaller_was_signed_is_refused(client, with_fund):
    held = consent(with_fund, share=2_400, minutes=60)
    await put(client, consent(with_fund, share=100, minutes=61))

    assert_problem(await put(client, held), 409, "consent-outdated", "before a later word")


async def test_taking_back_works_even_by_a_clock_that_is_behind(client, with_fund):
    await put(client, consent(with_fund, minutes=61))
    assert 200 == (await put(client, consent(with_fund, share=0, minutes=5))).status_code

    (draft,) = await compile_october(with_fund)

    assert [60_000, 30_000] == amounts(draft)


async def test_draft_from_before_it_was_taken_back_cannot_be_submitted(client, with_fund, session):
    await put(client, consent(with_fund))
    (draft,) = await compile_october(with_fund)
    await put(client, consent(with_fund, share=0, minutes=61))

    with pytest.raises(SheetBlocked, match="compile it again"):
        await submit(session, with_fund.deployment, contractor_of(with_fund), draft.id, "en")


# ------------------------------------------------------------------ who could cheat whom


async def test_contractor_cannot_sign_for_a_worker(client, with_fund):
    answer = await put(client, consent(with_fund, key=CONTRACTOR))

    assert_problem(answer, 403, "wrong-key", "key")


async def test_share_raised_on_the_way_is_not_what_was_signed(client, with_fund):
    answer = await put(client, consent(with_fund, shareBasisPoints=2_400))

    assert_problem(answer, 422, "digest-mismatch", "0x")


async def test_consent_for_a_fund_that_is_not_the_projects_is_refused(client, with_fund):
    answer = await put(client, consent(with_fund, named=OTHER.address))

    assert_problem(answer, 409, "fund-changed", OTHER.address)


async def test_share_signed_for_one_fund_is_not_paid_to_another(client, with_fund, sessions, session):
    await put(client, consent(with_fund))
    async with transaction(sessions) as changing:  # the same payee, with a key of somebody else
        worker = await changing.merge(with_fund.workers["W003"])
        worker.x = "0x" + OTHER.address[2:].rjust(64, "0")

    (draft,) = await compile_october(with_fund)
    found = await review(session, with_fund.project, draft)

    assert [60_000, 30_000] == amounts(draft)
    assert OddKind.OTHER_FUND in [odd.kind for odd in found.lines[0].odds]


async def test_share_out_of_bounds_is_refused(client, with_fund):
    assert_problem(await put(client, consent(with_fund, share=2_401)), 422, "bad-share", "2401")


async def test_consent_that_could_be_held_back_for_days_is_refused(client, with_fund):
    answer = await put(client, consent(with_fund, minutes=25 * 60))

    assert_problem(answer, 422, "consent-too-long", "24 hours")


async def test_expired_consent_is_refused(client, with_fund):
    answer = await put(client, consent(with_fund, minutes=-1))

    assert "signature-expired" in answer.json()["type"]


async def test_consent_sent_twice_is_kept_once(client, with_fund, session):
    word = consent(with_fund)
    answers = [await put(client, word) for _ in range(2)]

    assert [200, 200] == [answer.status_code for answer in answers]
    assert 1 == await session.scalar(select(func.count()).select_from(FundConsent))


async def test_consent_without_a_fund_is_refused(client, site):
    assert_problem(await put(client, consent(site)), 409, "fund-changed", "—")


async def test_who_has_not_joined_cannot_consent(client, with_fund, sessions):
    async with transaction(sessions) as session:
        await session.execute(
            update(Membership).where(Membership.worker_pk == with_fund.workers["W001"].id).values(state="waiting")
        )

    assert "not-joined" in (await put(client, consent(with_fund))).json()["type"]


# ------------------------------------------------------------------ naming the fund


async def test_contractor_names_the_fund_and_parties_see_it(client, site, staff_headers):
    path = f"/api/projects/{ESCROW}/fund"
    named = await client.put(
        path, json={"workerNo": "W003", "name": NAME}, headers=await staff_headers(CONTRACTOR)
    )
    seen = await client.get(path, headers=await staff_headers(BUREAU))

    assert 200 == named.status_code
    fund_seen = seen.json()["fund"]
    assert (NAME, fund_address(), site.workers["W003"].payout) == (
        fund_seen["name"], fund_seen["address"], fund_seen["payout"],
    )  # fmt: skip


async def test_office_sees_how_many_have_agreed(client, with_fund, staff_headers):
    await put(client, consent(with_fund))
    await put(client, consent(with_fund, "W002", from_day=date(2030, 1, 1)))

    seen = await client.get(f"/api/projects/{ESCROW}/fund", headers=await staff_headers(CONTRACTOR))

    assert 2 == seen.json()["consents"]


async def test_stranger_does_not_see_the_fund(client, with_fund, staff_headers):
    answer = await client.get(f"/api/projects/{ESCROW}/fund", headers=await staff_headers(OTHER))

    assert_problem(answer, 404, "project-not-found", ESCROW)


async def test_only_the_contractor_names_the_fund(client, site, staff_headers):
    answer = await client.put(
        f"/api/projects/{ESCROW}/fund", json={"workerNo": "W003", "name": NAME}, headers=await staff_headers(BUREAU)
    )

    assert_problem(answer, 403, "role-needed", "contractor")


async def test_naming_the_same_again_changes_nothing(site, session):
    for _ in range(2):
        await name(site)

    assert 1 == await session.scalar(select(func.count()).select_from(ProjectFund))


async def test_fund_without_a_wallet_is_refused(client, site, staff_headers):
    answer = await client.put(
        f"/api/projects/{ESCROW}/fund", json={"workerNo": "W001", "name": NAME}, headers=await staff_headers(CONTRACTOR)
    )

    assert_problem(answer, 409, "fund-unfit", "W001")


async def test_worker_of_the_site_is_no_fund(client, site, staff_headers):
    await work(site, shift("W003", 8))
    answer = await client.put(
        f"/api/projects/{ESCROW}/fund", json={"workerNo": "W003", "name": NAME}, headers=await staff_headers(CONTRACTOR)
    )

    assert_problem(answer, 409, "fund-unfit", "attendance")


async def test_fund_ended_leaves_the_wage_whole_and_is_told(client, with_fund, session):
    await put(client, consent(with_fund))
    await name(with_fund, None)

    (draft,) = await compile_october(with_fund)
    found = await review(session, with_fund.project, draft)

    assert [60_000, 30_000] == amounts(draft)
    assert OddKind.NO_FUND in [odd.kind for odd in found.lines[0].odds]


async def test_fund_that_has_not_joined_gets_nothing_and_is_told(client, with_fund, sessions, session):
    await put(client, consent(with_fund))
    async with transaction(sessions) as changing:
        await changing.execute(
            update(Membership).where(Membership.worker_pk == with_fund.workers["W003"].id).values(state="waiting")
        )

    (draft,) = await compile_october(with_fund)
    found = await review(session, with_fund.project, draft)

    assert [60_000, 30_000] == amounts(draft)
    assert OddKind.FUND_NOT_JOINED in [odd.kind for odd in found.lines[0].odds]


# ------------------------------------------------------------------ what is seen


async def test_worker_sees_fund_and_payout_before_consenting(client, with_fund, signed_in):
    mine = (await client.get("/api/me/funds", headers=signed_in(with_fund.workers["W001"]))).json()["funds"]

    assert [(NAME, fund_address(), with_fund.workers["W003"].payout, None)] == [
        (each["fund"]["name"], each["fund"]["address"], each["fund"]["payout"], each["consent"]) for each in mine
    ]


async def test_worker_with_a_share_reads_the_funds_line_and_nobody_else_does(client, with_fund, signed_in):
    await put(client, consent(with_fund))
    sheet = await submit_october(with_fund)
    await sign(client, sheet)
    await with_fund.final(posted(sheet))
    path = f"/api/me/funds/{ESCROW}/0"

    mine = await client.get(path, headers=signed_in(with_fund.workers["W001"]))
    others = await client.get(path, headers=signed_in(with_fund.workers["W002"]))

    assert (6_000, "0x" + sha256(mine.json()["payslip"].encode()).hexdigest()) == (
        mine.json()["amountFen"], mine.json()["payslipHash"],
    )  # fmt: skip
    assert_problem(others, 404, "no-fund-slip", "no share of yours")


async def test_contractor_reads_the_funds_line_by_its_item(client, with_fund, staff_headers):
    await put(client, consent(with_fund))
    (draft,) = await compile_october(with_fund)

    detail = (await client.get(f"{SHEETS}/{draft.id}", headers=await staff_headers(CONTRACTOR))).json()

    assert {"fund-shares": 6_000} == detail["lines"][2]["items"]
    assert 6_000 == detail["lines"][0]["takenFen"]
