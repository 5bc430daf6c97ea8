"""The deployed system as the contract tests have it, and where this run writes down what it reached."""

import json
from pathlib import Path

import pytest
from tests.contracts.conftest import (  # noqa: F401, fixtures by name
    admin,
    arbiter,
    bank,
    bureau,
    contractor,
    guardian,
    implementation,
    make_factory,
    open_site,
    registrar,
    registry,
    relayer,
    roles,
    stranger,
    token,
)

ROOT = Path(__file__).resolve().parents[2]
REACHED = ROOT / "build" / "forge" / "reached-hypothesis.jsonl"


@pytest.fixture(scope="session")
def reached():
    """Write down what an example reached: `reached(functions, states)`."""
    REACHED.parent.mkdir(parents=True, exist_ok=True)
    REACHED.unlink(missing_ok=True)

    def write(functions: dict[str, list[int]], states: dict[str, int]) -> None:
        with REACHED.open("a") as file:
            file.write(json.dumps({"functions": functions, "states": states}) + "\n")

    return write
