"""Wage sheets: compiled from attendance, submitted, signed by the contractor once, owed when the very same sheet is posted.

Branches: attendance to lines · pieces · outside the period · quotas · who is left out and why · month contracts, whole and
at exit · final settlement · one person once: same period, overlapping, two compilations at once · more than 256 · by
employer · discarded · numbered · shown · signed · in order · resent · stranger · unknown · malformed · recovery byte ·
posted · another root, escrow or number · refused · sent back · reissued against signing · withdrawn and posted · corrected.
"""

import asyncio
import json
from hashlib import sha256

import pytest
from sqlalchemy import func, select, update
from tests.backend.conftest import (
    BUREAU,
    CONTRACTOR,
    DAYS,
    ESCROW,
    FIRST_DAY,
    LAST_DAY,
    PAYDAY,
    assert_problem,
    plain_wage,
)
from tests.backend.site_office import (
    PERIOD,
    SHEETS,
    SUBCONTRACTOR,
    compile_october,
    contractor_of,
    day,
    posted,
    shift,
    sign,
    subcontractor_of,
    submit_october,
    take_in,
    work,
)

from anxin.attendance.models import PieceCount, Punch
from anxin.attendance.service import Pieces, Reading
from anxin.core.calls import Refusal
from anxin.core.clock import now
from anxin.core.database import transaction
from anxin.core.errors import AnxinError
from anxin.core.relayed import mark_refused
from anxin.core.sheet_tree import SheetTree
from anxin.core.signing import digest
from anxin.demo.keys import Wallet
from anxin.payroll import sign as signing
from anxin.payroll.compile import Ask
from anxin.payroll.correct import compile_correction
from anxin.payroll.drafts import SheetPlan, keep_drafts, terms_root
from anxin.payroll.errors import NothingToCorrect, NothingToPay, PeriodsOverlap, SheetSigned, SheetUnknown, SheetWithdrawn
from anxin.payroll.models import SheetKind, WageLine, WageSheet
from anxin.payroll.rule_version import rule_files, rules_hash
from anxin.payroll.submit import discard, number, reissue, submit
from anxin.people.models import Worker
from anxin.projects.models import Membership, Party

STRANGER = Wallet.from_hex("0x" + "d7" * 32)


@pytest.fixture
async def sheet(site, sessions):
    """Of two workers, waiting for the contractor."""
    workers = list(site.workers.values())
    wages = [plain_wage(workers[i], amount) for i, amount in enumerate((90_000, 60_000))]
    async with transaction(sessions) as session:
        (draft,) = await keep_drafts(session, site.project, SheetPlan(FIRST_DAY, LAST_DAY, PAYDAY), wages)
        await number(session, site.deployment, site.project, draft)
        return draft


@pytest.fixture
async def october(site):
    """W001 worked two days, W002 one: 60,000 and 30,000 fen."""
    await work(site, shift("W001", 8), shift("W001", 9), shift("W002", 8))


# ------------------------------------------------------------------ from attendance


async def test_days_at_the_gate_become_lines(site, october):
    (draft,) = await compile_october(site)

    assert [("W001", 60_000), ("W002", 30_000)] == [(slip_of(each)["worker"], each.amount_fen) for each in draft.lines]
    assert 0b1_1000_0000 == draft.lines[0].day_mask
    assert ("draft", None, None) == (draft.state, draft.sheet_id, draft.digest)


async def test_days_outside_the_period_belong_to_another_sheet(site):
    await work(site, shift("W001", 30, month=9), shift("W001", 8), shift("W001", 2, month=11))

    (draft,) = await compile_october(site)

    assert ["2026-10-08"] == slip_of(draft.lines[0])["days"]


async def test_pieces_are_paid_by_the_piece_and_beyond_the_quota_at_150_percent(site, sessions):
    await terms(sessions, contract_type="piece", rate_fen=260, piece_quota=100)
    await work(site, shift("W001", 8), pieces=(Pieces("W001", day(8), 183), Pieces("W001", day(1, 11), 999)))

    (draft,) = await compile_october(site)

    assert 100 * 260 + 83 * 390 == draft.lines[0].amount_fen


