"""Slither over our contracts: `make slither`. Fails where it finds anything that is not explained.

What is not a mistake is explained beside the line (`// slither-disable-next-line …`); what is so everywhere, here.

Three functions of ReentrancyGuardTransient it cannot read, and says so: not knowing who is nonReentrant, it finds more.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SLITHER = ROOT / ".tools" / "slither" / "bin" / "slither"
FOLDER = ROOT / "build" / "slither"
EXCLUDED = {
    "timestamp": "windows and deadlines are days long, and whoever builds a block can shift its time by seconds",
    "too-many-digits": "masks and the constants of curves are long, and grouping hexadecimal digits does not read better",
    "assembly": "each block is marked memory-safe, and tested against a plain counterpart in Python",
}


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    everything = FOLDER / "Everything.sol"  # one compilation instead of one a contract
    imports = [f'import "../../contracts/{path.name}";' for path in sorted(ROOT.glob("contracts/*.sol"))]
    everything.write_text("\n".join(["// SPDX-License-Identifier: Apache-2.0", "pragma solidity 0.8.37;", *imports, ""]))
    for detector, reason in EXCLUDED.items():
        print(f"Not looked for: {detector}: {reason}.", flush=True)
    command = [
        str(SLITHER), str(everything.relative_to(ROOT)), "--compile-force-framework", "solc",
        "--solc", ".solcx/solc-v0.8.37", "--solc-remaps", "@openzeppelin=node_modules/@openzeppelin",
        "--solc-args", "--optimize --via-ir --evm-version osaka", "--filter-paths", "node_modules|build/",
        "--exclude", ",".join(EXCLUDED), "--disable-color",
    ]  # fmt: skip
    sys.exit(subprocess.run(command, cwd=ROOT).returncode)


if __name__ == "__main__":
    main()
