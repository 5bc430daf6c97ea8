"""WorkerRegistry.rotate: the worker goes over to another key, at once.

├── the worker is not enrolled → refused
├── a recovery waits → refused, also after its delay
├── the deadline has passed (at it: still good) → refused
├── the present key did not sign, or not over these words, this nonce, this registry, this chain → refused
├── the new key cannot sign, or did not → refused
└── else, whoever relays it → the new key counts, KeyChanged; a payout that waited is given up, PayoutChangeWithdrawn
"""

from dataclasses import replace

import pytest
from brownie import reverts

from anxin.core.signing import pack

from .book_keeping import commitment, wait_until
from .building_site import (
    DAY_SECONDS,
    KINDS,
    RP_ID_HASH,
    Worker,
    indexes,
    key_of,
    key_words,
    next_block_at,
    now,
    on_other_chain,
    refusal,
    with_high_s,
    word,
)

ZERO, ONE = bytes(32), (1).to_bytes(32)


@pytest.fixture(params=KINDS)
def worker(request, site):
    """Enrolled with each kind of key in turn."""
    enrolled = Worker.named(50, request.param)
    site.enrol(enrolled)
    return enrolled


@pytest.fixture
def owner(site):
    enrolled = Worker.named(50)
    site.enrol(enrolled)
    return enrolled


@pytest.fixture(params=KINDS)
def new_key(request):
    return key_of(request.param, 77)


def signs(registry, worker, key):
    """Whether the registry takes this key's signature for the worker's."""
    return registry.check(worker.worker_id, word("words"), pack(key.sign(word("words"))))[0]


# ---------------------------------------------------------------- the new key counts


def test_the_new_key_counts_at_once(site, registry, worker, new_key, stranger):
    told = registry.rotate(*site.rotation(worker, new_key), {"from": stranger})

    assessed = new_key.public.assurance
    assert (assessed, 0) == (signs(registry, worker, new_key), signs(registry, worker, worker.key))
    assert (key_words(new_key.public), worker.payout) == registry.workerOf(worker.worker_id)
    assert {
        "workerId": "0x" + worker.worker_id.hex(), "assurance": assessed, "x": new_key.public.x, "y": new_key.public.y,
        "recovered": False,
    } == dict(told.events["KeyChanged"])  # fmt: skip


def test_the_commitment_follows_the_key(site, registry, owner, new_key):
    site.rotate(owner, new_key)

    assert [commitment(new_key, owner.payout)] == [str(each) for each in registry.commitmentsOf([owner.worker_id])]


def test_wages_are_released_to_the_new_key_and_not_to_the_old(site, escrow, crew, new_key, relayer):
    """A confirmation that the old key signed counts no more: who lost a phone rotates to be safe from it."""
    sheet = site.posted(crew)
    site.fund(sheet.total_fen)
    old = site.confirmations(sheet, crew, 2)
    rotated = site.rotate(crew[2], new_key)

    with reverts(refusal("Escrow_BadWorkerSignature", 0)):
        escrow.release(*sheet.lines_and_proof(2), *old, {"from": relayer})
    assert [2] == indexes(site.release(sheet, [*crew[:2], rotated], 2))


def test_the_payout_stays(site, registry, owner):
    site.rotate(owner, key_of("passkey", 77))

    assert owner.payout == registry.payoutOf(owner.worker_id)


def test_a_key_can_be_rotated_back(site, registry, owner):
    rotated = site.rotate(owner, key_of("passkey", 77))

    site.rotate(rotated, owner.key)

    assert (2, 2) == (signs(registry, owner, owner.key), registry.nonceOf(owner.worker_id))


def test_a_payout_that_waited_is_given_up(site, registry, owner, stranger, relayer):
    """Whoever held the old key may have asked for it."""
    registry.proposePayout(*site.payout_change(owner, stranger.address), {"from": relayer})

    told = registry.rotate(*site.rotation(owner, key_of("passkey", 77)), {"from": relayer})

    assert {"workerId": "0x" + owner.worker_id.hex(), "payout": stranger} == dict(told.events["PayoutChangeWithdrawn"])
    wait_until(now() + 7 * DAY_SECONDS)
    with reverts(refusal("Registry_NothingPending", owner.worker_id)):
        registry.applyPayout(owner.worker_id, {"from": relayer})


