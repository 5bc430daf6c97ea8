"""Puts solc where py-solc-x (and so Brownie) looks for it: $SOLCX_BINARY_PATH, or ~/.solcx.

Takes the native build from binaries.soliditylang.org when that can be reached; otherwise writes a launcher
for the npm package `solc` (the same compiler built with Emscripten: same bytecode, a few times slower).
  --npm     use the npm build without trying the network
"""
import json
import subprocess
import sys
from pathlib import Path

import requests
import solcx

ROOT = Path(__file__).resolve().parent.parent
VERSION = json.loads((ROOT / "package.json").read_text())["devDependencies"]["solc"]
LAUNCHER = ROOT / "scripts" / "solc-npm.cjs"
MARK = "# launcher for the npm build of solc"


def native(target: Path) -> bool:
    if "--npm" in sys.argv:
        return False
    try:  # solcx sets no timeout of its own
        requests.head("https://binaries.soliditylang.org/linux-amd64/list.json", timeout=10).raise_for_status()
        if target.exists() and MARK in target.read_bytes()[:200].decode(errors="replace"):
            target.unlink()
        solcx.install_solc(VERSION)
    except (requests.RequestException, solcx.exceptions.SolcInstallationError) as exc:
        print(f"no native solc ({type(exc).__name__}); using the npm build")
        return False
    return True


def main() -> None:
    folder = solcx.get_solcx_install_folder()
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"solc-v{VERSION}"
    if not native(target):
        version = subprocess.run(["node", LAUNCHER, "--version"], check=True, capture_output=True, text=True).stdout
        # The version text is written out here because Brownie asks for it once per contract, 0.5 s each in node.
        target.write_text(
            f'#!/bin/sh\n{MARK}\nif [ "$1" = --version ]; then cat <<EOF\n{version}EOF\nexit 0; fi\n'
            f'exec node "{LAUNCHER}" "$@"\n'
        )
        target.chmod(0o755)
    print("solc", solcx.wrapper.get_solc_version(target, with_commit_hash=True), "at", target)


if __name__ == "__main__":
    main()
