"""Runs scripts/deploy.py again and again, each time cut off right after one more transaction was sent, until it ends.

    python tests/backend/cut_off.py --rpc URL ...        options as of deploy.py; prints how often it was cut off
"""

import os
import sys
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from brownie import project, web3  # noqa: E402

import deploy  # noqa: E402


class CutOff(BaseException):
    """As sudden as a signal: nothing catches it."""


def main(arguments: list[str]) -> None:
    send = web3.eth.send_raw_transaction

    def send_and_die(raw: bytes) -> None:
        send(raw)
        raise CutOff

    os.chdir(ROOT)
    deploy.connect(deploy._parser().parse_args(arguments).rpc)
    contracts = project.load(ROOT)
    web3.eth.send_raw_transaction = send_and_die
    cuts = -1
    finished = False
    while not finished:
        cuts += 1
        with suppress(CutOff):
            deploy._deploy(contracts, deploy.parse_options(arguments))
            finished = True
    print(f"cut off {cuts} times")


if __name__ == "__main__":
    main(sys.argv[1:])
