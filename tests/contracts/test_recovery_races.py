"""A phone in the wrong hands, a registrar's key in the wrong hands: who gets where first (WorkerRegistry, all of it).

Whoever holds the phone holds the old key; whoever stole the registrar's key proposes what they like. Wages are what they
are after: each race ends with where a wage goes.

├── the thief of a phone, against an owner with registrar and bureau → cannot rotate, redirect or cancel in time
├── the thief of a registrar's key, against an owner with the phone → cancelled, and wages go on
└── nonces are separate: neither uses up what the other's side has signed
"""

from dataclasses import replace

import pytest
from brownie import reverts

from .book_keeping import wait_until
from .building_site import DAY_SECONDS, key_of, next_block_at, now, refusal

COOLING_SECONDS, DELAY_SECONDS = 7 * DAY_SECONDS, 3 * DAY_SECONDS
NEW_KEY, THIEFS_KEY = key_of("passkey", 78), key_of("device", 666)


@pytest.fixture
def owner(crew):
    return crew[2]


@pytest.fixture
def thief(owner):
    """Has the owner's phone, and so the owner's key."""
    return owner


@pytest.fixture
def wage(site, crew):
    """A posted and funded wage of the owner's: line 2."""
    sheet = site.posted(crew)
    site.fund(sheet.total_fen)
    return sheet


@pytest.fixture
def send(registry, relayer):
    """Send a call of the registry with these arguments."""
    return lambda call, *args: getattr(registry, call)(*args, {"from": relayer})


# ---------------------------------------------------------------- the phone is stolen


def test_a_thief_of_the_phone_gets_no_wage(site, crew, token, owner, thief, stranger, wage, send):
    """The thief asks for the wages at once; five days later the owner notices."""
    send("proposePayout", *site.payout_change(thief, stranger.address))
    due = now() + COOLING_SECONDS
    wait_until(now() + 5 * DAY_SECONDS)
    send("proposeRecovery", *site.recovery(owner, NEW_KEY, bureau=site.bureau))
    recovered = now() + DELAY_SECONDS
    wait_until(due)

    for attempt, error in (
        (("applyPayout", owner.worker_id), ("Registry_RecoveryPending", owner.worker_id, recovered)),
        (("rotate", *site.rotation(thief, THIEFS_KEY)), ("Registry_RecoveryPending", owner.worker_id, recovered)),
        (("cancelRecovery", *site.recovery_cancel(thief)), ("Registry_RecoveryConfirmed", owner.worker_id)),
    ):
        with reverts(refusal(*error)):
            send(*attempt)
    wait_until(recovered)
    told = send("completeRecovery", owner.worker_id)
    assert stranger == told.events["PayoutChangeWithdrawn"]["payout"]
    with reverts(refusal("Registry_NothingPending", owner.worker_id)):
        send("applyPayout", owner.worker_id)
    site.release(wage, [*crew[:2], replace(owner, key=NEW_KEY)], 2)

    assert (wage.lines[2].amount_fen, 0) == (token.balanceOf(owner.payout), token.balanceOf(stranger))


def test_a_wish_that_the_thief_signs_while_the_recovery_waits_goes_with_it(site, registry, owner, thief, stranger, send):
    send("proposeRecovery", *site.recovery(owner, NEW_KEY, bureau=site.bureau))
    recovered = now() + DELAY_SECONDS
    send("proposePayout", *site.payout_change(thief, stranger.address))

    wait_until(recovered)
    send("completeRecovery", owner.worker_id)

    assert (0, owner.payout) == (
        registry.pendingPayoutOf(owner.worker_id)["effectiveAt"], registry.payoutOf(owner.worker_id)
    )  # fmt: skip


