"""Deploys the contracts to any chain, and writes down where they are.

    python scripts/deploy.py --rpc URL --out FILE          any JSON-RPC address; nothing of it is kept in ~/.brownie
    brownie run deploy --network NAME                      a network Brownie knows; options from the environment

The deployer's key is ANXIN_DEPLOYER_KEY (32 bytes, hex); without one, the node's first own account (a local anvil).
The deployer administers the roles, which move no wage. Running it again finishes what was cut short, grants what is
missing, and checks everything that is recorded.
"""

import argparse
import json
import os
import sys
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
os.environ.setdefault("SOLCX_BINARY_PATH", str(ROOT / ".solcx"))

import brownie  # noqa: E402, it looks for the compiler as it is imported
from brownie import accounts, network, project, web3  # noqa: E402
from brownie.exceptions import VirtualMachineError  # noqa: E402
from requests.exceptions import ConnectionError as NobodyAnswers  # noqa: E402

REGISTRAR, BANK, BUREAU = 1, 2, 3  # contracts/Roles.sol
BANK_ONLY = ("mint", "burn")
METADATA_BYTES = 53  # at the end of a contract's code: hash of its sources and compiler settings


@dataclass(frozen=True)
class Options:
    """`out` is where the deployment is written; addresses are 0x."""

    out: Path
    rp_id: str
    registrars: list[str]
    banks: list[str]
    bureaus: list[str]
    relayers: list[str]
    gas_money: float  # ether


