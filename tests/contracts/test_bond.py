"""WageEscrow.depositBond and drawBond: the wage deposit (工资保证金), apart from what is funded.

depositBond
├── nothing, more than was approved, or less arrives than was sent → refused
└── else, whoever pays → bond, BondDeposited; not funded
drawBond
├── nothing is ordered, nothing is there, or nothing is short (owed + contested − funded) → refused
├── the order has drawn before → refused
├── the deadline has passed (at it: still good) → refused
├── the signature is not the bureau's, or not over these words, this escrow, this chain → refused
└── else → as much of it as there is and as is short becomes funded, BondDrawn; no money moves
"""

import pytest
from brownie import reverts

from anxin.core.signing import WalletSignature, pack

from .book_keeping import assert_books, claimed, hostile_site
from .building_site import (
    DAY_SECONDS,
    next_block_at,
    now,
    on_other_chain,
    refusal,
    with_high_s,
    word,
)

NOTICE_SECONDS = 30 * DAY_SECONDS
BOND_FEN = 500_000


@pytest.fixture
def bond(site):
    site.deposit_bond(BOND_FEN)
    return BOND_FEN


@pytest.fixture
def short(site, crew, bond):
    """A sheet of 300,003 fen is owed and 100,000 are there: so much is short."""
    sheet = site.posted(crew)
    site.fund(100_000)
    return sheet.total_fen - 100_000


# ---------------------------------------------------------------- depositBond


def test_anyone_may_pay_the_bond_in(site, escrow, token, contractor):
    token.approve(escrow, BOND_FEN, {"from": contractor})

    told = escrow.depositBond(BOND_FEN, {"from": contractor})

    assert {"from": contractor, "amount": BOND_FEN} == dict(told.events["BondDeposited"])
    assert_books(site, bond=BOND_FEN)


def test_a_second_deposit_adds_up(site, bond):
    site.deposit_bond(1)

    assert_books(site, bond=BOND_FEN + 1)


def test_the_bond_pays_no_wage_by_itself(site, escrow, token, crew, bond):
    """Only the bureau's order makes it payroll."""
    sheet = site.posted(crew)

    site.release(sheet, crew, 0, 1, 2)

    assert [0, 0, 0] == [token.balanceOf(worker.payout) for worker in crew]
    assert_books(site, owed=sheet.total_fen, bond=bond)


def test_the_bond_is_no_surplus_to_be_booked(site, escrow, bond, relayer):
    with reverts(refusal("Escrow_ZeroAmount")):
        escrow.bookTransfer(word("memo"), {"from": relayer})


def test_no_bond_of_nothing(escrow, relayer):
    with reverts(refusal("Escrow_ZeroAmount")):
        escrow.depositBond(0, {"from": relayer})


def test_more_than_approved_cannot_be_deposited(escrow, token, relayer):
    token.approve(escrow, 9, {"from": relayer})

    with reverts(refusal("ERC20InsufficientAllowance", escrow.address, 9, 10)):
        escrow.depositBond(10, {"from": relayer})


def test_a_token_that_keeps_a_fee_is_refused(open_site, FeeToken, admin, relayer):
    site = hostile_site(open_site, admin, relayer, FeeToken)

    with reverts(refusal("Escrow_ReceivedLess", 990, 1_000)):
        site.deposit_bond(1_000)


def test_a_token_that_calls_back_cannot_book_a_deposit_twice(open_site, ReenteringToken, admin, relayer):
    site = hostile_site(open_site, admin, relayer, ReenteringToken)
    site.token.setCallback(site.escrow.bookTransfer.encode_input(word("memo")), {"from": admin})

    site.deposit_bond(1_000)

    assert "0x3ee5aeb5" == str(site.token.answer())  # ReentrancyGuardReentrantCall()
    assert_books(site, bond=1_000)


# ---------------------------------------------------------------- drawBond


def test_an_order_moves_bond_to_payroll(site, escrow, short, stranger):
    told = escrow.drawBond(*site.bond_draw(short), {"from": stranger})

    assert {"amount": short, "orderHash": "0x" + word("order").hex()} == dict(told.events["BondDrawn"])
    assert_books(site, funded=100_000 + short, owed=100_000 + short, bond=BOND_FEN - short)


