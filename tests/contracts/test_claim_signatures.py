"""WageEscrow.claim: the worker's word, and nobody else's, and no other word.

├── the deadline has passed (at it: still good) → refused
├── the signature is not the worker's, or not over these words, this escrow, this chain → refused
└── else, whoever relays it → set aside: test_claim.py
"""

from dataclasses import replace

import pytest
from brownie import reverts

from .book_keeping import assert_books, claimed
from .building_site import (
    key_of,
    next_block_at,
    now,
    on_other_chain,
    refusal,
    with_high_s,
    word,
)

BAD_SIGNATURE = refusal("Escrow_BadWorkerSignature", 0)
BOUNDARY = 79 * 256  # a day at which the bitmap of claimed days begins a new word
CLAIMED_STATE = 1


@pytest.fixture(params=range(3), ids=["passkey", "wallet", "device"])
def worker(request, crew):
    return crew[request.param]


@pytest.fixture
def days(site, crew):
    """Claim a fen for these days of the device key's worker, or of another."""

    def claim(first_day, day_mask, worker=None):
        return claimed(site, worker or crew[2], amount_fen=1, first_day=first_day, day_mask=day_mask)

    return claim


def test_a_claim_is_good_until_its_deadline(site, escrow, crew, relayer):
    deadline = now() + 1_000
    words = site.claim(crew[0], deadline=deadline)

    next_block_at(deadline)
    escrow.claim(*words, {"from": relayer})

    assert_books(site, contested=100_000)


def test_a_claim_is_refused_a_second_after_its_deadline(site, escrow, crew, relayer):
    deadline = now() + 1_000
    words = site.claim(crew[0], deadline=deadline)

    next_block_at(deadline + 1)
    with reverts(refusal("Escrow_Expired", deadline, deadline + 1)):
        escrow.claim(*words, {"from": relayer})


def test_another_key_of_the_same_kind_is_refused(site, escrow, worker, relayer):
    kind = {4: "passkey", 3: "wallet", 2: "device"}[worker.assurance]

    with reverts(BAD_SIGNATURE):
        escrow.claim(*site.claim(replace(worker, key=key_of(kind, 666))), {"from": relayer})


@pytest.mark.parametrize(
    "field",
    [
        {"workerId": word("somebody")}, {"amount": 1}, {"firstDay": 20_101}, {"dayMask": 0b1011},
        {"evidenceHash": word("other")}, {"deadline": 2**40},
    ],
    ids=lambda field: next(iter(field)),
)  # fmt: skip
def test_a_field_signed_otherwise_is_refused(site, escrow, crew, relayer, field):
    said, _ = site.claim(crew[0])
    _, signature = site.claim(crew[0], **field)

    with reverts(BAD_SIGNATURE):
        escrow.claim(said, signature, {"from": relayer})


def test_a_high_s_is_refused(site, escrow, worker, relayer, monkeypatch):
    key = type(worker.key)
    sign = key.sign
    monkeypatch.setattr(key, "sign", lambda self, words: with_high_s(sign(self, words)))

    with reverts(BAD_SIGNATURE):
        escrow.claim(*site.claim(worker), {"from": relayer})


def test_a_claim_for_another_escrow_is_refused(site, open_site, token, worker, relayer):
    other = open_site(token, "another tower")
    other.join(worker)

    with reverts(BAD_SIGNATURE):
        other.escrow.claim(*site.claim(worker), {"from": relayer})


def test_a_claim_for_another_chain_is_refused(site, escrow, worker, relayer):
    with reverts(BAD_SIGNATURE):
        escrow.claim(*site.claim(worker, domain=on_other_chain(site.escrow_domain())), {"from": relayer})


def test_the_contractor_cannot_claim_in_a_workers_name(site, escrow, crew, relayer):
    """Else a claim of a fen would use up the worker's days."""
    with reverts(BAD_SIGNATURE):
        escrow.claim(*site.claim(replace(crew[1], key=site.contractor)), {"from": relayer})


def test_a_signature_cut_short_is_refused(site, escrow, worker, relayer):
    said, signature = site.claim(worker)

    with reverts(BAD_SIGNATURE):
        escrow.claim(said, signature[:-32], {"from": relayer})


def test_a_refused_claim_uses_up_no_day(site, escrow, crew, relayer):
    said, _ = site.claim(crew[0])
    with reverts(BAD_SIGNATURE):
        escrow.claim(said, b"", {"from": relayer})

    claimed(site, crew[0])

    assert_books(site, contested=100_000)
