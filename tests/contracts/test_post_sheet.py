"""WageEscrow.postSheet: the contractor owes these lines.

├── the escrow is paused (at the pause's end: no more), or closed → refused
├── sheetId is not the next one: posted already, or ahead → refused
├── no line, more than 256, or bytes that are not whole lines → refused
├── the period ends before it starts, or is longer than 32 days → refused
├── a line: index is not its place, no amount, no worker, a day outside the period → refused, with its place
├── the contractor did not sign these words → refused
├── a closing notice runs → posted, and the notice is withdrawn
└── else, funded or not, whoever relays it → owed, SheetPosted with the root and total of its lines
"""

from dataclasses import replace

import pytest
from brownie import reverts

from anxin.core.sheet_tree import unpack_lines
from anxin.core.signing import WalletSignature, pack
from anxin.demo.keys import Wallet

from .building_site import (
    GAS_CAP,
    PAUSE_SECONDS,
    Sheet,
    Worker,
    next_block_at,
    on_other_chain,
    refusal,
    with_high_s,
    word,
    worker_id,
)

UINT64_MAX = 2**64 - 1


@pytest.fixture(scope="module")
def people():
    """Posting asks nothing of the registry: a debt is a debt before anybody is enrolled."""
    return [Worker.named(i) for i in range(3)]


@pytest.fixture
def sheet(site, people):
    return site.sheet(people)


def changed(sheet: Sheet, place: int, **fields) -> Sheet:
    lines = list(sheet.lines)
    lines[place] = replace(lines[place], **fields)
    return replace(sheet, lines=lines)


def test_a_posted_sheet_is_owed_before_there_is_money(site, escrow, sheet):
    posted = site.post(sheet)

    assert (0, sheet.total_fen, 0, 0, 0) == escrow.books()
    assert {
        "root": "0x" + sheet.tree.root.hex(), "total": sheet.total_fen, "postedAt": posted.timestamp, "bankedAt": 0,
        "lineCount": 3, "firstDay": 20_000, "lastDay": 20_030, "released": 0, "contested": 0, "banked": 0,
    } == dict(escrow.sheet(0).dict())  # fmt: skip
    assert 1 == escrow.sheetCount()


def test_the_lines_are_public(site, sheet):
    event = site.post(sheet).events["SheetPosted"]

    assert (0, "0x" + sheet.tree.root.hex(), sheet.total_fen) == (event["sheetId"], event["root"], event["total"])
    assert sheet.lines == unpack_lines(bytes.fromhex(str(event["lines"])[2:]))
    assert [*sheet.header[:3], *(f"0x{hashed.hex()}" for hashed in sheet.header[3:])] == [
        *event["header"][:3],
        *map(str, event["header"][3:]),
    ]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 60, 256])
def test_python_and_solidity_compute_the_same_root(site, escrow, people, size):
    sheet = site.sheet([people[i % 3] for i in range(size)])

    posted = site.post(sheet)

    assert "0x" + sheet.tree.root.hex() == str(escrow.sheet(0)["root"])
    assert posted.gas_used <= GAS_CAP


def test_anyone_may_relay_it(site, escrow, sheet, stranger):
    site = replace(site, relayer=stranger)

    site.post(sheet)

    assert 1 == escrow.sheetCount()


def test_a_sheet_is_posted_once(site, sheet):
    site.post(sheet)

    with reverts(refusal("Escrow_SheetOutOfOrder", 0, 1)):
        site.post(sheet)


@pytest.fixture
def pretend_posted(escrow, web3):
    """Make the escrow believe that so many sheets are posted: the slot of their number is the one that changes it."""

    def pretended(count):
        for slot in range(32):
            place, before = hex(slot), web3.eth.get_storage_at(escrow.address, slot)
            web3.provider.make_request("anvil_setStorageAt", [escrow.address, place, f"0x{count:064x}"])
            if escrow.sheetCount() == count:
                return
            web3.provider.make_request("anvil_setStorageAt", [escrow.address, place, before.to_0x_hex()])
        raise LookupError("no slot holds the number of sheets")

    return pretended


def test_the_last_sheet_that_two_bytes_can_name_is_posted(site, escrow, people, pretend_posted):
    pretend_posted(65_535)

    site.post(site.sheet(people))

    assert 65_536 == escrow.sheetCount()


