"""WorkerRegistry.cancelRecovery: the old key stops a registrar, a bureau stops anyone.

├── none waits → refused
├── the deadline has passed (at it: still good) → refused
├── by the old key: the recovery is confirmed, or the key did not sign these words, this nonce → refused
├── by a bureau: it lacks the role, or did not sign → refused
└── else → RecoveryCancelled
"""

from dataclasses import replace

import pytest
from brownie import reverts

from .book_keeping import wait_until
from .building_site import (
    DAY_SECONDS,
    NOBODY,
    key_of,
    next_block_at,
    now,
    on_other_chain,
    refusal,
    word,
)

DELAY_SECONDS = 3 * DAY_SECONDS
NEW_KEY = key_of("passkey", 78)
OTHER_KEY = key_of("device", 79)


@pytest.fixture(params=range(3), ids=["passkey", "wallet", "device"])
def worker(request, crew):
    return crew[request.param]


@pytest.fixture
def owner(crew):
    return crew[2]


@pytest.fixture
def propose(site, registry, relayer):
    """Propose it; returns when it can be completed."""

    def proposed(worker, key=NEW_KEY, **signed):
        registry.proposeRecovery(*site.recovery(worker, key, **signed), {"from": relayer})
        return registry.pendingRecoveryOf(worker.worker_id)["effectiveAt"]

    return proposed


@pytest.fixture
def cancel(site, registry, relayer):
    def cancelled(worker, **signed):
        return registry.cancelRecovery(*site.recovery_cancel(worker, **signed), {"from": relayer})

    return cancelled


@pytest.fixture
def complete(registry, relayer):
    def completed(worker):
        return registry.completeRecovery(worker.worker_id, {"from": relayer})

    return completed


def test_the_old_key_cancels_what_a_registrar_alone_proposed(registry, worker, propose, cancel):
    """A false registrar is stopped by the owner."""
    propose(worker)

    told = cancel(worker)

    assert {"workerId": "0x" + worker.worker_id.hex(), "by": NOBODY} == dict(told.events["RecoveryCancelled"])
    assert ((0, "0x" + "00" * 32, "0x" + "00" * 32), 0, False) == registry.pendingRecoveryOf(worker.worker_id)


def test_the_old_key_cancels_to_the_last(registry, owner, propose, cancel, complete):
    """Also after the delay, as long as nobody has completed it."""
    wait_until(propose(owner) + DAY_SECONDS)

    cancel(owner)

    with reverts(refusal("Registry_NothingPending", owner.worker_id)):
        complete(owner)


def test_the_old_key_does_not_cancel_what_the_bureau_confirmed(site, owner, propose, cancel):
    """Whoever found the phone cannot keep the owner out."""
    propose(owner, bureau=site.bureau)

    with reverts(refusal("Registry_RecoveryConfirmed", owner.worker_id)):
        cancel(owner)


@pytest.mark.parametrize("confirmed", [False, True], ids=["registrar alone", "bureau confirmed"])
def test_a_bureau_cancels_any(site, registry, owner, bureau, propose, cancel, confirmed):
    propose(owner, bureau=site.bureau if confirmed else None)

    told = cancel(owner, bureau=site.bureau)

    assert bureau == told.events["RecoveryCancelled"]["by"]
    assert 0 == registry.pendingRecoveryOf(owner.worker_id)["effectiveAt"]


@pytest.mark.parametrize("impostor", ["contractor", "arbiter", "registrar"])
def test_only_a_bureau_cancels_as_a_bureau(site, owner, propose, cancel, impostor):
    key = getattr(site, impostor)
    propose(owner)

    with reverts(refusal("Registry_NotBureau", key.address)):
        cancel(owner, bureau=key)


def test_naming_the_bureau_does_not_cancel(site, registry, owner, relayer, propose):
    propose(owner)
    worker_id, deadline, bureau, _ = site.recovery_cancel(owner, bureau=site.bureau)

    with reverts(refusal("Registry_BadBureauSignature", worker_id, bureau)):
        registry.cancelRecovery(worker_id, deadline, bureau, site.contractor.sign_bytes(word("any")), {"from": relayer})


