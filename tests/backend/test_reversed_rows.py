"""What becomes of everybody's rows when events that were final are taken back, and the chain goes on in another way.

Branches: the table: each event has its reverse, or a reason for none · enrolment, key, payout · join · sheet: posted again,
never again, posted by its contractor alone · line: released, settled, given back, released again · contest · claim: gone,
another under its number · answer, decision, standing, payment · escrow, closing · attendance root · a whole range at once.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial

import pytest
from sqlalchemy import select, update
from tests.backend.conftest import CONTRACTOR, ESCROW, PAYDAY, as_event
from tests.backend.signed_words import answer, claim, confirmation, contest, resolution
from tests.fakes import BLOCK_TIME, final_event

from anxin.attendance.models import AttendanceRoot
from anxin.chain.models import FINAL, Block, ChainEvent
from anxin.chain.reversal import reverse
from anxin.core import relayed
from anxin.core.clock import day_number
from anxin.core.database import transaction
from anxin.demo.keys import DeviceKey
from anxin.disputes.models import Answer, Claim, Dispute, Resolution
from anxin.ledger import service as ledger
from anxin.ledger.reversal import reverse_after
from anxin.payroll.models import WageLine, WageSheet
from anxin.people.models import Enrolment, Worker
from anxin.projects.models import Membership, Project
from anxin.wages import releases
from anxin.wages.models import Confirmation, Contest
from anxin.wiring import on_final_event, on_reversed_event

OWN_PAYOUT, OTHER_PAYOUT = "0x" + "f1" * 20, "0x" + "f2" * 20


@dataclass
class Node:
    """A chain that has the first block, and after a reorganisation nothing else of what was indexed."""

    deployment: object
    kept: dict[int, str] = field(default_factory=dict)

    async def batch(self, requests):
        first = {"hash": self.deployment.genesis_hash}
        return [hex(self.deployment.chain_id) if name == "eth_chainId" else first for name, _ in requests]

    async def block(self, number):
        return {"hash": self.kept[number]} if number in self.kept else None


@dataclass
class Chain:
    """Makes events final as the indexer does, and takes them back as an operator does."""

    site: object

    async def final(self, *events):
        for event in events:
            async with transaction(self.site.sessions) as session:
                session.add(
                    Block(
                        hash=event.block_hash, number=event.block_number, parent="0x", time=event.block_time, state=FINAL
                    )
                )
                await session.flush()
                session.add(
                    ChainEvent(
                        block_hash=event.block_hash, log_index=event.log_index, block_number=event.block_number,
                        block_time=event.block_time, tx_hash=event.tx_hash, contract=event.contract, address=event.address,
                        name=event.name, args=event.args, state=FINAL,
                    )
                )  # fmt: skip
                for handler in on_final_event(self.site.deployment)[event.name]:
                    await handler(session, event)

    async def take_back(self, first):
        """All from this event on."""
        async with self.site.sessions() as session:
            below = Block.number < first.block_number
            last = await session.scalar(select(Block).where(below).order_by(Block.number.desc()).limit(1))
        if last is None:
            last = final_event("", "", "")
            last = replace(last, block_number=first.block_number - 1)
            async with transaction(self.site.sessions) as session:
                session.add(
                    Block(hash="0xbefore", number=last.block_number, parent="0x", time=BLOCK_TIME, state=FINAL)
                )
            node = Node(self.site.deployment, {last.block_number: "0xbefore"})
            to_block = last.block_number
        else:
            node, to_block = Node(self.site.deployment, {last.number: last.hash}), last.number
        return await reverse(
            self.site.sessions, node, self.site.deployment, to_block,
            on_reversed=on_reversed_event(self.site.deployment), reverse_books=reverse_after,
        )  # fmt: skip

    async def again(self, event):
        """The same event, in another block."""
        later = final_event(event.name, event.contract, event.address, **event.args)
        await self.final(replace(later, tx_hash=event.tx_hash))


@pytest.fixture
def chain(site):
    return Chain(site)


@pytest.fixture
def row(sessions):
    async def read(table, *where):
        async with sessions() as session:
            return (await session.scalars(select(table).where(*where))).one_or_none()

    return read


@pytest.fixture
def books(sessions):
    async def read():
        async with sessions() as session:
            return await ledger.books_of(session, ESCROW)

    return read


def of_escrow(name, **args):
    return final_event(name, "WageEscrow", ESCROW, **args)


def of_registry(site, name, **args):
    return final_event(name, "WorkerRegistry", site.deployment.addresses.registry, **args)


def posting(sheet):
    return of_escrow(
        "SheetPosted", sheetId=sheet.sheet_id, root="0x" + sheet.root.hex(), header=sheet.header, total=sheet.total_fen,
        lines=[as_event(line) for line in sheet.lines],
    )  # fmt: skip


def of_line(site, name, *, amount=90_000, **more):
    return of_escrow(name, sheetId=0, index=0, workerId=site.workers["W001"].hex_id, amount=amount, **more)


def released(site, payout=OWN_PAYOUT):
    return of_line(site, "Released", payout=payout, assurance=2)


# ------------------------------------------------------------------ the table


def test_every_final_event_has_its_reverse_or_a_reason_for_none(deployment):
    known, reasons = on_reversed_event(deployment), on_reversed_event.__doc__

    assert [] == [name for name in on_final_event(deployment) if name not in known and name not in reasons]


# ------------------------------------------------------------------ people


async def test_worker_whose_enrolment_is_taken_back_is_not_enrolled_and_on_the_way(site, chain, row, sessions):
    worker, key = site.workers["W001"], site.keys["W001"].public
    async with transaction(sessions) as session:
        session.add(
            Enrolment(
                digest=b"\x01" * 32, worker_pk=worker.id, assurance=key.assurance, x=key.x, y=key.y, payout=worker.payout,
                deadline=1, worker_proof=b"", received_at=BLOCK_TIME, state=relayed.SENT, call_key="enrol:0x01",
            )
        )  # fmt: skip
    enrolled = of_registry(
        site, "Enrolled", workerId=worker.hex_id, assurance=key.assurance, x=key.x, y=key.y, payout=worker.payout
    )
    await chain.final(enrolled)

    await chain.take_back(enrolled)

    assert (None, worker.payout) == ((await row(Worker, Worker.id == worker.id)).key, worker.payout)
    assert relayed.SENT == (await row(Enrolment)).state
    await chain.again(enrolled)
    assert (key, relayed.DONE) == ((await row(Worker, Worker.id == worker.id)).key, (await row(Enrolment)).state)


async def test_key_and_payout_are_those_before_the_changes_that_are_taken_back(site, chain, row):
    worker = site.workers["W001"]
    keys = [DeviceKey.from_number(number).public for number in (1, 2, 3)]
    payouts = [f"0x{number:040x}" for number in (1, 2, 3)]

    def words(place):
        key = keys[place]
        return {"workerId": worker.hex_id, "assurance": key.assurance, "x": key.x, "y": key.y}

    enrolled = of_registry(site, "Enrolled", **words(0), payout=payouts[0])
    stays = [
        of_registry(site, "KeyChanged", **words(1)),
        of_registry(site, "PayoutChanged", workerId=worker.hex_id, payout=payouts[1]),
    ]
    goes = [
        of_registry(site, "PayoutChanged", workerId=worker.hex_id, payout=payouts[2]),
        of_registry(site, "KeyChanged", **words(2)),
    ]
    await chain.final(enrolled, *stays, *goes)

    await chain.take_back(goes[0])

    now = await row(Worker, Worker.id == worker.id)
    assert (keys[1], payouts[1]) == (now.key, now.payout)


async def test_join_that_is_taken_back_is_on_its_way_until_it_comes_again(site, chain, row, sessions):
    worker = site.workers["W001"]
    async with transaction(sessions) as session:
        await session.execute(update(Membership).values(call_key="join:0x01"))
    joined = of_escrow("Joined", workerId=worker.hex_id, dayCap=90_000)
    await chain.final(joined)

    await chain.take_back(joined)

    states = {each: (await row(Membership, Membership.worker_pk == site.workers[each].id)).state for each in site.workers}
    assert {"W001": "sent", "W002": "done", "W003": "done"} == states
    await chain.again(joined)
    assert "done" == (await row(Membership, Membership.worker_pk == worker.id)).state


# ------------------------------------------------------------------ sheets and lines


async def test_sheet_that_is_never_posted_again_is_owed_to_nobody(site, chain, row, books, client, signed_in):
    sheet = await site.post(90_000)
    posted = posting(sheet)
    await chain.final(posted)
    assert 90_000 == (await books()).owed_fen

    await chain.take_back(posted)

    stored = await row(WageSheet)
    assert ("waiting", None, 0) == (stored.state, stored.posted_at, (await books()).owed_fen)
    answered = await client.get("/api/me/lines", headers=signed_in(site.workers["W001"]))
    assert [] == answered.json()["lines"]


async def test_sheet_is_owed_again_when_it_is_posted_again(site, chain, row, books):
    posted = posting(await site.post(90_000))
    await chain.final(posted)

    await chain.take_back(posted)
    await chain.again(posted)

    assert ("done", 90_000) == ((await row(WageSheet)).state, (await books()).owed_fen)


@pytest.mark.parametrize(
    ("more", "state"),
    [
        ({"call_key": "postSheet:0x01"}, "sent"), ({"contractor_signature": b"\x01" * 65}, "accepted"),
        ({"contractor_signature": None}, "waiting"),
    ],
    ids=["its own transaction comes again", "signed, and posted by another", "only ever signed elsewhere"],
)
async def test_sheet_goes_back_to_where_its_call_is(site, chain, row, sessions, more, state):
    posted = posting(await site.post(90_000))
    async with transaction(sessions) as session:
        await session.execute(update(WageSheet).values(**more))
    await chain.final(posted)

    await chain.take_back(posted)

    assert state == (await row(WageSheet)).state


async def test_sheet_that_somebody_else_had_posted_is_posted_by_us(site, chain, jobs, sessions):
    """Its contractor's signature is here: whoever had brought it to the chain need not come again."""
    posted = posting(await site.post(90_000))
    async with transaction(sessions) as session:
        await session.execute(update(WageSheet).values(contractor_signature=b"\x01" * 65, call_key=None))
    await chain.final(posted)

    await chain.take_back(posted)

    assert ["postSheet"] == [call["function"] for call in await jobs("relay")]