def test_where_no_payout_waited_none_is_given_up(site, registry, owner, relayer):
    told = registry.rotate(*site.rotation(owner, key_of("passkey", 77)), {"from": relayer})

    assert "PayoutChangeWithdrawn" not in told.events


def test_another_worker_is_not_touched(site, registry, crew, owner):
    before = registry.workerOf(crew[0].worker_id)

    site.rotate(owner, key_of("passkey", 77))

    assert before == registry.workerOf(crew[0].worker_id)
    assert 0 == registry.nonceOf(crew[0].worker_id)


# ---------------------------------------------------------------- refused


def test_a_worker_nobody_enrolled_is_refused(site, registry, outsider, relayer):
    with reverts(refusal("Registry_NotEnrolled", outsider.worker_id)):
        registry.rotate(*site.rotation(outsider, key_of("device", 77)), {"from": relayer})


def test_while_a_recovery_waits_the_key_is_not_rotated(site, registry, owner, relayer):
    """Whoever found the phone cannot outrun its owner."""
    registry.proposeRecovery(*site.recovery(owner, key_of("device", 78)), {"from": relayer})
    until = now() + 3 * DAY_SECONDS

    with reverts(refusal("Registry_RecoveryPending", owner.worker_id, until)):
        registry.rotate(*site.rotation(owner, key_of("device", 77)), {"from": relayer})
    wait_until(until + 1)
    with reverts(refusal("Registry_RecoveryPending", owner.worker_id, until)):
        registry.rotate(*site.rotation(owner, key_of("device", 77)), {"from": relayer})


def test_after_a_cancelled_recovery_the_key_is_rotated(site, registry, owner, relayer):
    registry.proposeRecovery(*site.recovery(owner, key_of("device", 78)), {"from": relayer})
    registry.cancelRecovery(*site.recovery_cancel(owner), {"from": relayer})

    site.rotate(owner, key_of("device", 77))

    assert 2 == signs(registry, owner, key_of("device", 77))


def test_a_rotation_is_good_until_its_deadline(site, registry, owner, relayer):
    deadline = now() + 1_000
    words = site.rotation(owner, key_of("device", 77), deadline=deadline)

    next_block_at(deadline)
    registry.rotate(*words, {"from": relayer})

    assert 1 == registry.nonceOf(owner.worker_id)


def test_a_rotation_is_refused_a_second_after_its_deadline(site, registry, owner, relayer):
    deadline = now() + 1_000
    words = site.rotation(owner, key_of("device", 77), deadline=deadline)

    next_block_at(deadline + 1)
    with reverts(refusal("Registry_Expired", deadline, deadline + 1)):
        registry.rotate(*words, {"from": relayer})


def test_another_key_of_the_same_kind_cannot_rotate(site, registry, worker, relayer):
    kind = {4: "passkey", 3: "wallet", 2: "device"}[worker.assurance]
    thief = replace(worker, key=key_of(kind, 666))

    with reverts(refusal("Registry_BadWorkerSignature", worker.worker_id)):
        registry.rotate(*site.rotation(thief, key_of("device", 77)), {"from": relayer})


def test_a_key_that_the_worker_does_not_hold_is_refused(site, registry, owner, new_key, relayer):
    """Else a typing error would lock the worker out."""
    kind = {4: "passkey", 3: "wallet", 2: "device"}[new_key.public.assurance]
    *_, by_another = site.rotation(owner, key_of(kind, 666))
    *rest, _ = site.rotation(owner, new_key)

    with reverts(refusal("Registry_BadWorkerProof", owner.worker_id)):
        registry.rotate(*rest, by_another, {"from": relayer})


@pytest.mark.parametrize(
    "key",
    [
        (2, word("not an x"), word("not a y")), (4, word("not an x"), word("not a y")), (3, ZERO, ZERO),
        (3, (1 << 160).to_bytes(32), ZERO), (3, ONE, ONE), (0, ZERO, ZERO), (1, ONE, ONE), (5, ONE, ONE),
    ],
    ids=["device off the curve", "passkey off the curve", "zero address", "wider than an address", "wallet with a y",
         "kind 0", "kind 1", "kind 5"],
)  # fmt: skip
def test_a_key_that_cannot_sign_is_refused(site, registry, owner, relayer, key):
    worker_id, _, *rest = site.rotation(owner, key_of("device", 77), assurance=key[0], x=key[1], y=key[2])

    with reverts(refusal("Registry_BadKey", worker_id, key[0])):
        registry.rotate(worker_id, key, *rest, {"from": relayer})


