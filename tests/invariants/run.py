"""Plays the seven invariants by forge and by hypothesis, and prints what was reached: `make invariants`.

forge calls the contracts in random order, five kinds of token side by side; hypothesis plays months of a site through
Brownie. Both write down how often each function took effect and each state was entered. It fails where an invariant broke,
and where a function or state was never reached: then the machine would say nothing about it. `--deep` for the long run.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import monotonic
from typing import Any

from eth_utils.crypto import keccak

ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / "tests" / "invariants"
BUILT = ROOT / "build" / "contracts"
OUT = ROOT / "build" / "forge"
CONTRACTS = ("WageEscrow", "WorkerRegistry", "BankPayout", "WageToken", "EvidenceAnchor", "WageEscrowFactory")
DEPLOYED = (
    "RoleManager", "WageToken", "WorkerRegistry", "WageEscrow", "WageEscrowFactory", "EvidenceAnchor", "BlockingToken",
    "RefusingToken", "FeeToken", "ReenteringToken", "GasBurningWallet",
)  # fmt: skip
FORGE_RUNS = {False: ("10", "250"), True: ("300", "500")}  # deep: runs, calls a run; for each kind of token


def built(name: str) -> Any:
    return json.loads((BUILT / f"{name}.json").read_text())


def write_bytecode() -> None:
    """Hand the contracts to forge as Brownie compiled them."""
    OUT.mkdir(parents=True, exist_ok=True)
    code = {name: "0x" + built(name)["bytecode"].removeprefix("0x") for name in DEPLOYED}
    (OUT / "bytecode.json").write_text(json.dumps(code))
    for old in OUT.glob("reached-*.jsonl"):
        old.unlink()


def play_forge(deep: bool) -> bool:
    forge = shutil.which("forge", path=f"{ROOT / 'node_modules' / '.bin'}{os.pathsep}{os.environ['PATH']}")
    if forge is None:
        print("forge is not installed: npm has it for Linux on x86_64; elsewhere see https://getfoundry.sh", file=sys.stderr)
        return False
    runs, depth = FORGE_RUNS[deep]
    seed = [] if deep else ["--fuzz-seed", "7"]  # the short run is the same each time
    # A failure of an older run, kept to be replayed, may not fit the handlers any more.
    shutil.rmtree(OUT / "cache" / "invariant", ignore_errors=True)
    settings = {"FOUNDRY_INVARIANT_RUNS": runs, "FOUNDRY_INVARIANT_DEPTH": depth}
    played = subprocess.run(
        [forge, "test", "--root", str(HERE), *seed], cwd=HERE, env={**os.environ, **settings}, capture_output=True, text=True
    )
    said = re.findall(r"^(?:Ran .*|\[.*|\t.*|\s*invariant_.*)$", played.stdout, re.M)
    print(*(line[:300] for line in said), sep="\n")
    if played.returncode:
        print(played.stderr[-3_000:], file=sys.stderr)
    return played.returncode == 0


def play_hypothesis(deep: bool) -> bool:
    environment = {**os.environ, "SOLCX_BINARY_PATH": str(ROOT / ".solcx"), **({"DEEP": "1"} if deep else {})}
    command = [sys.executable, "-m", "pytest", str(HERE), "-q", "--no-header", "--disable-warnings", "--tb=short"]
    return subprocess.run(command, cwd=ROOT, env=environment).returncode == 0


# ---------------------------------------------------------------- what was reached


def selectors() -> Iterator[tuple[str, str]]:
    """Each function that changes state, as the ABIs have it: "WageEscrow 0x12345678", "WageEscrow.fund"."""
    for contract in CONTRACTS:
        for entry in built(contract)["abi"]:
            if entry["type"] == "function" and entry["stateMutability"] not in ("view", "pure"):
                kinds = ",".join(_kind(field) for field in entry["inputs"])
                selector = keccak(text=f"{entry['name']}({kinds})")[:4].hex()
                yield f"{contract} 0x{selector}", f"{contract}.{entry['name']}"


def _kind(field: Mapping[str, Any]) -> str:
    if field["type"].startswith("tuple"):
        return f"({','.join(_kind(part) for part in field['components'])}){field['type'][5:]}"
    return str(field["type"])


def read(pattern: str) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """Return how often functions took effect, were refused, and states were entered."""
    taken, refused, entered = Counter[str](), Counter[str](), Counter[str]()
    for path in OUT.glob(pattern):
        lines = path.read_text().splitlines()
        # forge writes its last run twice: once played, once replayed.
        for line in [line for place, line in enumerate(lines) if place == 0 or line != lines[place - 1]]:
            report = json.loads(line)
            for name, (took, was_refused) in report["functions"].items():
                taken[name] += took
                refused[name] += was_refused
            entered.update(report["states"])
    return taken, refused, entered


def print_table() -> bool:
    """Return whether everything was reached."""
    forge, machine = read("reached-[0-9].jsonl"), read("reached-hypothesis.jsonl")
    missing = []
    print(f"\n{'':38}{'forge':>10}{'refused':>10}{'hypothesis':>12}{'refused':>10}")
    for selector, name in selectors():
        figures = forge[0][selector], forge[1][selector], machine[0][name], machine[1][name]
        print(f"{name:38}{figures[0]:>10,}{figures[1]:>10,}{figures[2]:>12,}{figures[3]:>10,}")
        missing += [] if figures[0] + figures[2] else [name]
    print()
    for state in sorted(forge[2]):
        print(f"{state:38}{forge[2][state]:>10,}{'':10}{machine[2][state]:>12,}")
        missing += [] if forge[2][state] + machine[2][state] else [state]
    calls = sum(forge[0].values()) + sum(forge[1].values()), sum(machine[0].values()) + sum(machine[1].values())
    print(f"\n{'calls in all':38}{calls[0]:>10,}{'':10}{calls[1]:>12,}")
    for name in missing:
        print(f"never reached: {name}", file=sys.stderr)
    return bool(forge[2]) and not missing


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deep", action="store_true", help="the long run")
    deep = parser.parse_args().deep
    started = monotonic()
    write_bytecode()
    held = play_forge(deep)
    seconds = monotonic() - started
    held = play_hypothesis(deep) and held
    reached = print_table()
    print(f"forge {seconds:.0f} s, hypothesis {monotonic() - started - seconds:.0f} s")
    sys.exit(0 if held and reached else 1)


if __name__ == "__main__":
    main()
