"""WorkerRegistry.proposePayout and applyPayout: the worker asks to be paid elsewhere, after seven days.

proposePayout
├── no payout, or a worker nobody enrolled → refused
├── the deadline has passed (at it: still good) → refused
├── the worker's key did not sign, or not over these words, this nonce, this registry, this chain → refused
├── another waits → the later wish takes its place, and its time runs anew
└── else, whoever relays it → waits, PayoutChangeProposed; wages go where they went
applyPayout
├── nothing waits → refused
├── the cooling-off is not over (at its end: good) → refused
├── a recovery waits → refused
└── else, whoever calls → wages go there, PayoutChanged
"""

from dataclasses import replace

import pytest
from brownie import reverts

from .book_keeping import commitment, wait_until
from .building_site import (
    DAY_SECONDS,
    NOBODY,
    RP_ID_HASH,
    Worker,
    key_of,
    next_block_at,
    now,
    on_other_chain,
    payments,
    refusal,
    with_high_s,
    word,
)

COOLING_SECONDS = 7 * DAY_SECONDS


@pytest.fixture(params=range(3), ids=["passkey", "wallet", "device"])
def worker(request, crew):
    return crew[request.param]


@pytest.fixture
def owner(crew):
    return crew[2]


@pytest.fixture
def elsewhere():
    """Another account of the worker's."""
    return Worker.named(500).payout


@pytest.fixture
def propose(site, registry, relayer):
    """Propose it; returns when it may be put in force."""

    def proposed(worker, payout, **signed):
        registry.proposePayout(*site.payout_change(worker, payout, **signed), {"from": relayer})
        return registry.pendingPayoutOf(worker.worker_id)["effectiveAt"]

    return proposed


# ---------------------------------------------------------------- proposePayout


def test_a_wish_waits_seven_days(site, registry, worker, elsewhere, stranger):
    told = registry.proposePayout(*site.payout_change(worker, elsewhere), {"from": stranger})

    assert (elsewhere, now() + COOLING_SECONDS) == registry.pendingPayoutOf(worker.worker_id)
    assert {
        "workerId": "0x" + worker.worker_id.hex(), "payout": elsewhere, "effectiveAt": now() + COOLING_SECONDS,
    } == dict(told.events["PayoutChangeProposed"])  # fmt: skip


def test_until_it_is_in_force_wages_go_where_they_went(site, registry, token, crew, owner, elsewhere, propose):
    sheet = site.posted(crew)
    site.fund(sheet.total_fen)
    wait_until(propose(owner, elsewhere) + 100)

    site.release(sheet, crew, 2)

    assert (sheet.lines[2].amount_fen, 0) == (token.balanceOf(owner.payout), token.balanceOf(elsewhere))
    assert owner.payout == registry.payoutOf(owner.worker_id)


def test_a_later_wish_takes_the_place_of_an_earlier_one(registry, owner, elsewhere, stranger, relayer, propose):
    first = propose(owner, stranger.address)
    wait_until(first - 100)
    second = propose(owner, elsewhere)

    next_block_at(second - 1)
    with reverts(refusal("Registry_TooEarly", second, second - 1)):
        registry.applyPayout(owner.worker_id, {"from": relayer})
    next_block_at(second)
    registry.applyPayout(owner.worker_id, {"from": relayer})

    assert elsewhere == registry.payoutOf(owner.worker_id)


def test_wishing_for_the_present_payout_gives_a_change_up(registry, owner, stranger, relayer, propose):
    """How the owner of a phone that was out of hand for an hour puts it right."""
    propose(owner, stranger.address)

    wait_until(propose(owner, owner.payout))
    registry.applyPayout(owner.worker_id, {"from": relayer})

    assert owner.payout == registry.payoutOf(owner.worker_id)


def test_no_payout_is_refused(owner, propose):
    with reverts(refusal("Registry_ZeroPayout", owner.worker_id)):
        propose(owner, NOBODY)


def test_a_worker_nobody_enrolled_is_refused(outsider, elsewhere, propose):
    with reverts(refusal("Registry_NotEnrolled", outsider.worker_id)):
        propose(outsider, elsewhere)