async def test_what_was_signed_for_a_sheet_waits_until_it_is_posted_again(site, chain, client, row, jobs, gathered):
    sheet = await site.post(90_000)
    path, body = confirmation(site, sheet, 0)
    await client.put(path, json=body)
    posted = posting(sheet)
    await chain.final(posted)
    await chain.take_back(posted)
    release = partial(releases.release_batch, deployment=site.deployment)

    for sheet_pk in await gathered():
        await site.apply(release, {"sheet": sheet_pk})
    assert ("accepted", []) == ((await row(Confirmation)).state, await jobs("relay"))
    await chain.again(posted)
    await site.apply(release, (await jobs("release"))[-1])

    assert ["release"] == [call["function"] for call in await jobs("relay")]


async def test_released_line_is_owed_again_and_its_signature_on_its_way(site, chain, client, row, books):
    sheet = await site.post(90_000)
    path, body = confirmation(site, sheet, 0)
    await client.put(path, json=body)
    await chain.final(posting(sheet), of_escrow("Funded", amount=100_000))
    paid = [released(site, site.deployment.bank), of_line(site, "LineSettled")]
    await chain.final(*paid)

    await chain.take_back(paid[0])

    line = await row(WageLine)
    assert (None, None, None) == (line.released_tx, line.settled_tx, line.settled_at)
    now = await books()
    assert (100_000, 90_000, 0) == (now.funded_fen, now.owed_fen, now.with_bank_fen)
    await chain.again(paid[0])
    assert (paid[0].tx_hash, "done") == ((await row(WageLine)).released_tx, (await row(Confirmation)).state)