async def test_device_that_repeats_itself_changes_nothing(site, session):
    for _ in range(2):
        await take_in(session, site, shift("W001", 8), (Pieces("W001", DAYS[0], 183),))

    assert await session.scalar(select(func.count()).select_from(Punch)) == 2
    assert await session.scalar(select(func.count()).select_from(PieceCount)) == 1


async def test_stranger_at_the_gate_is_left_out(site, session):
    await take_in(session, site, [*shift("W001", 8), *shift("X999", 8)], (Pieces("X999", DAYS[0], 1),))

    assert await session.scalar(select(func.count()).select_from(Punch)) == 2


async def test_who_has_not_joined_is_left_out_by_name(site, sessions, october):
    await terms(sessions, "W002", state="waiting")

    (draft,) = await compile_october(site)

    assert [{"workerNo": "W002", "reason": "not-joined"}] == draft.left_out


async def test_half_a_punch_is_told_and_pays_nothing(site, october):
    await work(site, [Reading("W003", shift("W003", 8)[0].at, "01", "001", "G1")])

    (draft,) = await compile_october(site)

    assert [{"workerNo": "W003", "reason": "unreadable"}] == draft.left_out


async def test_nothing_to_pay_says_who_was_left_out(site, sessions, october):
    await terms(sessions, state="waiting")

    with pytest.raises(NothingToPay, match="W001 has no contract signed by both, W002 has no"):
        await compile_october(site)


async def test_month_contract_is_paid_for_a_whole_month_only(site, sessions, october):
    await terms(sessions, "W001", contract_type="month", rate_fen=652_500)

    (part,) = await compile_october(site, Ask(FIRST_DAY, day(20)))

    assert [{"workerNo": "W001", "reason": "month-contract"}] == part.left_out


async def test_month_contract_at_its_exit_is_paid_for_the_part_that_was_worked(site, sessions):
    """652,500 a month is 30,000 a day; October 2026 has 18 working days, of which two were worked."""
    await terms(sessions, "W001", contract_type="month", rate_fen=652_500, left_on=day(9))
    await work(site, shift("W001", 8), shift("W001", 9))

    (final,) = await compile_october(site, Ask(FIRST_DAY, day(9), SheetKind.FINAL))

    assert 652_500 - 16 * 30_000 == final.lines[0].amount_fen
    assert day(9) == final.payday


async def test_final_settlement_is_for_those_who_left(site, sessions, october):
    await terms(sessions, "W002", left_on=day(8))

    (final,) = await compile_october(site, Ask(FIRST_DAY, day(8), SheetKind.FINAL))

    assert ["W002"] == [slip_of(line)["worker"] for line in final.lines]


async def test_month_after_a_final_settlement_leaves_out_who_was_settled(site, sessions, october):
    await terms(sessions, "W002", left_on=day(8))
    await compile_october(site, Ask(FIRST_DAY, day(8), SheetKind.FINAL))

    (month,) = await compile_october(site)

    assert ["W001"] == [slip_of(line)["worker"] for line in month.lines]
    assert [{"workerNo": "W002", "reason": "on-sheet"}] == month.left_out


# ------------------------------------------------------------------ one person once


async def test_compiling_again_replaces_the_draft(site, sessions, october):
    await compile_october(site)
    await work(site, shift("W002", 9))

    (draft,) = await compile_october(site)

    async with sessions() as session:
        assert [draft.id] == list(await session.scalars(select(WageSheet.id)))
    assert 60_000 == draft.lines[1].amount_fen


async def test_submitted_days_are_on_no_second_sheet(site, october):
    await submit_october(site)

    with pytest.raises(NothingToPay, match="W001 is on a sheet already, W002 is on a sheet already"):
        await compile_october(site)


async def test_overlapping_period_is_refused_by_name(site, october):
    await submit_october(site)
    await work(site, shift("W001", 3, month=11))

    with pytest.raises(PeriodsOverlap, match="W001 is on sheet"):
        await compile_october(site, Ask(day(20), day(10, 11)))


