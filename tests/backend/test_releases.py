"""Releases: many confirmations become one call; what the chain says of it is the last word.

Branches: one call for all · what is packed: key, payout, bank, tails · what cannot be packed goes alone · another kind of
key since · nothing left for a second job · already released left out · two sheets · second signature waits · line the chain
names alone, the others again · refused alone · not enrolled · expired by the chain's clock · no line named · sent ·
released · payout failed, then funded · funding of another escrow · window open, closing, closed · signed · refused
signature · already asked · silent line without money · silent line refused · export.
"""

from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from hashlib import sha256
from operator import itemgetter

import msgspec
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from sqlalchemy import select
from tests.backend.conftest import BANK, ESCROW, assert_problem
from tests.backend.signed_words import DEADLINE, confirmation
from tests.fakes import BLOCK_TIME, final_event

from anxin.core.confirmations import PackedConfirmation, pack_confirmations
from anxin.core.relayed import mark_sent
from anxin.core.sheet_tree import SheetTree, pack_lines, unpack_lines
from anxin.core.signing import P256_ORDER, PasskeySignature, WorkerSignature, from_hex
from anxin.demo.keys import PRESENT_AND_VERIFIED, Passkey, Wallet
from anxin.payroll.models import WageLine
from anxin.wages import outcomes, releases
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
    await release(site, {"sheet": sheet.id})


async def release(site, job):
    await site.apply(partial(releases.release_batch, deployment=site.deployment), job)


def lines_of(call):
    arguments = call["arguments"]
    return [line.index for line in unpack_lines(from_hex(arguments["lines"] if "lines" in arguments else arguments["line"]))]


async def called(jobs):
    """Functions and lines of the calls asked for so far."""
    return [(call["function"], lines_of(call)) for call in await jobs("relay")]


async def test_all_that_wait_go_in_one_call(site, confirm, jobs):
    sheet = await site.post(90_000, 90_000, 90_000)
    await confirm(sheet, 2, 0)

    await batch(site, sheet)

    (call,) = await jobs("relay")
    assert (call["contract"], call["address"], call["function"]) == ("WageEscrow", ESCROW, "release")
    assert pack_lines([sheet.lines[0].on_chain, sheet.lines[2].on_chain]) == from_hex(call["arguments"]["lines"])
    expected = SheetTree([line.on_chain for line in sheet.lines]).proof([0, 2])
    assert expected == [from_hex(each) for each in call["arguments"]["proof"]]


async def test_each_line_goes_with_its_own_key_payout_and_signature(site, client, jobs):
    sheet = await site.post(90_000, 90_000, 90_000)
    signed = []
    for index in (2, 0, 1):
        path, body = confirmation(site, sheet, index)
        await client.put(path, json=body)
        signed.append((index, msgspec.convert(body["signature"], WorkerSignature)))

    await batch(site, sheet)

    (call,) = await jobs("relay")
    workers = list(site.workers.values())
    expected, tails = pack_confirmations([
        PackedConfirmation(worker.key, worker.payout, False, DEADLINE, signature)
        for worker, (_, signature) in zip(workers, sorted(signed, key=itemgetter(0)), strict=True)
    ])  # fmt: skip
    assert (expected, tails) == (
        from_hex(call["arguments"]["confirmations"]), [from_hex(tail) for tail in call["arguments"]["tails"]]
    )  # fmt: skip
    assert tails == [b',"origin":"http://localhost:8000","crossOrigin":false}']


async def test_wage_that_goes_to_the_bank_is_packed_without_a_payout(site, confirm, jobs):
    await site.final(payout_changed(site, "W001", BANK))
    sheet = await site.post(90_000)
    await confirm(sheet, 0)

    await batch(site, sheet)

    (call,) = await jobs("relay")
    kind, deadline = 128 + 2, DEADLINE.to_bytes(8)
    assert bytes([kind]) + deadline == from_hex(call["arguments"]["confirmations"])[:9]
    assert len(from_hex(call["arguments"]["confirmations"])) == 9 + 128