async def test_confirmation_that_another_brought_to_the_chain_goes_out_by_us(site, chain, client, row, jobs, sessions):
    sheet = await site.post(90_000)
    path, body = confirmation(site, sheet, 0)
    await client.put(path, json=body)
    paid = released(site)
    await chain.final(paid)
    before = len(await jobs("release"))

    await chain.take_back(paid)

    assert ("accepted", before + 1) == ((await row(Confirmation)).state, len(await jobs("release")))


async def test_line_whose_return_is_taken_back_is_with_the_bank_as_before(site, chain, row):
    await site.post(90_000)
    paid, back = released(site, site.deployment.bank), of_line(site, "LineReturned")
    await chain.final(paid, back)

    await chain.take_back(back)

    line = await row(WageLine)
    assert (paid.tx_hash, site.deployment.bank, None, None) == (
        line.released_tx, line.released_payout, line.returned_tx, line.silent_key,
    )  # fmt: skip


async def test_line_whose_second_release_is_taken_back_is_given_back_as_before(site, chain, row):
    await site.post(90_000)
    back, second = of_line(site, "LineReturned"), released(site)
    await chain.final(released(site, site.deployment.bank), back, second)

    await chain.take_back(second)

    line = await row(WageLine)
    assert (None, back.tx_hash) == (line.released_tx, line.returned_tx)