def test_words_the_thief_kept_count_no_more_after_the_recovery(site, owner, thief, stranger, send):
    """Signed with the old key for the nonce that comes next."""
    send("proposeRecovery", *site.recovery(owner, NEW_KEY, bureau=site.bureau))
    wish = site.payout_change(thief, stranger.address, deadline=now() + 30 * DAY_SECONDS)
    rotation = site.rotation(thief, THIEFS_KEY, deadline=now() + 30 * DAY_SECONDS)
    wait_until(now() + DELAY_SECONDS)
    send("completeRecovery", owner.worker_id)

    for words in (("proposePayout", *wish), ("rotate", *rotation)):
        with reverts(refusal("Registry_BadWorkerSignature", owner.worker_id)):
            send(*words)


def test_words_the_thief_kept_stay_dead_when_the_owner_goes_back_to_the_old_key(site, owner, thief, stranger, send):
    """The phone is found again: what was signed on it meanwhile does not come back with it."""
    wish = site.payout_change(thief, stranger.address, deadline=now() + 300 * DAY_SECONDS)
    rotation = site.rotation(thief, THIEFS_KEY, deadline=now() + 300 * DAY_SECONDS)
    for key in (NEW_KEY, owner.key):
        send("proposeRecovery", *site.recovery(owner, key))
        wait_until(now() + DELAY_SECONDS)
        send("completeRecovery", owner.worker_id)

    for words in (("proposePayout", *wish), ("rotate", *rotation)):
        with reverts(refusal("Registry_BadWorkerSignature", owner.worker_id)):
            send(*words)
    assert "PayoutChangeProposed" in send("proposePayout", *site.payout_change(owner, stranger.address)).events


def test_a_thief_who_rotated_first_is_recovered_from_all_the_same(site, registry, owner, thief, send):
    site.rotate(thief, THIEFS_KEY)
    send("proposeRecovery", *site.recovery(owner, NEW_KEY, bureau=site.bureau))
    thief = replace(owner, key=THIEFS_KEY)

    with reverts(refusal("Registry_RecoveryConfirmed", owner.worker_id)):
        send("cancelRecovery", *site.recovery_cancel(thief))
    wait_until(now() + DELAY_SECONDS)
    send("completeRecovery", owner.worker_id)

    assert NEW_KEY.public.x == registry.workerOf(owner.worker_id)[0][1]


def test_a_thief_who_rotates_in_the_same_hour_does_not_undo_the_registrars_words(site, owner, thief, send):
    """The old key is in none of them, and the thief's count is not theirs."""
    words = site.recovery(owner, NEW_KEY, bureau=site.bureau)
    rotated = site.rotate(thief, THIEFS_KEY)
    site.rotate(rotated, key_of("device", 667))

    told = send("proposeRecovery", *words)

    assert told.events["RecoveryProposed"]["confirmed"]


def test_wishes_of_the_thief_do_not_undo_the_registrars_words(site, owner, thief, stranger, send):
    words = site.recovery(owner, NEW_KEY)
    for _ in range(3):
        send("proposePayout", *site.payout_change(thief, stranger.address))

    assert "RecoveryProposed" in send("proposeRecovery", *words).events


def test_a_thief_who_cancels_the_registrars_recovery_does_not_cancel_the_confirmed_one(site, owner, thief, send):
    """The owner goes to the bureau as well, and is done."""
    send("proposeRecovery", *site.recovery(owner, NEW_KEY))
    send("cancelRecovery", *site.recovery_cancel(thief))
    kept = site.recovery_cancel(thief, nonce=2)

    send("proposeRecovery", *site.recovery(owner, NEW_KEY, bureau=site.bureau))

    with reverts(refusal("Registry_RecoveryConfirmed", owner.worker_id)):
        send("cancelRecovery", *kept)