@pytest.mark.parametrize("impostor", ["contractor", "registrar", "bureau"])
def test_nobody_cancels_as_the_worker(site, crew, propose, cancel, impostor):
    propose(crew[1])

    with reverts(refusal("Registry_BadWorkerSignature", crew[1].worker_id)):
        cancel(replace(crew[1], key=getattr(site, impostor)))


def test_the_new_key_does_not_cancel_as_the_worker(owner, propose, cancel):
    propose(owner)

    with reverts(refusal("Registry_BadWorkerSignature", owner.worker_id)):
        cancel(replace(owner, key=NEW_KEY))


def test_nothing_is_cancelled_where_nothing_waits(owner, cancel):
    with reverts(refusal("Registry_NothingPending", owner.worker_id)):
        cancel(owner)


def test_a_completed_recovery_cannot_be_cancelled(site, owner, propose, cancel, complete):
    wait_until(propose(owner))
    complete(owner)

    with reverts(refusal("Registry_NothingPending", owner.worker_id)):
        cancel(owner, bureau=site.bureau)


def test_a_cancellation_is_good_until_its_deadline(site, registry, owner, relayer, propose):
    propose(owner)
    deadline = now() + 1_000
    words = site.recovery_cancel(owner, deadline=deadline)

    next_block_at(deadline)
    registry.cancelRecovery(*words, {"from": relayer})

    assert 0 == registry.pendingRecoveryOf(owner.worker_id)["effectiveAt"]


def test_a_cancellation_is_refused_a_second_after_its_deadline(site, registry, owner, relayer, propose):
    propose(owner)
    deadline = now() + 1_000
    words = site.recovery_cancel(owner, deadline=deadline)

    next_block_at(deadline + 1)
    with reverts(refusal("Registry_Expired", deadline, deadline + 1)):
        registry.cancelRecovery(*words, {"from": relayer})


@pytest.mark.parametrize("field", [{"workerId": word("somebody")}, {"nonce": 0}, {"nonce": 2}, {"deadline": 2**40}], ids=str)
def test_a_cancellation_signed_otherwise_is_refused(site, registry, owner, relayer, propose, field):
    propose(owner)
    worker_id, deadline, by, _ = site.recovery_cancel(owner)
    *_, signature = site.recovery_cancel(owner, **field)

    with reverts(refusal("Registry_BadWorkerSignature", worker_id)):
        registry.cancelRecovery(worker_id, deadline, by, signature, {"from": relayer})


def test_a_cancellation_for_another_chain_is_refused(site, owner, propose, cancel):
    propose(owner)

    with reverts(refusal("Registry_BadWorkerSignature", owner.worker_id)):
        cancel(owner, domain=on_other_chain(site.registry_domain()))


@pytest.mark.parametrize("by_bureau", [False, True], ids=["the old key's", "the bureau's"])
def test_a_cancellation_cancels_one_recovery(site, registry, owner, relayer, propose, by_bureau):
    """Whoever kept the words cannot stop the next one with them."""
    propose(owner)
    words = site.recovery_cancel(owner, bureau=site.bureau if by_bureau else None)
    registry.cancelRecovery(*words, {"from": relayer})
    propose(owner)

    refused = ("Registry_BadBureauSignature", words[0], words[2]) if by_bureau else (
        "Registry_BadWorkerSignature", words[0]
    )  # fmt: skip
    with reverts(refusal(*refused)):
        registry.cancelRecovery(*words, {"from": relayer})


def test_the_words_of_a_cancelled_recovery_propose_it_once(site, registry, owner, registrar, relayer, cancel):
    """Else a false registrar's words would have to be cancelled every day."""
    words = site.recovery(owner, NEW_KEY)
    registry.proposeRecovery(*words, {"from": relayer})
    cancel(owner)

    with reverts(refusal("Registry_BadRegistrarSignature", owner.worker_id, registrar.address)):
        registry.proposeRecovery(*words, {"from": relayer})