# ------------------------------------------------------------------ disputes


def opening(site, name, row, number=0):
    """The event of a claim's or a contest's row."""
    worker = site.workers["W001"].hex_id
    more = (
        {"firstDay": day_number(row.first_day), "dayMask": row.day_mask, "asked": row.amount_fen}
        if name == "Claimed"
        else {"sheetId": 0, "index": 0, "claimedDays": row.claimed_days, "asked": row.claimed_fen - 90_000}
    )
    return of_escrow(name, disputeId=number, workerId=worker, evidenceHash="0x" + row.evidence_hash.hex(), **more)


async def test_claim_that_is_taken_back_is_on_its_way_and_no_dispute(site, chain, client, row, signed_in, books):
    path, body = claim(site, "W001", amount_fen=30_000, first_day=PAYDAY.replace(day=1, month=10), day_mask=1)
    await client.put(path, json=body)
    claimed = opening(site, "Claimed", await row(Claim))
    await chain.final(claimed)

    await chain.take_back(claimed)

    shown = (await client.get(f"/api/projects/{ESCROW}/disputes")).json()["disputes"]
    mine = (await client.get("/api/me/disputes", headers=signed_in(site.workers["W001"]))).json()["disputes"]
    assert ([], [("sent", None)], 0) == (
        shown, [(each["state"], each["dispute"]) for each in mine], (await books()).contested_fen,
    )  # fmt: skip


async def test_another_dispute_may_come_under_the_number_of_one_that_vanished(site, chain, client, row):
    path, body = claim(site, "W001", amount_fen=30_000, first_day=PAYDAY.replace(day=1, month=10), day_mask=1)
    await client.put(path, json=body)
    gone = opening(site, "Claimed", await row(Claim))
    await chain.final(gone)
    await chain.take_back(gone)

    other = of_escrow(
        "Claimed", disputeId=0, workerId=site.workers["W002"].hex_id, evidenceHash="0x" + "07" * 32, asked=7_000,
        firstDay=20_000, dayMask=3,
    )  # fmt: skip
    await chain.final(other)
    await chain.again(replace(gone, args={**gone.args, "disputeId": 1}))

    shown = (await client.get(f"/api/projects/{ESCROW}/disputes")).json()["disputes"]
    assert [(1, site.workers["W001"].hex_id, 30_000), (0, site.workers["W002"].hex_id, 7_000)] == [
        (each["disputeId"], each["workerId"], each["askedFen"]) for each in shown
    ]
    assert "done" == (await row(Claim)).state


async def test_contest_that_is_taken_back_is_on_its_way(site, chain, client, row):
    sheet = await site.post(90_000)
    path, body = contest(site, sheet, 0, claimed_fen=120_000, claimed_days=sheet.lines[0].day_mask | 1 << 10)
    await client.put(path, json=body)
    contested = opening(site, "Contested", await row(Contest))
    await chain.final(contested)

    await chain.take_back(contested)

    kept = await row(Contest)
    assert ("sent", None, "vanished") == (kept.state, kept.dispute_id, (await row(Dispute)).state)


@pytest.fixture
async def answered(site, chain, client, row):
    """A claim and its answer in part, both final: their events."""
    path, body = claim(site, "W001", amount_fen=30_000, first_day=PAYDAY.replace(day=1, month=10), day_mask=1)
    await client.put(path, json=body)
    claimed = opening(site, "Claimed", await row(Claim))
    await chain.final(claimed)
    path, body = answer(site, admitted_fen=10_000)
    assert 202 == (await client.put(path, json=body)).status_code
    evidence = "0x" + (await row(Answer)).evidence_hash.hex()
    answered = of_escrow("Answered", disputeId=0, admitted=10_000, evidenceHash=evidence)
    await chain.final(answered)
    return claimed, answered