async def test_passkey_with_an_unusual_client_data_goes_alone(site, client, jobs):
    """Some browsers put the challenge first: the registry takes that, the packed form has no room for it."""
    sheet = await site.post(90_000, 90_000)
    for index, key in enumerate((None, ChallengeFirst(site.keys["W002"]))):
        path, body = confirmation(site, sheet, index, key=key)
        assert (await client.put(path, json=body)).status_code == 202

    await batch(site, sheet)

    assert sorted([("release", [0]), ("releaseLine", [1])]) == sorted(await called(jobs))
    alone = next(call["arguments"] for call in await jobs("relay") if call["function"] == "releaseLine")
    assert (alone["deadline"], alone["signature"]) == (DEADLINE, await kept_signature(site))


async def test_signature_by_a_key_of_another_kind_since_goes_alone(site, confirm, jobs):
    """Packed as the new key's it would shift all that follow it."""
    sheet = await site.post(90_000)
    await confirm(sheet, 0)
    await site.final(key_changed(site, "W001", Wallet.from_hex("0x" + "66" * 32).public))

    await batch(site, sheet)

    assert await called(jobs) == [("releaseLine", [0])]


async def test_second_job_finds_nothing_left(site, confirm, jobs):
    sheet = await site.post(90_000)
    await confirm(sheet, 0)

    await batch(site, sheet)
    await batch(site, sheet)

    assert len(await jobs("relay")) == 1


async def test_released_line_is_left_out(site, confirm, jobs):
    sheet = await site.post(90_000, 90_000)
    await confirm(sheet, 0, 1)
    await site.apply(outcomes.record_released, event("Released", 0, assurance=0))

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


@pytest.mark.parametrize("error", ["Escrow_BadWorkerSignature", "Escrow_BadConfirmation", "Escrow_NotEnrolled"])
async def test_line_the_chain_names_is_tried_alone_and_the_others_go_again(site, confirm, jobs, states, error):
    """Its worker's key or payout may have changed since we read them; `releaseLine` needs neither from us."""
    sheet = await site.post(90_000, 90_000, 90_000)
    await confirm(sheet, 0, 1, 2)
    await batch(site, sheet)

    await site.refused((await jobs("relay"))[0], error, 1)
    await batch(site, sheet)

    assert await states() == [(0, "accepted"), (1, "accepted"), (2, "accepted")]
    assert await called(jobs) == [("release", [0, 1, 2]), ("releaseLine", [1]), ("release", [0, 2])]


async def test_line_refused_alone_is_refused_with_its_reason(site, confirm, jobs, sessions):
    sheet = await site.post(90_000)
    await confirm(sheet, 0)
    await batch(site, sheet)
    await site.refused((await jobs("relay"))[-1], "Escrow_BadWorkerSignature", 0)

    await site.refused((await jobs("relay"))[-1], "Escrow_BadWorkerSignature", 0)
    await batch(site, sheet)

    async with sessions() as session:
        row = (await session.scalars(select(Confirmation))).one()
    assert (row.state, row.reason) == ("refused", "Escrow_BadWorkerSignature(0)")
    assert [function for function, _ in await called(jobs)] == ["release", "releaseLine"]


async def test_worker_the_registry_does_not_know_is_not_refused_and_waits_alone(site, confirm, jobs, states):
    """They were enrolled when their word was accepted: a reorganisation has taken it back, and it is on its way again."""
    sheet = await site.post(90_000, 90_000, 90_000)
    await confirm(sheet, 0, 1, 2)
    await batch(site, sheet)

    await site.refused((await jobs("relay"))[0], "Escrow_NotEnrolled", 1, "0x00")
    await batch(site, sheet)

    assert await states() == [(0, "accepted"), (1, "accepted"), (2, "accepted")]
    assert await called(jobs) == [("release", [0, 1, 2]), ("releaseLine", [1]), ("release", [0, 2])]


async def test_position_is_that_in_the_batch_not_in_the_sheet(site, confirm, jobs, states):
    sheet = await site.post(90_000, 90_000, 90_000)
    await confirm(sheet, 1, 2)
    await batch(site, sheet)

    await site.refused((await jobs("relay"))[0], "Escrow_BadWorkerSignature", 0)
    await batch(site, sheet)

    assert await called(jobs) == [("release", [1, 2]), ("releaseLine", [1]), ("release", [2])]


async def test_second_signature_goes_out_when_the_first_is_refused(site, confirm, jobs):
    sheet = await site.post(90_000)
    await confirm(sheet, 0)
    await batch(site, sheet)
    await confirm(sheet, 0, deadline=DEADLINE + 1)
    for _ in range(2):  # packed, then alone
        await site.refused((await jobs("relay"))[-1], "Escrow_BadWorkerSignature", 0)

    await batch(site, sheet)

    packed = from_hex((await jobs("relay"))[-1]["arguments"]["confirmations"])
    assert DEADLINE + 1 == int.from_bytes(packed[1:9])


