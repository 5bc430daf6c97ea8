"""WorkerRegistry.completeRecovery: the new key takes the place of the lost one.

├── none waits, or its delay is not over (at its end: good) → refused
└── else, whoever calls → the new key counts, KeyChanged; a payout that waited is given up, the nonce is used up
"""

import pytest
from brownie import reverts

from .book_keeping import commitment, wait_until
from .building_site import (
    DAY_SECONDS,
    KINDS,
    key_of,
    key_words,
    next_block_at,
    refusal,
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
def complete(registry, relayer):
    def completed(worker):
        return registry.completeRecovery(worker.worker_id, {"from": relayer})

    return completed


@pytest.mark.parametrize("kind", KINDS)
def test_after_three_days_anyone_puts_the_new_key_in_force(registry, worker, stranger, propose, kind):
    key = key_of(kind, 78)

    next_block_at(propose(worker, key))
    told = registry.completeRecovery(worker.worker_id, {"from": stranger})

    public = key.public
    assert (key_words(public), worker.payout) == registry.workerOf(worker.worker_id)
    assert {
        "workerId": "0x" + worker.worker_id.hex(), "assurance": public.assurance, "x": public.x, "y": public.y,
        "recovered": True,
    } == dict(told.events["KeyChanged"])  # fmt: skip
    assert 0 == registry.pendingRecoveryOf(worker.worker_id)["effectiveAt"]


@pytest.mark.parametrize("confirmed", [False, True], ids=["registrar alone", "bureau confirmed"])
@pytest.mark.parametrize("before", [DELAY_SECONDS - 5, 1], ids=["at once", "a second before"])
def test_within_the_delay_the_old_key_counts(site, owner, propose, complete, before, confirmed):
    due = propose(owner, bureau=site.bureau if confirmed else None)

    next_block_at(due - before)
    with reverts(refusal("Registry_TooEarly", due, due - before)):
        complete(owner)


def test_nothing_is_completed_where_nothing_waits(owner, complete):
    with reverts(refusal("Registry_NothingPending", owner.worker_id)):
        complete(owner)


def test_a_recovery_is_completed_once(owner, propose, complete):
    wait_until(propose(owner))
    complete(owner)

    with reverts(refusal("Registry_NothingPending", owner.worker_id)):
        complete(owner)


def test_the_commitment_follows_the_key(registry, owner, propose, complete):
    wait_until(propose(owner))
    complete(owner)

    assert [commitment(NEW_KEY, owner.payout)] == [str(each) for each in registry.commitmentsOf([owner.worker_id])]


def test_completing_uses_up_the_nonce_of_the_old_keys_words(registry, owner, propose, complete):
    wait_until(propose(owner))
    proposed = registry.nonceOf(owner.worker_id)

    complete(owner)

    assert (0, 1) == (proposed, registry.nonceOf(owner.worker_id))


def test_a_worker_can_be_recovered_again(site, registry, owner, propose, complete):
    wait_until(propose(owner))
    complete(owner)

    wait_until(propose(owner, OTHER_KEY))
    complete(owner)

    assert (key_words(OTHER_KEY.public), 2) == (
        registry.workerOf(owner.worker_id)[0], registry.recoveryNonceOf(owner.worker_id)
    )  # fmt: skip
