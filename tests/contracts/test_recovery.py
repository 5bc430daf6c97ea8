"""WorkerRegistry.proposeRecovery: the worker has lost the key and stands before a registrar with another.

├── the worker is not enrolled → refused
├── one waits, and it is confirmed or this one is not → refused
├── the deadline has passed (at it: still good) → refused
├── the registrar lacks the role, or did not sign these words, this nonce, this registry, this chain → refused
├── the new key cannot sign, or did not → refused
├── a bureau is named that lacks the role, is the registrar, or did not sign; or one that signed is left out → refused
├── one waits unconfirmed, and the bureau confirms this one → takes its place, and its time runs anew
└── else, whoever relays it → waits three days, RecoveryProposed
"""

from dataclasses import replace

import pytest
from brownie import reverts

from anxin.core.signing import WalletSignature, pack
from anxin.demo.keys import Wallet

from .book_keeping import wait_until
from .building_site import (
    DAY_SECONDS,
    KINDS,
    NOBODY,
    RP_ID_HASH,
    key_of,
    key_words,
    next_block_at,
    now,
    on_other_chain,
    refusal,
    with_high_s,
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


@pytest.mark.parametrize("confirmed", [False, True], ids=["registrar alone", "bureau confirms"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_recovery_waits_three_days(site, registry, worker, registrar, stranger, kind, confirmed):
    key = key_of(kind, 78)
    words = site.recovery(worker, key, bureau=site.bureau if confirmed else None)

    told = registry.proposeRecovery(*words, {"from": stranger})

    public = key.public
    assert (key_words(public), now() + DELAY_SECONDS, confirmed) == registry.pendingRecoveryOf(worker.worker_id)
    assert {
        "workerId": "0x" + worker.worker_id.hex(), "assurance": public.assurance, "x": public.x, "y": public.y,
        "registrar": registrar, "confirmed": confirmed, "effectiveAt": now() + DELAY_SECONDS,
    } == dict(told.events["RecoveryProposed"])  # fmt: skip


def test_until_then_the_old_key_counts(registry, owner, propose):
    wait_until(propose(owner) + 100)

    assert key_words(owner.key.public) == registry.workerOf(owner.worker_id)[0]


def test_a_worker_nobody_enrolled_is_refused(outsider, propose):
    with reverts(refusal("Registry_NotEnrolled", outsider.worker_id)):
        propose(outsider)


@pytest.mark.parametrize("first", [False, True], ids=["unconfirmed", "confirmed"])
def test_an_unconfirmed_recovery_does_not_take_the_place_of_one_that_waits(site, owner, propose, first):
    """A false registrar cannot push the rightful one aside, nor prolong it."""
    due = propose(owner, bureau=site.bureau if first else None)

    with reverts(refusal("Registry_RecoveryPending", owner.worker_id, due)):
        propose(owner, OTHER_KEY)


def test_a_confirmed_recovery_does_not_take_the_place_of_a_confirmed_one(site, owner, propose):
    due = propose(owner, bureau=site.bureau)

    with reverts(refusal("Registry_RecoveryPending", owner.worker_id, due)):
        propose(owner, OTHER_KEY, bureau=site.bureau)


def test_a_confirmed_recovery_takes_the_place_of_an_unconfirmed_one(site, registry, owner, propose):
    first = propose(owner, OTHER_KEY)
    wait_until(first - 100)

    second = propose(owner, NEW_KEY, bureau=site.bureau)

    assert now() + DELAY_SECONDS == second
    assert (key_words(NEW_KEY.public), second, True) == registry.pendingRecoveryOf(owner.worker_id)


def test_one_that_waits_past_its_delay_is_still_not_replaced(owner, propose):
    due = propose(owner)
    wait_until(due + DAY_SECONDS)

    with reverts(refusal("Registry_RecoveryPending", owner.worker_id, due)):
        propose(owner, OTHER_KEY)


def test_a_recovery_is_good_until_its_deadline(site, registry, owner, relayer):
    deadline = now() + 1_000
    words = site.recovery(owner, NEW_KEY, deadline=deadline)

    next_block_at(deadline)
    registry.proposeRecovery(*words, {"from": relayer})

    assert deadline + DELAY_SECONDS == registry.pendingRecoveryOf(owner.worker_id)["effectiveAt"]


def test_a_recovery_is_refused_a_second_after_its_deadline(site, registry, owner, relayer):
    deadline = now() + 1_000
    words = site.recovery(owner, NEW_KEY, deadline=deadline)

    next_block_at(deadline + 1)
    with reverts(refusal("Registry_Expired", deadline, deadline + 1)):
        registry.proposeRecovery(*words, {"from": relayer})


@pytest.mark.parametrize("impostor", ["contractor", "bureau"])
def test_only_a_registrar_proposes(site, registry, owner, relayer, impostor):
    """Neither the contractor nor the bureau alone."""
    key = getattr(site, impostor)

    with reverts(refusal("Registry_NotRegistrar", key.address)):
        registry.proposeRecovery(*replace(site, registrar=key).recovery(owner, NEW_KEY), {"from": relayer})


def test_a_registrar_with_a_delay_does_not_count(site, registry, roles, owner, admin, relayer):
    key = Wallet.from_hex(f"{0xE7:064x}")
    roles.grantRole(1, key.address, 1, {"from": admin})

    with reverts(refusal("Registry_NotRegistrar", key.address)):
        registry.proposeRecovery(*replace(site, registrar=key).recovery(owner, NEW_KEY), {"from": relayer})


def test_naming_the_registrar_is_not_their_signature(site, registry, owner, relayer):
    worker_id, key, deadline, registrar, _, *rest = site.recovery(owner, NEW_KEY)
    forged = site.contractor.sign_bytes(word("anything"))

    with reverts(refusal("Registry_BadRegistrarSignature", worker_id, registrar)):
        registry.proposeRecovery(worker_id, key, deadline, registrar, forged, *rest, {"from": relayer})


@pytest.mark.parametrize(
    "field",
    [
        {"workerId": word("somebody")}, {"assurance": 2}, {"x": word("x")}, {"y": word("y")}, {"nonce": 1},
        {"deadline": 2**40},
    ],
    ids=lambda field: next(iter(field)),
)  # fmt: skip
def test_a_field_signed_otherwise_is_refused(site, registry, owner, registrar, relayer, field):
    said = site.recovery(owner, NEW_KEY)
    signed = site.recovery(owner, NEW_KEY, **field)

    with reverts(refusal("Registry_BadRegistrarSignature", owner.worker_id, registrar.address)):
        registry.proposeRecovery(*said[:4], *signed[4:], {"from": relayer})


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_that_did_not_sign_is_refused(site, registry, owner, relayer, kind):
    """The worker stood there with it: a registrar cannot hand the account to a key nobody holds."""
    said = site.recovery(owner, key_of(kind, 78))
    signed = site.recovery(owner, key_of(kind, 666))

    with reverts(refusal("Registry_BadWorkerProof", owner.worker_id)):
        registry.proposeRecovery(*said[:5], signed[5], *said[6:], {"from": relayer})


def test_a_key_that_cannot_sign_is_refused(site, registry, owner, relayer):
    worker_id, _, *rest = site.recovery(owner, NEW_KEY, assurance=0)
    key = (0, *key_words(NEW_KEY.public)[1:])

    with reverts(refusal("Registry_BadKey", worker_id, 0)):
        registry.proposeRecovery(worker_id, key, *rest, {"from": relayer})


@pytest.mark.parametrize("impostor", ["contractor", "arbiter", "registrar"])
def test_only_a_bureau_confirms(site, owner, propose, impostor):
    key = getattr(site, impostor)

    with reverts(refusal("Registry_NotBureau", key.address)):
        propose(owner, bureau=key)


def test_a_bureau_with_a_delay_does_not_count(site, roles, owner, admin, propose):
    roles.grantRole(3, site.arbiter.address, 1, {"from": admin})

    with reverts(refusal("Registry_NotBureau", site.arbiter.address)):
        propose(owner, bureau=site.arbiter)


def test_a_registrar_with_the_bureaus_role_too_does_not_confirm_itself(
    site, registry, roles, owner, registrar, admin, propose
):
    """Else one account could overrule the owner of the key; another bureau still confirms."""
    roles.grantRole(3, registrar, 0, {"from": admin})

    with reverts(refusal("Registry_NotBureau", registrar.address)):
        propose(owner, bureau=site.registrar)
    propose(owner, bureau=site.bureau)

    assert registry.pendingRecoveryOf(owner.worker_id)["confirmed"]


def test_nobody_takes_the_bureaus_confirmation_off_a_recovery(site, registry, owner, relayer, stranger):
    """A thief of the phone sees the words on their way, and could cancel what a registrar alone proposed."""
    words = site.recovery(owner, NEW_KEY, bureau=site.bureau)

    with reverts(refusal("Registry_BadRegistrarSignature", owner.worker_id, site.registrar.address)):
        registry.proposeRecovery(*words[:6], NOBODY, b"", {"from": stranger})
    registry.proposeRecovery(*words, {"from": relayer})

    assert registry.pendingRecoveryOf(owner.worker_id)["confirmed"]


def test_nobody_adds_a_confirmation_that_registrar_and_key_did_not_sign_for(site, registry, owner, relayer):
    said = site.recovery(owner, NEW_KEY)
    *_, bureau, by_bureau = site.recovery(owner, NEW_KEY, bureau=site.bureau)

    with reverts(refusal("Registry_BadRegistrarSignature", owner.worker_id, site.registrar.address)):
        registry.proposeRecovery(*said[:6], bureau, by_bureau, {"from": relayer})


def test_nobody_puts_another_bureau_in_the_place_of_the_one_that_was_named(site, registry, roles, owner, admin, relayer):
    roles.grantRole(3, site.arbiter.address, 0, {"from": admin})
    said = site.recovery(owner, NEW_KEY, bureau=site.bureau)
    *_, other, by_other = site.recovery(owner, NEW_KEY, bureau=site.arbiter)

    with reverts(refusal("Registry_BadRegistrarSignature", owner.worker_id, site.registrar.address)):
        registry.proposeRecovery(*said[:6], other, by_other, {"from": relayer})


def test_naming_the_bureau_is_not_its_signature(site, registry, owner, relayer):
    *said, bureau, _ = site.recovery(owner, NEW_KEY, bureau=site.bureau)
    forged = site.contractor.sign_bytes(word("anything"))

    with reverts(refusal("Registry_BadBureauSignature", owner.worker_id, bureau)):
        registry.proposeRecovery(*said, bureau, forged, {"from": relayer})


def test_a_recovery_with_a_high_s_is_refused(site, registry, owner, registrar, relayer):
    *said, by_registrar, proof, bureau, by_bureau = site.recovery(owner, NEW_KEY)
    high = pack(with_high_s(WalletSignature("0x" + by_registrar.hex())))

    with reverts(refusal("Registry_BadRegistrarSignature", owner.worker_id, registrar.address)):
        registry.proposeRecovery(*said, high, proof, bureau, by_bureau, {"from": relayer})


def test_a_recovery_for_another_registry_is_refused(site, WorkerRegistry, roles, owner, registrar, admin, relayer):
    other = replace(site, registry=admin.deploy(WorkerRegistry, roles, RP_ID_HASH))
    other.enrol(owner)

    with reverts(refusal("Registry_BadRegistrarSignature", owner.worker_id, registrar.address)):
        other.registry.proposeRecovery(*site.recovery(owner, NEW_KEY), {"from": relayer})


def test_a_recovery_for_another_chain_is_refused(site, owner, registrar, propose):
    with reverts(refusal("Registry_BadRegistrarSignature", owner.worker_id, registrar.address)):
        propose(owner, domain=on_other_chain(site.registry_domain()))


def test_an_enrolments_words_are_not_a_recovery(site, registry, owner, registrar, relayer):
    _, _, _, deadline, _, by_registrar, proof = site.enrolment(replace(owner, key=NEW_KEY))
    said = (owner.worker_id, key_words(NEW_KEY.public), deadline, registrar, by_registrar, proof, NOBODY, b"")

    with reverts(refusal("Registry_BadRegistrarSignature", owner.worker_id, registrar.address)):
        registry.proposeRecovery(*said, {"from": relayer})
