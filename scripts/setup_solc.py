"""Puts the Solidity compiler where Brownie looks for it: `.solcx` in the project (SOLCX_BINARY_PATH).

Takes the native build from soliditylang.org where that can be had within seconds; otherwise a launcher for the npm package
`solc`, the same compiler built with Emscripten: same bytecode, a few times slower. Either is kept, so that the network is
asked once. `--native` asks again.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".solcx"
VERSION = json.loads((ROOT / "package.json").read_text())["devDependencies"]["solc"]
COMPILER = FOLDER / f"solc-v{VERSION}"
NPM_BUILD = ROOT / "scripts" / "solc-npm.cjs"
NATIVE_WITHIN_SECONDS = 8
INSTALL = f"import solcx; solcx.install_solc({VERSION!r})"


def install_native() -> bool:
    """py-solc-x sets no time limit of its own, so it runs in a process that has one."""
    COMPILER.unlink(missing_ok=True)
    environment = {**os.environ, "SOLCX_BINARY_PATH": str(FOLDER)}
    try:
        subprocess.run(
            [sys.executable, "-c", INSTALL], env=environment, check=True, capture_output=True, timeout=NATIVE_WITHIN_SECONDS
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        COMPILER.unlink(missing_ok=True)
    return COMPILER.exists()


def install_npm_build() -> None:
    try:
        version = subprocess.run(["node", NPM_BUILD, "--version"], check=True, capture_output=True, text=True).stdout
    except subprocess.CalledProcessError:
        sys.exit("The npm package `solc` is not installed: run `npm ci`, or `make setup`, first.")
    # The version is written out because Brownie asks for it once per contract, 0.5 s each in node.
    COMPILER.write_text(
        f'#!/bin/sh\nif [ "$1" = --version ]; then cat <<EOF\n{version}EOF\nexit 0; fi\n'
        'exec node "$(dirname "$0")/../scripts/solc-npm.cjs" "$@"\n'
    )
    COMPILER.chmod(0o755)


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    if COMPILER.exists() and "--native" not in sys.argv:
        return
    if not install_native():
        install_npm_build()


if __name__ == "__main__":
    main()