async def test_late_worker_comes_on_a_sheet_of_their_own(site, october):
    await submit_october(site)
    await work(site, shift("W003", 8))

    (second,) = await compile_october(site)

    assert ["W003"] == [slip_of(line)["worker"] for line in second.lines]


async def test_two_compilations_at_once_do_not_both_win(site, sessions, october):
    await asyncio.gather(compile_october(site), compile_october(site, Ask(FIRST_DAY, LAST_DAY, employer=CONTRACTOR.address)),
                         return_exceptions=True)  # fmt: skip

    async with sessions() as session:
        workers = list(await session.scalars(select(WageLine.worker_pk)))
    assert len(workers) == len(set(workers)) == 2


async def test_more_wages_than_lines_become_sheets_of_one_batch(site, session):
    wages = [plain_wage(site.workers["W001"], fen) for fen in range(1, 258)]

    sheets = await keep_drafts(session, site.project, SheetPlan(FIRST_DAY, LAST_DAY, PAYDAY), wages)

    assert [256, 1] == [len(sheet.lines) for sheet in sheets]
    assert 1 == len({sheet.batch for sheet in sheets})


async def test_sheet_of_nobody_is_refused(site, session):
    with pytest.raises(ValueError, match="at least one line"):
        await keep_drafts(session, site.project, SheetPlan(FIRST_DAY, LAST_DAY, PAYDAY), [])


# ------------------------------------------------------------------ employers and parties


async def test_subcontractor_compiles_its_own_workers_whatever_it_asks(site, sessions, october):
    await employ(sessions, "W002")

    (draft,) = await compile_october(site, Ask(FIRST_DAY, LAST_DAY, employer=CONTRACTOR.address), subcontractor_of(site))

    assert ["W002"] == [slip_of(line)["worker"] for line in draft.lines]
    assert ("巴渝劳务", "渝安建工") == (slip_of(draft.lines[0])["employer"], slip_of(draft.lines[0])["payer"])


async def test_subcontractor_sees_and_changes_its_own_sheets_only(site, sessions, october):
    (others,) = await compile_october(site)

    for act in (discard, lambda *given: reissue(*given, "为什么"), compile_correction):
        with pytest.raises(SheetUnknown):
            async with transaction(sessions) as session:
                await act(session, subcontractor_of(site), others.id)


@pytest.mark.parametrize("who", [STRANGER, None], ids=["stranger", "nobody"])
async def test_strangers_learn_nothing_of_drafts(client, site, staff_headers, october, who):
    await compile_october(site)
    headers = {} if who is None else await staff_headers(who)

    answer = await client.get(f"{SHEETS}/all", headers=headers)

    assert (404 if who else 401) == answer.status_code
    assert [] == (await client.get(SHEETS)).json()["sheets"]


@pytest.mark.parametrize("who", ["subcontractor", "foreman", "worker"])
async def test_others_sheets_are_neither_read_nor_touched(client, site, sessions, staff_headers, signed_in, october, who):
    """A subcontractor of others' workers, a foreman, and a worker's own session."""
    (draft,) = await compile_october(site)
    async with transaction(sessions) as session:
        session.add(
            Party(project_pk=1, address=SUBCONTRACTOR.address, role=who.replace("worker", "witness"), firm="甲", since=now())
        )
    headers = signed_in(site.workers["W001"]) if who == "worker" else await staff_headers(SUBCONTRACTOR)
    one = f"{SHEETS}/{draft.id}"

    answers = [
        await client.get(one, headers=headers), await client.get(f"{one}/check", headers=headers),
        await client.get(f"{one}/export", headers=headers), await client.put(f"{one}/submission", headers=headers),
        await client.post(f"{one}/replacement", json={"reason": "x"}, headers=headers),
        await client.post(f"{one}/correction", headers=headers), await client.delete(one, headers=headers),
    ]  # fmt: skip

    expected = {"subcontractor": 404, "foreman": 403, "worker": 401}[who]
    assert {expected} == {answer.status_code for answer in answers}