async def test_line_that_expired_by_the_chains_clock_is_left_out(site, confirm, jobs, states):
    sheet = await site.post(90_000, 90_000)
    await confirm(sheet, 0)
    await confirm(sheet, 1, deadline=DEADLINE + 1000)
    await batch(site, sheet)

    await site.refused((await jobs("relay"))[0], "Escrow_Expired", DEADLINE, DEADLINE + 1)

    assert await states() == [(0, "refused"), (1, "accepted")]


async def test_refusal_that_names_no_line_halves_the_batch(site, confirm, jobs, states):
    sheet = await site.post(90_000, 90_000, 90_000)
    await confirm(sheet, 0, 1, 2)
    await batch(site, sheet)

    await site.refused((await jobs("relay"))[0], "reverted")

    assert await states() == [(0, "accepted"), (1, "accepted"), (2, "accepted")]
    assert [lines_of(each) for each in (await jobs("relay"))[1:]] == [[0], [1, 2]]


async def test_batch_of_one_refused_without_a_reason_is_tried_alone(site, confirm, jobs):
    sheet = await site.post(90_000)
    await confirm(sheet, 0)
    await batch(site, sheet)

    await site.refused((await jobs("relay"))[0], "reverted")

    assert await called(jobs) == [("release", [0]), ("releaseLine", [0])]


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

    await site.apply(outcomes.record_released, released)
    await site.apply(outcomes.record_released, released)

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

    await site.apply(outcomes.record_payout_failed, event("PayoutFailed", 0))
    await site.apply(outcomes.retry_after_funding, funded(ESCROW))
    await batch(site, sheet)

    assert [lines_of(call) for call in await jobs("relay")] == [[0], [0]]
    assert [{"sheet": sheet.id}] == await jobs("release")


async def test_money_of_another_project_helps_nobody_here(site, confirm, jobs):
    sheet = await site.post(90_000)
    await confirm(sheet, 0)
    await batch(site, sheet)
    await site.apply(outcomes.record_payout_failed, event("PayoutFailed", 0))

    await site.apply(outcomes.retry_after_funding, funded("0x" + "11" * 20))

    assert [] == await jobs("release")


async def test_funding_without_anything_unpaid_asks_for_nothing(site, jobs):
    await site.post(90_000)

    await site.apply(outcomes.retry_after_funding, funded(ESCROW))

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


async def test_confirmation_can_be_exported_as_a_call_for_anyone(client, site):
    sheet = await site.post(90_000, 90_000)
    path, body = confirmation(site, sheet, 1)
    await client.put(path, json=body)

    exported = (await client.get(path)).json()

    line, proof = pack_lines([sheet.lines[1].on_chain]), SheetTree([each.on_chain for each in sheet.lines]).proof([1])
    assert (31337, ESCROW, "releaseLine", 0, DEADLINE) == tuple(
        exported[name] for name in ("chainId", "escrow", "function", "sheetId", "deadline")
    )
    assert ("0x" + line.hex(), ["0x" + each.hex() for each in proof], await kept_signature(site)) == (
        exported["line"], exported["proof"], exported["signature"],
    )  # fmt: skip


async def test_confirmation_nobody_sent_cannot_be_exported(client, site):
    assert_problem(await client.get(f"/api/confirmations/0x{'12' * 32}"), 404, "not-found", "confirmation")


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
    await site.refused((await jobs("relay"))[0], "Escrow_Expired", DEADLINE, DEADLINE + 1)

    await site.apply(releases.release_silent, AFTER)

    assert (await jobs("relay"))[-1]["function"] == "releaseUnsigned"


async def test_silent_line_is_asked_for_once(site, jobs):
    await site.post(90_000)

    await site.apply(releases.release_silent, AFTER)
    await site.apply(releases.release_silent, AFTER)

    assert len(await jobs("relay")) == 1