@pytest.mark.parametrize(
    "field",
    [
        {"workerId": word("somebody")}, {"assurance": 4}, {"x": word("x")}, {"y": word("y")}, {"nonce": 1},
        {"deadline": 2**40},
    ],
    ids=lambda field: next(iter(field)),
)  # fmt: skip
def test_a_field_signed_otherwise_is_refused(site, registry, owner, relayer, field):
    worker_id, key, deadline, *_ = site.rotation(owner, key_of("device", 77))
    *_, by_worker, by_new_key = site.rotation(owner, key_of("device", 77), **field)

    with reverts(refusal("Registry_BadWorkerSignature", worker_id)):
        registry.rotate(worker_id, key, deadline, by_worker, by_new_key, {"from": relayer})


def test_the_same_words_do_nothing_twice(site, registry, owner, relayer):
    """Rotated there and back, the first rotation cannot be sent again by whoever kept it."""
    words = site.rotation(owner, key_of("device", 77))
    registry.rotate(*words, {"from": relayer})
    site.rotate(replace(owner, key=key_of("device", 77)), owner.key)

    with reverts(refusal("Registry_BadWorkerSignature", owner.worker_id)):
        registry.rotate(*words, {"from": relayer})


def test_a_payout_change_uses_the_rotations_nonce_up(site, registry, owner, stranger, relayer):
    """One count for what this key signs here: the order in which it signed is the order in which it happens."""
    words = site.rotation(owner, key_of("device", 77))
    registry.proposePayout(*site.payout_change(owner, stranger.address), {"from": relayer})

    with reverts(refusal("Registry_BadWorkerSignature", owner.worker_id)):
        registry.rotate(*words, {"from": relayer})


def test_a_recovery_does_not_use_the_rotations_nonce_up(site, registry, owner, relayer):
    """A registrar cannot undo what the worker signed."""
    words = site.rotation(owner, key_of("device", 77))
    registry.proposeRecovery(*site.recovery(owner, key_of("device", 78)), {"from": relayer})
    registry.cancelRecovery(*site.recovery_cancel(owner), {"from": relayer})

    registry.rotate(*words, {"from": relayer})

    assert 2 == signs(registry, owner, key_of("device", 77))


def test_words_of_a_recovery_are_not_a_rotation(site, registry, owner, relayer):
    """Their fields are the same."""
    worker_id, key, deadline, _, _, by_new_key, *_ = site.recovery(owner, key_of("device", 77))
    *_, by_old_key, _, _ = site.recovery(owner, owner.key)

    with reverts(refusal("Registry_BadWorkerSignature", worker_id)):
        registry.rotate(worker_id, key, deadline, by_old_key, by_new_key, {"from": relayer})


def test_a_high_s_is_refused(site, registry, worker, relayer, monkeypatch):
    key = type(worker.key)
    sign = key.sign
    monkeypatch.setattr(key, "sign", lambda self, words: with_high_s(sign(self, words)))

    with reverts(refusal("Registry_BadWorkerSignature", worker.worker_id)):
        registry.rotate(*site.rotation(worker, key_of("device", 77)), {"from": relayer})


def test_a_rotation_for_another_registry_is_refused(site, WorkerRegistry, roles, registry, owner, admin, relayer):
    other = replace(site, registry=admin.deploy(WorkerRegistry, roles, RP_ID_HASH))
    other.enrol(owner)

    with reverts(refusal("Registry_BadWorkerSignature", owner.worker_id)):
        other.registry.rotate(*site.rotation(owner, key_of("device", 77)), {"from": relayer})


def test_a_rotation_for_another_chain_is_refused(site, registry, owner, relayer):
    words = site.rotation(owner, key_of("device", 77), domain=on_other_chain(site.registry_domain()))

    with reverts(refusal("Registry_BadWorkerSignature", owner.worker_id)):
        registry.rotate(*words, {"from": relayer})


def test_a_passkey_of_another_domain_cannot_be_taken_over_to(site, registry, owner, relayer):
    elsewhere = replace(key_of("passkey", 77), rp_id="example.org")

    with reverts(refusal("Registry_BadWorkerProof", owner.worker_id)):
        registry.rotate(*site.rotation(owner, elsewhere), {"from": relayer})
