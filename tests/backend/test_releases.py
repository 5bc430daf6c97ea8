"""Releases: many confirmations become one call; what the chain says of it is the last word.

Branches: one call for all · nothing left for a second job · already released left out · two sheets · second signature
waits · refused line left out, the others again · second signature after a refusal · expired by the chain's clock ·
every line at fault · sent · released · payout failed, then funded · funding of another escrow · window open, closing,
closed · signed · refused signature · already asked · silent line without money · silent line refused.
"""

from datetime import timedelta

import pytest
from sqlalchemy import select
from tests.backend.conftest import ESCROW
from tests.backend.signed_words import DEADLINE, confirmation
from tests.fakes import BLOCK_TIME, final_event

from anxin.core.calls import Refusal
from anxin.core.relayed import mark_sent
from anxin.core.sheet_tree import SheetTree
from anxin.core.signing import from_hex
from anxin.payroll.models import WageLine
from anxin.wages import releases
from anxin.wages.models import Confirmation

WINDOW = timedelta(days=3)
TX = "0x" + "7a" * 32


@pytest.fixture
def confirm(client, site):
    """Send confirmations of these lines."""

    async def send(sheet, *indexes, deadline=DEADLINE):
        for index in indexes:
            path, body = confirmation(site, sheet, index, deadline=deadline)
            assert (await client.put(path, json=body)).status_code == 202

    return send


@pytest.fixture
def states(sessions):
    """Confirmation states by line."""

    async def read():
        async with sessions() as session:
            rows = await session.scalars(select(Confirmation).order_by(Confirmation.line_index, Confirmation.deadline))
            return [(row.line_index, row.state) for row in rows]

    return read


async def batch(site, sheet):
    await site.apply(releases.release_batch, {"sheet": sheet.id})


def lines_of(call):
    return [line["index"] for line in call["arguments"]["lines"]]


async def test_all_that_wait_go_in_one_call(site, confirm, jobs):
    sheet = await site.post(90_000, 90_000, 90_000)
    await confirm(sheet, 2, 0)

    await batch(site, sheet)

    (call,) = await jobs("relay")
    assert (call["contract"], call["address"], call["function"]) == ("WageEscrow", ESCROW, "release")
    assert [sheet.lines[0].as_argument(), sheet.lines[2].as_argument()] == call["arguments"]["lines"]
    expected = SheetTree([line.on_chain for line in sheet.lines]).proof([0, 2])
    assert expected.flags == call["arguments"]["proof"]["flags"]
    assert expected.hashes == [from_hex(each) for each in call["arguments"]["proof"]["hashes"]]


async def test_each_line_goes_with_its_own_signature(site, confirm, jobs, sessions):
    sheet = await site.post(90_000, 90_000)
    await confirm(sheet, 1, 0)

    await batch(site, sheet)

    (call,) = await jobs("relay")
    async with sessions() as session:
        kept = list(await session.scalars(select(Confirmation).order_by(Confirmation.line_index)))
    expected = [{"deadline": DEADLINE, "signature": "0x" + each.signature.hex()} for each in kept]
    assert expected == call["arguments"]["confirmations"]


async def test_second_job_finds_nothing_left(site, confirm, jobs):
    sheet = await site.post(90_000)
    await confirm(sheet, 0)

    await batch(site, sheet)
    await batch(site, sheet)

    assert len(await jobs("relay")) == 1


async def test_released_line_is_left_out(site, confirm, jobs):
    sheet = await site.post(90_000, 90_000)
    await confirm(sheet, 0, 1)
    await site.apply(releases.record_released, event("Released", 0, assurance=0))

    await batch(site, sheet)

    assert [lines_of(call) for call in await jobs("relay")] == [[1]]


async def test_two_sheets_are_two_calls(site, confirm, jobs):
    first, second = await site.post(90_000), await site.post(60_000)
    await confirm(first, 0)
    await confirm(second, 0)

    await batch(site, second)

    assert [call["arguments"]["sheetId"] for call in await jobs("relay")] == [1]


async def test_second_signature_for_a_line_waits_while_the_first_is_on_its_way(site, confirm, jobs):
    """The relayer pays for one release a wage, however often its worker signs."""
    sheet = await site.post(90_000)
    await confirm(sheet, 0)
    await batch(site, sheet)
    await confirm(sheet, 0, deadline=DEADLINE + 1)

    await batch(site, sheet)

    assert len(await jobs("relay")) == 1


async def test_two_signatures_for_a_line_at_once_are_one_release(site, confirm, jobs):
    sheet = await site.post(90_000)
    await confirm(sheet, 0)
    await confirm(sheet, 0, deadline=DEADLINE + 1)

    await batch(site, sheet)
    await batch(site, sheet)

    assert [lines_of(call) for call in await jobs("relay")] == [[0]]


