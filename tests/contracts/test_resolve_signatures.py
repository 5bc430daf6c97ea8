"""WageEscrow.resolve: the bureau's word, and nobody else's, and no other word.

├── the deadline has passed (at it: still good) → refused
├── the signature is neither the bureau's nor the arbiter's, or not over these words, this escrow, this chain → refused
└── else, whoever relays it → decided: test_resolve.py
"""

import pytest
from brownie import reverts

from anxin.core.signing import WalletSignature, pack

from .book_keeping import answered, claimed, contested, dispute
from .building_site import (
    BUREAU_SECONDS,
    DAY_SECONDS,
    next_block_at,
    now,
    on_other_chain,
    refusal,
    with_high_s,
    word,
)

ASKED_FEN = 100_000
CLAIMED, DECIDED = 1, 3


@pytest.fixture
def contest(site, crew):
    """The passkey's worker asks 100,000 fen beyond the posted amount, which is paid; money enough is left."""
    sheet = site.posted(crew[:1])
    site.fund(sheet.total_fen + ASKED_FEN)
    return contested(site, crew[0], sheet, 0, claimed_fen=sheet.total_fen + ASKED_FEN)


@pytest.fixture
def claim(site, crew):
    """An unanswered claim of the wallet's worker."""
    return claimed(site, crew[1], amount_fen=ASKED_FEN)


def standing(site, dispute_id):
    """Granted, paid and state."""
    return tuple(dispute(site, dispute_id)[name] for name in ("granted", "paid", "state"))


@pytest.mark.parametrize("late", [False, True], ids=["in the bureau's window", "after it"])
@pytest.mark.parametrize("signer", ["contractor", "registrar"])
def test_nobody_else_decides(site, escrow, contest, relayer, signer, late):
    order = site.resolution(contest, 0, signer=getattr(site, signer))

    next_block_at(dispute(site, contest)["since"] + (BUREAU_SECONDS + 1 if late else 5))
    with reverts(refusal("Escrow_BadBureauSignature", site.bureau.address)):
        escrow.resolve(*order, {"from": relayer})


def test_the_worker_cannot_decide(site, escrow, crew, claim, relayer):
    answered(site, claim, 0)

    with reverts(refusal("Escrow_BadBureauSignature", site.bureau.address)):
        escrow.resolve(*site.resolution(claim, ASKED_FEN, signer=crew[1].key), {"from": relayer})


def test_a_decision_is_good_until_its_deadline(site, escrow, contest, relayer):
    deadline = now() + 1_000
    order = site.resolution(contest, 60_000, deadline=deadline)

    next_block_at(deadline)
    escrow.resolve(*order, {"from": relayer})

    assert (60_000, 60_000, DECIDED) == standing(site, contest)


@pytest.mark.parametrize("signer", ["bureau", "arbiter"])
def test_a_decision_is_refused_a_second_after_its_deadline(site, escrow, contest, relayer, signer):
    deadline = now() + BUREAU_SECONDS + DAY_SECONDS
    order = site.resolution(contest, 60_000, signer=getattr(site, signer), deadline=deadline)

    next_block_at(deadline + 1)
    with reverts(refusal("Escrow_Expired", deadline, deadline + 1)):
        escrow.resolve(*order, {"from": relayer})


@pytest.mark.parametrize("signer", ["bureau", "arbiter"])
@pytest.mark.parametrize(
    "field",
    [{"disputeId": 1}, {"award": 60_001}, {"orderHash": word("other")}, {"deadline": 2**40}],
    ids=lambda field: next(iter(field)),
)
def test_a_field_signed_otherwise_is_refused(site, escrow, contest, relayer, field, signer):
    *said, _ = site.resolution(contest, 60_000, signer=getattr(site, signer))
    *_, signature = site.resolution(contest, 60_000, signer=getattr(site, signer), **field)

    next_block_at(dispute(site, contest)["since"] + BUREAU_SECONDS + 1)
    with reverts(refusal("Escrow_BadBureauSignature", site.bureau.address)):
        escrow.resolve(*said, signature, {"from": relayer})


def test_a_high_s_is_refused(site, escrow, contest, relayer):
    *said, signature = site.resolution(contest, 60_000)
    high = pack(with_high_s(WalletSignature("0x" + signature.hex())))

    with reverts(refusal("Escrow_BadBureauSignature", site.bureau.address)):
        escrow.resolve(*said, high, {"from": relayer})


def test_a_decision_for_another_escrow_is_refused(site, open_site, token, crew, contest, relayer):
    other = open_site(token, "another tower")
    other.join(crew[0])
    assert contest == claimed(other, crew[0])
    answered(other, contest, 0)

    with reverts(refusal("Escrow_BadBureauSignature", site.bureau.address)):
        other.escrow.resolve(*site.resolution(contest, 60_000), {"from": relayer})


def test_a_decision_for_another_chain_is_refused(site, escrow, contest, relayer):
    order = site.resolution(contest, 60_000, domain=on_other_chain(site.escrow_domain()))

    with reverts(refusal("Escrow_BadBureauSignature", site.bureau.address)):
        escrow.resolve(*order, {"from": relayer})


def test_an_answer_is_not_a_decision(site, escrow, contest, relayer):
    *said, _ = site.resolution(contest, 0)
    *_, signature = site.answer(contest, 0, signer=site.bureau, deadline=said[3])

    with reverts(refusal("Escrow_BadBureauSignature", site.bureau.address)):
        escrow.resolve(*said, signature, {"from": relayer})


def test_a_bureau_that_lost_its_role_still_decides_where_it_was_named(site, escrow, roles, contest, bureau, admin, relayer):
    """The administrator of the roles cannot take the judge from a dispute that runs."""
    roles.revokeRole(3, bureau, {"from": admin})

    escrow.resolve(*site.resolution(contest, 60_000), {"from": relayer})

    assert (60_000, 60_000, DECIDED) == standing(site, contest)


def test_a_bureau_of_the_registry_is_not_this_projects_bureau(site, escrow, roles, contest, admin, relayer):
    """The role confirms recoveries; who decides here was fixed when the escrow was made."""
    roles.grantRole(3, site.contractor.address, 0, {"from": admin})

    with reverts(refusal("Escrow_BadBureauSignature", site.bureau.address)):
        escrow.resolve(*site.resolution(contest, 0, signer=site.contractor), {"from": relayer})