def test_a_sheet_that_two_bytes_cannot_name_is_refused(site, people, pretend_posted):
    """A payment's word would take it for sheet 0."""
    pretend_posted(65_536)

    with reverts(refusal("Escrow_SheetOutOfOrder", 65_536, 65_536)):
        site.post(site.sheet(people))


def test_a_sheet_ahead_of_its_turn_is_refused(site, sheet):
    with reverts(refusal("Escrow_SheetOutOfOrder", 1, 0)):
        site.post(replace(sheet, sheet_id=1))


def test_an_empty_sheet_is_refused(site, escrow, sheet, relayer):
    with reverts(refusal("Escrow_BadLineCount", 0)):
        escrow.postSheet(0, sheet.header, b"", site.sign_sheet(sheet), {"from": relayer})


def test_a_sheet_of_257_lines_is_refused(site, escrow, sheet, relayer):
    """Index 256 has no place in a uint8, so the last line is written with another."""
    lines = sheet.packed(0) * 257

    with reverts(refusal("Escrow_BadLineCount", 257)):
        escrow.postSheet(0, sheet.header, lines, site.sign_sheet(sheet), {"from": relayer})


@pytest.mark.parametrize("change", [-1, 1], ids=["a byte short", "a byte over"])
def test_bytes_that_are_not_whole_lines_are_refused(site, escrow, sheet, relayer, change):
    lines = sheet.packed()[:-1] if change < 0 else sheet.packed() + b"\x00"

    with reverts(refusal("Escrow_BadLineCount", 0)):
        escrow.postSheet(0, sheet.header, lines, site.sign_sheet(sheet), {"from": relayer})


def test_a_period_that_ends_before_it_starts_is_refused(site, sheet):
    with reverts(refusal("Escrow_BadPeriod", 20_000, 19_999)):
        site.post(replace(sheet, header=(20_000, 19_999, *sheet.header[2:])))


def test_a_period_of_33_days_is_refused(site, sheet):
    with reverts(refusal("Escrow_BadPeriod", 20_000, 20_032)):
        site.post(replace(sheet, header=(20_000, 20_032, *sheet.header[2:])))


def test_a_period_of_32_days_may_hold_32_days_of_work(site, escrow, sheet):
    longest = replace(sheet, header=(20_000, 20_031, *sheet.header[2:]))

    site.post(changed(longest, 0, day_mask=2**32 - 1))

    assert 1 == escrow.sheetCount()


def test_a_period_may_be_one_day(site, escrow, people):
    sheet = replace(site.sheet(people[:1]), header=(20_000, 20_000, 20_000, word("rules"), word("terms")))

    site.post(changed(sheet, 0, day_mask=1))

    assert 1 == escrow.sheetCount()


def test_a_day_outside_the_period_is_refused(site, sheet):
    """The period is 31 days: bit 31 is the day after it."""
    with reverts(refusal("Escrow_BadLine", 2)):
        site.post(changed(sheet, 2, day_mask=1 << 31))


def test_a_line_out_of_place_is_refused(site, sheet):
    with reverts(refusal("Escrow_BadLine", 1)):
        site.post(changed(sheet, 1, index=2))


def test_a_line_written_twice_is_refused(site, sheet):
    with reverts(refusal("Escrow_BadLine", 1)):
        site.post(replace(sheet, lines=[sheet.lines[0], sheet.lines[0]]))


def test_a_line_without_amount_is_refused(site, sheet):
    with reverts(refusal("Escrow_BadLine", 0)):
        site.post(changed(sheet, 0, amount_fen=0))


def test_a_line_without_worker_is_refused(site, sheet):
    with reverts(refusal("Escrow_BadLine", 2)):
        site.post(changed(sheet, 2, worker_id=bytes(32)))


def test_the_largest_amounts_do_not_overflow(site, escrow, people):
    sheet = site.sheet([people[0]] * 256)
    largest = replace(sheet, lines=[replace(line, amount_fen=UINT64_MAX) for line in sheet.lines])

    site.post(largest)

    assert 256 * UINT64_MAX == escrow.books()["owed"] == escrow.sheet(0)["total"]


def test_another_contractor_cannot_sign(site, escrow, sheet, relayer):
    forged = site.sign_sheet(sheet, signer=Wallet.from_hex(f"{7:064x}"))

    with reverts(refusal("Escrow_BadContractorSignature", site.contractor.address)):
        escrow.postSheet(0, sheet.header, sheet.packed(), forged, {"from": relayer})