async def test_bureau_reads_and_does_not_compile(client, site, staff_headers, october):
    headers = await staff_headers(BUREAU)

    assert 200 == (await client.get(f"{SHEETS}/all", headers=headers)).status_code
    assert_problem(await client.post(SHEETS, json=PERIOD, headers=headers), 403, "role-needed", "contractor")


async def test_month_goes_over_http_from_attendance_to_the_contractors_signature(client, site, staff_headers, october):
    headers = await staff_headers(CONTRACTOR)

    (draft,) = (await client.post(SHEETS, json=PERIOD, headers=headers)).json()["sheets"]
    detail = (await client.put(f"{SHEETS}/{draft['id']}/submission", headers=headers)).json()
    answer = await client.put(f"/api/sheets/{detail['sheet']['digest']}/signature", json=signature_of(detail))

    assert ("draft", 90_000, 2) == (draft["state"], draft["totalFen"], draft["lineCount"])
    line = detail["lines"][0]
    assert ("W001", {"base": 60_000}, 60_000) == (line["workerNo"], line["items"], line["grossFen"])
    assert (202, "accepted") == (answer.status_code, answer.json()["state"])


async def test_bad_period_says_so(client, site, staff_headers):
    body = {"firstDay": "2026-10-31", "lastDay": "2026-10-01"}

    answer = await client.post(SHEETS, json=body, headers=await staff_headers(CONTRACTOR))

    assert_problem(answer, 422, "bad-period", "32 days")


async def test_discarded_draft_is_gone_and_a_submitted_one_is_not(site, sessions, october):
    (draft,) = await compile_october(site)
    async with transaction(sessions) as session:
        await discard(session, contractor_of(site), draft.id)
    submitted = await submit_october(site)

    with pytest.raises(AnxinError, match="waiting"):
        async with transaction(sessions) as session:
            await discard(session, contractor_of(site), submitted.id)
    async with sessions() as session:
        assert [submitted.id] == list(await session.scalars(select(WageSheet.id)))


async def test_submitting_again_changes_nothing(site, sessions, october):
    sheet = await submit_october(site)

    async with transaction(sessions) as session:
        again = await submit(session, site.deployment, contractor_of(site), sheet.id)

    assert (sheet.sheet_id, sheet.digest) == (again.sheet_id, again.digest)


# ------------------------------------------------------------------ what is on a sheet


async def test_line_holds_the_hash_of_the_payslip_the_worker_reads(sheet):
    line = sheet.lines[0]

    assert sha256(line.payslip.encode()).digest() == line.payslip_hash
    assert ("W001", "测试项目", 90_000) == tuple(slip_of(line)[name] for name in ("worker", "project", "amountFen"))
    assert ["2026-10-08", "2026-10-09", "2026-10-10"] == slip_of(line)["days"]


async def test_equal_wages_have_unequal_payslip_hashes(site, session):
    wages = [plain_wage(site.workers["W001"], 90_000)] * 2

    (draft,) = await keep_drafts(session, site.project, SheetPlan(FIRST_DAY, LAST_DAY, PAYDAY), wages)

    assert draft.lines[0].payslip_hash != draft.lines[1].payslip_hash


async def test_root_total_and_mask_are_those_of_the_lines(sheet):
    assert SheetTree([line.on_chain for line in sheet.lines]).root == sheet.root
    assert (150_000, 0b11_1000_0000) == (sheet.total_fen, sheet.lines[0].day_mask)


async def test_header_names_the_rules_and_the_terms(site, sessions, october):
    (draft,) = await compile_october(site)

    async with sessions() as session:
        hashes = list(await session.scalars(select(Membership.terms_hash).order_by(Membership.worker_pk)))
    assert (rules_hash(), terms_root(hashes[:2])) == (draft.rules_hash, draft.terms_root)


def test_rules_hash_is_over_rules_deductions_calendar_and_data():
    names = [file.name for file in rule_files()]

    assert ["rules.py", "deductions.py", "calendar.py"] == names[:3]
    assert "swapped-days.csv" in names[3:]


