"""Deploys the contracts to any chain, writes down where they are, and hands the roles over.

    python scripts/deploy.py --rpc URL                     any JSON-RPC address; nothing of it is kept in ~/.brownie
    brownie run deploy --network NAME                      a network Brownie knows; options from the environment

The deployer's key is ANXIN_DEPLOYER_KEY (32 bytes, hex); without one, the node's first own account (a local anvil).
Running it again finishes what was cut short, grants what is missing, and checks everything that is recorded. The deployer
administers the roles, which move no wage, until `--admin ADDRESS` hands that over; from then on it only checks.
"""

import argparse
import os
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
os.environ.setdefault("SOLCX_BINARY_PATH", str(ROOT / ".solcx"))
sys.path.insert(0, str(ROOT / "scripts"))  # `brownie run` comes from elsewhere

import brownie  # noqa: E402, it looks for the compiler as it is imported
from brownie import accounts, network, project, web3  # noqa: E402
from brownie.exceptions import VirtualMachineError  # noqa: E402
from requests.exceptions import ConnectionError as NobodyAnswers  # noqa: E402

from deployer import Deployer, Options  # noqa: E402

TWO_DAYS = 2 * 86_400


def main() -> None:
    """Entry of `brownie run deploy`."""
    deploy(project.get_loaded_projects()[0], [])


def connect(rpc: str) -> None:
    """Connects Brownie to an address without a place in its list of networks.

    A network with a command is one Brownie keeps no artifacts of; the command itself is not run.
    """
    brownie._config.CONFIG.networks["direct"] = {"id": "direct", "host": rpc, "cmd": "", "cmd_settings": {}, "timeout": 60}
    network.connect("direct", launch_rpc=False)
    if not network.is_connected():
        raise NobodyAnswers(rpc)
    network.gas_price("auto")
    network.gas_limit("auto")


def parse_options(arguments: list[str]) -> Options:
    options = vars(_parser().parse_args(arguments))
    options.pop("rpc")
    return Options(**options)


def _parser() -> argparse.ArgumentParser:
    environment = os.environ.get

    def several(variable: str) -> dict[str, Any]:
        default = [_address(each) for each in environment(variable, "").replace(",", " ").split()]
        return {"action": "extend", "nargs": "+", "type": _address, "metavar": "ADDRESS", "default": default}

    parser = argparse.ArgumentParser(description="Deploy Anxin's contracts.")
    parser.add_argument("--rpc", default=environment("ANXIN_RPC_URL", "http://127.0.0.1:8545"))
    parser.add_argument("--out", type=_path, default=environment("ANXIN_DEPLOYMENT") or None,
                        help="default: deployments/CHAIN_ID.json")  # fmt: skip
    parser.add_argument("--rp-id", default=environment("ANXIN_RP_ID", "localhost"), help="web domain of passkeys")
    parser.add_argument("--registrar", dest="registrars", **several("ANXIN_REGISTRARS"))
    parser.add_argument("--bank", dest="banks", **several("ANXIN_BANKS"))
    parser.add_argument("--bureau", dest="bureaus", **several("ANXIN_BUREAUS"))
    parser.add_argument("--arbiter", dest="arbiters", **several("ANXIN_ARBITERS"))
    parser.add_argument("--guardian", dest="guardians", **several("ANXIN_GUARDIANS"))
    parser.add_argument("--witness", dest="witnesses", **several("ANXIN_WITNESSES"))
    parser.add_argument("--witness-threshold", type=_count, default=environment("ANXIN_WITNESS_THRESHOLD") or None,
                        metavar="NUMBER", help="how many must sign, for good; default: over half of them")  # fmt: skip
    parser.add_argument("--relayer", dest="relayers", **several("ANXIN_RELAYERS"))
    parser.add_argument("--gas-money", type=float, default=1.0, metavar="ETHER", help="each relayer has at least this")
    parser.add_argument("--admin", type=_address, default=environment("ANXIN_ADMIN") or None, metavar="ADDRESS",
                        help="hand the administration of the roles over to this account, for good")  # fmt: skip
    parser.add_argument("--admin-delay", type=int, default=environment("ANXIN_ADMIN_DELAY", TWO_DAYS), metavar="SECONDS",
                        help="between its announcing a change and the change; default: two days")  # fmt: skip
    return parser


def _path(text: str) -> Path:
    return Path(text).resolve()


def _address(text: str) -> str:
    if not web3.is_address(text) or int(text, 16) == 0:
        raise argparse.ArgumentTypeError(f"{text} is no address")
    return web3.to_checksum_address(text)


def _count(text: str) -> int:
    if not (text.isdecimal() and int(text)):
        raise argparse.ArgumentTypeError(f"{text} is no number of witnesses: 1 or more")
    return int(text)


def deploy(contracts: Any, arguments: list[str]) -> None:
    """On the connected chain. Ends the process, with a sentence, where that cannot be done."""
    options = parse_options(arguments)
    try:
        Deployer(contracts, _account(), options).deploy_all()
    except (VirtualMachineError, ValueError) as error:
        sys.exit(f"The chain refused: {error}")


def _account() -> Any:
    """None where this process has no key: it can still check."""
    if key := os.environ.get("ANXIN_DEPLOYER_KEY"):
        return accounts.add(key)
    return accounts[0] if len(accounts) else None


def run(arguments: list[str]) -> None:
    rpc = _parser().parse_args(arguments).rpc
    os.chdir(ROOT)  # the compiler's remappings are relative
    try:
        connect(rpc)
        deploy(project.load(ROOT), arguments)
    except NobodyAnswers:
        sys.exit(f"No chain answers at {rpc}: start one, or name another with --rpc.")


if __name__ == "__main__":
    run(sys.argv[1:])