def test_a_high_s_is_refused(site, escrow, sheet, relayer):
    high = pack(with_high_s(WalletSignature("0x" + site.sign_sheet(sheet).hex())))

    with reverts(refusal("Escrow_BadContractorSignature", site.contractor.address)):
        escrow.postSheet(0, sheet.header, sheet.packed(), high, {"from": relayer})


@pytest.mark.parametrize("field", range(5), ids=["first day", "last day", "payday", "rules", "terms"])
def test_a_changed_header_is_refused(site, escrow, sheet, relayer, field):
    other = list(sheet.header)
    other[field] = word("other") if field > 2 else other[field] + (-1 if field == 0 else 1)

    with reverts(refusal("Escrow_BadContractorSignature", site.contractor.address)):
        escrow.postSheet(0, other, sheet.packed(), site.sign_sheet(sheet), {"from": relayer})


@pytest.mark.parametrize(
    "field", [{"amount_fen": 1}, {"day_mask": 1}, {"worker_id": worker_id("friend")}, {"payslip_hash": word("other")}]
)
def test_a_changed_line_is_refused(site, escrow, sheet, relayer, field):
    with reverts(refusal("Escrow_BadContractorSignature", site.contractor.address)):
        escrow.postSheet(0, sheet.header, changed(sheet, 1, **field).packed(), site.sign_sheet(sheet), {"from": relayer})


def test_a_sheet_for_another_escrow_is_refused(site, open_site, token, sheet, relayer):
    other = open_site(token, "another tower").escrow

    with reverts(refusal("Escrow_BadContractorSignature", site.contractor.address)):
        other.postSheet(0, sheet.header, sheet.packed(), site.sign_sheet(sheet), {"from": relayer})


def test_a_sheet_for_another_chain_is_refused(site, escrow, sheet, relayer):
    elsewhere = site.sign_sheet(sheet, domain=on_other_chain(site.escrow_domain()))

    with reverts(refusal("Escrow_BadContractorSignature", site.contractor.address)):
        escrow.postSheet(0, sheet.header, sheet.packed(), elsewhere, {"from": relayer})


def test_a_sheet_nobody_posted_is_unknown(escrow):
    with reverts(refusal("Escrow_UnknownSheet", 0)):
        escrow.sheet(0)


# ---------------------------------------------------------------- the project's end, and pauses


def test_a_paused_escrow_takes_no_sheet_until_the_pauses_last_second(site, escrow, sheet, guardian):
    until = escrow.pause({"from": guardian}).timestamp + PAUSE_SECONDS

    next_block_at(until - 1)
    with reverts(refusal("Escrow_Paused", until)):
        site.post(sheet)


def test_at_the_pauses_end_sheets_are_posted_again(site, escrow, sheet, guardian):
    until = escrow.pause({"from": guardian}).timestamp + PAUSE_SECONDS

    next_block_at(until)
    site.post(sheet)

    assert 1 == escrow.sheetCount()


def test_a_closed_escrow_takes_no_sheet(site, escrow, sheet):
    site.close()

    with reverts(refusal("Escrow_Closed", escrow.closing()["closedAt"])):
        site.post(sheet)


def test_posting_withdraws_the_notice_of_closing(site, escrow, sheet, relayer):
    escrow.announceClosing(*site.closing_notice(), {"from": relayer})

    posted = site.post(sheet)

    assert 1 == len(posted.events["ClosingWithdrawn"])
    assert 0 == escrow.closing()["announcedUntil"]


def test_posting_where_no_notice_runs_withdraws_none(site, sheet):
    assert "ClosingWithdrawn" not in site.post(sheet).events


# ---------------------------------------------------------------- what a tree over three lines could be mistaken for


def test_the_same_lines_in_another_order_have_another_root(site, sheet):
    """A leaf's place counts: swapping two lines cannot go unseen."""
    first, second, third = sheet.lines
    swapped = replace(sheet, lines=[replace(second, index=0), replace(first, index=1), third])

    assert sheet.tree.root != swapped.tree.root
    assert "0x" + swapped.tree.root.hex() == str(site.post(swapped).events["SheetPosted"]["root"])
