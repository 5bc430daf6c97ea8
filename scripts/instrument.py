"""Marks every branch of our contracts, so that a trace tells which ones were taken: sources in, marked sources out.

Compilers since the IR pipeline merge, copy and drop jumps, so a count of jumps says little about the source. Instead each
condition is wrapped in the source itself: `if (a && b)` becomes `if (covered(7, a) && covered(8, b))`, and `covered` calls
an empty account whose address spells the place and the outcome. A call tracer sees those calls, in transactions, in views
and in what reverts. What is compiled is the IR pipeline with the optimiser, as deployed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from solidity import compiled

PREFIX = 0xC07E << 144  # of the addresses that are called
MARK = """// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

function covered(uint256 place, bool outcome) pure returns (bool) {
    function(uint256) view marking = _mark;
    function(uint256) pure told;
    assembly ("memory-safe") {
        told := marking
    }
    told(2 * place + (outcome ? 1 : 0));
    return outcome;
}

function _mark(uint256 what) view {
    assembly ("memory-safe") {
        pop(staticcall(0, or(%d, what), 0, 0, 0, 0))
    }
}
""" % PREFIX  # noqa: UP031, braces are Solidity's
IMPORT = 'import {{covered}} from "{path}Covered.sol";\n'
YUL_BRANCHES = ("YulIf", "YulForLoop", "YulCase")
# In assembly a condition is a number; the function is declared in each block, since none can be imported.
YUL_MARK = (
    " function covered_(place_, said_) -> outcome_ { outcome_ := said_"  # names no contract has: a local one may not be met
    f" pop(staticcall(0, or({PREFIX}, add(mul(2, place_), iszero(iszero(said_)))), 0, 0, 0, 0)) }}"
)
# The same where the condition is a call, whose answer is read afterwards: the identity precompile gives it again. It is kept
# where no contract's memory reaches.
YUL_MARK_OF_CALL = (
    " function coveredCall_(place_, said_) -> outcome_ { outcome_ := said_ let size_ := returndatasize()"
    " returndatacopy(0x20000, 0, size_)"
    f" pop(staticcall(0, or({PREFIX}, add(mul(2, place_), iszero(iszero(said_)))), 0, 0, 0, 0))"
    " pop(staticcall(gas(), 4, 0x20000, size_, 0, 0)) }"
)


@dataclass(frozen=True)
class Place:
    """A condition with two outcomes, or a function's entry (`text` is empty) or a case, which have only one: true."""

    number: int
    contract: str
    function: str
    line: int
    text: str

    @property
    def outcomes(self) -> tuple[bool, ...]:
        return (True, False) if self.text and not self.text.startswith(("case ", "default")) else (True,)


class Marker:
    """Marks one file. `first` is the number of its first place."""

    def __init__(self, source: bytes, tree: dict[str, Any], first: int) -> None:
        self._source, self._tree, self._next = source, tree, first
        self._opening: list[tuple[int, int, str]] = []
        self._closing: list[tuple[int, int, str]] = []
        self.places: list[Place] = []

    def marked(self, path: str) -> bytes:
        for contract in self._tree["nodes"]:
            if contract["nodeType"] == "ContractDefinition":
                for function in contract["nodes"]:
                    if function["nodeType"] in ("FunctionDefinition", "ModifierDefinition") and function.get("body"):
                        self._function(contract["name"], function)
        if not self.places:
            return self._source
        pragma = next(node for node in self._tree["nodes"] if node["nodeType"] == "PragmaDirective")
        self._opening.append((_end(pragma), 0, "\n" + IMPORT.format(path=path)))
        edits = [(at, 1, -length, text) for at, length, text in self._opening]
        edits += [(at, 0, length, text) for at, length, text in self._closing]
        pieces, done = [], 0
        for at, _, _, text in sorted(edits):
            pieces += [self._source[done:at], text.encode()]
            done = at
        return b"".join([*pieces, self._source[done:]])

    def _function(self, contract: str, function: dict[str, Any]) -> None:
        name = function["name"] or function["kind"]
        place = self._place(contract, name, function, "")
        self._insert(_start(function["body"]) + 1, f" covered({place}, true);")
        for node in _nodes(function["body"]):
            for condition in _conditions(node):
                for leaf in _leaves(condition):
                    self._wrap("covered", self._place(contract, name, leaf, self._text(leaf)), leaf)
            if node["nodeType"] == "InlineAssembly":
                self._assembly(contract, name, node["AST"])
            if node["nodeType"] == "TryStatement":
                place = self._place(contract, name, node, "try " + self._text(node["externalCall"]))
                for number, clause in enumerate(node["clauses"]):
                    said = "true" if number == 0 else "false"
                    self._insert(_start(clause["block"]) + 1, f" covered({place}, {said});")

    def _assembly(self, contract: str, function: str, block: dict[str, Any]) -> None:
        before, calls = len(self.places), False
        for node in _nodes(block):
            if node["nodeType"] in YUL_BRANCHES[:2]:
                text = self._text(node["condition"])
                calls |= (is_call := "call(" in text)
                place = self._place(contract, function, node["condition"], text)
                self._wrap("coveredCall_" if is_call else "covered_", place, node["condition"])
            if node["nodeType"] == "YulCase":
                value = "default" if node["value"] == "default" else "case " + self._text(node["value"])
                place = self._place(contract, function, node, value)
                self._insert(_start(node["body"]) + 1, f" pop(covered_({place}, 1))")
        if len(self.places) > before:
            self._insert(_start(block) + 1, YUL_MARK + (YUL_MARK_OF_CALL if calls else ""))

    def _wrap(self, mark: str, place: int, condition: dict[str, Any]) -> None:
        length = _end(condition) - _start(condition)
        self._opening.append((_start(condition), length, f"{mark}({place}, "))
        self._closing.append((_end(condition), length, ")"))

    def _insert(self, at: int, text: str) -> None:
        self._opening.append((at, 0, text))

    def _place(self, contract: str, function: str, node: dict[str, Any], text: str) -> int:
        line = self._source[: _start(node)].count(b"\n") + 1
        self.places.append(Place(self._next, contract, function, line, text))
        self._next += 1
        return self._next - 1

    def _text(self, node: dict[str, Any]) -> str:
        return " ".join(self._source[_start(node) : _end(node)].decode().split())


