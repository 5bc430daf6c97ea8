"""WageEscrowFactory.createEscrow, the factory itself, and the bare implementation behind every escrow.

constructor
├── implementation, token, registry or roles are zero → refused
└── else → a bank payout of its own
createEscrow
├── bureau is zero, has no bureau's role, or is the contractor → refused
├── arbiter is zero, has no arbiter's role, or is the contractor or the bureau → refused
├── windows outside objection 1..30, answer 3..30, bureau 7..90 days → refused
├── this contractor has an escrow for the project → refused
└── else → fixed terms, listed, EscrowCreated; the address follows from the terms
"""

import pytest
from brownie import reverts
from brownie.exceptions import VirtualMachineError
from eth_abi.abi import encode

from .building_site import DAY_SECONDS, NOBODY, WINDOWS, refusal, word
from .conftest import ARBITER_ROLE, BUREAU_ROLE

PROJECT = word("north tower")
BOUNDS_DAYS = {"objection": (1, 30), "answer": (3, 30), "bureau": (7, 90)}
EDGES = [(place, bound) for place in range(3) for bound in range(2)]
EDGE_NAMES = [f"{end} {name}" for name in BOUNDS_DAYS for end in ("shortest", "longest")]


@pytest.fixture
def create(factory, contractor, bureau, arbiter):
    """Make an escrow: the contractor's, with the site's bureau, arbiter and windows unless said otherwise."""

    def made(*, sender=contractor, bureau=bureau, arbiter=arbiter, windows=WINDOWS):
        return factory.createEscrow(PROJECT, bureau, arbiter, windows, {"from": sender})

    return made


def windows_with(place, seconds):
    return tuple(seconds if i == place else window for i, window in enumerate(WINDOWS))


def bounds_of(place):
    """The shortest and the longest of a window, in seconds."""
    return tuple(days * DAY_SECONDS for days in list(BOUNDS_DAYS.values())[place])


# ---------------------------------------------------------------- the factory


def test_a_factory_knows_what_its_escrows_are_made_of(factory, implementation, token, registry, roles):
    assert (implementation, token, registry, roles) == (
        factory.implementation(), factory.token(), factory.registry(), factory.authority(),
    )  # fmt: skip


def test_a_factory_and_its_bank_payout_know_each_other(BankPayout, factory, token, roles):
    payout = BankPayout.at(factory.bank())

    assert (factory, token, roles) == (payout.factory(), payout.token(), payout.authority())


@pytest.mark.parametrize("missing", range(4), ids=["implementation", "token", "registry", "roles"])
def test_a_factory_without_one_of_its_parts_is_refused(
    WageEscrowFactory, implementation, token, registry, roles, admin, missing
):
    parts = [implementation, token, registry, roles]
    parts[missing] = NOBODY

    with reverts(refusal("Factory_ZeroAddress")):
        admin.deploy(WageEscrowFactory, *parts)


# ---------------------------------------------------------------- the terms


def test_an_escrow_has_the_terms_it_was_made_with(
    WageEscrow, factory, create, token, registry, roles, contractor, bureau, arbiter
):
    made = create()

    escrow = WageEscrow.at(made.return_value)
    assert (token, registry, roles, factory.bank(), contractor, bureau, arbiter, WINDOWS) == escrow.terms()
    assert (0, 0, 0, 0, 0) == escrow.books()
    assert (0, 0, 0, 0) == escrow.closing()
    assert (0, 0) == (escrow.sheetCount(), escrow.disputeCount())
    assert factory.isEscrow(escrow)
    assert escrow == factory.escrowOf(contractor, PROJECT)
    assert {
        "escrow": escrow, "contractor": contractor, "bureau": bureau, "arbiter": arbiter,
        "project": "0x" + PROJECT.hex(), "windows": WINDOWS,
    } == dict(made.events["EscrowCreated"])  # fmt: skip


@pytest.mark.parametrize(("place", "bound"), EDGES, ids=EDGE_NAMES)
def test_the_shortest_and_the_longest_window_are_accepted(WageEscrow, create, place, bound):
    windows = windows_with(place, bounds_of(place)[bound])

    escrow = WageEscrow.at(create(windows=windows).return_value)

    assert windows == escrow.terms()["windows"]


@pytest.mark.parametrize(("place", "bound"), EDGES, ids=EDGE_NAMES)
def test_a_window_a_second_outside_its_bounds_is_refused(create, place, bound):
    seconds = bounds_of(place)[bound] + (1 if bound else -1)

    with reverts(refusal("Factory_BadWindow", seconds, *bounds_of(place))):
        create(windows=windows_with(place, seconds))


@pytest.mark.parametrize("place", range(3), ids=BOUNDS_DAYS)
def test_no_window_at_all_is_refused(create, place):
    with reverts(refusal("Factory_BadWindow", 0, *bounds_of(place))):
        create(windows=windows_with(place, 0))


def test_a_project_without_bureau_is_refused(create):
    with reverts(refusal("Factory_BadBureau", NOBODY)):
        create(bureau=NOBODY)