async def test_sheets_of_an_escrow_are_numbered_in_order(site, session, sheet):
    wages = [plain_wage(site.workers["W003"], 1)]
    (second,) = await keep_drafts(session, site.project, SheetPlan(FIRST_DAY, LAST_DAY, PAYDAY), wages)
    await number(session, site.deployment, site.project, second)

    assert (0, 1) == (sheet.sheet_id, second.sheet_id)


# ------------------------------------------------------------------ signing


async def test_contractor_can_compute_the_digest_from_what_is_shown(client, sheet, site):
    (shown,) = (await client.get(SHEETS)).json()["sheets"]

    message = {**sheet.header, "sheetId": shown["sheetId"], "root": shown["root"], "total": shown["totalFen"]}
    assert shown["digest"] == "0x" + digest(site.deployment.escrow_domain(ESCROW), "Sheet", message).hex()
    assert ("waiting", 2) == (shown["state"], len(shown["lines"]))
    assert "工人" not in str(shown)


async def test_contractors_signature_posts_the_sheet(client, sheet, jobs):
    answer = await sign(client, sheet)

    assert (202, "accepted") == (answer.status_code, answer.json()["state"])
    (call,) = await jobs("relay")
    arguments = call["arguments"]
    assert ("WageEscrow", ESCROW, "postSheet") == (call["contract"], call["address"], call["function"])
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


async def test_sheet_out_of_order_is_told_which_comes_first(client, site, sheet, october):
    second = await later_sheet(site)

    assert_problem(await sign(client, second), 409, "sign-in-order", "sign number 0 before number 1")


async def test_sheet_signed_second_goes_out_when_the_first_is_posted(client, site, sheet, jobs):
    second = await later_sheet(site)
    await sign(client, sheet)
    await sign(client, second)
    assert [0] == [call["arguments"]["sheetId"] for call in await jobs("relay")]

    await site.apply(signing.record_sheet_posted, posted(sheet))

    assert [0, 1] == [call["arguments"]["sheetId"] for call in await jobs("relay")]


async def test_number_that_was_given_up_is_waited_for(client, site, sessions, october, jobs):
    """Number 0 was withdrawn: number 1 alone would be refused by the escrow."""
    first = await submit_october(site)
    second = await later_sheet(site)
    async with transaction(sessions) as session:
        await reissue(session, contractor_of(site), first.id, "漏了人")

    assert_problem(await sign(client, second), 409, "sign-in-order", "sign number 0")


# ------------------------------------------------------------------ posted


async def test_sheet_is_owed_once_it_is_final(client, site, sheet, sessions):
    await sign(client, sheet)
    event = posted(sheet)

    await site.apply(signing.record_sheet_posted, event)

    async with sessions() as session:
        row = (await session.scalars(select(WageSheet))).one()
    assert ("done", event.tx_hash, event.block_time) == (row.state, row.tx_hash, row.posted_at)


@pytest.mark.parametrize(
    "changed", [{"root": "0x" + "ab" * 32}, {"escrow": "0x" + "11" * 20}, {"sheet_id": 7}], ids=["root", "escrow", "number"]
)
async def test_another_sheet_on_the_chain_is_not_ours(site, sheet, sessions, changed):
    await site.apply(signing.record_sheet_posted, posted(sheet, **changed))

    async with sessions() as session:
        assert await session.scalar(select(WageSheet.state)) == "waiting"


async def test_refusal_by_the_chain_is_shown_to_the_contractor(client, site, sheet, jobs):
    await sign(client, sheet)
    (call,) = await jobs("relay")

    await site.apply(mark_refused, WageSheet, call["key"], Refusal("Escrow_BadLine", [1]))

    (shown,) = (await client.get(SHEETS)).json()["sheets"]
    assert shown["state"] == "refused"


# ------------------------------------------------------------------ sent back and reissued


async def test_sheet_sent_back_becomes_a_draft_with_the_reason(client, site, staff_headers, october):
    sheet = await submit_october(site)
    await work(site, shift("W002", 9))
    headers = await staff_headers(CONTRACTOR)

    answer = await client.post(f"{SHEETS}/{sheet.id}/replacement", json={"reason": "W002 少一天"}, headers=headers)

    draft, old = answer.json()["sheets"]
    said = (draft["state"], draft["reason"], draft["replaces"], draft["totalFen"])
    assert ("draft", "W002 少一天", sheet.id, 120_000) == said
    assert ("withdrawn", 0) == (old["state"], old["sheetId"])
    assert [] == (await client.get(SHEETS)).json()["sheets"]