def test_drawing_moves_no_money_out(escrow, site, token, short, relayer):
    before = token.balanceOf(escrow)

    told = escrow.drawBond(*site.bond_draw(short), {"from": relayer})

    assert before == token.balanceOf(escrow)
    assert "Transfer" not in told.events


def test_what_was_drawn_pays_the_wages(site, escrow, token, crew, bond, relayer):
    sheet = site.posted(crew)
    escrow.drawBond(*site.bond_draw(sheet.total_fen), {"from": relayer})

    site.release(sheet, crew, 0, 1, 2)

    assert [line.amount_fen for line in sheet.lines] == [token.balanceOf(worker.payout) for worker in crew]
    assert_books(site, bond=bond - sheet.total_fen)


def test_a_part_of_what_is_short_can_be_drawn(site, escrow, short, relayer):
    escrow.drawBond(*site.bond_draw(1), {"from": relayer})

    assert_books(site, funded=100_001, owed=100_000 + short, bond=BOND_FEN - 1)


def test_two_orders_draw_twice(site, escrow, short, relayer):
    escrow.drawBond(*site.bond_draw(10, "first"), {"from": relayer})

    escrow.drawBond(*site.bond_draw(10, "second"), {"from": relayer})

    assert_books(site, funded=100_020, owed=100_000 + short, bond=BOND_FEN - 20)
    assert (True, True, False) == tuple(escrow.orderUsed(word(order)) for order in ("first", "second", "third"))


def test_what_is_contested_counts_as_short(site, escrow, crew, bond, relayer):
    claimed(site, crew[0], amount_fen=100_000)

    escrow.drawBond(*site.bond_draw(100_000), {"from": relayer})

    assert_books(site, funded=100_000, contested=100_000, bond=BOND_FEN - 100_000)


def drawn(amount_fen, order="order"):
    """What BondDrawn says."""
    return {"amount": amount_fen, "orderHash": "0x" + word(order).hex()}


def test_a_fen_paid_in_first_spoils_no_order(site, escrow, short, relayer):
    """Else a contractor could keep its bond for a fen, each time the bureau orders."""
    order = site.bond_draw(short)
    site.fund(1)

    told = escrow.drawBond(*order, {"from": relayer})

    assert drawn(short - 1) == dict(told.events["BondDrawn"])
    assert_books(site, funded=100_000 + short, owed=100_000 + short, bond=BOND_FEN - short + 1)


@pytest.mark.parametrize("ordered", [1, 2**255], ids=["a fen", "all numbers"])
def test_no_more_is_drawn_than_is_short(site, escrow, short, relayer, ordered):
    told = escrow.drawBond(*site.bond_draw(short + ordered), {"from": relayer})

    assert drawn(short) == dict(told.events["BondDrawn"])
    assert_books(site, funded=100_000 + short, owed=100_000 + short, bond=BOND_FEN - short)


def test_no_more_is_drawn_than_there_is(site, escrow, crew, relayer):
    sheet = site.posted(crew)
    site.deposit_bond(1_000)

    told = escrow.drawBond(*site.bond_draw(1_001), {"from": relayer})

    assert drawn(1_000) == dict(told.events["BondDrawn"])
    assert_books(site, funded=1_000, owed=sheet.total_fen)


def test_an_order_that_drew_less_is_used_up(site, escrow, short, crew, relayer):
    """What the bond pays next is a new order's."""
    order = site.bond_draw(short + 1)
    escrow.drawBond(*order, {"from": relayer})
    site.posted(crew)

    with reverts(refusal("Escrow_OrderUsed", word("order"))):
        escrow.drawBond(*order, {"from": relayer})


def test_all_of_the_bond_can_be_drawn(site, escrow, crew, relayer):
    sheet = site.posted(crew)
    site.deposit_bond(1_000)

    escrow.drawBond(*site.bond_draw(1_000), {"from": relayer})

    assert_books(site, funded=1_000, owed=sheet.total_fen)


def test_nothing_cannot_be_drawn(site, escrow, short, relayer):
    """Else an order would be used up for nothing."""
    with reverts(refusal("Escrow_ZeroAmount")):
        escrow.drawBond(*site.bond_draw(0), {"from": relayer})
    assert not escrow.orderUsed(word("order"))


