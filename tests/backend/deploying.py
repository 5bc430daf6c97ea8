"""scripts/deploy.py for many runs in one process: loading the project takes seconds, a run a fraction of one.

    python tests/backend/deploying.py URL

Each line of the standard input is a JSON list of options; each line of the standard output a JSON list: exit code, what was
said, and how often the run was cut off. With "--cut" among the options it is cut off right after each transaction it sends,
and begun again, until it ends.
"""

import io
import json
import os
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from brownie import project, web3  # noqa: E402

import deploy  # noqa: E402


class CutOff(BaseException):
    """As sudden as a signal: nothing catches it."""


def send_and_die(raw: bytes) -> None:
    type(web3.eth).send_raw_transaction(web3.eth, raw)
    raise CutOff


def run(contracts: Any, options: list[str], *, cut: bool) -> tuple[int, str, int]:
    said, cuts = io.StringIO(), 0
    while True:
        web3.eth.send_raw_transaction = send_and_die if cut else type(web3.eth).send_raw_transaction.__get__(web3.eth)
        try:
            with redirect_stdout(said), redirect_stderr(said):
                deploy.deploy(contracts, options)
            return 0, said.getvalue(), cuts
        except CutOff:
            cuts += 1
        except SystemExit as end:
            told = isinstance(end.code, str)
            return 1 if told else end.code, said.getvalue() + (end.code if told else ""), cuts


def main(url: str) -> None:
    os.chdir(ROOT)
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    deploy.connect(url)
    contracts = project.load(ROOT)
    for line in sys.stdin:
        options = json.loads(line)
        plain = [option for option in options if option != "--cut"]
        print(json.dumps(run(contracts, plain, cut=plain != options)), file=answers)


if __name__ == "__main__":
    main(sys.argv[1])
