"""What the tests of disputes, bond, closing and keys share: the books as they must be, disputes as they come about."""

from typing import Any

from brownie import chain
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from anxin.core.signing import from_hex
from anxin.demo.keys import Key

from .building_site import Sheet, Site, Worker, next_block_at


def assert_books(site: Site, *, funded: int = 0, owed: int = 0, contested: int = 0, bond: int = 0) -> None:
    """The escrow's books say this (fen), `free` follows from them, and the tokens are there."""
    free = max(0, funded - owed - contested)
    assert (funded, owed, contested, bond, free) == tuple(site.escrow.books())
    assert funded + bond == site.token.balanceOf(site.escrow)


def wait_until(timestamp: int) -> None:
    """Let it be this time (Unix seconds); what is signed next counts from then."""
    next_block_at(timestamp)
    chain.mine()


def claimed(site: Site, worker: Worker, **signed: Any) -> int:
    """The worker claims days that no sheet has; returns the dispute's id."""
    return int(site.escrow.claim(*site.claim(worker, **signed), {"from": site.relayer}).events["Claimed"]["disputeId"])


def contested(site: Site, worker: Worker, sheet: Sheet, place: int, *, claimed_fen: int, **signed: Any) -> int:
    """The worker claims more than was posted; returns the dispute's id."""
    told = site.contest(worker, sheet, place, claimed_fen=claimed_fen, **signed)
    return int(told.events["Contested"]["disputeId"])


def answered(site: Site, dispute_id: int, admitted_fen: int) -> Any:
    """The contractor admits so much of it."""
    return site.escrow.answer(*site.answer(dispute_id, admitted_fen), {"from": site.relayer})


def resolved(site: Site, dispute_id: int, award_fen: int, **signed: Any) -> Any:
    """The bureau, or whoever is named as `signer`, decides it."""
    return site.escrow.resolve(*site.resolution(dispute_id, award_fen, **signed), {"from": site.relayer})


def dispute(site: Site, dispute_id: int) -> dict[str, Any]:
    """A dispute's fields by name."""
    return dict(site.escrow.dispute(dispute_id).dict())


def hostile_site(open_site: Any, admin: Any, relayer: Any, container: Any, *workers: Worker) -> Site:
    """A project over a token of this kind, of which the relayer holds plenty; these workers have joined it."""
    token = admin.deploy(container)
    token.mint(relayer, 10**9, {"from": admin})
    site: Site = open_site(token, container._name)
    site.join(*workers)
    return site


def commitment(key: Key, payout: str) -> str:
    """What the registry keeps of a key and its worker's payout (IWorkerRegistry.commitmentsOf), 0x-hex."""
    public = key.public
    words = public.assurance, from_hex(public.x), from_hex(public.y), payout
    return "0x" + keccak(encode(["uint8", "bytes32", "bytes32", "address"], words)).hex()
