"""What tells of the contracts tells the truth: marks for coverage, the storage layout, the books in contracts/README.md."""

import json
import re
import socket
import subprocess
import sys
from importlib import import_module

import pytest
from web3 import HTTPProvider, Web3

from anxin.core.embedded import EmbeddedChain
from anxin.settings import ROOT

SCRIPTS = ROOT / "scripts"
README = ROOT / "contracts" / "README.md"
SOURCE = """// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

contract Door {
    uint256 private _opened;

    function open(uint256 key, bool isOpen) external returns (bool) {
        require(key != 0, "no key");
        if (isOpen || (key > 9 && key < 99)) return false;
        for (uint256 i = 0; i < key; ++i) _opened += i == 3 ? 2 : 1;
        return true;
    }

    function opened() external view returns (uint256) {
        return _opened;
    }

    function lowest(uint256 key) external view returns (uint256 bit) {
        assembly ("memory-safe") {
            for { } iszero(and(shr(bit, key), 1)) { bit := add(bit, 1) } { if eq(bit, 9) { break } }
            switch bit
            case 3 { bit := 4 }
            default { }
        }
    }
}
"""


@pytest.fixture(scope="module")
def tools():
    """scripts/, as its programs see it."""
    sys.path.insert(0, str(SCRIPTS))
    yield import_module
    sys.path.remove(str(SCRIPTS))


@pytest.fixture(scope="module")
def marked(tools, tmp_path_factory):
    """The door's marked sources by path, and the places that are counted."""
    root, target = tmp_path_factory.mktemp("root"), tmp_path_factory.mktemp("target")
    (root / "contracts").mkdir()
    (root / "contracts" / "Door.sol").write_text(SOURCE)
    places = tools("instrument").instrument(root, target)
    sources = {str(path.relative_to(target)): path.read_text() for path in target.rglob("*.sol")}
    return sources, tools("contract_coverage").counted(places)


def test_each_condition_has_two_outcomes_and_each_side_of_and_or_is_one(marked):
    _, places = marked

    assert [
        ("open", "key != 0"), ("open", "isOpen"), ("open", "key > 9"), ("open", "key < 99"), ("open", "i < key"),
        ("open", "i == 3"), ("opened", ""), ("lowest", "iszero(and(shr(bit, key), 1))"), ("lowest", "eq(bit, 9)"),
        ("lowest", "case 3"), ("lowest", "default"),
    ] == [(place.function, place.text) for place in places]  # fmt: skip
    assert [2, 2, 2, 2, 2, 2, 1, 2, 2, 1, 1] == [len(place.outcomes) for place in places]


@pytest.fixture(scope="module")
async def door(tools, marked, tmp_path_factory):
    """The marked door on a chain: `await door("open", 10, False)` is its answer and the outcomes its trace tells of."""
    sources, places = marked
    said = tools("solidity").compiled(
        sources, viaIR=True, optimizer={"enabled": True}, outputSelection={"*": {"*": ["abi", "evm.bytecode.object"]}}
    )
    built = said["contracts"]["contracts/Door.sol"]["Door"]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    async with EmbeddedChain(tmp_path_factory.mktemp("chain"), port, save_every_seconds=3600) as chain:
        web3 = Web3(HTTPProvider(chain.url))
        made = web3.eth.contract(abi=built["abi"], bytecode=built["evm"]["bytecode"]["object"])
        receipt = web3.eth.wait_for_transaction_receipt(made.constructor().transact({"from": web3.eth.accounts[0]}))
        contract = web3.eth.contract(receipt["contractAddress"], abi=built["abi"])

        async def asked(function, *arguments):
            call = contract.functions[function](*arguments)
            request = {"to": contract.address, "data": contract.encode_abi(function, arguments)}
            trace = json.dumps(await chain.rpc("debug_traceCall", request, "latest", {"tracer": "callTracer"}))
            marks = {int(at, 16) for at in re.findall(f"{tools('instrument').PREFIX:040x}"[:-8] + "([0-9a-f]{8})", trace)}
            texts = {place.number: place.text for place in places}
            return call.call(), {(texts[mark // 2], bool(mark % 2)) for mark in marks if mark // 2 in texts}

        yield asked


async def test_a_trace_tells_which_outcomes_were_taken(door):
    assert (False, {("key != 0", True), ("isOpen", False), ("key > 9", True), ("key < 99", True)}) == await door(
        "open", 10, False
    )
    assert (False, {("key != 0", True), ("isOpen", True)}) == await door("open", 10, True)


async def test_a_trace_tells_what_assembly_took(door):
    bit = "iszero(and(shr(bit, key), 1))"

    assert (4, {(bit, True), (bit, False), ("eq(bit, 9)", False), ("case 3", True)}) == await door("lowest", 8)
    assert (9, {(bit, True), ("eq(bit, 9)", False), ("eq(bit, 9)", True), ("default", True)}) == await door("lowest", 0)


def test_the_storage_layout_in_the_readme_is_the_compilers():
    checked = subprocess.run([sys.executable, str(SCRIPTS / "contract_facts.py")], cwd=ROOT, capture_output=True, text=True)

    assert (0, "") == (checked.returncode, checked.stderr)


def test_every_event_of_an_escrow_is_in_the_readmes_books():
    abi = json.loads((ROOT / "build" / "contracts" / "IWageEscrow.json").read_text())["abi"]
    books = README.read_text().split("## The books from events alone")[1].split("\n## ")[0]

    assert {entry["name"] for entry in abi if entry["type"] == "event"} <= set(re.findall(r"`(\w+)`", books))


def test_every_contract_is_in_the_readme():
    contracts = {path.stem for path in (ROOT / "contracts").glob("*.sol")} - {"Roles"}  # RoleManager stands in that file

    assert contracts | {"RoleManager"} <= set(re.findall(r"`(\w+)`", README.read_text().split("## ")[0]))


def test_the_threat_model_names_tests_that_exist():
    tests = list((ROOT / "tests").rglob("*.py"))
    known = "".join(path.name + path.read_text() for path in tests)
    named = set(re.findall(r"\btest_\w+(?:\.py)?", (ROOT / "docs" / "threat-model.md").read_text()))

    assert [] == sorted(name for name in named if name not in known)