def instrument(root: Path, target: Path) -> list[Place]:
    """Write `root`/contracts, marked, to `target`. What is only for tests (hostile, reference) is copied as it is."""
    sources = {path.relative_to(root): path.read_bytes() for path in sorted((root / "contracts").rglob("*.sol"))}
    trees = _trees({str(path): source.decode() for path, source in sources.items()})
    places: list[Place] = []
    # Assembly that calls cannot be pure, nor can whoever calls it.
    branching = any(node["nodeType"] in YUL_BRANCHES for tree in trees.values() for node in _nodes(tree))
    for path, source in sources.items():
        if path.parts[1] not in ("hostile", "reference"):
            marker = Marker(source, trees[str(path)], first=len(places))
            source = marker.marked("./" if len(path.parts) == 2 else "../")
            places += marker.places
        _write(target / path, re.sub(rb"\bpure\b", b"view", source) if branching else source)
    _write(target / "contracts" / "Covered.sol", MARK.encode())
    return places


def _write(file: Path, content: bytes) -> None:
    """Only where it says something else: what is unchanged is not compiled again."""
    if not file.exists() or file.read_bytes() != content:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def _trees(sources: dict[str, str]) -> dict[str, dict[str, Any]]:
    said = compiled(sources, stopAfter="parsing", outputSelection={"*": {"": ["ast"]}})
    return {path: known["ast"] for path, known in said["sources"].items()}


def _nodes(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if "nodeType" in node:
            yield node
        for value in node.values():
            yield from _nodes(value)
    elif isinstance(node, list):
        for value in node:
            yield from _nodes(value)


def _conditions(node: dict[str, Any]) -> list[dict[str, Any]]:
    """What this node decides by; a && or || outside of a decision decides by its left side and yields its right one."""
    kind = node["nodeType"]
    if kind in ("IfStatement", "Conditional", "ForStatement", "WhileStatement", "DoWhileStatement"):
        return [node["condition"]] if node.get("condition") else []
    if kind == "FunctionCall" and node["expression"].get("name") in ("require", "assert"):
        return [node["arguments"][0]]
    if kind in ("Return", "VariableDeclarationStatement"):
        value = _bare(node.get("expression") or node.get("initialValue") or {})
        return [value] if value.get("operator") in ("&&", "||") else []
    if kind == "Assignment":
        value = _bare(node["rightHandSide"])
        return [value] if value.get("operator") in ("&&", "||") else []
    return []


def _leaves(condition: dict[str, Any]) -> Iterator[dict[str, Any]]:
    bare = _bare(condition)
    if bare["nodeType"] == "BinaryOperation" and bare["operator"] in ("&&", "||"):
        yield from _leaves(bare["leftExpression"])
        yield from _leaves(bare["rightExpression"])
    else:
        yield condition


def _bare(node: dict[str, Any]) -> dict[str, Any]:
    while node.get("nodeType") == "TupleExpression" and len(node["components"]) == 1:
        node = node["components"][0]
    return node


def _start(node: dict[str, Any]) -> int:
    return int(node["src"].split(":")[0])


def _end(node: dict[str, Any]) -> int:
    return _start(node) + int(node["src"].split(":")[1])
