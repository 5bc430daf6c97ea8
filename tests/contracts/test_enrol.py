"""WorkerRegistry.enrol, and what the registry then answers (workerOf, payoutOf, check, commitmentsOf).

enrol
├── workerId is zero or longer than 16 bytes, payout is zero → refused
├── the key cannot sign: unknown kind, not on the curve, not an address → refused
├── the deadline has passed (at it: still good) → refused
├── the worker is enrolled → refused
├── the registrar lacks the role, or did not sign these words → refused
├── the key did not sign these words: proof that the worker holds it → refused
└── else, whoever relays it → on record, Enrolled
check
├── by the worker's key → its assurance and the payout
└── by any other, or nobody enrolled → assurance 0
commitmentsOf
└── keccak256 of key and payout; zero for nobody
"""

from dataclasses import replace

import pytest
from brownie import reverts
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from anxin.core.signing import from_hex, pack
from anxin.demo.keys import Wallet

from .building_site import (
    DAY_SECONDS,
    KINDS,
    NOBODY,
    Worker,
    key_of,
    key_words,
    next_block_at,
    now,
    on_other_chain,
    refusal,
    with_high_s,
    word,
)
from .conftest import REGISTRAR_ROLE

ZERO = bytes(32)
OFF_CURVE = (2, word("not an x"), word("not a y"))


@pytest.fixture(params=KINDS)
def newcomer(request):
    return Worker.named(50, request.param)


@pytest.mark.parametrize("kind", KINDS)
def test_a_worker_is_enrolled_whoever_relays_it(site, registry, registrar, stranger, kind):
    worker = Worker.named(50, kind)

    enrolled = registry.enrol(*site.enrolment(worker), {"from": stranger})

    key = key_words(worker.key.public)
    assert (key, worker.payout) == registry.workerOf(worker.worker_id)
    assert worker.payout == registry.payoutOf(worker.worker_id)
    assert {
        "workerId": "0x" + worker.worker_id.hex(), "assurance": key[0], "x": key[1], "y": key[2],
        "payout": worker.payout, "registrar": registrar,
    } == dict(enrolled.events["Enrolled"])  # fmt: skip


@pytest.mark.parametrize(
    "worker_id",
    [bytes(32), bytes(16) + b"\x01" * 16, b"\x01" * 16 + bytes(15) + b"\x01", b"\x01" * 17 + bytes(15)],
    ids=["zero", "the last 16 bytes only", "a last byte", "a 17th byte"],
)
def test_a_worker_whose_id_no_line_can_carry_is_refused(site, registry, relayer, worker_id):
    with reverts(refusal("Registry_BadWorkerId", worker_id)):
        registry.enrol(*site.enrolment(replace(Worker.named(50), worker_id=worker_id)), {"from": relayer})


def test_a_worker_without_payout_is_refused(site, registry, relayer):
    worker = replace(Worker.named(50), payout=NOBODY)

    with reverts(refusal("Registry_ZeroPayout", worker.worker_id)):
        registry.enrol(*site.enrolment(worker), {"from": relayer})


@pytest.mark.parametrize(
    "key",
    [
        OFF_CURVE,
        (4, *OFF_CURVE[1:]),
        (2, ZERO, ZERO),
        (4, ZERO, ZERO),
        (3, ZERO, ZERO),
        (3, (1 << 160).to_bytes(32), ZERO),
        (3, (1).to_bytes(32), (1).to_bytes(32)),
        (0, *key_words(key_of("device", 7).public)[1:]),
        (1, *key_words(key_of("device", 7).public)[1:]),
        (5, *key_words(key_of("device", 7).public)[1:]),
        (2, *reversed(key_words(key_of("device", 7).public)[1:])),
    ],
    ids=["device off the curve", "passkey off the curve", "device zero point", "passkey zero point", "zero address",
         "wider than an address", "wallet with a y", "kind 0", "kind 1", "kind 5", "x and y swapped"],
)  # fmt: skip
def test_a_key_that_cannot_sign_is_refused(site, registry, relayer, key):
    """Even if a registrar vouches for it."""
    assurance, x, y = key
    worker_id, _, *rest = site.enrolment(Worker.named(50), assurance=assurance, x=x, y=y)

    with reverts(refusal("Registry_BadKey", worker_id, key[0])):
        registry.enrol(worker_id, key, *rest, {"from": relayer})


