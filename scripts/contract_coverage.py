"""Which branches of our contracts the contract tests take: `make coverage`.

scripts/instrument.py marks the sources, and the tests run on the marked contracts in build/coverage/project. A place is a
condition's two outcomes; each side of && and || counts as a condition of its own, as do loops. Prints a table and what was
not taken; writes build/coverage.json. Fails where less than 95 % of the outcomes were taken, where one not taken has no
reason in contracts/coverage.toml, and where a reason is given for one that is taken.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections import defaultdict
from pathlib import Path

from instrument import Place, instrument

ROOT = Path(__file__).resolve().parent.parent
PROJECT = ROOT / "build" / "coverage" / "project"
SEEN = ROOT / "build" / "coverage" / "seen.json"
OUT = ROOT / "build" / "coverage.json"
REASONS = ROOT / "contracts" / "coverage.toml"
LEAST_SHARE = 0.95
NOT_MEASURED = ("test_release_gas.py",)  # what marked code costs says nothing

Outcome = tuple[str, str, str, bool]  # contract, function, condition, outcome


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tests", nargs="*", default=["tests/contracts"], help="default: tests/contracts")
    parser.add_argument("--report", action="store_true", help="only report the last run anew")
    parser.add_argument("--anyway", action="store_true", help="report although a test fails, and fail")
    options = parser.parse_args()
    places = instrument(ROOT, PROJECT)
    passed = options.report or run(options.tests)
    if not passed and not options.anyway:
        sys.exit("A test failed on the marked contracts: what they cover was not counted.")
    seen = set(json.loads(SEEN.read_text()))
    taken = {(place.number, outcome) for place in places for outcome in (True, False) if 2 * place.number + outcome in seen}
    OUT.write_text(json.dumps(figures(places, taken), indent=2) + "\n")
    sys.exit(0 if report(places, taken) and passed else 1)


def run(tests: list[str]) -> bool:
    """Run the tests on the marked contracts. Return whether all passed."""
    for name in ("tests", "pyproject.toml", "brownie-config.yaml"):
        source, copy = ROOT / name, PROJECT / name
        if source.is_dir():
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, copy)
    for name in ("node_modules", "backend", "scripts"):
        if not (link := PROJECT / name).exists():
            link.symlink_to(ROOT / name)
    SEEN.unlink(missing_ok=True)
    ignored = [f"--ignore-glob=*{name}" for name in NOT_MEASURED]
    command = [sys.executable, "-m", "pytest", *tests, "-q", "-p", "branch_traces", *ignored]
    environment = {
        **os.environ, "ANXIN_COVERED": str(SEEN), "PYTHONPATH": str(ROOT / "scripts"),
        "SOLCX_BINARY_PATH": str(ROOT / ".solcx"),
    }  # fmt: skip
    return subprocess.run(command, cwd=PROJECT, env=environment).returncode == 0


def figures(places: list[Place], taken: set[tuple[int, bool]]) -> dict[str, dict[str, dict[str, int]]]:
    """Contract → function → outcomes there are, and taken. A function's entry counts where it has no condition."""
    told: dict[str, dict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(lambda: {"taken": 0, "outcomes": 0}))
    for place in counted(places):
        figure = told[place.contract][place.function]
        figure["outcomes"] += len(place.outcomes)
        figure["taken"] += sum((place.number, outcome) in taken for outcome in place.outcomes)
    return told


def counted(places: list[Place]) -> list[Place]:
    deciding = {(place.contract, place.function) for place in places if place.text}
    return [place for place in places if place.text or (place.contract, place.function) not in deciding]


def report(places: list[Place], taken: set[tuple[int, bool]]) -> bool:
    """Return whether all is as it is to be."""
    print(f"\n{'':58} {'taken':>6} {'of':>5}")
    table = figures(places, taken)
    total = {"taken": 0, "outcomes": 0}
    for contract, functions in sorted(table.items()):
        for name, figure in functions.items():
            print(f"{contract + '.' + name:58} {figure['taken']:>6} {figure['outcomes']:>5}")
            total = {key: total[key] + figure[key] for key in total}
        taken_here, here = (sum(figure[key] for figure in functions.values()) for key in ("taken", "outcomes"))
        print(f"{contract:58} {taken_here:>6} {here:>5}  {taken_here / here:.1%}\n")
    share = total["taken"] / total["outcomes"]
    reasons = read_reasons()
    missed = {
        (place.contract, place.function, place.text, outcome): place.line
        for place in counted(places) for outcome in place.outcomes if (place.number, outcome) not in taken
    }  # fmt: skip
    for (contract, function, text, outcome), line in missed.items():
        reason = reasons.get((contract, function, text, outcome), "NO REASON GIVEN")
        print(f"{contract}.{function}:{line} never {text or 'entered'}: {str(outcome).lower()}. {reason}")
    stale = [" ".join(map(str, reason)) for reason in reasons if reason not in missed]
    for reason in stale:
        print(f"{REASONS.relative_to(ROOT)} gives a reason for what is taken or gone: {reason}")
    print(f"{total['taken']} of {total['outcomes']} outcomes taken: {share:.1%} (at least {LEAST_SHARE:.0%}).")
    return share >= LEAST_SHARE and not stale and missed.keys() <= reasons.keys()


def read_reasons() -> dict[Outcome, str]:
    if not REASONS.exists():
        return {}
    known = tomllib.loads(REASONS.read_text()).get("never", [])
    return {(each["contract"], each["function"], each["condition"], each["outcome"]): each["why"] for each in known}


if __name__ == "__main__":
    main()
