"""WageEscrow.join: contractor and worker agree on the project and on a day's worth.

├── the escrow is closed → refused
├── dayCap is zero → refused
├── the worker has joined → refused
├── the deadline has passed (at it: still good) → refused
├── the contractor did not sign these words → refused
├── the worker is not enrolled, or did not sign these words → refused
├── a closing notice runs → joined, and the notice is withdrawn
└── else, paused or not, whoever relays it → dayCapOf, Joined
"""

from dataclasses import replace

import pytest
from brownie import reverts

from anxin.core.signing import pack
from anxin.demo.keys import Wallet

from .building_site import (
    DAY_SECONDS,
    KINDS,
    Worker,
    next_block_at,
    now,
    on_other_chain,
    refusal,
    with_high_s,
    word,
)


@pytest.fixture
def newcomer(site):
    worker = Worker.named(50)
    site.enrol(worker)
    return worker


@pytest.mark.parametrize("kind", KINDS)
def test_a_worker_joins_whoever_relays_it(site, escrow, stranger, kind):
    worker = Worker.named(50, kind)
    site.enrol(worker)

    joined = escrow.join(*site.joining(worker, day_cap_fen=40_000), {"from": stranger})

    assert 40_000 == escrow.dayCapOf(worker.worker_id)
    assert {
        "workerId": "0x" + worker.worker_id.hex(), "dayCap": 40_000, "termsHash": "0x" + word("contract").hex(),
    } == dict(joined.events["Joined"])  # fmt: skip


def test_a_worthless_day_is_refused(site, escrow, newcomer, relayer):
    with reverts(refusal("Escrow_ZeroAmount")):
        escrow.join(*site.joining(newcomer, day_cap_fen=0), {"from": relayer})


def test_a_worker_joins_once(site, escrow, newcomer, relayer):
    """The cap bounds what a worker can claim: it cannot be signed down later."""
    site.join(newcomer)

    with reverts(refusal("Escrow_AlreadyJoined", newcomer.worker_id)):
        escrow.join(*site.joining(newcomer, day_cap_fen=1), {"from": relayer})


def test_an_agreement_is_good_until_its_deadline(site, escrow, newcomer, relayer):
    deadline = now() + DAY_SECONDS
    joining = site.joining(newcomer, deadline=deadline)

    next_block_at(deadline)
    escrow.join(*joining, {"from": relayer})

    assert 0 < escrow.dayCapOf(newcomer.worker_id)


def test_an_agreement_is_refused_a_second_after_its_deadline(site, escrow, newcomer, relayer):
    deadline = now() + DAY_SECONDS
    joining = site.joining(newcomer, deadline=deadline)

    next_block_at(deadline + 1)
    with reverts(refusal("Escrow_Expired", deadline, deadline + 1)):
        escrow.join(*joining, {"from": relayer})


def test_another_contractor_cannot_sign(site, escrow, newcomer, relayer):
    impostor = replace(site, contractor=Wallet.from_hex(f"{7:064x}"))

    with reverts(refusal("Escrow_BadContractorSignature", site.contractor.address)):
        escrow.join(*impostor.joining(newcomer), {"from": relayer})


def test_the_contractors_high_s_is_refused(site, escrow, newcomer, relayer):
    *rest, deadline, _, by_worker = site.joining(newcomer)
    signed = site.contractor.sign(site.join_digest(newcomer, 50_000, deadline))

    with reverts(refusal("Escrow_BadContractorSignature", site.contractor.address)):
        escrow.join(*rest, deadline, pack(with_high_s(signed)), by_worker, {"from": relayer})


def test_a_changed_cap_is_refused(site, escrow, newcomer, relayer):
    worker_id, day_cap_fen, *rest = site.joining(newcomer)

    with reverts(refusal("Escrow_BadContractorSignature", site.contractor.address)):
        escrow.join(worker_id, day_cap_fen - 1, *rest, {"from": relayer})


def test_the_contractor_cannot_sign_for_the_worker(site, escrow, newcomer, relayer):
    *rest, by_contractor, _ = site.joining(newcomer)

    with reverts(refusal("Escrow_BadWorkerSignature", 0)):
        escrow.join(*rest, by_contractor, by_contractor, {"from": relayer})


def test_another_worker_cannot_sign(site, escrow, newcomer, relayer):
    *rest, by_another = site.joining(replace(newcomer, key=Worker.named(51).key))

    with reverts(refusal("Escrow_BadWorkerSignature", 0)):
        escrow.join(*rest, by_another, {"from": relayer})


def test_a_worker_nobody_enrolled_is_refused(site, escrow, outsider, relayer):
    with reverts(refusal("Escrow_NotEnrolled", 0, outsider.worker_id)):
        escrow.join(*site.joining(outsider), {"from": relayer})


def test_an_agreement_for_another_escrow_is_refused(site, open_site, token, newcomer, relayer):
    other = open_site(token, "another tower")

    with reverts(refusal("Escrow_BadContractorSignature", site.contractor.address)):
        other.escrow.join(*site.joining(newcomer), {"from": relayer})


def test_an_agreement_for_another_chain_is_refused(site, escrow, newcomer, relayer):
    elsewhere = on_other_chain(site.escrow_domain())

    with reverts(refusal("Escrow_BadContractorSignature", site.contractor.address)):
        escrow.join(*site.joining(newcomer, domain=elsewhere), {"from": relayer})


@pytest.mark.parametrize("field", [{"workerId": word("other")}, {"termsHash": word("other")}])
def test_a_field_signed_otherwise_is_refused(site, escrow, newcomer, relayer, field):
    """The day's worth: above."""
    with reverts(refusal("Escrow_BadContractorSignature", site.contractor.address)):
        escrow.join(*site.joining(newcomer, **field), {"from": relayer})


def test_a_deadline_moved_after_signing_is_refused(site, escrow, newcomer, relayer):
    worker_id, day_cap_fen, terms_hash, deadline, *signatures = site.joining(newcomer)

    with reverts(refusal("Escrow_BadContractorSignature", site.contractor.address)):
        escrow.join(worker_id, day_cap_fen, terms_hash, deadline + 1, *signatures, {"from": relayer})


# ---------------------------------------------------------------- the project's end


def test_nobody_joins_a_closed_project(site, escrow, newcomer, relayer):
    site.close()
    closed_at = escrow.closing()["closedAt"]

    with reverts(refusal("Escrow_Closed", closed_at)):
        escrow.join(*site.joining(newcomer), {"from": relayer})


def test_joining_withdraws_the_notice_of_closing(site, escrow, newcomer, relayer):
    """Work goes on: the public has to be told anew."""
    escrow.announceClosing(*site.closing_notice(), {"from": relayer})

    joined = escrow.join(*site.joining(newcomer), {"from": relayer})

    assert 1 == len(joined.events["ClosingWithdrawn"])
    assert 0 == escrow.closing()["announcedUntil"]


def test_joining_where_no_notice_runs_withdraws_none(site, escrow, newcomer, relayer):
    assert "ClosingWithdrawn" not in escrow.join(*site.joining(newcomer), {"from": relayer}).events


def test_a_pause_keeps_nobody_from_joining(site, escrow, newcomer, guardian):
    escrow.pause({"from": guardian})

    site.join(newcomer)

    assert 0 < escrow.dayCapOf(newcomer.worker_id)
