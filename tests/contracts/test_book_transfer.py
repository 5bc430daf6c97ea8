"""WageEscrow.bookTransfer: tokens that came by a plain transfer or mint are booked, so that nothing lies there unseen.

├── there are none beyond the books (funded and bond) → refused
└── else, whoever calls → funded, Funded from the caller
"""

from dataclasses import replace

from brownie import reverts

from .book_keeping import assert_books, hostile_site
from .building_site import Worker, refusal, word


def test_a_plain_transfer_is_booked(site, escrow, token, relayer, stranger):
    token.transfer(escrow, 7_000, {"from": relayer})

    told = escrow.bookTransfer(word("memo"), {"from": stranger})

    assert {"from": stranger, "amount": 7_000, "memo": "0x" + word("memo").hex()} == dict(told.events["Funded"])
    assert_books(site, funded=7_000)


def test_what_the_bank_minted_into_the_escrow_is_booked(site, escrow, token, bank, relayer):
    token.mint(escrow, 7_000, word("deposit"), {"from": bank})

    escrow.bookTransfer(word("memo"), {"from": relayer})

    assert_books(site, funded=7_000)


def test_only_what_is_beyond_the_books_is_booked(site, escrow, token, crew, relayer):
    sheet = site.posted(crew)
    site.fund(500_000)
    site.deposit_bond(100_000)
    site.release(sheet, crew, 0)
    token.transfer(escrow, 1, {"from": relayer})

    escrow.bookTransfer(word("memo"), {"from": relayer})

    left = sheet.lines[0].amount_fen
    assert_books(site, funded=500_001 - left, owed=sheet.total_fen - left, bond=100_000)


def test_what_is_booked_pays_wages(site, escrow, token, crew, relayer):
    sheet = site.posted(crew)
    token.transfer(escrow, sheet.total_fen, {"from": relayer})
    escrow.bookTransfer(word("memo"), {"from": relayer})

    site.release(sheet, crew, 0, 1, 2)

    assert [line.amount_fen for line in sheet.lines] == [token.balanceOf(worker.payout) for worker in crew]
    assert_books(site)


def test_it_is_booked_once(escrow, token, relayer):
    token.transfer(escrow, 7_000, {"from": relayer})
    escrow.bookTransfer(word("memo"), {"from": relayer})

    with reverts(refusal("Escrow_ZeroAmount")):
        escrow.bookTransfer(word("memo"), {"from": relayer})


def test_nothing_is_not_booked(escrow, relayer):
    with reverts(refusal("Escrow_ZeroAmount")):
        escrow.bookTransfer(word("memo"), {"from": relayer})


def test_money_that_is_in_the_books_is_not_booked_again(site, escrow, relayer):
    site.fund(7_000)
    site.deposit_bond(7_000)

    with reverts(refusal("Escrow_ZeroAmount")):
        escrow.bookTransfer(word("memo"), {"from": relayer})


def test_a_payment_on_its_way_out_is_no_surplus(open_site, ReenteringToken, crew, admin, relayer):
    """In mid-payment the tokens are still there and the books have them gone: the guard keeps them from being booked."""
    site = hostile_site(open_site, admin, relayer, ReenteringToken)
    sheet = site.posted(crew)
    site.fund(sheet.total_fen)
    site.token.setCallback(site.escrow.bookTransfer.encode_input(word("memo")), {"from": admin})

    site.release(sheet, crew, 0)

    assert "0x3ee5aeb5" == str(site.token.answer())  # ReentrancyGuardReentrantCall()
    left = sheet.total_fen - sheet.lines[0].amount_fen
    assert_books(site, funded=left, owed=left)


def test_a_wage_whose_payout_is_the_escrow_itself_is_not_lost(site, escrow, relayer):
    """A worker may name it by mistake: the tokens stay, unbooked, until somebody books them."""
    careless = replace(Worker.named(50), payout=escrow.address)
    site.enrol(careless)
    sheet = site.posted([careless])
    site.fund(sheet.total_fen)
    site.release(sheet, [careless], 0)

    escrow.bookTransfer(word("memo"), {"from": relayer})

    assert_books(site, funded=sheet.total_fen)