def test_a_thief_with_a_false_registrar_is_overruled_by_the_bureau(site, registry, owner, send):
    """Theirs waits first; the confirmed one takes its place, and theirs can come no more."""
    theirs = site.recovery(owner, THIEFS_KEY)
    send("proposeRecovery", *theirs)
    wait_until(now() + DELAY_SECONDS - 100)

    send("proposeRecovery", *site.recovery(owner, NEW_KEY, bureau=site.bureau))
    due = now() + DELAY_SECONDS
    with reverts(refusal("Registry_RecoveryPending", owner.worker_id, due)):
        send("proposeRecovery", *site.recovery(owner, THIEFS_KEY))
    wait_until(due)
    send("completeRecovery", owner.worker_id)

    assert NEW_KEY.public.x == registry.workerOf(owner.worker_id)[0][1]


def test_the_thief_is_out_at_the_second_in_which_the_delay_ends(site, owner, thief, send):
    """Anyone completes; until then a rotation is refused, and from then on the old key signs nothing."""
    send("proposeRecovery", *site.recovery(owner, NEW_KEY, bureau=site.bureau))
    due = now() + DELAY_SECONDS
    rotation = site.rotation(thief, THIEFS_KEY, deadline=due + DAY_SECONDS)

    next_block_at(due)
    with reverts(refusal("Registry_RecoveryPending", owner.worker_id, due)):
        send("rotate", *rotation)
    send("completeRecovery", owner.worker_id)
    with reverts(refusal("Registry_BadWorkerSignature", owner.worker_id)):
        send("rotate", *rotation)


# ---------------------------------------------------------------- the registrar's key is stolen


def test_a_false_registrar_is_cancelled_and_wages_go_on(site, crew, token, owner, wage, send):
    send("proposeRecovery", *site.recovery(owner, THIEFS_KEY))

    site.release(wage, crew, 2)
    send("cancelRecovery", *site.recovery_cancel(owner))

    assert wage.lines[2].amount_fen == token.balanceOf(owner.payout)


def test_a_false_registrar_who_comes_again_is_cancelled_again(site, registry, owner, send):
    for _ in range(3):
        send("proposeRecovery", *site.recovery(owner, THIEFS_KEY))
        send("cancelRecovery", *site.recovery_cancel(owner))

    assert owner.key.public.x == registry.workerOf(owner.worker_id)[0][1]


def test_wages_are_still_the_owners_for_ten_days(site, crew, token, owner, stranger, wage, send):
    """An owner who never looks: three days until the thief has the key, seven until a payout follows it."""
    send("proposeRecovery", *site.recovery(owner, THIEFS_KEY))
    wait_until(now() + DELAY_SECONDS)
    send("completeRecovery", owner.worker_id)
    thief = replace(owner, key=THIEFS_KEY)
    send("proposePayout", *site.payout_change(thief, stranger.address))
    due = now() + COOLING_SECONDS

    wait_until(due - 100)
    with reverts(refusal("Registry_TooEarly", due, due - 99)):
        next_block_at(due - 99)
        send("applyPayout", owner.worker_id)
    site.release(wage, [*crew[:2], thief], 2)

    assert (wage.lines[2].amount_fen, 0) == (token.balanceOf(owner.payout), token.balanceOf(stranger))


def test_a_dismissed_registrars_words_do_not_start_a_recovery(site, roles, owner, registrar, admin, send):
    words = site.recovery(owner, THIEFS_KEY)
    roles.revokeRole(1, registrar, {"from": admin})

    with reverts(refusal("Registry_NotRegistrar", registrar.address)):
        send("proposeRecovery", *words)


def test_a_confirmed_recovery_is_stopped_by_any_bureau(site, registry, roles, owner, admin, send):
    """Where registrar and one bureau work together against the owner, another bureau can still stop them."""
    roles.grantRole(3, site.arbiter.address, 0, {"from": admin})
    send("proposeRecovery", *site.recovery(owner, THIEFS_KEY, bureau=site.bureau))

    send("cancelRecovery", *site.recovery_cancel(owner, bureau=site.arbiter))

    assert 0 == registry.pendingRecoveryOf(owner.worker_id)["effectiveAt"]
