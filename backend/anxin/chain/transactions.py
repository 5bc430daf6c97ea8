"""A call as a transaction: what it says, what it may cost, and its signed bytes.

Sources: EIP-1559 (type 2), EIP-155 (legacy), EIP-2718 (the type's byte before the list).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import rlp  # type: ignore[import-untyped]
from eth_account.signers.local import LocalAccount
from eth_typing import Hash32
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from anxin.chain.contracts import NotACall, encode_call
from anxin.chain.fees import Fees
from anxin.chain.models import RelayCall
from anxin.core.calls import Call
from anxin.core.signing import from_hex

NO_OP_GAS = 21_000  # a transfer of nothing to oneself
_DYNAMIC_FEE = b"\x02"

Transaction = dict[str, Any]


def transaction_of(call: RelayCall) -> Transaction:
    """Raises NotACall."""
    decoded = msgspec.convert(call.call, Call)
    try:
        to = to_checksum_address(decoded.address)
    except ValueError as error:
        raise NotACall(f"{decoded.address!r} is no address") from error
    return {"to": to, "data": encode_call(decoded), "value": "0x0"}


@dataclass(frozen=True)
class Words:
    """All that is signed of a transaction that moves no coins."""

    chain_id: int
    nonce: int
    gas: int
    fees: Fees
    to: bytes
    data: bytes
    reads: tuple[Any, ...] = ()  # RLP's form of an access list; a chain without base fee has none

    @classmethod
    def of(cls, made: Transaction, *, chain_id: int, nonce: int, gas: int, fees: Fees) -> "Words":
        reads = () if fees.tip is None else tuple(
            (from_hex(each["address"]), tuple(from_hex(key) for key in each["storageKeys"]))
            for each in made.get("accessList", ())
        )  # fmt: skip
        return cls(chain_id, nonce, gas, fees, from_hex(made["to"]), from_hex(made["data"]), reads)

    @classmethod
    def read(cls, raw: bytes) -> "Words":
        """What signed bytes say. Inverse of `signed`."""
        if raw[:1] == _DYNAMIC_FEE:
            chain_id, nonce, tip, most, gas, to, _, data, reads, *_ = rlp.decode(raw[1:])
            return cls(
                _int(chain_id), _int(nonce), _int(gas), Fees(_int(most), _int(tip)), to, data, _tuples(reads)
            )
        nonce, price, gas, to, _, data, v, *_ = rlp.decode(raw)
        return cls((_int(v) - 35) // 2, _int(nonce), _int(gas), Fees(_int(price), None), to, data)

    def no_op(self, to: str) -> "Words":
        """The same nonce used up by something that does nothing."""
        return replace(self, gas=NO_OP_GAS, to=from_hex(to), data=b"", reads=())

    def at(self, fees: Fees) -> "Words":
        return replace(self, fees=fees)

    def signed(self, account: LocalAccount) -> tuple[str, bytes]:
        """Return the transaction's hash (0x-hex) and its bytes."""
        if self.fees.tip is None:
            fields: list[Any] = [self.nonce, self.fees.most, self.gas, self.to, 0, self.data]
            parity, r, s = _sign(account, rlp.encode([*fields, self.chain_id, 0, 0]))
            raw = rlp.encode([*fields, self.chain_id * 2 + 35 + parity, r, s])
        else:
            fields = [
                self.chain_id, self.nonce, self.fees.tip, self.fees.most, self.gas, self.to, 0, self.data, self.reads,
            ]  # fmt: skip
            parity, r, s = _sign(account, _DYNAMIC_FEE + rlp.encode(fields))
            raw = _DYNAMIC_FEE + rlp.encode([*fields, parity, r, s])
        return "0x" + keccak(raw).hex(), raw


def _sign(account: LocalAccount, words: bytes) -> tuple[int, int, int]:
    signature = account.unsafe_sign_hash(Hash32(keccak(words)))
    return int(signature.v) - 27, int(signature.r), int(signature.s)


def _int(field: bytes) -> int:
    return int.from_bytes(field)


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, Sequence) and not isinstance(value, bytes) else value
