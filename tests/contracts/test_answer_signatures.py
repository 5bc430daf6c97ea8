"""WageEscrow.answer: the contractor's word, and nobody else's, and no other word.

├── the deadline has passed (at it: still good) → refused
├── the signature is not the contractor's, or not over these words, this escrow, this chain → refused
└── else, whoever relays it → paid, contested or decided: test_answer.py
"""

import pytest
from brownie import reverts

from anxin.core.signing import WalletSignature, pack

from .book_keeping import claimed, dispute
from .building_site import (
    next_block_at,
    now,
    on_other_chain,
    refusal,
    with_high_s,
    word,
)

ASKED_FEN = 100_000
CONTESTED, DECIDED = 2, 3


@pytest.fixture
def claim(site, crew):
    """A claim of the passkey's worker, with money enough."""
    site.fund(10 * ASKED_FEN)
    return claimed(site, crew[0], amount_fen=ASKED_FEN)


def standing(site, dispute_id):
    """Granted, paid and state."""
    return tuple(dispute(site, dispute_id)[name] for name in ("granted", "paid", "state"))


def test_an_answer_is_good_until_its_deadline(site, escrow, claim, relayer):
    deadline = now() + 1_000
    words = site.answer(claim, 30_000, deadline=deadline)

    next_block_at(deadline)
    escrow.answer(*words, {"from": relayer})

    assert (30_000, 30_000, CONTESTED) == standing(site, claim)


def test_an_answer_is_refused_a_second_after_its_deadline(site, escrow, claim, relayer):
    deadline = now() + 1_000
    words = site.answer(claim, 30_000, deadline=deadline)

    next_block_at(deadline + 1)
    with reverts(refusal("Escrow_Expired", deadline, deadline + 1)):
        escrow.answer(*words, {"from": relayer})


@pytest.mark.parametrize("signer", ["bureau", "arbiter", "registrar"])
def test_nobody_answers_for_the_contractor(site, escrow, claim, relayer, signer):
    with reverts(refusal("Escrow_BadContractorSignature", site.contractor.address)):
        escrow.answer(*site.answer(claim, 0, signer=getattr(site, signer)), {"from": relayer})


def test_the_worker_cannot_answer_the_own_claim(site, escrow, crew, relayer):
    claim = claimed(site, crew[1])

    with reverts(refusal("Escrow_BadContractorSignature", site.contractor.address)):
        escrow.answer(*site.answer(claim, ASKED_FEN, signer=crew[1].key), {"from": relayer})


@pytest.mark.parametrize(
    "field",
    [{"disputeId": 1}, {"admitted": 30_001}, {"evidenceHash": word("other")}, {"deadline": 2**40}],
    ids=lambda field: next(iter(field)),
)
def test_a_field_signed_otherwise_is_refused(site, escrow, claim, relayer, field):
    *said, _ = site.answer(claim, 30_000)
    *_, signature = site.answer(claim, 30_000, **field)

    with reverts(refusal("Escrow_BadContractorSignature", site.contractor.address)):
        escrow.answer(*said, signature, {"from": relayer})


def test_a_high_s_is_refused(site, escrow, claim, relayer):
    *said, signature = site.answer(claim, 0)
    high = pack(with_high_s(WalletSignature("0x" + signature.hex())))

    with reverts(refusal("Escrow_BadContractorSignature", site.contractor.address)):
        escrow.answer(*said, high, {"from": relayer})


def test_an_answer_for_another_escrow_is_refused(site, open_site, token, crew, claim, relayer):
    """Both projects have this contractor, and a dispute of this number."""
    other = open_site(token, "another tower")
    other.join(crew[0])
    assert claim == claimed(other, crew[0])

    with reverts(refusal("Escrow_BadContractorSignature", site.contractor.address)):
        other.escrow.answer(*site.answer(claim, 0), {"from": relayer})


def test_an_answer_for_another_chain_is_refused(site, escrow, claim, relayer):
    with reverts(refusal("Escrow_BadContractorSignature", site.contractor.address)):
        escrow.answer(*site.answer(claim, 0, domain=on_other_chain(site.escrow_domain())), {"from": relayer})


def test_a_resolution_is_not_an_answer(site, escrow, claim, relayer):
    *said, _ = site.answer(claim, 0)
    *_, signature = site.resolution(claim, 0, signer=site.contractor, deadline=said[3])

    with reverts(refusal("Escrow_BadContractorSignature", site.contractor.address)):
        escrow.answer(*said, signature, {"from": relayer})
