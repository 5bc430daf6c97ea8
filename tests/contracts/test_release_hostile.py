"""WageEscrow's payments among tokens that misbehave, hostile callers, and with too little gas.
Wallet contracts that misbehave: test_release_line.py.

├── the token reverts or answers false for one payee → PayoutFailed for that line, the batch goes on, paid once it can be
├── ... for the bank → all its lines stay owed, the others are paid
├── the token keeps a fee from what the payee gets → the books still match the balance
├── the token calls back into the escrow in mid-payment
│   ├── into whatever moves money or decides → the inner call is refused, each line is paid once
│   └── into what only adds debt, people or notices → it counts, and the books are right
└── too little gas → the whole call fails; never a PayoutFailed that a sender chose
"""

from dataclasses import replace

import pytest
from brownie import reverts

from .building_site import DAY_SECONDS, NOBODY, indexes, now, payments, refusal, word

REENTRANT = "0x3ee5aeb5"  # ReentrancyGuardReentrantCall()
MUCH_FEN = 10**9


@pytest.fixture
def hostile(open_site, admin, relayer):
    """Open a site over a hostile token, with a sheet of these workers posted and funded: `workers(site)` names them."""

    def opened(container, workers):
        token = admin.deploy(container)
        token.mint(relayer, MUCH_FEN, {"from": admin})
        site = open_site(token, container._name)
        people = workers(site) if callable(workers) else workers
        sheet = site.posted(people)
        if container._name == "FeeToken":
            token.setWaived(True, {"from": admin})
        site.fund(sheet.total_fen)
        return token, site, sheet, people

    return opened


@pytest.fixture(params=["reverts", "returns false"])
def refuses(request, hostile, BlockingToken, RefusingToken, admin):
    """Open a site over a token that can be told to refuse one payee: `refuse(payee)`."""
    container = {"reverts": BlockingToken, "returns false": RefusingToken}[request.param]

    def opened(workers):
        token, site, sheet, people = hostile(container, workers)
        switch = token.setBlocked if request.param == "reverts" else token.setRefused
        return token, site, sheet, people, lambda payee: switch(payee, {"from": admin})

    return opened


def bank_and_own(site):
    """Two workers paid by the bank around one with an account, all enrolled."""
    workers = [site.paid_by_bank(40), site.paid_by_bank(41, "wallet"), site.paid_by_bank(42, "passkey")]
    own = replace(workers[1], payout="0x00000000000000000000000000000000A11CE0FF")
    people = [workers[0], own, workers[2]]
    site.enrol(*people)
    return people


# ---------------------------------------------------------------- one payee is refused


def test_a_refused_payee_does_not_stop_the_batch(refuses, crew):
    _, site, sheet, _, refuse = refuses(crew)
    refuse(crew[1].payout)

    batch = site.release(sheet, crew, 0, 1, 2)

    assert ([0, 2], [1]) == (indexes(batch), indexes(batch, "PayoutFailed"))
    assert [sheet.payment(1, crew[1])] == payments(batch, "PayoutFailed")
    assert (sheet.lines[1].amount_fen,) * 2 == (site.escrow.books()["funded"], site.escrow.books()["owed"])
    assert 0b101 == site.escrow.sheet(0)["released"]


def test_a_refused_line_is_paid_once_its_payee_can_be(refuses, crew):
    token, site, sheet, _, refuse = refuses(crew)
    refuse(crew[1].payout)
    site.release(sheet, crew, 0, 1, 2)
    refuse(NOBODY)

    assert [1] == indexes(site.release(sheet, crew, 0, 1, 2))
    assert [line.amount_fen for line in sheet.lines] == [token.balanceOf(worker.payout) for worker in crew]
    assert (0, 0, 0, 0, 0) == site.escrow.books()


@pytest.mark.parametrize("way", ["releaseLine", "releaseUnsigned", "contest"])
def test_a_refused_payee_stays_owed_in_every_way_of_paying(refuses, crew, chain, way):
    token, site, sheet, _, refuse = refuses(crew)
    site.join(crew[1])
    refuse(crew[1].payout)
    if way == "releaseUnsigned":
        chain.sleep(8 * DAY_SECONDS)
    pay = {
        "releaseLine": lambda: site.release_line(sheet, crew[1], 1),
        "releaseUnsigned": lambda: site.escrow.releaseUnsigned(*sheet.lines_and_proof(1), {"from": site.relayer}),
        "contest": lambda: site.contest(crew[1], sheet, 1, claimed_fen=200_000),
    }[way]

    told = pay()

    assert ([], [1]) == (indexes(told), indexes(told, "PayoutFailed"))
    assert (0, sheet.total_fen, sheet.total_fen) == (
        site.escrow.sheet(0)["released"], site.escrow.books()["funded"], site.escrow.books()["owed"],
    )  # fmt: skip
    assert sheet.total_fen == token.balanceOf(site.escrow)


