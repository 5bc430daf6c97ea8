"""WageEscrowFactory.createEscrow, and the bare implementation behind every escrow.

├── bureau is zero or the contractor → refused
├── objection window is outside 1..30 days → refused
├── this contractor has an escrow for the project → refused
└── else → fixed terms, listed, EscrowCreated; the address follows from the terms
"""

import pytest
from brownie import reverts
from brownie.exceptions import VirtualMachineError
from eth_abi.abi import encode

from .building_site import DAY_SECONDS, NOBODY, WINDOW_SECONDS, refusal, word

PROJECT = word("north tower")


def test_an_escrow_has_the_terms_it_was_made_with(WageEscrow, factory, token, registry, contractor, bureau):
    made = factory.createEscrow(PROJECT, bureau, WINDOW_SECONDS, {"from": contractor})

    escrow = WageEscrow.at(made.return_value)
    assert (token, registry, contractor, bureau, WINDOW_SECONDS) == escrow.terms()
    assert (0, 0, 0, 0) == escrow.books()
    assert 0 == escrow.sheetCount()
    assert factory.isEscrow(escrow)
    assert escrow == factory.escrowOf(contractor, PROJECT)
    assert {
        "escrow": escrow, "contractor": contractor, "bureau": bureau, "project": "0x" + PROJECT.hex(),
        "objectionWindow": WINDOW_SECONDS,
    } == dict(made.events["EscrowCreated"])  # fmt: skip


@pytest.mark.parametrize("days", [1, 30])
def test_the_shortest_and_the_longest_window_are_accepted(factory, contractor, bureau, days):
    assert factory.createEscrow(PROJECT, bureau, days * DAY_SECONDS, {"from": contractor}).status == 1


@pytest.mark.parametrize("seconds", [0, DAY_SECONDS - 1, 30 * DAY_SECONDS + 1])
def test_a_window_outside_the_bounds_is_refused(factory, contractor, bureau, seconds):
    with reverts(refusal("Factory_BadWindow", seconds, DAY_SECONDS, 30 * DAY_SECONDS)):
        factory.createEscrow(PROJECT, bureau, seconds, {"from": contractor})


def test_a_project_without_bureau_is_refused(factory, contractor):
    with reverts(refusal("Factory_BadBureau", NOBODY)):
        factory.createEscrow(PROJECT, NOBODY, WINDOW_SECONDS, {"from": contractor})


def test_a_contractor_is_not_its_own_bureau(factory, contractor):
    with reverts(refusal("Factory_BadBureau", contractor.address)):
        factory.createEscrow(PROJECT, contractor, WINDOW_SECONDS, {"from": contractor})


def test_a_project_has_one_escrow(factory, contractor, bureau):
    first = factory.createEscrow(PROJECT, bureau, WINDOW_SECONDS, {"from": contractor}).return_value

    with reverts(refusal("Factory_EscrowExists", first)):
        factory.createEscrow(PROJECT, bureau, 2 * WINDOW_SECONDS, {"from": contractor})


def test_another_contractor_may_use_the_same_reference(factory, contractor, stranger, bureau):
    first = factory.createEscrow(PROJECT, bureau, WINDOW_SECONDS, {"from": contractor}).return_value
    second = factory.createEscrow(PROJECT, bureau, WINDOW_SECONDS, {"from": stranger}).return_value

    assert first != second


def test_a_reorganised_chain_cannot_swap_two_contractors_escrows(factory, contractor, stranger, bureau):
    """Whoever comes first, each has its own address: money on its way arrives where it was meant."""
    foreseen = factory.createEscrow.call(PROJECT, bureau, WINDOW_SECONDS, {"from": contractor})
    factory.createEscrow(PROJECT, bureau, WINDOW_SECONDS, {"from": stranger})

    assert foreseen == factory.createEscrow(PROJECT, bureau, WINDOW_SECONDS, {"from": contractor}).return_value


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
        implementation.postSheet(0, (1, 1, 1, PROJECT, PROJECT), [(0, 1, 1, PROJECT, PROJECT)], b"", {"from": contractor})
    assert 0 == token.balanceOf(implementation)


def test_the_terms_are_part_of_the_code(WageEscrow, factory, token, registry, contractor, bureau, web3):
    made = factory.createEscrow(PROJECT, bureau, WINDOW_SECONDS, {"from": contractor}).return_value
    terms = [token.address, registry.address, contractor.address, bureau.address, WINDOW_SECONDS]

    assert bytes(web3.eth.get_code(made)).endswith(encode(["address"] * 4 + ["uint32"], terms))