async def test_sending_back_twice_makes_one_draft(client, site, staff_headers, october):
    sheet = await submit_october(site)
    headers = await staff_headers(CONTRACTOR)

    for _ in range(2):
        answer = await client.post(f"{SHEETS}/{sheet.id}/replacement", json={"reason": "重做"}, headers=headers)

    assert ["draft", "withdrawn"] == [each["state"] for each in answer.json()["sheets"]]


async def test_replacement_takes_the_number_and_the_old_signature_is_dead(client, site, sessions, october, jobs):
    old = await submit_october(site)
    async with transaction(sessions) as session:
        (draft,) = await reissue(session, contractor_of(site), old.id, "重做")
        new = await submit(session, site.deployment, contractor_of(site), draft.id)

    assert (0, 0) == (old.sheet_id, new.sheet_id)
    assert_problem(await sign(client, old), 409, "sheet-withdrawn", "重做")
    assert 202 == (await sign(client, new)).status_code
    assert 1 == len(await jobs("relay"))


async def test_signed_sheet_is_not_taken_back(client, site, sessions, october):
    sheet = await submit_october(site)
    await sign(client, sheet)

    with pytest.raises(SheetSigned):
        async with transaction(sessions) as session:
            await reissue(session, contractor_of(site), sheet.id, "太迟")


@pytest.mark.parametrize("signs_first", [True, False])
async def test_signing_and_taking_back_at_once_cannot_both_win(site, sessions, october, jobs, signs_first):
    """Whoever comes second waits for the first, and is told."""
    sheet = await submit_october(site)
    signature = "0x" + CONTRACTOR.sign_bytes(sheet.digest).hex()
    at_work, may_end = asyncio.Event(), asyncio.Event()

    async def signs(session):
        await signing.sign_sheet(session, "0x" + sheet.digest.hex(), signature)

    async def takes_back(session):
        (draft,) = await reissue(session, contractor_of(site), sheet.id, "重做")
        await submit(session, site.deployment, contractor_of(site), draft.id)

    async def first(act):
        async with transaction(sessions) as session:
            await act(session)
            at_work.set()
            await may_end.wait()

    async def second(act):
        await at_work.wait()
        async with transaction(sessions) as session:
            asyncio.get_running_loop().call_later(0.2, may_end.set)
            await act(session)

    order = (signs, takes_back) if signs_first else (takes_back, signs)
    answers = await asyncio.gather(first(order[0]), second(order[1]), return_exceptions=True)

    assert [type(None), SheetSigned if signs_first else SheetWithdrawn] == [type(answer) for answer in answers]
    assert int(signs_first) == len(await jobs("relay"))


async def test_withdrawn_sheet_that_is_posted_after_all_is_the_one_that_is_owed(client, site, sessions, october):
    """Its contractor had signed it in the wallet, and posts it past this server."""
    old = await submit_october(site)
    async with transaction(sessions) as session:
        (draft,) = await reissue(session, contractor_of(site), old.id, "重做")
        new = await submit(session, site.deployment, contractor_of(site), draft.id)

    await site.apply(signing.record_sheet_posted, posted(old))

    (shown,) = (await client.get(SHEETS)).json()["sheets"]
    assert ("0x" + old.digest.hex(), "done") == (shown["digest"], shown["state"])
    assert_problem(await sign(client, new), 409, "sheet-withdrawn", "another sheet of this number")


async def test_refused_sheet_is_reissued_under_its_number(client, site, sessions, october, jobs):
    sheet = await submit_october(site)
    await sign(client, sheet)
    (call,) = await jobs("relay")
    await site.apply(mark_refused, WageSheet, call["key"], Refusal("Escrow_Paused", [1]))

    async with transaction(sessions) as session:
        (draft,) = await reissue(session, contractor_of(site), sheet.id, "停用期已过")
        again = await submit(session, site.deployment, contractor_of(site), draft.id)

    assert 0 == again.sheet_id