async def test_dispute_goes_back_to_each_step_before(site, chain, client, row, answered):
    """Claimed, answered in part, decided, paid by the bank: taken back one by one."""
    claimed, answered = answered
    path, body = resolution(site, award_fen=30_000)
    assert 202 == (await client.put(path, json=body)).status_code
    resolved = of_escrow(
        "Resolved", disputeId=0, granted=30_000, by=CONTRACTOR.address,
        orderHash="0x" + (await row(Resolution)).order_hash.hex(),
    )  # fmt: skip
    who = {"disputeId": 0, "workerId": site.workers["W001"].hex_id}
    paid = of_escrow("DisputePaid", **who, amount=30_000, payout=site.deployment.bank)
    settled = of_escrow("DisputeSettled", **who, amount=30_000)
    await chain.final(resolved, paid, settled)
    seen = []

    for event in (settled, paid, resolved, answered):
        await chain.take_back(event)
        now = await row(Dispute)
        seen.append((now.state, now.granted_fen, now.paid_fen, now.banked_fen, now.settled_fen, now.last_tx))

    assert [
        ("decided", 30_000, 30_000, 30_000, 0, paid.tx_hash), ("decided", 30_000, 0, 0, 0, resolved.tx_hash),
        ("contested", 10_000, 0, 0, 0, answered.tx_hash), ("claimed", 0, 0, 0, 0, claimed.tx_hash),
    ] == seen  # fmt: skip
    assert ("sent", "sent") == ((await row(Answer)).state, (await row(Resolution)).state)
    assert (None, None, claimed.block_time) == (now.answer_hash, now.order_hash, now.since)


@pytest.fixture
async def decided(site, chain, client, row, answered):
    """A claim, its answer and its decision: all final, then all taken back; the decision's call is refused meanwhile."""
    claimed, answered = answered
    path, body = resolution(site, award_fen=30_000)
    await client.put(path, json=body)
    await chain.take_back(claimed)
    return claimed, answered


async def refuse_last(site, jobs, function, error, *values):
    call = [call for call in await jobs("relay") if call["function"] == function][-1]
    await site.refused(call, error, 0, *values)
    return call


async def test_answer_and_decision_wait_for_their_dispute_and_go_out_when_each_can_be_taken(
    site, chain, row, jobs, decided
):
    claimed, answered = decided
    first = [await refuse_last(site, jobs, each, "Escrow_UnknownDispute") for each in ("answer", "resolve")]
    assert ("waiting", "waiting") == ((await row(Answer)).state, (await row(Resolution)).state)

    await chain.again(claimed)
    assert ("accepted", "waiting") == ((await row(Answer)).state, (await row(Resolution)).state)
    await chain.again(answered)

    assert ("done", "accepted") == ((await row(Answer)).state, (await row(Resolution)).state)
    last = {call["function"]: call for call in await jobs("relay")}
    for before in first:
        anew = last[before["function"]]
        assert anew["key"] != before["key"]  # a refused call is not made again under its own
        assert anew | {"key": ""} == before | {"key": ""}


async def test_decision_refused_before_the_answer_is_there_again_waits_for_it(site, chain, row, jobs, decided):
    claimed, answered = decided
    await chain.again(claimed)

    await refuse_last(site, jobs, "resolve", "Escrow_WrongState", 1)

    assert "waiting" == (await row(Resolution)).state
    await chain.again(answered)
    assert "accepted" == (await row(Resolution)).state


async def test_refused_when_its_dispute_is_there_again_it_goes_out_at_once(site, chain, row, jobs, decided):
    claimed, _ = decided
    await chain.again(claimed)
    before = len(await jobs("relay"))

    await refuse_last(site, jobs, "answer", "Escrow_UnknownDispute")

    assert ("accepted", before + 1) == ((await row(Answer)).state, len(await jobs("relay")))


@pytest.mark.parametrize("waits", [True, False], ids=["refused before", "on its way"])
async def test_what_was_signed_about_one_dispute_never_counts_for_another_of_its_number(
    site, chain, client, row, jobs, decided, waits
):
    if waits:
        for each in ("answer", "resolve"):
            await refuse_last(site, jobs, each, "Escrow_UnknownDispute")
    before = len(await jobs("relay"))

    await chain.final(of_escrow(
        "Claimed", disputeId=0, workerId=site.workers["W002"].hex_id, evidenceHash="0x" + "07" * 32, asked=30_000,
        firstDay=20_000, dayMask=3,
    ))  # fmt: skip

    assert ("refused", "refused", before) == (
        (await row(Answer)).state, (await row(Resolution)).state, len(await jobs("relay"))
    )  # fmt: skip


