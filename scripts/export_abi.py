"""Writes the ABIs the backend reads, without Brownie's other megabytes: build/contracts → backend/anxin/chain/abi."""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "build" / "contracts"
TARGET = ROOT / "backend" / "anxin" / "chain" / "abi"
CONTRACTS = (
    "RoleManager", "WageToken", "WorkerRegistry", "WageEscrow", "WageEscrowFactory", "BankPayout", "EvidenceAnchor"
)


def main() -> None:
    TARGET.mkdir(parents=True, exist_ok=True)
    for name in CONTRACTS:
        built = SOURCE / f"{name}.json"
        if not built.exists():
            sys.exit(f"{built} is missing: run `make contracts`.")
        abi = json.loads(built.read_text())["abi"]
        (TARGET / f"{name}.json").write_text(json.dumps({"abi": abi}, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
