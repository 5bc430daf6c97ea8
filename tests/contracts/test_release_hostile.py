"""WageEscrow.release among tokens and wallets that misbehave, and with too little gas.

├── the token reverts for one payee → PayoutFailed for that line, the batch goes on, it is paid once the payee can be
├── the token answers false → the same
├── the token calls back into the escrow in mid-payment → the inner call is refused, each line is paid once
├── a worker's wallet contract agrees → paid; burns all gas → refused with its line's place, the rest can be paid
└── too little gas → the whole call fails; never a PayoutFailed that a sender chose
"""

from dataclasses import dataclass

import pytest
from brownie import reverts

from anxin.core.signing import WALLET, SignerKey, WalletSignature

from .building_site import Worker, refusal, word


@pytest.fixture
def hostile(open_site, admin, relayer):
    """Open a site over a hostile token, with the crew's sheet posted and funded."""

    def opened(container, workers):
        token = admin.deploy(container)
        token.mint(relayer, 10**9, {"from": admin})
        site = open_site(token, container._name)
        sheet = site.posted(workers)
        site.fund(sheet.total_fen)
        return token, site, sheet

    return opened


def indexes(events, name):
    return [event["index"] for event in events[name]] if name in events else []


@pytest.mark.parametrize("refuses", ["reverts", "returns false"])
def test_a_refused_payee_does_not_stop_the_batch(hostile, BlockingToken, RefusingToken, crew, admin, refuses):
    container, switch = {"reverts": (BlockingToken, "setBlocked"), "returns false": (RefusingToken, "setRefused")}[refuses]
    token, site, sheet = hostile(container, crew)
    getattr(token, switch)(crew[1].payout, {"from": admin})

    batch = site.release(sheet, crew, 0, 1, 2)

    assert ([0, 2], [1]) == (indexes(batch.events, "Released"), indexes(batch.events, "PayoutFailed"))
    assert (sheet.lines[1].amount_fen,) * 2 == tuple(site.escrow.books()[:2])
    assert 0b101 == site.escrow.sheet(0)[4]


@pytest.mark.parametrize("refuses", ["reverts", "returns false"])
def test_a_refused_line_is_paid_once_its_payee_can_be(hostile, BlockingToken, RefusingToken, crew, admin, refuses):
    container, switch = {"reverts": (BlockingToken, "setBlocked"), "returns false": (RefusingToken, "setRefused")}[refuses]
    token, site, sheet = hostile(container, crew)
    getattr(token, switch)(crew[1].payout, {"from": admin})
    site.release(sheet, crew, 0, 1, 2)
    getattr(token, switch)(admin, {"from": admin})

    assert [1] == indexes(site.release(sheet, crew, 0, 1, 2).events, "Released")
    assert [line.amount_fen for line in sheet.lines] == [token.balanceOf(worker.payout) for worker in crew]
    assert (0, 0, 0, 0) == site.escrow.books()


@pytest.mark.parametrize("inner", ["release", "releaseUnsigned", "contest", "fund"])
def test_a_token_that_calls_back_is_refused_and_each_line_paid_once(hostile, ReenteringToken, crew, admin, inner):
    """The inner call is one that would pay, were it not made from within."""
    token, site, sheet = hostile(ReenteringToken, crew)
    site.join(crew[1])
    calls = {
        "release": (*sheet.lines_and_proof(1), [site.confirm(crew[1], sheet, 1)]),
        "releaseUnsigned": sheet.lines_and_proof(1),
        "contest": (*sheet.line_and_proof(1), *site.objection(crew[1], sheet, 1, claimed_fen=200_000)),
        "fund": (1, word("memo")),
    }
    token.setCallback(getattr(site.escrow, inner).encode_input(*calls[inner]), {"from": admin})

    batch = site.release(sheet, crew, 0)

    assert [0] == indexes(batch.events, "Released")
    assert "0x3ee5aeb5" == str(token.answer())  # ReentrancyGuardReentrantCall()
    assert (sheet.lines[0].amount_fen, 0) == (token.balanceOf(crew[0].payout), token.balanceOf(crew[1].payout))
    assert token.balanceOf(site.escrow) == site.escrow.books()[0]


