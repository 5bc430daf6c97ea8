"""WageEscrow.release: what a packed confirmation brings along, and how its bytes can be wrong (Confirmations.sol).
Signatures themselves: test_release_signatures.py; a confirmation cut short or too many: test_release.py.

├── key or payout are not the registry's, or the bank flag is not right → refused with the line's place
├── any byte of it is another → refused
├── a passkey's tail is not in the call's list, or another → refused with the line's place
└── extensions → where the flags say so, as long as they say
"""

from dataclasses import replace

import pytest
from brownie import reverts
from msgspec import structs

from anxin.core.confirmations import PackedConfirmation, can_be_packed, pack_confirmations

from .building_site import (
    KINDS,
    ORIGIN,
    Worker,
    assertion,
    client_data_of,
    indexes,
    now,
    refusal,
)

REFUSED = refusal("Escrow_BadWorkerSignature", 0)


@pytest.fixture(scope="module")
def sheet(site, crew):
    sheet = site.posted(crew)
    site.fund(sheet.total_fen)
    return sheet


@pytest.fixture(params=range(3), ids=KINDS)
def place(request):
    """The crew's places: each holds another kind of key."""
    return request.param


@pytest.fixture
def refuse(escrow, relayer):
    """See the line at position `bad` refused with these bytes. Only asked, not sent: nothing could move."""

    def refused(sheet, places, packed, tails, *, bad=0):
        with reverts(refusal("Escrow_BadWorkerSignature", bad)):
            escrow.release.call(*sheet.lines_and_proof(*places), packed, tails, {"from": relayer})

    return refused


@pytest.mark.parametrize(
    "change",
    [
        lambda x, y: (0, 0), lambda x, y: (0, y), lambda x, y: (x, 0), lambda x, y: (y, x), lambda x, y: (x, y ^ 1),
        lambda x, y: (x, 2**256 - 1),
    ],
    ids=["zero point", "zero x", "zero y", "swapped", "off the curve", "beyond the field"],
)  # fmt: skip
@pytest.mark.parametrize("place", [0, 2], ids=["passkey", "device"])
def test_a_point_that_is_not_the_workers_is_refused(site, crew, sheet, refuse, place, change):
    confirmation = site.confirmation(crew[place], sheet, place)
    x, y = change(int(confirmation.key.x, 16), int(confirmation.key.y, 16))
    key = structs.replace(confirmation.key, x=f"0x{x:064x}", y=f"0x{y:064x}")

    refuse(sheet, [place], *pack_confirmations([replace(confirmation, key=key)]))


def test_a_payout_put_in_the_registereds_place_is_refused(site, crew, sheet, place, refuse):
    thief = Worker.named(66).payout
    confirmation = replace(site.confirmation(crew[place], sheet, place), payout=thief)

    refuse(sheet, [place], *pack_confirmations([confirmation]))


def test_two_workers_payouts_swapped_are_refused(site, crew, sheet, refuse):
    first, second = (site.confirmation(crew[i], sheet, i) for i in (0, 1))
    swapped = [replace(first, payout=second.payout), replace(second, payout=first.payout)]

    refuse(sheet, [0, 1], *pack_confirmations(swapped))


def test_a_wage_of_a_worker_with_an_account_cannot_be_sent_to_the_bank(site, crew, sheet, place, refuse):
    confirmation = replace(site.confirmation(crew[place], sheet, place), to_bank=True)

    refuse(sheet, [place], *pack_confirmations([confirmation]))


def test_a_wage_paid_by_the_bank_cannot_be_sent_to_an_account(site, bank_crew, refuse, place):
    sheet = site.posted(bank_crew)
    thief = Worker.named(66).payout
    confirmation = replace(site.confirmation(bank_crew[place], sheet, place), to_bank=False, payout=thief)

    refuse(sheet, [place], *pack_confirmations([confirmation]))