def test_an_enrolment_is_good_until_its_deadline(site, registry, relayer):
    worker, deadline = Worker.named(50), now() + DAY_SECONDS
    enrolment = site.enrolment(worker, deadline=deadline)

    next_block_at(deadline)
    registry.enrol(*enrolment, {"from": relayer})

    assert worker.payout == registry.payoutOf(worker.worker_id)


def test_an_enrolment_is_refused_a_second_after_its_deadline(site, registry, relayer):
    deadline = now() + DAY_SECONDS
    enrolment = site.enrolment(Worker.named(50), deadline=deadline)

    next_block_at(deadline + 1)
    with reverts(refusal("Registry_Expired", deadline, deadline + 1)):
        registry.enrol(*enrolment, {"from": relayer})


def test_a_worker_is_enrolled_once(site, registry, relayer):
    """A second, rightly signed enrolment would redirect the wages."""
    worker = Worker.named(50)
    site.enrol(worker)

    with reverts(refusal("Registry_AlreadyEnrolled", worker.worker_id)):
        registry.enrol(*site.enrolment(replace(worker, payout=Worker.named(51).payout)), {"from": relayer})


def test_only_a_registrar_vouches(site, registry, relayer):
    impostor = Wallet.from_hex(f"{7:064x}")

    with reverts(refusal("Registry_NotRegistrar", impostor.address)):
        registry.enrol(*replace(site, registrar=impostor).enrolment(Worker.named(50)), {"from": relayer})


def test_a_dismissed_registrar_vouches_no_more(site, registry, roles, registrar, admin, relayer):
    enrolment = site.enrolment(Worker.named(50))
    roles.revokeRole(REGISTRAR_ROLE, registrar, {"from": admin})

    with reverts(refusal("Registry_NotRegistrar", registrar.address)):
        registry.enrol(*enrolment, {"from": relayer})


def test_naming_the_registrar_is_not_their_signature(site, registry, relayer):
    worker_id, key, payout, deadline, registrar, _, proof = site.enrolment(Worker.named(50))
    forged = Wallet.from_hex(f"{7:064x}").sign_bytes(word("anything"))

    with reverts(refusal("Registry_BadRegistrarSignature", worker_id, registrar)):
        registry.enrol(worker_id, key, payout, deadline, registrar, forged, proof, {"from": relayer})


def test_a_changed_payout_breaks_both_signatures(site, registry, relayer):
    worker_id, key, _, *rest = site.enrolment(Worker.named(50))

    with reverts(refusal("Registry_BadRegistrarSignature", worker_id, rest[1])):
        registry.enrol(worker_id, key, Worker.named(51).payout, *rest, {"from": relayer})


def test_an_enrolment_for_another_chain_is_refused(site, registry, relayer):
    worker, elsewhere = Worker.named(50), on_other_chain(site.registry_domain())

    with reverts(refusal("Registry_BadRegistrarSignature", worker.worker_id, site.registrar.address)):
        registry.enrol(*site.enrolment(worker, domain=elsewhere), {"from": relayer})


def test_an_enrolment_for_another_registry_is_refused(site, registry, relayer):
    worker, elsewhere = Worker.named(50), replace(site.registry_domain(), contract=Worker.named(51).payout)

    with reverts(refusal("Registry_BadRegistrarSignature", worker.worker_id, site.registrar.address)):
        registry.enrol(*site.enrolment(worker, domain=elsewhere), {"from": relayer})