def test_a_refused_bank_leaves_all_its_lines_owed_and_the_others_paid(refuses):
    token, site, sheet, people, refuse = refuses(bank_and_own)
    refuse(site.bank_payout)

    batch = site.release(sheet, people, 0, 1, 2)

    assert ([1], [0, 2]) == (indexes(batch), indexes(batch, "PayoutFailed"))
    assert (0b010, 0) == (site.escrow.sheet(0)["released"], site.escrow.sheet(0)["banked"])
    assert (sheet.lines[1].amount_fen, 0) == (token.balanceOf(people[1].payout), token.balanceOf(site.bank_payout))
    left = sheet.total_fen - sheet.lines[1].amount_fen
    assert (left, left) == (site.escrow.books()["funded"], site.escrow.books()["owed"])


def test_the_banks_lines_are_paid_once_it_can_be(refuses):
    token, site, sheet, people, refuse = refuses(bank_and_own)
    refuse(site.bank_payout)
    site.release(sheet, people, 0, 1, 2)
    refuse(NOBODY)

    assert [0, 2] == indexes(site.release(sheet, people, 0, 1, 2))
    assert (0b111, 0b101) == (site.escrow.sheet(0)["released"], site.escrow.sheet(0)["banked"])
    assert sheet.lines[0].amount_fen + sheet.lines[2].amount_fen == token.balanceOf(site.bank_payout)


def test_a_refused_account_does_not_stop_the_banks_lines(refuses):
    _, site, sheet, people, refuse = refuses(bank_and_own)
    refuse(people[1].payout)

    batch = site.release(sheet, people, 0, 1, 2)

    assert ([0, 2], [1]) == (indexes(batch), indexes(batch, "PayoutFailed"))
    assert (0b101, 0b101) == (site.escrow.sheet(0)["released"], site.escrow.sheet(0)["banked"])


# ---------------------------------------------------------------- a fee on the way out


def test_a_fee_kept_from_the_payee_leaves_the_books_right(hostile, FeeToken, crew, admin):
    """What arrives is between token and payee; what leaves is what the books say."""
    token, site, sheet, _ = hostile(FeeToken, crew)
    token.setWaived(False, {"from": admin})

    batch = site.release(sheet, crew, 0, 1)

    assert [0, 1] == indexes(batch)
    assert sheet.lines[0].amount_fen - sheet.lines[0].amount_fen // 100 == token.balanceOf(crew[0].payout)
    assert sheet.lines[2].amount_fen == site.escrow.books()["funded"] == token.balanceOf(site.escrow)


# ---------------------------------------------------------------- calls from within a payment

MONEY_OR_DECISION = [
    "release", "releaseLine", "releaseUnsigned", "contest", "fund", "fundWithPermit", "bookTransfer", "depositBond",
    "answer", "releaseStanding", "resolve", "settleLines", "takeBackLines", "settleDispute", "takeBackDispute", "close",
    "returnBond",
]  # fmt: skip


@pytest.fixture
def reentered(hostile, ReenteringToken, crew, admin):
    """A site over a token that calls back into the escrow when it pays, the crew joined, a claim under way."""
    token, site, sheet, _ = hostile(ReenteringToken, crew)
    site.join(*crew)
    site.deposit_bond(1_000)
    site.escrow.claim(*site.claim(crew[2]), {"from": site.relayer})

    def on_payment(inner, *args):
        token.setCallback(getattr(site.escrow, inner).encode_input(*args), {"from": admin})

    return token, site, sheet, on_payment


