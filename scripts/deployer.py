"""The contracts of a deployment: each is deployed once; one that is recorded is checked and used.

Contracts, then roles, then checks, then the hand-over, then checks again. Every step first looks whether it is done, and an
address is written down before the transaction that fills it, so a run can be cut off anywhere and begun again.
"""

import json
import sys
import time
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from brownie import web3

from role_changes import Administration

ROOT = Path(__file__).resolve().parent.parent
METADATA_BYTES = 53  # at the end of a contract's code: hash of its sources and compiler settings
PATIENCE_SECONDS = 5


@dataclass(frozen=True)
class Options:
    """`out` is where the deployment is written; addresses are 0x, with their checksum."""

    out: Path | None
    rp_id: str
    registrars: list[str]
    banks: list[str]
    bureaus: list[str]
    arbiters: list[str]
    guardians: list[str]
    witnesses: list[str]
    witness_threshold: int | None
    relayers: list[str]
    gas_money: float  # ether
    admin: str | None
    admin_delay: int  # seconds

    @property
    def new_threshold(self) -> int:
        """How many witnesses a new anchor asks for: more than half of those named, if nothing else is said."""
        return self.witness_threshold or len(self.witnesses) // 2 + 1


@dataclass
class Record:
    """A deployment, as the backend reads it. `genesisHash` tells this chain from another with the same id."""

    chainId: int  # noqa: N815, JSON
    genesisHash: str  # noqa: N815
    startBlock: int  # noqa: N815
    rpId: str  # noqa: N815
    addresses: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of_this_chain(cls, out: Path, rp_id: str) -> "tuple[Record, bool]":
        """What was recorded for the connected chain, and whether that deployment was finished; else an empty record."""
        chain_id, genesis = web3.eth.chain_id, "0x" + bytes(web3.eth.get_block(0)["hash"]).hex()
        for file in (out, unfinished(out)):
            if not (known := cls.read(file)):
                continue
            if known.chainId != chain_id:
                sys.exit(f"{file} is of chain {known.chainId}, and this is chain {chain_id}: choose another --out.")
            if known.genesisHash == genesis:
                if known.rpId != rp_id:
                    sys.exit(f"{file} is for passkeys of {known.rpId}, which cannot be changed: --rp-id is {rp_id}.")
                return known, file == out
        return cls(chain_id, genesis, web3.eth.block_number, rp_id), False

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
    def __init__(self, contracts: Any, account: Any, options: Options) -> None:
        self._contracts = contracts
        self._account = account
        self._options = options
        self._out = options.out or ROOT / "deployments" / f"{web3.eth.chain_id}.json"
        self._record, self._finished = Record.of_this_chain(self._out, options.rp_id)

    def deploy_all(self) -> None:
        options = self._options
        rp_id_hash = sha256(options.rp_id.encode()).digest()
        self._check_nothing_waits()
        roles = self._contract("RoleManager", self._account)
        token = self._contract("WageToken", roles)
        registry = self._contract("WorkerRegistry", roles, rp_id_hash)
        escrow = self._contract("WageEscrow")
        factory = self._contract("WageEscrowFactory", escrow, token, registry, roles)
        bank = self._made_by(factory, "BankPayout", factory.bank())
        anchor = self._contract("EvidenceAnchor", roles, options.new_threshold)

        check("the token's authority", token.authority(), roles.address)
        check("the token's decimals", token.decimals(), 2)
        check("the registry's authority", registry.authority(), roles.address)
        check("the registry's rpIdHash", bytes(registry.rpIdHash()), rp_id_hash)
        check("the factory's implementation", factory.implementation(), escrow.address)
        check("the factory's token", factory.token(), token.address)
        check("the factory's registry", factory.registry(), registry.address)
        check("the factory's authority", factory.authority(), roles.address)
        check("the bank payout's authority", bank.authority(), roles.address)
        check("the bank payout's factory", bank.factory(), factory.address)
        check("the bank payout's token", bank.token(), token.address)
        check("the anchor's authority", anchor.authority(), roles.address)
        check("the anchor's threshold", anchor.threshold(), options.witness_threshold or anchor.threshold())

        administration = Administration(roles, self._account, self._record.startBlock, options.admin, options.admin_delay)
        administration.limit(token, bank)
        administration.name_roles()
        administration.grant(
            registrars=options.registrars, banks=options.banks, bureaus=options.bureaus, arbiters=options.arbiters,
            guardians=options.guardians, witnesses=options.witnesses, payout=bank.address,
        )  # fmt: skip
        administration.check(token, bank, anchor)
        if administration.is_ours:
            self._give_gas_money()
        self._record.write(self._out)
        unfinished(self._out).unlink(missing_ok=True)
        administration.hand_over()
        print(f"{len(self._record.addresses)} contracts on chain {self._record.chainId}, recorded in {self._out}")

    def _check_nothing_waits(self) -> None:
        """A transaction of an earlier run that still waits would take the place of one of ours: give it a few blocks."""
        if self._account is None:
            return
        address, until = self._account.address, time.monotonic() + PATIENCE_SECONDS
        while (waiting := self._waiting(address)) and time.monotonic() < until:
            time.sleep(0.2)
        if waiting:
            sys.exit(f"{waiting} transactions of {address} are not in a block yet: run this again when they are.")

    @staticmethod
    def _waiting(address: str) -> int:
        mined, sent = (web3.eth.get_transaction_count(address, block) for block in ("latest", "pending"))
        return max(sent - mined, 0)

    def _contract(self, name: str, *arguments: Any) -> Any:
        if (address := self._record.addresses.get(name)) and (self._finished or _code(address)):
            return self._known(name, address)
        if self._account is None:
            sys.exit("This chain has no account of its own to deploy from: set ANXIN_DEPLOYER_KEY.")
        self._note(name, self._account.get_deployment_address())
        contract = self._account.deploy(self._contracts[name], *arguments, silent=True)
        check(f"the address of {name}", contract.address.lower(), self._record.addresses[name])
        print(f"{name} {contract.address} {contract.tx.gas_used:,} gas", flush=True)
        return contract

    def _made_by(self, maker: Any, name: str, address: str) -> Any:
        check(f"{name} of {maker.address}", address.lower(), self._record.addresses.get(name, address.lower()))
        self._note(name, address)
        return self._known(name, address)

    def _note(self, name: str, address: str) -> None:
        self._record.addresses[name] = address.lower()
        if not self._finished:
            self._record.write(unfinished(self._out))

    def _known(self, name: str, address: str) -> Any:
        container = self._contracts[name]
        code = _code(address)
        if not code:
            sys.exit(
                f"{name} is recorded at {address}, where this node has no contract. The node may lag behind: try again. "
                f"If the chain has lost it, move {self._out} away."
            )
        if not is_built_as(code, bytes.fromhex(container._build["deployedBytecode"].removeprefix("0x"))):
            sys.exit(
                f"{name} at {address} was built from other sources than these. Deploy to another --out file, or, "
                "on the embedded chain, run `make clean` first: it removes the old chain and all that is on it."
            )
        return container.at(web3.to_checksum_address(address))

    def _give_gas_money(self) -> None:
        wei = web3.to_wei(self._options.gas_money, "ether")
        for relayer in self._options.relayers:
            if (missing := wei - web3.eth.get_balance(relayer)) > 0:
                self._account.transfer(relayer, missing, silent=True)
                print(f"gas money to {relayer}", flush=True)


def check(what: str, actual: Any, expected: Any) -> None:
    if actual != expected:
        sys.exit(f"{what[0].upper()}{what[1:]} is {actual!r}, not {expected!r}. Nothing was recorded as finished.")


def is_built_as(code: bytes, built: bytes) -> bool:
    """Whether deployed code is what we built: the compiler leaves zeros where the constructor writes immutables."""
    return (
        len(code) == len(built)
        and code[-METADATA_BYTES:] == built[-METADATA_BYTES:]
        and all(ours in (0, theirs) for ours, theirs in zip(built, code, strict=True))
    )


def unfinished(out: Path) -> Path:
    return out.with_suffix(".unfinished.json")


def _code(address: str) -> bytes:
    return bytes(web3.eth.get_code(web3.to_checksum_address(address)))