@pytest.mark.parametrize(
    "field",
    [{"workerId": word("other")}, {"assurance": 4}, {"x": word("other")}, {"y": word("other")}],
    ids=lambda field: next(iter(field)),
)
def test_a_field_signed_otherwise_is_refused(site, registry, relayer, field):
    """Payout: above. Both parties signed the same other words, so it is the words that are refused."""
    worker = Worker.named(50)

    with reverts(refusal("Registry_BadRegistrarSignature", worker.worker_id, site.registrar.address)):
        registry.enrol(*site.enrolment(worker, **field), {"from": relayer})


def test_a_registrar_whose_acts_need_scheduling_does_not_vouch(site, registry, roles, admin, relayer):
    """The role manager's delay binds calls, not signatures: such a member has no say here."""
    slow = Wallet.from_hex(f"{8:064x}")
    roles.grantRole(REGISTRAR_ROLE, slow.address, DAY_SECONDS, {"from": admin})

    with reverts(refusal("Registry_NotRegistrar", slow.address)):
        registry.enrol(*replace(site, registrar=slow).enrolment(Worker.named(50)), {"from": relayer})


def test_a_key_that_did_not_sign_is_refused(site, registry, relayer, newcomer):
    """Nobody enrols a key that the worker does not hold."""
    thief = replace(newcomer, key=key_of("device" if newcomer.assurance == 2 else "wallet", 666))
    *_, proof_of_another = site.enrolment(thief)
    *rest, _ = site.enrolment(newcomer)

    with reverts(refusal("Registry_BadWorkerProof", newcomer.worker_id)):
        registry.enrol(*rest, proof_of_another, {"from": relayer})


def test_the_registry_knows_nobody_unasked(registry, outsider):
    with reverts(refusal("Registry_NotEnrolled", outsider.worker_id)):
        registry.workerOf(outsider.worker_id)
    assert NOBODY == registry.payoutOf(outsider.worker_id)
    assert (0, NOBODY) == registry.check(outsider.worker_id, word("words"), b"")
    assert (bytes(32),) == tuple(bytes(hashed) for hashed in registry.commitmentsOf([outsider.worker_id]))


def test_a_commitment_is_of_key_and_payout(site, registry, newcomer, outsider):
    """So whoever brings both along can be checked with one read, in the order asked."""
    site.enrol(newcomer)
    assurance, x, y = key_words(newcomer.key.public)
    words = encode(["uint8", "bytes32", "bytes32", "address"], [assurance, from_hex(x), from_hex(y), newcomer.payout])

    told = registry.commitmentsOf([outsider.worker_id, newcomer.worker_id])

    assert [bytes(32), keccak(words)] == [bytes(hashed) for hashed in told]


def test_a_good_signature_is_told_with_its_assurance(site, registry, newcomer):
    site.enrol(newcomer)

    answer = registry.check(newcomer.worker_id, word("words"), pack(newcomer.key.sign(word("words"))))

    assert (newcomer.assurance, newcomer.payout) == answer


@pytest.mark.parametrize("length", [0, 1, 32, 63, 64, 65, 66, 191, 192, 1_000])
def test_noise_of_any_length_is_no_signature_and_no_revert(site, registry, newcomer, length):
    """A revert inside the check would stop a batch without naming the line."""
    site.enrol(newcomer)

    assert (0, newcomer.payout) == registry.check(newcomer.worker_id, word("words"), b"\xff" * length)


def test_a_truncated_signature_is_no_signature(site, registry, newcomer):
    site.enrol(newcomer)
    signature = pack(newcomer.key.sign(word("words")))

    for length in range(0, len(signature) - 31, 13):
        assert 0 == registry.check(newcomer.worker_id, word("words"), signature[:length])[0]


def test_a_high_s_is_no_signature(site, registry, newcomer):
    site.enrol(newcomer)
    high = pack(with_high_s(newcomer.key.sign(word("words"))))

    assert 0 == registry.check(newcomer.worker_id, word("words"), high)[0]
