"""How fast a wage goes: accepted, relayed and indexed, each beside the fastest that database or chain allow.

Runs scripts/bench_index.py, bench_relay.py and bench_accept.py one after another, puts what they measured together in
build/bench-chain.json, and ends with 1 where a target is missed. Ratios are of the same minutes, on whatever machine this
is: only those say something about the program.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BENCHES = ("index", "relay", "accept")
# What, at least or at most, and in words.
TARGETS = {
    "indexRatio": ("≥", 0.5, "events indexed, to curl fetching them"),
    "peakMemoryMb": ("≤", 150, "MB the indexer took"),
    "relayRatio": ("≥", 0.8, "releases from row to final, to anvil given the same batches"),
    "acceptRatio": ("≥", 0.35, "confirmations accepted by one process, to pgbench inserting the rows"),
}


def run(bench: str) -> dict[str, Any]:
    """What a bench measured; nothing where it is not there or failed."""
    script = ROOT / "scripts" / f"bench_{bench}.py"
    if not script.is_file():
        print(f"{script.name} is not there: skipped")
        return {}
    done = subprocess.run([sys.executable, script], stdout=subprocess.PIPE, text=True, check=False, cwd=ROOT)
    if done.returncode != 0:
        print(f"{script.name} ended with {done.returncode}")
        return {}
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    result: dict[str, Any] = {}
    for bench in BENCHES:
        result |= run(bench)
    file = ROOT / "build" / "bench-chain.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(result, indent=1) + "\n")
    missed = 0
    for name, (sign, target, words) in TARGETS.items():
        found = result.get(name)
        reached = found is not None and (found >= target if sign == "≥" else found <= target)
        missed += not reached
        print(f"{name:13} {found!s:>7} {sign} {target:<5} {'' if reached else 'MISSED'}  {words}")
    print(f"accepting: 99 of 100 answered within {result.get('acceptP99Ms')} ms")
    sys.exit(missed > 0)


if __name__ == "__main__":
    main()