def test_a_kind_that_is_not_the_keys_is_refused(site, crew, sheet, place, escrow, relayer):
    """Whatever the bytes mean when they are read as another kind, nobody is paid by them."""
    packed, tails = site.confirmations(sheet, crew, place)

    for kind in {2, 3, 4} - {crew[place].assurance}:
        for padded in (packed, packed + bytes(200)):
            with reverts(revert_pattern="Escrow_(BadWorkerSignature|BadConfirmation|LengthMismatch): .*"):
                escrow.release.call(*sheet.lines_and_proof(place), bytes([kind]) + padded[1:], tails, {"from": relayer})


def test_two_workers_confirmations_swapped_are_refused(site, crew, sheet, refuse):
    refuse(sheet, [0, 1], *site.confirmations(sheet, crew, 1, 0))


def test_a_bad_confirmation_is_told_with_its_place_in_the_batch(site, crew, sheet, refuse, place):
    confirmations = [site.confirmation(crew[i], sheet, i) for i in range(3)]
    confirmations[place] = site.confirmation(crew[place], sheet, place, amount=1)

    refuse(sheet, range(3), *pack_confirmations(confirmations), bad=place)


def test_any_single_byte_changed_is_refused(site, escrow, crew, sheet, relayer, place, web3):
    """Kind, deadline, payout, key, signature, flags, counter, tail: nothing in a confirmation is idle."""
    packed, tails = site.confirmations(sheet, crew, place)

    def is_accepted(changed):
        data = escrow.release.encode_input(*sheet.lines_and_proof(place), changed, tails)
        call = {"from": relayer.address, "to": escrow.address, "data": data}
        answer = web3.provider.make_request("eth_call", [call, "latest"])
        assert "result" in answer or "revert" in answer["error"]["message"]
        return "result" in answer

    spoilt = (packed[:i] + bytes([packed[i] ^ bit]) + packed[i + 1 :] for i in range(len(packed)) for bit in (0x01, 0x80))
    assert is_accepted(packed)
    assert [] == [changed.hex() for changed in spoilt if is_accepted(changed)]


# ---------------------------------------------------------------- tails and extensions


def test_passkeys_share_a_tail(site, escrow, relayer):
    workers = [Worker.named(80 + i, "passkey") for i in range(3)]
    site.enrol(*workers)
    sheet = site.posted(workers)
    site.fund(sheet.total_fen)

    packed, tails = site.confirmations(sheet, workers, 0, 1, 2)

    assert [f'","origin":"{ORIGIN}","crossOrigin":false}}'.encode()[1:]] == tails
    assert [0, 1, 2] == indexes(escrow.release(*sheet.lines_and_proof(0, 1, 2), packed, tails, {"from": relayer}))


def test_passkeys_of_different_browsers_each_name_their_tail(site, escrow, relayer):
    workers = [Worker.named(80 + i, "passkey") for i in range(2)]
    site.enrol(*workers)
    sheet = site.posted(workers)
    site.fund(sheet.total_fen)
    plain, deadline = site.confirmation(workers[0], sheet, 0), now() + 1_000
    chatty = assertion(workers[1].key, client_data_of(site.confirmation_digest(sheet, 1, deadline), tail=',"more":"said"'))
    second = PackedConfirmation(workers[1].key.public, workers[1].payout, False, deadline, chatty)

    packed, tails = pack_confirmations([plain, second])

    assert 2 == len(tails)
    assert [0, 1] == indexes(escrow.release(*sheet.lines_and_proof(0, 1), packed, tails, {"from": relayer}))


def tail_at(packed):
    """The place of the first confirmation's tail number: kind, deadline, payout, four words, flags, counter."""
    return 1 + 8 + 20 + 4 * 32 + 1 + 4


@pytest.mark.parametrize("number", [1, 2, 255])
def test_a_tail_that_is_not_in_the_list_is_refused(site, crew, sheet, refuse, number):
    packed, tails = site.confirmations(sheet, crew, 0)
    at = tail_at(packed)

    refuse(sheet, [0], packed[:at] + bytes([number]) + packed[at + 1 :], tails)