# ------------------------------------------------------------------ corrected


async def test_correcting_sheet_has_the_difference_and_names_the_line(site, sessions, october):
    sheet = await owed_october(site)
    await work(site, shift("W002", 9))

    (draft,) = await correct(site, sheet)

    (line,) = draft.lines
    slip = slip_of(line)
    assert (30_000, 1, sheet.id) == (line.amount_fen, line.corrects_index, draft.corrects_pk)
    assert (60_000, [{"sheetId": 0, "grossFen": 30_000}]) == (slip["grossFen"], slip["earlier"])
    assert ["2026-10-09"] == slip["days"]


async def test_what_a_correction_holds_is_not_corrected_again(site, sessions, october):
    sheet = await owed_october(site)
    await work(site, shift("W002", 9))
    (draft,) = await correct(site, sheet)
    async with transaction(sessions) as session:
        await submit(session, site.deployment, contractor_of(site), draft.id)

    with pytest.raises(NothingToCorrect):
        await correct(site, sheet)


async def test_posted_wage_cannot_be_lowered(site, sessions, october):
    sheet = await owed_october(site)
    await terms(sessions, "W001", rate_fen=20_000)

    with pytest.raises(NothingToCorrect, match="too high now: W001"):
        await correct(site, sheet)


async def test_sheet_that_is_not_posted_is_not_corrected(client, site, staff_headers, october):
    sheet = await submit_october(site)

    answer = await client.post(f"{SHEETS}/{sheet.id}/correction", headers=await staff_headers(CONTRACTOR))

    assert_problem(answer, 409, "not-posted", "waiting")


async def test_released_line_is_that_of_the_posted_sheet(client, site, sessions, october, signed_in):
    """A withdrawn sheet keeps its number: what the chain says of that number is about the posted one."""
    old = await submit_october(site)
    async with transaction(sessions) as session:
        (draft,) = await reissue(session, contractor_of(site), old.id, "重做")
        new = await submit(session, site.deployment, contractor_of(site), draft.id)
    await site.apply(signing.record_sheet_posted, posted(new))

    lines = (await client.get("/api/me/lines", headers=signed_in(site.workers["W001"]))).json()["lines"]

    assert ["0x" + new.lines[0].payslip_hash.hex()] == [line["payslipHash"] for line in lines]


# ------------------------------------------------------------------ tools


def slip_of(line):
    return json.loads(line.payslip)


def signature_of(detail):
    return {"signature": "0x" + CONTRACTOR.sign_bytes(bytes.fromhex(detail["sheet"]["digest"][2:])).hex()}


async def terms(sessions, worker_no=None, **changed):
    """Change what the contract of one worker says, or everybody's."""
    async with transaction(sessions) as session:
        statement = update(Membership).values(**changed)
        if worker_no is not None:
            statement = statement.where(
                Membership.worker_pk == select(Worker.id).where(Worker.worker_no == worker_no).scalar_subquery()
            )
        await session.execute(statement)


async def employ(sessions, worker_no):
    """A subcontractor's worker."""
    await terms(sessions, worker_no, employer=SUBCONTRACTOR.address)
    async with transaction(sessions) as session:
        session.add(
            Party(project_pk=1, address=SUBCONTRACTOR.address, role="subcontractor", firm="巴渝劳务", since=now())
        )


async def later_sheet(site):
    """Another worker's, of the same month."""
    async with transaction(site.sessions) as session:
        wages = [plain_wage(site.workers["W003"], 30_000)]
        (draft,) = await keep_drafts(session, site.project, SheetPlan(FIRST_DAY, LAST_DAY, PAYDAY), wages)
        await number(session, site.deployment, site.project, draft)
        return draft


async def owed_october(site):
    sheet = await submit_october(site)
    await site.apply(signing.record_sheet_posted, posted(sheet))
    return sheet


async def correct(site, sheet):
    async with transaction(site.sessions) as session:
        return await compile_correction(session, contractor_of(site), sheet.id)