async def test_released_line_is_not_silent(site, jobs):
    await site.post(90_000)
    await site.apply(outcomes.record_released, event("Released", 0, assurance=2))

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
    await site.apply(outcomes.record_payout_failed, event("PayoutFailed", 0))

    await site.apply(releases.release_silent, AFTER)
    before = len(await jobs("relay"))
    await site.apply(outcomes.retry_after_funding, funded(ESCROW))
    await site.apply(releases.release_silent, AFTER)

    assert (before, len(await jobs("relay"))) == (1, 2)


async def test_silent_line_the_chain_refuses_is_left_out_and_the_others_asked_for_again(site, jobs):
    await site.post(90_000, 90_000)
    await site.apply(releases.release_silent, AFTER)

    await site.refused((await jobs("relay"))[0], "Escrow_NotEnrolled", 0, "0x00")
    await site.apply(releases.release_silent, AFTER)

    assert [lines_of(call) for call in await jobs("relay")] == [[0, 1], [1]]


async def test_silent_worker_who_is_enrolled_later_is_paid_then(site, jobs):
    await site.post(90_000)
    await site.apply(releases.release_silent, AFTER)
    await site.refused((await jobs("relay"))[0], "Escrow_NotEnrolled", 0, "0x00")
    key = site.workers["W001"].key

    await site.final(final_event(
        "Enrolled", "WorkerRegistry", site.deployment.addresses.registry, workerId=site.workers["W001"].hex_id,
        assurance=key.assurance, x=key.x, y=key.y, payout=site.workers["W001"].payout,
    ))  # fmt: skip
    await site.apply(releases.release_silent, AFTER)

    assert [lines_of(call) for call in await jobs("relay")] == [[0], [0]]


async def test_silent_line_whose_window_is_open_after_all_is_asked_for_again(site, jobs):
    """Its sheet was posted again, and the chain counts from then."""
    await site.post(90_000)
    await site.apply(releases.release_silent, AFTER)

    await site.refused((await jobs("relay"))[0], "Escrow_WindowOpen", 2, 1)
    await site.apply(releases.release_silent, AFTER)

    assert [lines_of(call) for call in await jobs("relay")] == [[0], [0]]


@pytest.mark.parametrize(
    "handler",
    [outcomes.record_released, outcomes.record_payout_failed, outcomes.record_contested],
    ids=["released", "payout failed", "contested"],
)
async def test_event_of_a_line_that_is_not_ours_changes_nothing(site, confirm, states, handler):
    await confirm(await site.post(90_000), 0)

    await site.apply(handler, event("Released", 7, assurance=2, evidenceHash="0x" + "00" * 32, disputeId=0))

    assert await states() == [(0, "accepted")]


def event(name, index, **args):
    return final_event(
        name, "WageEscrow", ESCROW, **{"sheetId": 0, "index": index, "amount": 90_000, "payout": "0x" + "f1" * 20} | args
    )


def payout_changed(site, number, payout):
    args = {"workerId": site.workers[number].hex_id, "payout": payout}
    return final_event("PayoutChanged", "WorkerRegistry", site.deployment.addresses.registry, **args)


def key_changed(site, number, key):
    args = {"workerId": site.workers[number].hex_id, "assurance": key.assurance, "x": key.x, "y": key.y}
    return final_event("KeyChanged", "WorkerRegistry", site.deployment.addresses.registry, recovered=False, **args)


@dataclass
class ChallengeFirst:
    """A passkey in a browser that serialises the challenge before the type."""

    passkey: Passkey

    def sign(self, words):
        challenge = urlsafe_b64encode(words).rstrip(b"=").decode()
        client_data = f'{{"challenge":"{challenge}","type":"webauthn.get","origin":"{self.passkey.origin}"}}'
        authenticator_data = sha256(self.passkey.rp_id.encode()).digest() + bytes([PRESENT_AND_VERIFIED]) + bytes(4)
        signed = authenticator_data + sha256(client_data.encode()).digest()
        r, s = decode_dss_signature(self.passkey.private.sign(signed, ec.ECDSA(hashes.SHA256())))
        low_s = min(s, P256_ORDER - s)
        return PasskeySignature(f"0x{r:064x}", f"0x{low_s:064x}", "0x" + authenticator_data.hex(), client_data)


async def kept_signature(site):
    async with site.sessions() as session:
        kept = await session.scalar(select(Confirmation.signature).where(Confirmation.line_index == 1))
    return "0x" + kept.hex()


def funded(escrow):
    return final_event("Funded", "WageEscrow", escrow, amount=90_000, memo="0x" + "00" * 32)