def test_nothing_can_be_drawn_where_nothing_is_short(site, escrow, crew, bond, relayer):
    site.fund(site.posted(crew).total_fen)

    with reverts(refusal("Escrow_ZeroAmount")):
        escrow.drawBond(*site.bond_draw(1), {"from": relayer})
    assert not escrow.orderUsed(word("order"))


def test_nothing_can_be_drawn_where_more_is_there_than_is_owed(site, escrow, crew, bond, relayer):
    site.fund(site.posted(crew).total_fen + 1)

    with reverts(refusal("Escrow_ZeroAmount")):
        escrow.drawBond(*site.bond_draw(1), {"from": relayer})


def test_nothing_can_be_drawn_without_a_bond(site, escrow, crew, relayer):
    site.posted(crew)

    with reverts(refusal("Escrow_ZeroAmount")):
        escrow.drawBond(*site.bond_draw(1), {"from": relayer})


def test_an_order_draws_once(site, escrow, short, relayer):
    order = site.bond_draw(10)
    escrow.drawBond(*order, {"from": relayer})

    with reverts(refusal("Escrow_OrderUsed", word("order"))):
        escrow.drawBond(*order, {"from": relayer})


def test_an_order_draws_once_whatever_amount_is_signed(site, escrow, short, relayer):
    escrow.drawBond(*site.bond_draw(10), {"from": relayer})

    with reverts(refusal("Escrow_OrderUsed", word("order"))):
        escrow.drawBond(*site.bond_draw(11), {"from": relayer})


def test_an_order_is_good_until_its_deadline(site, escrow, short, relayer):
    deadline = now() + 1_000
    order = site.bond_draw(short, deadline=deadline)

    next_block_at(deadline)
    escrow.drawBond(*order, {"from": relayer})

    assert escrow.orderUsed(word("order"))


def test_an_order_is_refused_a_second_after_its_deadline(site, escrow, short, relayer):
    deadline = now() + 1_000
    order = site.bond_draw(short, deadline=deadline)

    next_block_at(deadline + 1)
    with reverts(refusal("Escrow_Expired", deadline, deadline + 1)):
        escrow.drawBond(*order, {"from": relayer})
    assert not escrow.orderUsed(word("order"))


@pytest.mark.parametrize("signer", ["contractor", "arbiter", "registrar"])
def test_only_the_bureau_draws(site, escrow, short, relayer, signer):
    with reverts(refusal("Escrow_BadBureauSignature", site.bureau.address)):
        escrow.drawBond(*site.bond_draw(short, signer=getattr(site, signer)), {"from": relayer})


@pytest.mark.parametrize(
    "field", [{"amount": 11}, {"orderHash": word("other")}, {"deadline": 2**40}], ids=lambda field: next(iter(field))
)
def test_a_field_signed_otherwise_is_refused(site, escrow, short, relayer, field):
    *said, _ = site.bond_draw(10)
    *_, signature = site.bond_draw(10, **field)

    with reverts(refusal("Escrow_BadBureauSignature", site.bureau.address)):
        escrow.drawBond(*said, signature, {"from": relayer})


def test_a_high_s_is_refused(site, escrow, short, relayer):
    *said, signature = site.bond_draw(10)
    high = pack(with_high_s(WalletSignature("0x" + signature.hex())))

    with reverts(refusal("Escrow_BadBureauSignature", site.bureau.address)):
        escrow.drawBond(*said, high, {"from": relayer})


def test_an_order_for_another_escrow_is_refused(site, open_site, token, crew, short, relayer):
    other = open_site(token, "another tower")
    other.deposit_bond(BOND_FEN)
    other.posted(crew)

    with reverts(refusal("Escrow_BadBureauSignature", site.bureau.address)):
        other.escrow.drawBond(*site.bond_draw(10), {"from": relayer})


def test_an_order_for_another_chain_is_refused(site, escrow, short, relayer):
    with reverts(refusal("Escrow_BadBureauSignature", site.bureau.address)):
        escrow.drawBond(*site.bond_draw(10, domain=on_other_chain(site.escrow_domain())), {"from": relayer})