def test_a_wish_is_good_until_its_deadline(site, registry, owner, elsewhere, relayer):
    deadline = now() + 1_000
    words = site.payout_change(owner, elsewhere, deadline=deadline)

    next_block_at(deadline)
    registry.proposePayout(*words, {"from": relayer})

    assert (elsewhere, deadline + COOLING_SECONDS) == registry.pendingPayoutOf(owner.worker_id)


def test_a_wish_is_refused_a_second_after_its_deadline(site, registry, owner, elsewhere, relayer):
    deadline = now() + 1_000
    words = site.payout_change(owner, elsewhere, deadline=deadline)

    next_block_at(deadline + 1)
    with reverts(refusal("Registry_Expired", deadline, deadline + 1)):
        registry.proposePayout(*words, {"from": relayer})


def test_another_key_of_the_same_kind_is_refused(worker, elsewhere, propose):
    kind = {4: "passkey", 3: "wallet", 2: "device"}[worker.assurance]

    with reverts(refusal("Registry_BadWorkerSignature", worker.worker_id)):
        propose(replace(worker, key=key_of(kind, 666)), elsewhere)


@pytest.mark.parametrize("signer", ["contractor", "registrar", "bureau"])
def test_nobody_redirects_wages_for_the_worker(site, crew, elsewhere, propose, signer):
    with reverts(refusal("Registry_BadWorkerSignature", crew[1].worker_id)):
        propose(replace(crew[1], key=getattr(site, signer)), elsewhere)


@pytest.mark.parametrize(
    "field",
    [{"workerId": word("somebody")}, {"payout": NOBODY}, {"nonce": 1}, {"deadline": 2**40}],
    ids=lambda field: next(iter(field)),
)
def test_a_field_signed_otherwise_is_refused(site, registry, owner, elsewhere, relayer, field):
    worker_id, payout, deadline, _ = site.payout_change(owner, elsewhere)
    *_, signature = site.payout_change(owner, **{"payout": elsewhere, **field})

    with reverts(refusal("Registry_BadWorkerSignature", worker_id)):
        registry.proposePayout(worker_id, payout, deadline, signature, {"from": relayer})


def test_a_high_s_is_refused(worker, elsewhere, propose, monkeypatch):
    key = type(worker.key)
    sign = key.sign
    monkeypatch.setattr(key, "sign", lambda self, words: with_high_s(sign(self, words)))

    with reverts(refusal("Registry_BadWorkerSignature", worker.worker_id)):
        propose(worker, elsewhere)


def test_the_same_words_do_nothing_twice(site, registry, owner, elsewhere, relayer):
    """A change that was given up cannot be called back by whoever kept the words."""
    words = site.payout_change(owner, elsewhere)
    registry.proposePayout(*words, {"from": relayer})
    registry.proposePayout(*site.payout_change(owner, owner.payout), {"from": relayer})

    with reverts(refusal("Registry_BadWorkerSignature", owner.worker_id)):
        registry.proposePayout(*words, {"from": relayer})


def test_a_wish_of_the_old_key_does_not_outlive_a_rotation(site, registry, owner, elsewhere, relayer):
    words = site.payout_change(owner, elsewhere)
    site.rotate(owner, key_of("device", 77))

    with reverts(refusal("Registry_BadWorkerSignature", owner.worker_id)):
        registry.proposePayout(*words, {"from": relayer})


def test_a_wish_for_another_registry_is_refused(site, WorkerRegistry, roles, owner, elsewhere, admin, relayer):
    other = replace(site, registry=admin.deploy(WorkerRegistry, roles, RP_ID_HASH))
    other.enrol(owner)

    with reverts(refusal("Registry_BadWorkerSignature", owner.worker_id)):
        other.registry.proposePayout(*site.payout_change(owner, elsewhere), {"from": relayer})


def test_a_wish_for_another_chain_is_refused(site, owner, elsewhere, propose):
    with reverts(refusal("Registry_BadWorkerSignature", owner.worker_id)):
        propose(owner, elsewhere, domain=on_other_chain(site.registry_domain()))


# ---------------------------------------------------------------- applyPayout