async def test_decision_the_chain_refuses_for_good_is_refused(site, row, jobs, decided):
    await refuse_last(site, jobs, "answer", "Escrow_WindowOver", 1)
    await refuse_last(site, jobs, "resolve", "Escrow_WrongState", 3)

    assert ("refused", "refused") == ((await row(Answer)).state, (await row(Resolution)).state)


async def test_claim_that_stood_waits_for_an_answer_again(site, chain, client, row, books):
    path, body = claim(site, "W001", amount_fen=30_000, first_day=PAYDAY.replace(day=1, month=10), day_mask=1)
    await client.put(path, json=body)
    claimed, stood = opening(site, "Claimed", await row(Claim)), of_escrow("ClaimStood", disputeId=0)
    await chain.final(claimed, stood)

    await chain.take_back(stood)

    now = await row(Dispute)
    assert ("claimed", False, 0, 30_000) == (now.state, now.stood, now.granted_fen, (await books()).contested_fen)


# ------------------------------------------------------------------ projects and attendance


async def test_project_has_no_escrow_until_it_is_made_again(site, chain, row, deployment):
    project = await row(Project)
    made = final_event(
        "EscrowCreated", "WageEscrowFactory", deployment.addresses.factory, project="0x" + project.reference.hex(),
        contractor=project.contractor, escrow=ESCROW, bureau=project.bureau, arbiter=project.arbiter,
        windows={
            "objection": project.objection_window_seconds, "answer": project.answer_window_seconds,
            "bureau": project.bureau_window_seconds,
        },
    )  # fmt: skip
    await chain.final(made)

    await chain.take_back(made)

    assert (await row(Project)).escrow is None
    await chain.again(made)
    assert ESCROW == (await row(Project)).escrow


async def test_project_whose_closing_is_taken_back_is_open(site, chain, row):
    closed = of_escrow("Closed", contractor=CONTRACTOR.address, amount=0)
    await chain.final(closed)

    await chain.take_back(closed)

    assert (await row(Project)).closed_at is None


async def test_root_whose_anchoring_is_taken_back_is_on_its_way(site, chain, row, sessions, deployment):
    day = PAYDAY
    async with transaction(sessions) as session:
        session.add(
            AttendanceRoot(
                project_pk=site.project.id, day=day, topic=b"\x01" * 32, root=b"\x02" * 32, digest=b"\x03" * 32,
                leaf_count=1, built_at=datetime(2026, 11, 1, tzinfo=UTC), state=relayed.SENT, call_key="anchor:0x03",
            )
        )  # fmt: skip
    anchored = final_event(
        "Anchored", "EvidenceAnchor", deployment.addresses.anchor, topic="0x" + "01" * 32, day=day_number(day),
        root="0x" + "02" * 32,
    )  # fmt: skip
    await chain.final(anchored)
    assert "done" == (await row(AttendanceRoot)).state

    await chain.take_back(anchored)

    assert ("sent", None) == ((await row(AttendanceRoot)).state, (await row(AttendanceRoot)).anchored_at)


# ------------------------------------------------------------------ all at once


async def test_a_month_that_is_taken_back_leaves_nothing_and_comes_again_as_it_was(site, chain, client, row, books):
    worker, key = site.workers["W001"], site.keys["W001"].public
    sheet = await site.post(90_000)
    path, body = confirmation(site, sheet, 0)
    await client.put(path, json=body)
    month = [
        of_registry(
            site, "Enrolled", workerId=worker.hex_id, assurance=key.assurance, x=key.x, y=key.y, payout=worker.payout
        ),
        of_escrow("Joined", workerId=worker.hex_id, dayCap=90_000), of_escrow("Funded", amount=100_000), posting(sheet),
        released(site, site.deployment.bank), of_line(site, "LineSettled"),
    ]  # fmt: skip
    await chain.final(*month)
    before = await books()

    done = await chain.take_back(month[0])

    assert (6, None) == (done.events, (await row(Worker, Worker.id == worker.id)).key)
    assert "waiting" == (await row(WageSheet)).state
    nothing = await books()
    assert (0, 0, 0, 0) == (nothing.funded_fen, nothing.owed_fen, nothing.released_fen, nothing.with_bank_fen)
    for event in month:
        await chain.again(event)
    line = await row(WageLine)
    assert (before, month[4].tx_hash, month[5].tx_hash) == (await books(), line.released_tx, line.settled_tx)