@pytest.mark.parametrize("error", ["Escrow_BadWorkerSignature", "Escrow_NotEnrolled"])
async def test_line_the_chain_names_is_left_out_and_the_others_go_again(site, confirm, jobs, states, error):
    sheet = await site.post(90_000, 90_000, 90_000)
    await confirm(sheet, 0, 1, 2)
    await batch(site, sheet)
    (call,) = await jobs("relay")

    await site.apply(releases.mend_batch, call["key"], Refusal(error, [1, "0x00"]))
    await batch(site, sheet)

    assert await states() == [(0, "accepted"), (1, "refused"), (2, "accepted")]
    assert lines_of((await jobs("relay"))[-1]) == [0, 2]
    assert len(await jobs("release")) == 4  # three of the phones', one of the mending


async def test_position_is_that_in_the_batch_not_in_the_sheet(site, confirm, jobs, states):
    sheet = await site.post(90_000, 90_000, 90_000)
    await confirm(sheet, 1, 2)
    await batch(site, sheet)
    (call,) = await jobs("relay")

    await site.apply(releases.mend_batch, call["key"], Refusal("Escrow_BadWorkerSignature", [0]))

    assert await states() == [(1, "refused"), (2, "accepted")]


async def test_second_signature_goes_out_when_the_first_is_refused(site, confirm, jobs):
    sheet = await site.post(90_000)
    await confirm(sheet, 0)
    await batch(site, sheet)
    (call,) = await jobs("relay")
    await confirm(sheet, 0, deadline=DEADLINE + 1)

    await site.apply(releases.mend_batch, call["key"], Refusal("Escrow_BadWorkerSignature", [0]))
    await batch(site, sheet)

    assert (await jobs("relay"))[-1]["arguments"]["confirmations"][0]["deadline"] == DEADLINE + 1


async def test_line_that_expired_by_the_chains_clock_is_left_out(site, confirm, jobs, states):
    sheet = await site.post(90_000, 90_000)
    await confirm(sheet, 0)
    await confirm(sheet, 1, deadline=DEADLINE + 1000)
    await batch(site, sheet)
    (call,) = await jobs("relay")

    await site.apply(releases.mend_batch, call["key"], Refusal("Escrow_Expired", [DEADLINE, DEADLINE + 1]))

    assert await states() == [(0, "refused"), (1, "accepted")]


async def test_refusal_that_names_no_line_halves_the_batch(site, confirm, jobs, states):
    sheet = await site.post(90_000, 90_000, 90_000)
    await confirm(sheet, 0, 1, 2)
    await batch(site, sheet)
    (call,) = await jobs("relay")

    await site.apply(releases.mend_batch, call["key"], Refusal("reverted", []))

    assert await states() == [(0, "accepted"), (1, "accepted"), (2, "accepted")]
    assert [lines_of(each) for each in (await jobs("relay"))[1:]] == [[0], [1, 2]]


async def test_line_refused_alone_is_refused_with_its_reason(site, confirm, jobs, sessions):
    sheet = await site.post(90_000)
    await confirm(sheet, 0)
    await batch(site, sheet)
    (call,) = await jobs("relay")

    await site.apply(releases.mend_batch, call["key"], Refusal("reverted", []))

    async with sessions() as session:
        row = (await session.scalars(select(Confirmation))).one()
    assert (row.state, row.reason) == ("refused", "reverted()")


async def test_batch_on_its_way_shows_its_transaction(site, confirm, jobs, sessions):
    sheet = await site.post(90_000)
    await confirm(sheet, 0)
    await batch(site, sheet)
    (call,) = await jobs("relay")

    await site.apply(mark_sent, Confirmation, call["key"], TX)

    async with sessions() as session:
        row = (await session.scalars(select(Confirmation))).one()
    assert (row.state, row.tx_hash) == ("sent", TX)


async def test_final_release_closes_the_line_once_and_for_all(site, confirm, states, sessions):
    sheet = await site.post(90_000)
    await confirm(sheet, 0)
    released = event("Released", 0, assurance=2)

    await site.apply(releases.record_released, released)
    await site.apply(releases.record_released, released)

    async with sessions() as session:
        line = (await session.scalars(select(WageLine))).one()
    assert (line.released_tx, line.released_at, line.released_assurance) == (released.tx_hash, BLOCK_TIME, 2)
    assert await states() == [(0, "done")]


@pytest.mark.parametrize("is_sent", [True, False], ids=["sent", "sent, but not noted yet"])
async def test_unpaid_release_goes_out_again_when_money_comes_in(site, confirm, jobs, is_sent):
    sheet = await site.post(90_000)
    await confirm(sheet, 0)
    await batch(site, sheet)
    (call,) = await jobs("relay")
    if is_sent:
        await site.apply(mark_sent, Confirmation, call["key"], TX)

    await site.apply(releases.record_payout_failed, event("PayoutFailed", 0))
    await site.apply(releases.retry_after_funding, funded(ESCROW))
    await batch(site, sheet)

    assert [lines_of(call) for call in await jobs("relay")] == [[0], [0]]
    assert len(await jobs("release")) == 2


