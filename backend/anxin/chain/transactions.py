"""A call as a transaction: what it says, what it may cost, and its signed bytes."""

from dataclasses import dataclass
from typing import Any

import msgspec
from eth_account.signers.local import LocalAccount
from eth_utils.address import to_checksum_address

from anxin.chain.contracts import NotACall, encode_call
from anxin.chain.models import RelayAttempt, RelayCall
from anxin.chain.rpc import Rpc
from anxin.core.calls import Call
from anxin.core.clock import now

Transaction = dict[str, Any]


@dataclass(frozen=True)
class Fees:
    """In wei for a unit of gas."""

    most: int
    tip: int

    @classmethod
    async def now(cls, rpc: Rpc) -> "Fees":
        """With room for the base fee to double."""
        block = await rpc.call("eth_getBlockByNumber", "latest", False)
        tip = int(await rpc.call("eth_maxPriorityFeePerGas"), 16)
        return cls(2 * int(block.get("baseFeePerGas", "0x0"), 16) + tip, tip)


def transaction_of(call: RelayCall) -> Transaction:
    """Raises NotACall."""
    decoded = msgspec.convert(call.call, Call)
    try:
        to = to_checksum_address(decoded.address)
    except ValueError as error:
        raise NotACall(f"{decoded.address!r} is no address") from error
    return {"to": to, "data": encode_call(decoded), "value": "0x0"}


def signed(account: LocalAccount, call: RelayCall, made: Transaction, chain_id: int, fees: Fees) -> RelayAttempt:
    """Return `call` signed with its nonce and gas, not sent yet."""
    bytes_and_hash = account.sign_transaction(
        made
        | {
            "chainId": chain_id, "nonce": call.nonce, "gas": call.gas, "value": 0, "type": 2,
            "maxFeePerGas": fees.most, "maxPriorityFeePerGas": fees.tip,
        }
    )  # fmt: skip
    tx_hash = "0x" + bytes_and_hash.hash.hex().removeprefix("0x")
    return RelayAttempt(tx_hash=tx_hash, call_pk=call.id, raw=bytes(bytes_and_hash.raw_transaction), signed_at=now())