@dataclass
class Record:
    """A deployment, as the backend reads it. `genesisHash` tells this chain from another with the same id."""

    chainId: int  # noqa: N815, JSON
    genesisHash: str  # noqa: N815
    startBlock: int  # noqa: N815
    rpId: str  # noqa: N815
    addresses: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of_this_chain(cls, out: Path, rp_id: str) -> "Record":
        """What was recorded for the connected chain, finished or not; else an empty record."""
        genesis = "0x" + bytes(web3.eth.get_block(0)["hash"]).hex()
        for file in (out, _unfinished(out)):
            if (known := cls.read(file)) and known.genesisHash == genesis:
                if known.rpId != rp_id:
                    sys.exit(f"{file} is for passkeys of {known.rpId}, which cannot be changed: --rp-id is {rp_id}.")
                return known
        return cls(web3.eth.chain_id, genesis, web3.eth.block_number, rp_id)

    @classmethod
    def read(cls, file: Path) -> "Record | None":
        try:
            return cls(**json.loads(file.read_text()))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError):
            sys.exit(f"{file} is not a deployment: move it away, or choose another --out.")

    def write(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        half = file.with_suffix(".half")
        half.write_text(json.dumps(asdict(self), indent=2) + "\n")
        half.replace(file)


class Deployer:
    """Deploys each contract once: one that is recorded is checked and used."""

    def __init__(self, contracts: Any, account: Any, options: Options) -> None:
        self._contracts = contracts
        self._account = account
        self._options = options
        self._record = Record.of_this_chain(options.out, options.rp_id)

    def deploy_all(self) -> Record:
        rp_id_hash = sha256(self._options.rp_id.encode()).digest()
        roles = self._contract("RoleManager", self._account)
        token = self._contract("WageToken", roles)
        registry = self._contract("WorkerRegistry", roles, rp_id_hash)
        escrow = self._contract("WageEscrow")
        factory = self._contract("WageEscrowFactory", escrow, token, registry)
        self._limit_to_bank(roles, token)
        self._grant(roles, {REGISTRAR: self._options.registrars, BANK: self._options.banks, BUREAU: self._options.bureaus})
        self._give_gas_money()

        _check("the token's authority", token.authority(), roles.address)
        _check("the token's decimals", token.decimals(), 2)
        _check("the registry's authority", registry.authority(), roles.address)
        _check("the registry's rpIdHash", bytes(registry.rpIdHash()), rp_id_hash)
        _check("the factory's implementation", factory.implementation(), escrow.address)
        _check("the factory's token", factory.token(), token.address)
        _check("the factory's registry", factory.registry(), registry.address)
        self._record.write(self._options.out)
        _unfinished(self._options.out).unlink(missing_ok=True)
        return self._record

    def _contract(self, name: str, *arguments: Any) -> Any:
        container = self._contracts[name]
        if address := self._record.addresses.get(name):
            code = bytes(web3.eth.get_code(web3.to_checksum_address(address)))
            built = bytes.fromhex(container._build["deployedBytecode"][-2 * METADATA_BYTES :])
            if code[-METADATA_BYTES:] != built:
                sys.exit(
                    f"{name} at {address} was built from other sources than these. Deploy to another --out file, or, "
                    "on the embedded chain, run `make clean` first: it removes the old chain and all that is on it."
                )
            return container.at(address)
        contract = self._account.deploy(container, *arguments, silent=True)
        self._record.addresses[name] = contract.address.lower()
        self._record.write(_unfinished(self._options.out))
        print(f"{name} {contract.address} {contract.tx.gas_used:,} gas", flush=True)
        return contract

    def _limit_to_bank(self, roles: Any, token: Any) -> None:
        selectors = [token.signatures[name] for name in BANK_ONLY]
        if any(roles.getTargetFunctionRole(token, selector) != BANK for selector in selectors):
            roles.setTargetFunctionRole(token, selectors, BANK, {"from": self._account}, silent=True)

    def _grant(self, roles: Any, holders: dict[int, list[str]]) -> None:
        for role, addresses in holders.items():
            for address in addresses:
                if not roles.hasRole(role, address)[0]:
                    roles.grantRole(role, address, 0, {"from": self._account}, silent=True)
                    print(f"role {role} to {address}", flush=True)

    def _give_gas_money(self) -> None:
        wei = web3.to_wei(self._options.gas_money, "ether")
        for relayer in self._options.relayers:
            if (missing := wei - web3.eth.get_balance(web3.to_checksum_address(relayer))) > 0:
                self._account.transfer(relayer, missing, silent=True)
                print(f"gas money to {relayer}", flush=True)


def main() -> None:
    """Entry of `brownie run deploy`."""
    _deploy(project.get_loaded_projects()[0], parse_options([]))


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
    def several(variable: str) -> dict[str, Any]:
        return {"action": "extend", "nargs": "+", "default": os.environ.get(variable, "").replace(",", " ").split()}

    parser = argparse.ArgumentParser(description="Deploy Anxin's contracts.")
    parser.add_argument("--rpc", default=os.environ.get("ANXIN_RPC_URL", "http://127.0.0.1:8545"))
    default_out = os.environ.get("ANXIN_DEPLOYMENT", ROOT / ".anxin" / "deployment.json")
    parser.add_argument("--out", type=lambda path: Path(path).resolve(), default=Path(default_out).resolve())
    parser.add_argument("--rp-id", default=os.environ.get("ANXIN_RP_ID", "localhost"), help="web domain of passkeys")
    parser.add_argument("--registrar", dest="registrars", metavar="ADDRESS", **several("ANXIN_REGISTRARS"))
    parser.add_argument("--bank", dest="banks", metavar="ADDRESS", **several("ANXIN_BANKS"))
    parser.add_argument("--bureau", dest="bureaus", metavar="ADDRESS", **several("ANXIN_BUREAUS"))
    parser.add_argument("--relayer", dest="relayers", metavar="ADDRESS", **several("ANXIN_RELAYERS"))
    parser.add_argument("--gas-money", type=float, default=1.0, metavar="ETHER", help="each relayer has at least this")
    return parser


def _deploy(contracts: Any, options: Options) -> None:
    record = Deployer(contracts, _account(), options).deploy_all()
    print(f"{len(record.addresses)} contracts on chain {record.chainId}, recorded in {options.out}")


def _account() -> Any:
    if key := os.environ.get("ANXIN_DEPLOYER_KEY"):
        return accounts.add(key)
    if not len(accounts):
        sys.exit("This chain has no account of its own to deploy from: set ANXIN_DEPLOYER_KEY.")
    return accounts[0]


def _check(what: str, actual: Any, expected: Any) -> None:
    if actual != expected:
        sys.exit(f"{what[0].upper()}{what[1:]} is {actual!r}, not {expected!r}. Nothing was recorded as finished.")


def _unfinished(out: Path) -> Path:
    return out.with_suffix(".unfinished.json")


def run(arguments: list[str]) -> None:
    rpc, options = _parser().parse_args(arguments).rpc, parse_options(arguments)
    os.chdir(ROOT)  # the compiler's remappings are relative
    try:
        connect(rpc)
        _deploy(project.load(ROOT), options)
    except NobodyAnswers:
        sys.exit(f"No chain answers at {rpc}: start one, or name another with --rpc.")
    except (VirtualMachineError, ValueError) as error:
        sys.exit(f"The chain refused: {error}")


if __name__ == "__main__":
    run(sys.argv[1:])