def test_an_empty_list_of_tails_is_refused(site, crew, sheet, refuse):
    packed, _ = site.confirmations(sheet, crew, 0)

    refuse(sheet, [0], packed, [])


def test_another_tail_in_its_place_is_refused(site, crew, sheet, refuse):
    packed, [tail] = site.confirmations(sheet, crew, 0)

    for other in (b"", tail[:-1], tail + b"}", tail.replace(b"https", b"http")):
        refuse(sheet, [0], packed, [other])


def test_tails_that_nobody_names_do_no_harm(site, escrow, crew, sheet, relayer):
    packed, tails = site.confirmations(sheet, crew, 0)

    paid = escrow.release(*sheet.lines_and_proof(0), packed, [*tails, b"idle", b""], {"from": relayer})

    assert [0] == indexes(paid)


def test_a_flag_for_extensions_without_any_needs_its_length_all_the_same(site, escrow, crew, sheet, relayer):
    """An authenticator that sets the flag and adds nothing: the server sends it through releaseLine, and packed by hand
    it is what the key signed, no more and no less."""
    deadline = now() + 1_000
    odd = assertion(crew[0].key, client_data_of(site.confirmation_digest(sheet, 0, deadline)), flags=0x85)
    usual = replace(site.confirmation(crew[0], sheet, 0, deadline=deadline), signature=structs.replace(
        odd, authenticator_data=odd.authenticator_data[:66] + "05" + odd.authenticator_data[68:]
    ))  # fmt: skip
    packed, tails = pack_confirmations([usual])
    flags_at = tail_at(packed) - 5
    flagged = packed[:flags_at] + b"\x85" + packed[flags_at + 1 :]

    assert not can_be_packed(odd)
    with reverts(refusal("Escrow_BadConfirmation", 0)):
        escrow.release(*sheet.lines_and_proof(0), flagged, tails, {"from": relayer})
    paid = escrow.release(*sheet.lines_and_proof(0), flagged + bytes(2), tails, {"from": relayer})
    assert [0] == indexes(paid)


def test_extensions_longer_than_the_call_are_refused(site, escrow, crew, sheet, relayer):
    deadline = now() + 1_000
    words = client_data_of(site.confirmation_digest(sheet, 0, deadline))
    extended = assertion(crew[0].key, words, flags=0x85, extensions=b"\xa0")
    confirmation = replace(site.confirmation(crew[0], sheet, 0, deadline=deadline), signature=extended)
    packed, tails = pack_confirmations([confirmation])

    for length in (2, 0xFFFF):
        with reverts(refusal("Escrow_BadConfirmation", 0)):
            longer = packed[:-3] + length.to_bytes(2) + packed[-1:]
            escrow.release(*sheet.lines_and_proof(0), longer, tails, {"from": relayer})


def test_extensions_said_to_be_shorter_than_they_are_leave_bytes_over(site, escrow, crew, sheet, relayer):
    deadline = now() + 1_000
    words = client_data_of(site.confirmation_digest(sheet, 0, deadline))
    extended = assertion(crew[0].key, words, flags=0x85, extensions=b"\xa0")
    confirmation = replace(site.confirmation(crew[0], sheet, 0, deadline=deadline), signature=extended)
    packed, tails = pack_confirmations([confirmation])

    with reverts(REFUSED):
        escrow.release(*sheet.lines_and_proof(0), packed[:-3] + bytes(2) + packed[-1:], tails, {"from": relayer})


def test_extensions_without_their_flag_cannot_be_packed(site, crew, sheet):
    """releaseLine carries them: test_release_line.py."""
    odd = assertion(crew[0].key, client_data_of(site.confirmation_digest(sheet, 0, now() + 1_000)), extensions=b"\xa0")
    confirmation = replace(site.confirmation(crew[0], sheet, 0), signature=odd)

    with pytest.raises(ValueError, match="WebAuthn standard"):
        pack_confirmations([confirmation])
