"""What the compiler knows of the contracts: code sizes, printed, and storage layouts, kept in contracts/README.md.

    python scripts/contract_facts.py            fails where a contract is too large or the layout in the README is stale
    python scripts/contract_facts.py --write    writes the layout into the README anew
"""

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

from solidity import compiled

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "contracts" / "README.md"
BUILT = ROOT / "build" / "contracts"
MOST_BYTES = 24_576  # EIP-170
DEPLOYED = (
    "WageEscrow", "WageEscrowFactory", "WorkerRegistry", "WageToken", "BankPayout", "EvidenceAnchor", "RoleManager"
)  # fmt: skip
LAID_OUT = DEPLOYED[:-1]  # the last is OpenZeppelin's as it is
BEGIN, END = "<!-- layout: scripts/contract_facts.py --write -->\n", "<!-- /layout -->\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the layout into the README anew")
    options = parser.parse_args()
    text = README.read_text()
    if BEGIN not in text or END not in text:
        sys.exit(f"{README.relative_to(ROOT)} has no place for the layout: {BEGIN.strip()} … {END.strip()}")
    before, rest = text.split(BEGIN, 1)
    known, after = rest.split(END, 1)
    layout = "\n".join(lines_of(layouts())) + "\n"
    if options.write:
        README.write_text(before + BEGIN + layout + END + after)
    elif known != layout:
        sys.exit("The storage layout in contracts/README.md is stale: python scripts/contract_facts.py --write")
    if not print_sizes():
        sys.exit(f"A contract's code may be {MOST_BYTES:,} bytes (EIP-170).")


def print_sizes() -> bool:
    """Return whether each contract can be deployed."""
    fits = True
    for name in DEPLOYED:
        code = json.loads((BUILT / f"{name}.json").read_text())["deployedBytecode"]
        size = len(code.removeprefix("0x")) // 2
        fits &= size <= MOST_BYTES
        print(f"{name:18} {size:>6,} bytes of code, {MOST_BYTES - size:>7,} to spare")
    return fits


def layouts() -> dict[str, dict[str, Any]]:
    """Contract → the compiler's storageLayout."""
    sources = {str(path.relative_to(ROOT)): path.read_text() for path in sorted(ROOT.glob("contracts/*.sol"))}
    said = compiled(sources, outputSelection={"*": {"*": ["storageLayout"]}})
    known = {name: entry["storageLayout"] for file in said["contracts"].values() for name, entry in file.items()}
    return {name: known[name] for name in LAID_OUT}


def lines_of(known: dict[str, dict[str, Any]]) -> list[str]:
    """The layouts as Markdown: a row per slot, then the structs, each once."""
    structs: dict[str, list[str]] = {}
    lines = ["| Contract | Slot | Contents (bytes) |", "|---|---|---|"]
    for name, layout in known.items():
        types = layout["types"] or {}
        for slot, fields in _by_slot(layout["storage"]).items():
            lines.append(f"| `{name}` | {slot} | {_row(fields, types)} |")
        for kind in types.values():
            if "members" in kind:
                structs[_short(kind["label"])] = [
                    f"| `{_short(kind['label'])}` | +{slot} | {_row(fields, types)} |"
                    for slot, fields in _by_slot(kind["members"]).items()
                ]
    lines += ["", "| Struct | Slot | Contents (bytes) |", "|---|---|---|"]
    return lines + [row for rows in structs.values() for row in rows]


def _by_slot(fields: list[dict[str, Any]]) -> dict[int, list[dict[str, Any]]]:
    slots: dict[int, list[dict[str, Any]]] = {}
    for field in fields:
        slots.setdefault(int(field["slot"]), []).append(field)
    return slots


def _row(fields: list[dict[str, Any]], types: dict[str, Any]) -> str:
    kinds = [(field["label"], types[field["type"]]) for field in fields]
    return " · ".join(f"`{name}` {_short(kind['label'])} ({kind['numberOfBytes']})" for name, kind in kinds)


def _short(label: str) -> str:
    """Type names without `struct` and the contract they are declared in."""
    return re.sub(r"(struct|enum|contract) (\w+\.)?", "", label).replace(" => ", " → ")


if __name__ == "__main__":
    main()
