"""Which contracts, on which chain: what scripts/deploy.py wrote."""

from hashlib import sha256
from pathlib import Path

import msgspec

from anxin.core.signing import ESCROW_DOMAIN_NAME, REGISTRY_DOMAIN_NAME, TOKEN_DOMAIN_NAME, Domain


class NoDeployment(Exception):
    """The file is none that scripts/deploy.py wrote."""


class Addresses(msgspec.Struct, frozen=True, rename={
    "roles": "RoleManager", "token": "WageToken", "registry": "WorkerRegistry", "escrow_code": "WageEscrow",
    "factory": "WageEscrowFactory", "bank": "BankPayout", "anchor": "EvidenceAnchor",
}):  # fmt: skip
    """0x addresses by contract; `escrow_code` is what every escrow is a clone of, `bank` where bank-paid wages go."""

    roles: str
    token: str
    registry: str
    escrow_code: str
    factory: str
    bank: str
    anchor: str


class Deployment(msgspec.Struct, frozen=True, rename="camel"):
    """One deployment. `genesis_hash` tells this chain from another with the same id."""

    chain_id: int
    genesis_hash: str
    start_block: int
    rp_id: str
    addresses: Addresses

    @classmethod
    def read(cls, file: Path) -> "Deployment":
        """Raises NoDeployment."""
        try:
            return msgspec.json.decode(file.read_bytes(), type=cls)
        except (OSError, msgspec.DecodeError) as error:
            raise NoDeployment(f"{file} is not what scripts/deploy.py writes: {error}") from error

    @property
    def rp_id_hash(self) -> bytes:
        return sha256(self.rp_id.encode()).digest()

    @property
    def bank(self) -> str:
        """The payout of whoever the bank pays, lower case."""
        return self.addresses.bank.lower()

    @property
    def own_addresses(self) -> frozenset[str]:
        """Of its contracts, lower case: those that are there before any escrow is."""
        return frozenset(each.lower() for each in msgspec.structs.astuple(self.addresses))

    @property
    def registry_domain(self) -> Domain:
        return Domain(REGISTRY_DOMAIN_NAME, self.chain_id, self.addresses.registry)

    @property
    def token_domain(self) -> Domain:
        return Domain(TOKEN_DOMAIN_NAME, self.chain_id, self.addresses.token)

    def escrow_domain(self, escrow: str) -> Domain:
        return Domain(ESCROW_DOMAIN_NAME, self.chain_id, escrow)