async def test_money_of_another_project_helps_nobody_here(site, confirm, jobs):
    sheet = await site.post(90_000)
    await confirm(sheet, 0)
    await batch(site, sheet)
    await site.apply(releases.record_payout_failed, event("PayoutFailed", 0))

    await site.apply(releases.retry_after_funding, funded("0x" + "11" * 20))

    assert len(await jobs("release")) == 1


async def test_funding_without_anything_unpaid_asks_for_nothing(site, jobs):
    await site.post(90_000)

    await site.apply(releases.retry_after_funding, funded(ESCROW))

    assert await jobs("release") == []


@pytest.mark.parametrize(
    ("chain_time", "lines"),
    [
        (BLOCK_TIME, []),
        (BLOCK_TIME + WINDOW - timedelta(seconds=1), []),
        (BLOCK_TIME + WINDOW, []),
        (BLOCK_TIME + WINDOW + timedelta(seconds=1), [[0, 1]]),
    ],
    ids=["at once", "before the window ends", "in its last second", "after it"],
)
async def test_silence_ends_by_the_chains_clock(site, jobs, chain_time, lines):
    await site.post(90_000, 90_000)

    await site.apply(releases.release_silent, chain_time)

    assert lines == [lines_of(call) for call in await jobs("relay")]


AFTER = BLOCK_TIME + WINDOW + timedelta(seconds=1)


async def test_who_has_signed_is_not_silent(site, confirm, jobs):
    sheet = await site.post(90_000, 90_000)
    await confirm(sheet, 0)

    await site.apply(releases.release_silent, AFTER)

    (call,) = await jobs("relay")
    assert (call["function"], lines_of(call)) == ("releaseUnsigned", [1])


async def test_worker_whose_signature_was_refused_is_paid_like_a_silent_one(site, confirm, jobs):
    sheet = await site.post(90_000)
    await confirm(sheet, 0)
    await batch(site, sheet)
    await site.apply(releases.mend_batch, (await jobs("relay"))[0]["key"], Refusal("Escrow_BadWorkerSignature", [0]))

    await site.apply(releases.release_silent, AFTER)

    assert (await jobs("relay"))[-1]["function"] == "releaseUnsigned"


async def test_silent_line_is_asked_for_once(site, jobs):
    await site.post(90_000)

    await site.apply(releases.release_silent, AFTER)
    await site.apply(releases.release_silent, AFTER)

    assert len(await jobs("relay")) == 1


async def test_released_line_is_not_silent(site, jobs):
    await site.post(90_000)
    await site.apply(releases.record_released, event("Released", 0, assurance=2))

    await site.apply(releases.release_silent, AFTER)

    assert await jobs("relay") == []


async def test_silent_lines_of_two_sheets_are_two_calls(site, jobs):
    await site.post(90_000)
    await site.post(60_000)

    await site.apply(releases.release_silent, AFTER)

    assert [call["arguments"]["sheetId"] for call in await jobs("relay")] == [0, 1]


async def test_silent_line_without_money_waits_for_money(site, jobs):
    """Not asked for again at every block: that would only burn gas."""
    await site.post(90_000)
    await site.apply(releases.release_silent, AFTER)
    await site.apply(releases.record_payout_failed, event("PayoutFailed", 0))

    await site.apply(releases.release_silent, AFTER)
    before = len(await jobs("relay"))
    await site.apply(releases.retry_after_funding, funded(ESCROW))
    await site.apply(releases.release_silent, AFTER)

    assert (before, len(await jobs("relay"))) == (1, 2)


async def test_silent_line_the_chain_refuses_is_left_out_and_the_others_asked_for_again(site, jobs):
    await site.post(90_000, 90_000)
    await site.apply(releases.release_silent, AFTER)
    (call,) = await jobs("relay")

    await site.apply(releases.mend_silent, call["key"], Refusal("Escrow_NotEnrolled", [0, "0x00"]))
    await site.apply(releases.release_silent, AFTER)

    assert [lines_of(call) for call in await jobs("relay")] == [[0, 1], [1]]


@pytest.mark.parametrize(
    "handler",
    [releases.record_released, releases.record_payout_failed, releases.record_contested],
    ids=["released", "payout failed", "contested"],
)
async def test_event_of_a_line_that_is_not_ours_changes_nothing(site, confirm, states, handler):
    await confirm(await site.post(90_000), 0)

    await site.apply(handler, event("Released", 7, assurance=2))

    assert await states() == [(0, "accepted")]


def event(name, index, **args):
    return final_event(name, "WageEscrow", ESCROW, sheetId=0, index=index, amount=90_000, **args)


def funded(escrow):
    return final_event("Funded", "WageEscrow", escrow, amount=90_000, memo="0x" + "00" * 32)