@pytest.mark.parametrize("late", [0, 1, 2])
def test_a_sheet_posted_from_within_a_payment_keeps_the_books_right(hostile, ReenteringToken, crew, admin, late):
    """postSheet needs no guard: it takes no money and the payment does not rely on what it writes."""
    token, site, sheet = hostile(ReenteringToken, crew)
    following = site.sheet(crew)
    post = (following.sheet_id, following.header, following.words(), site.sign_sheet(following))
    token.setCallback(site.escrow.postSheet.encode_input(*post), {"from": admin})

    site.release(sheet, crew, late)

    left = sheet.total_fen - sheet.lines[late].amount_fen
    assert (left, left + following.total_fen) == tuple(site.escrow.books()[:2])
    assert 2 == site.escrow.sheetCount()


# ---------------------------------------------------------------- wallets that are contracts


@dataclass(frozen=True)
class ContractWallet:
    """A wallet contract as a key: what it accepts as a signature is its own affair (ERC-1271)."""

    address: str

    @property
    def public(self):
        return SignerKey(WALLET, "0x" + self.address[2:].lower().rjust(64, "0"), "0x" + "00" * 32)

    def sign(self, digest):
        return WalletSignature("0x" + digest.hex())


@pytest.fixture
def smart(GasBurningWallet, site, admin):
    """A worker whose wallet is a contract, and that contract."""
    wallet = admin.deploy(GasBurningWallet)
    worker = Worker(word("smart"), ContractWallet(wallet.address), Worker.named(70).payout)
    site.enrol(worker)
    return worker, wallet


def test_a_wallet_contract_signs_as_a_wallet(site, token, crew, smart):
    workers = [smart[0], crew[2]]
    sheet = site.posted(workers)
    site.fund(sheet.total_fen)

    paid = site.release(sheet, workers, 0, 1)

    assert [3, 2] == [event["assurance"] for event in paid.events["Released"]]


def test_a_wallet_contract_that_burns_all_gas_is_told_with_its_place(site, admin, crew, smart):
    """It cannot exhaust the batch: the relayer learns which line to leave out."""
    worker, wallet = smart
    workers = [crew[0], worker, crew[2]]
    sheet = site.posted(workers)
    site.fund(sheet.total_fen)
    wallet.setBurning(True, {"from": admin})

    with reverts(refusal("Escrow_BadWorkerSignature", 1)):
        site.release(sheet, workers, 0, 1, 2)
    assert [0, 2] == indexes(site.release(sheet, workers, 0, 2).events, "Released")


# ---------------------------------------------------------------- too little gas


def test_no_choice_of_gas_makes_a_payment_fail_that_could_be_made(site, escrow, token, crew, relayer, web3):
    """A call keeps 1/64 of its gas when the token runs out of it: too little to tell a failure, so all is undone.

    The gas is swept from just enough for nothing to plenty; each try either pays or changes nothing.
    """
    sheet = site.posted(crew[2:])
    site.fund(sheet.total_fen)
    args = (*sheet.lines_and_proof(0), [site.confirm(crew[2], sheet, 0)])
    enough = escrow.release.estimate_gas(*args, {"from": relayer})
    data = escrow.release.encode_input(*args)

    def simulate(gas):
        call = {"from": relayer.address, "to": escrow.address, "data": data, "gas": hex(gas)}
        answer = web3.provider.make_request("eth_simulateV1", [{"blockStateCalls": [{"calls": [call]}]}, "latest"])
        return answer["result"][0]["calls"][0]

    failed = web3.keccak(text="PayoutFailed(uint256,uint8,bytes32,address,uint256)").to_0x_hex()
    outcomes = [simulate(gas) for gas in range(enough - 60_000, enough + 20_000, 500)]

    assert {"0x0", "0x1"} == {outcome["status"] for outcome in outcomes}
    assert not [log for outcome in outcomes for log in outcome["logs"] if log["topics"][0] == failed]
