"""What tells of the contracts tells the truth: marks for coverage, the storage layout, the books in contracts/README.md."""

import json
import re
import subprocess
import sys

import pytest

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
}
"""


@pytest.fixture(scope="module")
def marked(tmp_path_factory):
    """A contract before and after, and the places of it that are counted."""
    sys.path.insert(0, str(SCRIPTS))
    try:
        from contract_coverage import counted
        from instrument import instrument
    finally:
        sys.path.remove(str(SCRIPTS))
    root, target = tmp_path_factory.mktemp("root"), tmp_path_factory.mktemp("target")
    (root / "contracts").mkdir()
    (root / "contracts" / "Door.sol").write_text(SOURCE)
    places = instrument(root, target)
    return (target / "contracts" / "Door.sol").read_text(), counted(places)


def test_each_condition_has_two_outcomes_and_each_side_of_and_or_is_one(marked):
    _, places = marked

    assert [
        ("open", "key != 0"), ("open", "isOpen"), ("open", "key > 9"), ("open", "key < 99"), ("open", "i < key"),
        ("open", "i == 3"), ("opened", ""),
    ] == [(place.function, place.text) for place in places]  # fmt: skip
    assert [2, 2, 2, 2, 2, 2, 1] == [len(place.outcomes) for place in places]


def test_marks_leave_the_source_as_it_was_beside_them(marked):
    after, _ = marked

    without = re.sub(r" covered\(\d+, true\);|\nimport \{covered\} from \"./Covered.sol\";\n", "", after)
    while without != (fewer := re.sub(r"covered\(\d+, ([^()]*)\)", r"\1", without)):
        without = fewer
    assert SOURCE == without


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
