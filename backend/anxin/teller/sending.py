"""Taking steps to the chain, each once: signed, kept in the journal, then sent; the same bytes again until they are final.

    step ──► tried out ──► signed ──► journal (synced) ──► sent ──► in a block ──► final: ended
                │                                    └── vanished by a reorg, dropped: the same bytes again
                └── refused: nothing is sent; the next round plans anew       └── stuck: same nonce, a higher fee
"""

import time
from dataclasses import dataclass, field

import msgspec
import structlog
from eth_account.signers.local import LocalAccount
from eth_utils.address import to_checksum_address

from anxin.chain.contracts import decode_refusal, encode_call
from anxin.chain.fees import Price
from anxin.chain.rpc import Rpc, RpcError
from anxin.chain.transactions import Words
from anxin.core.deployment import Deployment
from anxin.core.signing import from_hex
from anxin.teller.journal import Journal, Sent
from anxin.teller.plan import Step

GAS_MARGIN = 1.3
FEE_CEILING_WEI = 500 * 10**9  # a unit of gas
REPLACE_AFTER_SECONDS = 90.0

log = structlog.get_logger()


@dataclass
class Sender:
    """One key's transactions. Any call may raise RpcUnreachable: what was sent may have arrived; the journal has it."""

    rpc: Rpc
    deployment: Deployment
    account: LocalAccount
    journal: Journal
    finality_depth: int
    _sent_at: dict[int, float] = field(default_factory=dict)  # by nonce, monotonic: when it first went out at this fee
    _refused: dict[tuple[str, ...], str] = field(default_factory=dict)  # what was logged already

    async def tend(self) -> None:
        """End what is final; send again what is in no block."""
        if not self.journal.open:
            return
        final = self.rpc.final_height(await self.rpc.head(), self.finality_depth)
        used = await self._count("latest")
        for nonce, attempts in sorted(self.journal.open.items()):
            receipt = await self._receipt(attempts)
            if receipt is not None:
                if int(receipt["blockNumber"], 16) <= final:
                    how = "done" if int(receipt["status"], 16) == 1 else "reverted"
                    self.journal.end(nonce, how)
                    log.info("final", what=attempts[-1].what, how=how, tx=receipt["transactionHash"])
            elif nonce < used:
                await self._lost(nonce, attempts, final)
            else:
                await self._again(nonce, attempts[-1])

    async def take(self, step: Step) -> bool:
        """Send a step for the first time. Return False where the chain would refuse it."""
        data, to = encode_call(step.call), to_checksum_address(step.call.address)
        try:
            asked = {"from": self.account.address, "to": to, "data": data}
            gas = int(int(await self.rpc.call("eth_estimateGas", asked), 16) * GAS_MARGIN)
        except RpcError as error:
            self._say_refused(step, str(decode_refusal(error.data, error.message)))
            return False
        self._refused.pop(step.covers, None)
        offer = (await Price.now(self.rpc)).offer_below(FEE_CEILING_WEI)
        if offer is None:
            log.warning("gas costs more than the ceiling: waiting", what=step.what, ceiling_wei=FEE_CEILING_WEI)
            return False
        nonce = max([await self._count("latest"), *(each + 1 for each in self.journal.open)])
        words = Words.of(
            {"to": to, "data": data}, chain_id=self.deployment.chain_id, nonce=nonce, gas=gas, fees=offer
        )  # fmt: skip
        await self._keep_and_send(words, Sent(nonce, "", "", step.what, step.covers, step.mints_fen))
        return True

    def _say_refused(self, step: Step, why: str) -> None:
        """Once: it is tried again in every round, and most often somebody else has done it, or the escrow is paused."""
        if self._refused.get(step.covers) != why:
            self._refused[step.covers] = why
            log.warning("refused", what=step.what, why=why)

    async def _keep_and_send(self, words: Words, about: Sent) -> None:
        tx_hash, raw = words.signed(self.account)
        sent = msgspec.structs.replace(about, tx_hash=tx_hash, raw="0x" + raw.hex())
        self.journal.keep(sent)
        await self._send(sent)
        log.info("sent", what=sent.what, tx=tx_hash)

    async def _again(self, nonce: int, last: Sent) -> None:
        """The same bytes; after a while in vain, the same call with a higher fee, where the chain asks for one."""
        since = self._sent_at.setdefault(nonce, time.monotonic())
        if time.monotonic() - since > REPLACE_AFTER_SECONDS:
            words = Words.read(from_hex(last.raw))
            price = await Price.now(self.rpc)
            dearer = None if words.fees.suffices(price) else words.fees.dearer(price, FEE_CEILING_WEI)
            if dearer is not None:
                self._sent_at[nonce] = time.monotonic()
                await self._keep_and_send(words.at(dearer), last)
                return
        await self._send(last)

    async def _send(self, sent: Sent) -> None:
        """A node that does not take it may have it already, or take it the next time: its answer decides nothing."""
        self._sent_at.setdefault(sent.nonce, time.monotonic())
        try:
            await self.rpc.call("eth_sendRawTransaction", sent.raw)
        except RpcError as error:
            log.debug("the node said", error=str(error), nonce=sent.nonce)

    async def _lost(self, nonce: int, attempts: list[Sent], final: int) -> None:
        """The nonce is used, and not by us: for good once that is final. Then what it was for is planned anew."""
        try:
            for_good = await self._count(hex(final)) > nonce
        except RpcError:
            return  # the node has no state so old, after a restart: a few blocks later it has
        if for_good and await self._receipt(attempts) is None:
            self.journal.end(nonce, "taken")
            log.error("this key was used elsewhere, or the chain lost blocks", nonce=nonce, what=attempts[-1].what)

    async def _count(self, block: str) -> int:
        return int(await self.rpc.call("eth_getTransactionCount", self.account.address, block), 16)

    async def _receipt(self, attempts: list[Sent]) -> dict[str, str] | None:
        for answer in await self.rpc.batch([("eth_getTransactionReceipt", (each.tx_hash,)) for each in attempts]):
            if isinstance(answer, dict):
                return answer
        return None