def test_after_seven_days_anyone_puts_it_in_force(registry, worker, elsewhere, stranger, propose):
    next_block_at(propose(worker, elsewhere))
    told = registry.applyPayout(worker.worker_id, {"from": stranger})

    assert elsewhere == registry.payoutOf(worker.worker_id)
    assert {"workerId": "0x" + worker.worker_id.hex(), "payout": elsewhere} == dict(told.events["PayoutChanged"])
    assert (NOBODY, 0) == registry.pendingPayoutOf(worker.worker_id)


@pytest.mark.parametrize("before", [COOLING_SECONDS - 5, 1], ids=["at once", "a second before"])
def test_within_the_cooling_off_it_waits(registry, owner, elsewhere, relayer, propose, before):
    due = propose(owner, elsewhere)

    next_block_at(due - before)
    with reverts(refusal("Registry_TooEarly", due, due - before)):
        registry.applyPayout(owner.worker_id, {"from": relayer})


def test_nothing_is_put_in_force_where_nothing_waits(registry, owner, relayer):
    with reverts(refusal("Registry_NothingPending", owner.worker_id)):
        registry.applyPayout(owner.worker_id, {"from": relayer})


def test_it_is_put_in_force_once(registry, owner, elsewhere, relayer, propose):
    wait_until(propose(owner, elsewhere))
    registry.applyPayout(owner.worker_id, {"from": relayer})

    with reverts(refusal("Registry_NothingPending", owner.worker_id)):
        registry.applyPayout(owner.worker_id, {"from": relayer})


def test_the_key_and_its_count_stay(registry, owner, elsewhere, relayer, propose):
    key = registry.workerOf(owner.worker_id)[0]
    wait_until(propose(owner, elsewhere))

    registry.applyPayout(owner.worker_id, {"from": relayer})

    assert (key, elsewhere) == registry.workerOf(owner.worker_id)
    assert 1 == registry.nonceOf(owner.worker_id)


def test_the_commitment_follows_the_payout(registry, worker, elsewhere, relayer, propose):
    wait_until(propose(worker, elsewhere))
    registry.applyPayout(worker.worker_id, {"from": relayer})

    assert [commitment(worker.key, elsewhere)] == [str(each) for each in registry.commitmentsOf([worker.worker_id])]


def test_packed_confirmations_go_to_the_new_payout(site, registry, token, crew, owner, elsewhere, relayer, propose):
    """They name the payout: a relayer that names the old one is refused."""
    sheet = site.posted(crew)
    site.fund(sheet.total_fen)
    wait_until(propose(owner, elsewhere))
    registry.applyPayout(owner.worker_id, {"from": relayer})

    with reverts(refusal("Escrow_BadWorkerSignature", 0)):
        site.release(sheet, crew, 2)
    moved = replace(owner, payout=elsewhere)

    assert [sheet.payment(2, moved)] == payments(site.release(sheet, [*crew[:2], moved], 2))
    assert sheet.lines[2].amount_fen == token.balanceOf(elsewhere)


# ---------------------------------------------------------------- while a recovery waits


def test_while_a_recovery_waits_no_payout_is_put_in_force(site, registry, owner, elsewhere, relayer, propose):
    """A thief's wish that falls due in those days does not get through."""
    due = propose(owner, elsewhere)
    wait_until(due - 100)
    registry.proposeRecovery(*site.recovery(owner, key_of("device", 78)), {"from": relayer})
    until = now() + 3 * DAY_SECONDS

    next_block_at(due)
    with reverts(refusal("Registry_RecoveryPending", owner.worker_id, until)):
        registry.applyPayout(owner.worker_id, {"from": relayer})
    wait_until(until + 100)
    with reverts(refusal("Registry_RecoveryPending", owner.worker_id, until)):
        registry.applyPayout(owner.worker_id, {"from": relayer})


def test_after_a_cancelled_recovery_the_owners_wish_is_put_in_force(site, registry, owner, elsewhere, relayer, propose):
    """A false registrar delays it, and no more."""
    due = propose(owner, elsewhere)
    registry.proposeRecovery(*site.recovery(owner, key_of("device", 78)), {"from": relayer})
    registry.cancelRecovery(*site.recovery_cancel(owner), {"from": relayer})

    next_block_at(due)
    registry.applyPayout(owner.worker_id, {"from": relayer})

    assert elsewhere == registry.payoutOf(owner.worker_id)