@pytest.mark.parametrize("inner", MONEY_OR_DECISION)
def test_a_token_that_calls_back_is_refused_and_each_line_paid_once(reentered, crew, inner):
    """Whatever the inner call would do, were it not made from within."""
    token, site, sheet, on_payment = reentered
    arguments = {
        "release": (*sheet.lines_and_proof(1), *site.confirmations(sheet, crew, 1)),
        "releaseLine": (*sheet.lines_and_proof(1), *site.confirm(crew[1], sheet, 1)),
        "releaseUnsigned": sheet.lines_and_proof(1),
        "contest": (*sheet.lines_and_proof(1), *site.objection(crew[1], sheet, 1, claimed_fen=200_000)),
        "fund": (1, word("memo")),
        "fundWithPermit": (1, word("memo"), now() + 1_000, 27, word("r"), word("s")),
        "bookTransfer": (word("memo"),),
        "depositBond": (1,),
        "answer": site.answer(0, 50_000),
        "releaseStanding": (0,),
        "resolve": site.resolution(0, 50_000),
        "settleLines": (*sheet.lines_and_proof(0), word("receipt")),
        "takeBackLines": (*sheet.lines_and_proof(0), word("reason")),
        "settleDispute": (0, word("receipt")),
        "takeBackDispute": (0, word("reason")),
        "close": site.closing(),
        "returnBond": (),
    }[inner]
    on_payment(inner, *arguments)

    batch = site.release(sheet, crew, 0)

    assert [0] == indexes(batch)
    assert REENTRANT == str(token.answer())
    assert (sheet.lines[0].amount_fen, 0) == (token.balanceOf(crew[0].payout), token.balanceOf(crew[1].payout))
    left = sheet.total_fen - sheet.lines[0].amount_fen
    assert (left, left, 100_000, 1_000) == tuple(site.escrow.books()[:4])
    assert left + 1_000 == token.balanceOf(site.escrow)


@pytest.mark.parametrize("late", [0, 1, 2])
def test_a_sheet_posted_from_within_a_payment_keeps_the_books_right(reentered, crew, late):
    """postSheet needs no guard: it takes no money and the payment does not rely on what it writes."""
    token, site, sheet, on_payment = reentered
    following = site.sheet(crew)
    on_payment("postSheet", following.sheet_id, following.header, following.packed(), site.sign_sheet(following))

    site.release(sheet, crew, late)

    left = sheet.total_fen - sheet.lines[late].amount_fen
    assert token.entered()
    assert (left, left + following.total_fen) == (site.escrow.books()["funded"], site.escrow.books()["owed"])
    assert 2 == site.escrow.sheetCount()


def test_a_claim_made_from_within_a_payment_counts(reentered, crew):
    token, site, sheet, on_payment = reentered
    on_payment("claim", *site.claim(crew[1], amount_fen=70_000))

    site.release(sheet, crew, 0)

    assert token.entered()
    assert 170_000 == site.escrow.books()["contested"]
    assert 2 == site.escrow.disputeCount()


def test_bond_drawn_from_within_a_payment_is_in_the_books(reentered, crew):
    """In mid-payment neither `funded` nor `owed` holds the line's amount: what is short is told rightly."""
    token, site, sheet, on_payment = reentered
    on_payment("drawBond", *site.bond_draw(600))

    site.release(sheet, crew, 0)

    left = sheet.total_fen - sheet.lines[0].amount_fen
    assert token.entered()
    assert (left + 600, left, 100_000, 400) == tuple(site.escrow.books()[:4])
    assert left + 1_000 == token.balanceOf(site.escrow)


def test_bond_drawn_for_a_line_whose_payment_then_fails_is_not_lost(hostile, BlockingToken, crew, admin):
    """The nearest thing without a callback: the line is owed again, so the money is there for it."""
    token, site, sheet, _ = hostile(BlockingToken, crew)
    more = site.posted(crew)
    site.deposit_bond(500)
    token.setBlocked(crew[0].payout, {"from": admin})
    site.release(sheet, crew, 0)

    site.escrow.drawBond(*site.bond_draw(500), {"from": site.relayer})

    assert (sheet.total_fen + 500, sheet.total_fen + more.total_fen) == tuple(site.escrow.books()[:2])
    assert sheet.total_fen + 500 == token.balanceOf(site.escrow)


def test_a_worker_who_joins_from_within_a_payment_has_joined(reentered, crew):
    token, site, sheet, on_payment = reentered
    newcomer = site.paid_by_bank(43)
    site.enrol(newcomer)
    on_payment("join", *site.joining(newcomer))

    assert [0] == indexes(site.release(sheet, crew, 0))
    assert token.entered()
    assert 50_000 == site.escrow.dayCapOf(newcomer.worker_id)


def test_a_notice_given_from_within_a_payment_is_given(reentered, crew):
    token, site, sheet, on_payment = reentered
    on_payment("announceClosing", *site.closing_notice())

    assert [0] == indexes(site.release(sheet, crew, 0))
    assert token.entered()
    assert 0 < site.escrow.closing()["announcedUntil"]


