"""Random months of one building site, driven by hypothesis through Brownie: the seven invariants of the protocol's page.

Each example is a sequence of rules (`machine.py`, `endings.py`) on the deployed contracts; after each rule the books are
compared with what an observer made of the events alone (`observer.py`), and at the end everything is, after every wage was
paid and the project closed. DEEP=1 plays longer.
"""

import os
from functools import partial

import brownie
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from tests.invariants.endings import WholeMachine
from tests.invariants.world import World

DEEP = bool(os.environ.get("DEEP"))
SETTINGS = partial(
    settings,
    stateful_step_count=120 if DEEP else 60,
    deadline=None,
    database=None,
    derandomize=not DEEP,
    phases=(Phase.generate, Phase.shrink) if DEEP else (Phase.generate,),  # shrinking replays an example many times
    suppress_health_check=list(HealthCheck),
)
EXAMPLES = {"WageToken": 5, "BlockingToken": 2, "RefusingToken": 2}


@pytest.fixture
def actors(admin, roles, EvidenceAnchor, bank, guardian, stranger, relayer):
    anchor = admin.deploy(EvidenceAnchor, roles, 2)
    return {"bank": bank, "guardian": guardian, "stranger": stranger, "relayer": relayer, "anchor": anchor}


@pytest.mark.parametrize("kind", EXAMPLES)
def test_the_seven_invariants_hold(kind, request, admin, token, open_site, actors, reached):
    """Whatever is done in whatever order."""
    over = token if kind == "WageToken" else admin.deploy(request.getfixturevalue(kind))
    abis = [getattr(brownie.interface, name).abi for name in ("IWageEscrow", "IWorkerRegistry", "IERC20", "IWageToken")]

    class Machine(WholeMachine):
        world = World(open_site(over), actors, abis, kind, reached)

    brownie.chain.snapshot()
    try:
        run_state_machine_as_test(Machine, settings=SETTINGS(max_examples=EXAMPLES[kind] * (10 if DEEP else 1)))
    finally:
        brownie.chain.revert()  # the registry is the module's