def test_a_contractor_cannot_name_an_account_of_its_own_as_bureau(create, stranger):
    with reverts(refusal("Factory_BadBureau", stranger.address)):
        create(bureau=stranger)


def test_a_contractor_cannot_name_an_account_of_its_own_as_arbiter(create, stranger):
    with reverts(refusal("Factory_BadArbiter", stranger.address)):
        create(arbiter=stranger)


@pytest.mark.parametrize("role", [role for role in range(1, 8) if role != BUREAU_ROLE])
def test_no_other_role_makes_a_bureau(create, roles, admin, stranger, role):
    roles.grantRole(role, stranger, 0, {"from": admin})

    with reverts(refusal("Factory_BadBureau", stranger.address)):
        create(bureau=stranger)


@pytest.mark.parametrize("role", [role for role in range(1, 8) if role != ARBITER_ROLE])
def test_no_other_role_makes_an_arbiter(create, roles, admin, stranger, role):
    roles.grantRole(role, stranger, 0, {"from": admin})

    with reverts(refusal("Factory_BadArbiter", stranger.address)):
        create(arbiter=stranger)


@pytest.mark.parametrize(("role", "office"), [(BUREAU_ROLE, "bureau"), (ARBITER_ROLE, "arbiter")], ids=["bureau", "arbiter"])
def test_a_role_with_a_delay_does_not_count(create, roles, admin, stranger, role, office):
    roles.grantRole(role, stranger, 1, {"from": admin})

    with reverts(refusal(f"Factory_Bad{office.capitalize()}", stranger.address)):
        create(**{office: stranger})


def test_a_dismissed_bureau_is_named_no_more(create, roles, admin, bureau):
    roles.revokeRole(BUREAU_ROLE, bureau, {"from": admin})

    with reverts(refusal("Factory_BadBureau", bureau.address)):
        create()


def test_a_dismissed_arbiter_is_named_no_more(create, roles, admin, arbiter):
    roles.revokeRole(ARBITER_ROLE, arbiter, {"from": admin})

    with reverts(refusal("Factory_BadArbiter", arbiter.address)):
        create()


def test_a_contractor_is_not_its_own_bureau(create, roles, admin, contractor):
    """Whatever role it was given."""
    roles.grantRole(BUREAU_ROLE, contractor, 0, {"from": admin})

    with reverts(refusal("Factory_BadBureau", contractor.address)):
        create(bureau=contractor)


def test_a_project_without_arbiter_is_refused(create):
    with reverts(refusal("Factory_BadArbiter", NOBODY)):
        create(arbiter=NOBODY)


def test_a_contractor_is_not_its_own_arbiter(create, roles, admin, contractor):
    """Whatever role it was given."""
    roles.grantRole(ARBITER_ROLE, contractor, 0, {"from": admin})

    with reverts(refusal("Factory_BadArbiter", contractor.address)):
        create(arbiter=contractor)


def test_a_bureau_is_not_its_own_arbiter(create, roles, admin, bureau):
    """Though it may be the arbiter of other projects."""
    roles.grantRole(ARBITER_ROLE, bureau, 0, {"from": admin})

    with reverts(refusal("Factory_BadArbiter", bureau.address)):
        create(arbiter=bureau)


# ---------------------------------------------------------------- one escrow a project


def test_a_project_has_one_escrow(create):
    first = create().return_value

    with reverts(refusal("Factory_EscrowExists", first)):
        create(windows=tuple(2 * window for window in WINDOWS))


def test_another_contractor_may_use_the_same_reference(create, stranger):
    assert create().return_value != create(sender=stranger).return_value


def test_a_reorganised_chain_cannot_swap_two_contractors_escrows(factory, create, contractor, stranger, bureau, arbiter):
    """Whoever comes first, each has its own address: money on its way arrives where it was meant."""
    foreseen = factory.createEscrow.call(PROJECT, bureau, arbiter, WINDOWS, {"from": contractor})
    create(sender=stranger)

    assert foreseen == create().return_value


def test_nobody_can_add_to_the_list(factory, implementation, stranger):
    assert not factory.isEscrow(stranger)
    assert not factory.isEscrow(implementation)


def test_the_bare_implementation_has_no_terms_and_takes_no_money(implementation, token, contractor):
    """It is code for its clones: no parties, no token, nothing that could be signed for it."""
    token.approve(implementation, 100, {"from": contractor})

    with pytest.raises((VirtualMachineError, ValueError)):
        implementation.terms()
    with reverts():
        implementation.fund(100, PROJECT, {"from": contractor})
    with reverts():
        implementation.postSheet(0, (1, 1, 1, PROJECT, PROJECT), bytes(61), b"", {"from": contractor})
    assert 0 == token.balanceOf(implementation)


def test_the_terms_are_part_of_the_code(create, factory, token, registry, roles, contractor, bureau, arbiter, web3):
    made = create().return_value
    parties = [token, registry, roles, factory.bank(), contractor, bureau, arbiter]
    terms = encode(["address"] * 7 + ["uint32"] * 3, [*(str(party) for party in parties), *WINDOWS])

    assert bytes(web3.eth.get_code(made)).endswith(terms)