@pytest.mark.parametrize("inner", ["pause", "unpause"])
def test_a_token_is_no_guardian(reentered, crew, inner):
    token, site, sheet, on_payment = reentered
    on_payment(inner)

    assert [0] == indexes(site.release(sheet, crew, 0))
    assert not token.entered()
    assert 0 == site.escrow.closing()["pausedUntil"]


def test_the_banks_shared_transfer_is_guarded_too(hostile, ReenteringToken, admin):
    token, site, sheet, people = hostile(ReenteringToken, bank_and_own)
    again = site.escrow.release.encode_input(
        *sheet.lines_and_proof(0, 2), *site.confirmations(sheet, people, 0, 2)
    )  # fmt: skip
    token.setCallback(again, {"from": admin})

    site.release(sheet, people, 0, 2)

    assert REENTRANT == str(token.answer())
    assert sheet.lines[0].amount_fen + sheet.lines[2].amount_fen == token.balanceOf(site.bank_payout)


# ---------------------------------------------------------------- hostile callers


@pytest.mark.parametrize("call", ["settleLines", "takeBackLines", "settleDispute", "takeBackDispute"])
@pytest.mark.parametrize("caller", ["bank", "contractor", "admin", "guardian", "stranger"])
def test_only_the_bank_payout_speaks_for_the_bank(site, escrow, crew, bank_crew, call, caller, request):
    """Not even the bank's own account: it goes through the contract that holds the money."""
    sheet = site.posted(bank_crew)
    site.fund(sheet.total_fen)
    site.release(sheet, bank_crew, 0)
    arguments = (*sheet.lines_and_proof(0), word("receipt")) if call.endswith("Lines") else (0, word("receipt"))
    account = request.getfixturevalue(caller)
    escrow.claim(*site.claim(bank_crew[0]), {"from": site.relayer})

    with reverts(refusal("Escrow_NotBank", account.address)):
        getattr(escrow, call)(*arguments, {"from": account})


@pytest.mark.parametrize("call", ["pause", "unpause"])
@pytest.mark.parametrize("caller", ["bank", "contractor", "admin", "bureau", "stranger"])
def test_only_the_guardian_pauses(escrow, call, caller, request):
    account = request.getfixturevalue(caller)

    with reverts(refusal("Escrow_NotGuardian", account.address)):
        getattr(escrow, call)({"from": account})


# ---------------------------------------------------------------- too little gas


@pytest.mark.parametrize("to", ["accounts", "the bank"])
@pytest.mark.parametrize("size", [1, 3])
def test_no_choice_of_gas_makes_a_payment_fail_that_could_be_made(site, escrow, crew, bank_crew, relayer, web3, to, size):
    """A call keeps 1/64 of its gas when the token runs out of it: too little to tell a failure, so all is undone.

    The gas is swept from just enough for nothing to plenty; each try either pays all or changes nothing.
    """
    workers = (crew if to == "accounts" else bank_crew)[-size:]
    sheet = site.posted(workers)
    site.fund(sheet.total_fen)
    args = (*sheet.lines_and_proof(*range(size)), *site.confirmations(sheet, workers, *range(size)))
    enough = escrow.release.estimate_gas(*args, {"from": relayer})
    data = escrow.release.encode_input(*args)

    def simulate(gas):
        call = {"from": relayer.address, "to": escrow.address, "data": data, "gas": hex(gas)}
        answer = web3.provider.make_request("eth_simulateV1", [{"blockStateCalls": [{"calls": [call]}]}, "latest"])
        return answer["result"][0]["calls"][0]

    failed = web3.keccak(text="PayoutFailed(bytes32,bytes32)").to_0x_hex()
    outcomes = [simulate(gas) for gas in range(enough - 90_000, enough + 20_000, 500)]

    assert {"0x0", "0x1"} == {outcome["status"] for outcome in outcomes}
    assert not [log for outcome in outcomes for log in outcome["logs"] if log["topics"][0] == failed]


def test_the_sweep_would_see_a_failed_payment(open_site, crew, web3, token):
    """The topic that the sweep above looks for is the event's."""
    site = open_site(token, "poor tower")
    sheet = site.posted(crew)

    told = site.release(sheet, crew, 0)

    assert web3.keccak(text="PayoutFailed(bytes32,bytes32)").to_0x_hex() == "0x" + bytes(told.logs[0]["topics"][0]).hex()
