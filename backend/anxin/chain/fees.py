"""What a unit of gas costs, and what is offered for it: in wei, for chains with a base fee (EIP-1559) and without."""

from dataclasses import dataclass
from typing import Any

from anxin.chain.rpc import Rpc, RpcError


@dataclass(frozen=True)
class Fees:
    """An offer, or what the head asks for. Without a tip (None): one price, as before the base fee was invented."""

    most: int
    tip: int | None

    @property
    def of_transaction(self) -> dict[str, int]:
        """The fields of a transaction that say so."""
        if self.tip is None:
            return {"type": 0, "gasPrice": self.most}
        return {"type": 2, "maxFeePerGas": self.most, "maxPriorityFeePerGas": self.tip}

    def suffices(self, price: "Price") -> bool:
        """Whether the next block would take it."""
        return self.most >= price.asked and (self.tip is None or self.tip >= price.tip)

    def dearer(self, price: "Price", ceiling: int) -> "Fees | None":
        """Return an offer that may replace this one: an eighth more in both fees, or what the head asks for.

        None where that, or the next block, is above `ceiling`. Nodes want a tenth (geth) or an eighth (others) more.
        """
        most = min(max(_eighth_more(self.most), price.offer.most), ceiling)
        tip = None if self.tip is None else max(_eighth_more(self.tip), price.tip)
        if price.asked > ceiling or most < _eighth_more(self.most) or (tip or 0) > most:
            return None
        return Fees(most, tip)


@dataclass(frozen=True)
class Price:
    """What the head asks for a unit of gas. Where the chain has no base fee `base` is None, and `tip` the whole price."""

    base: int | None
    tip: int

    @classmethod
    async def now(cls, rpc: Rpc) -> "Price":
        """A chain without a base fee is known by its blocks; a node without tips says what a unit of gas costs in all."""
        block: dict[str, Any] = await rpc.call("eth_getBlockByNumber", "latest", False)
        if block.get("baseFeePerGas") is None:
            return cls(None, int(await rpc.call("eth_gasPrice"), 16))
        base = int(block["baseFeePerGas"], 16)
        try:
            tip = int(await rpc.call("eth_maxPriorityFeePerGas"), 16)
        except RpcError:
            tip = max(int(await rpc.call("eth_gasPrice"), 16) - base, 0)
        return cls(base, tip)

    @property
    def asked(self) -> int:
        """For the next block."""
        return (self.base or 0) + self.tip

    @property
    def offer(self) -> Fees:
        """With room for the base fee to double."""
        return Fees(self.tip, None) if self.base is None else Fees(2 * self.base + self.tip, self.tip)

    def offer_below(self, ceiling: int) -> Fees | None:
        """None where even the next block asks for more than `ceiling`."""
        if self.asked > ceiling:
            return None
        return Fees(min(self.offer.most, ceiling), self.offer.tip)


def _eighth_more(wei: int) -> int:
    return wei + max(-(-wei // 8), 1)
