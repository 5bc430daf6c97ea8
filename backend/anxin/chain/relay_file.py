"""Taking somebody's signed word to the chain with any funded key: no database, no server of ours.

    the file is whole ──► this chain, this deployment ──► the words are those that were signed, by the worker's present key
      ──► not done yet ──► would the contract take it? ──► send ──► what it did
Everything that can be said before any gas is spent is said, and in words. Doing it twice does no harm: what is done already
is said and nothing sent; the contract itself takes each word once.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any

import msgspec
from eth_account import Account
from eth_account.signers.local import LocalAccount

from anxin.chain.contracts import NotACall, decode_log, decode_refusal, encode_call
from anxin.chain.fees import Price
from anxin.chain.identity import check_first_block
from anxin.chain.reader import read_events_of, read_view
from anxin.chain.rpc import Rpc, RpcError
from anxin.chain.transactions import Words
from anxin.core.calls import Call, Refusal
from anxin.core.deployment import Deployment
from anxin.core.events import Event
from anxin.core.money import yuan
from anxin.core.relay_file import WORDS_OF, RelayFile
from anxin.core.sheet_tree import LINE_BYTES, SheetLine
from anxin.core.signing import digest, from_hex

GAS_MARGIN = 1.25

Wait = Callable[[Rpc, str], Awaitable[dict[str, Any] | None]]  # the receipt of a transaction, or None after a while

REASONS = {
    "Escrow_Expired": "the worker's signature was good until a time that is over: they must sign again",
    "Escrow_BadWorkerSignature": "the signature is not by the key this worker has on the chain now: they must sign again",
    "Escrow_NotEnrolled": "this worker has no key on the chain",
    "Escrow_NotJoined": "this worker has not joined the project of this escrow",
    "Escrow_UnknownSheet": "the escrow has no such wage sheet: it is not posted, or this is another escrow",
    "Escrow_LineNotInSheet": "the line is not in the posted wage sheet: another amount, other days, or a wrong proof",
    "Escrow_AlreadyContested": "this line is contested already",
    "Escrow_DayClaimed": "some of these days are claimed or contested already",
    "Escrow_BadClaim": "the claim is for nothing, or for more than was agreed for so many days",
    "Escrow_BadObjection": "the contest asks for less than was posted, or for more than was agreed for so many days",
    "Escrow_FutureDay": "some of these days have not come yet",
    "Escrow_DayTooOld": "some of these days are more than ten years ago",
    "Escrow_Paused": "the escrow is paused: try again later",
    "Escrow_Closed": "the escrow is closed: nothing is owed there any more",
}


class CannotRelay(Exception):
    """The message says what is wrong, and nothing was sent; or what was sent and what became of it."""


@dataclass(frozen=True)
class Outcome:
    """`tx_hash` is None where it was done before and nothing was sent."""

    tx_hash: str | None
    sentence: str


def read_file(content: bytes) -> RelayFile:
    """Raises CannotRelay."""
    try:
        return msgspec.json.decode(content, type=RelayFile)
    except msgspec.DecodeError as error:
        raise CannotRelay(f"this is no signed word as Anxin exports it: {error}") from error


def account_of(key: str) -> LocalAccount:
    """Raises CannotRelay where it is no key. Never says what it was."""
    try:
        account: LocalAccount = Account.from_key(key.strip())
    except (ValueError, TypeError):
        raise CannotRelay("no key: 32 bytes hex in ANXIN_RELAYER_KEY, or in the file that --key-file names") from None
    return account


def receipt_within(seconds: float) -> Wait:
    """Ask for a receipt until it is there or the time is over."""

    async def wait(rpc: Rpc, tx_hash: str) -> dict[str, Any] | None:
        until = monotonic() + seconds
        while True:
            receipt: dict[str, Any] | None = await rpc.call("eth_getTransactionReceipt", tx_hash)
            if receipt is not None or monotonic() >= until:
                return receipt
            await asyncio.sleep(0.5)

    return wait


async def check_file(rpc: Rpc, deployment: Deployment, file: RelayFile) -> Call:
    """Return the call to make, once all that can be known beforehand is right. Raises CannotRelay, ChainChanged."""
    await check_first_block(rpc, deployment)
    if file.chain_id != deployment.chain_id:
        raise CannotRelay(f"the word is for chain {file.chain_id}, and this is chain {deployment.chain_id}")
    call = Call(file.digest, "WageEscrow", file.escrow, file.function, file.arguments)
    _check_words(deployment, file)
    try:
        encode_call(call)
    except NotACall as error:
        raise CannotRelay(f"the arguments are not those of {file.function}: {error}") from error
    factory = deployment.addresses.factory
    head = await rpc.head()
    if not await read_view(rpc, "WageEscrowFactory", factory, "isEscrow", head, account=file.escrow):
        raise CannotRelay(f"{file.escrow} is no escrow of this deployment")
    return call


def _check_words(deployment: Deployment, file: RelayFile) -> None:
    """That the arguments say what was signed, and that the digest is of these very words in this escrow."""
    if WORDS_OF[file.function] != file.signed:
        raise CannotRelay(f"a {file.signed} is not what {file.function} takes")
    try:
        expected = digest(deployment.escrow_domain(file.escrow), file.signed, file.words)
        said = _words_of(file)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise CannotRelay(f"words or arguments are incomplete: {type(error).__name__} {error}") from error
    for name, value in said.items():
        if _same(value) != _same(file.words[name]):
            raise CannotRelay(f"the arguments say {name} is {value}, and what was signed says {file.words[name]}")
    if "0x" + expected.hex() != file.digest.lower():
        raise CannotRelay(f"the digest of these words is 0x{expected.hex()}, and the file says {file.digest}")


def _words_of(file: RelayFile) -> dict[str, Any]:
    """The words as the arguments have them."""
    arguments = file.arguments
    if file.function == "claim":
        return dict(arguments["claimed"])
    packed = from_hex(arguments["line"])
    if len(packed) != LINE_BYTES:
        raise ValueError(f"a line has {LINE_BYTES} bytes")
    line = SheetLine.unpacked(packed)
    said = {
        "sheetId": arguments["sheetId"], "index": line.index, "workerId": "0x" + line.worker_id.hex(),
        "amount": line.amount_fen, "dayMask": line.day_mask, "payslipHash": "0x" + line.payslip_hash.hex(),
    }  # fmt: skip
    return said | (arguments["objection"] if file.function == "contest" else {"deadline": arguments["deadline"]})


def _same(value: int | str) -> int | str:
    return value.lower() if isinstance(value, str) else value


async def take_to_chain(
    rpc: Rpc, deployment: Deployment, file: RelayFile, account: LocalAccount, *, wait: Wait
) -> Outcome:
    """Take the word to the chain and wait for its block. Raises CannotRelay, ChainChanged, RpcUnreachable."""
    call = await check_file(rpc, deployment, file)
    done = await _done_before(rpc, deployment, file)
    if done is not None:
        return Outcome(None, done)
    await _check_signature(rpc, deployment, file)
    made = {"to": call.address, "data": encode_call(call), "value": "0x0"}
    gas = await _estimate(rpc, {**made, "from": account.address})
    tx_hash, raw = await _sign(rpc, deployment, made, gas, account)
    try:
        await rpc.call("eth_sendRawTransaction", "0x" + raw.hex())
    except RpcError as error:
        raise CannotRelay(f"the node did not take the transaction: {error.message}") from error
    receipt = await wait(rpc, tx_hash)
    if receipt is None:
        raise CannotRelay(f"{tx_hash} is sent and in no block yet: run this again later, it does no harm")
    return Outcome(tx_hash, _what_it_did(file, receipt))


async def _done_before(rpc: Rpc, deployment: Deployment, file: RelayFile) -> str | None:
    """Whether the chain has it already, by whoever brought it."""
    head = await rpc.head()
    if file.function == "claim":
        wanted = {name: file.words[name] for name in ("workerId", "evidenceHash")}
        events = await read_events_of(rpc, {file.escrow.lower(): "WageEscrow"}, deployment.start_block, head)
        known = any(e.name == "Claimed" and all(e.args.get(n) == w for n, w in wanted.items()) for e in events)
        return "this claim is on the chain already" if known else None
    try:
        sheet = await read_view(rpc, "WageEscrow", file.escrow, "sheet", head, sheetId=file.words["sheetId"])
    except RpcError as error:
        raise CannotRelay(_reason(decode_refusal(error.data, error.message))) from error
    if file.function == "releaseLine" and sheet["released"] >> int(file.words["index"]) & 1:
        return "this line is released already"
    if file.function == "contest" and sheet["contested"] >> int(file.words["index"]) & 1:
        return "this line is contested already"
    return None


async def _check_signature(rpc: Rpc, deployment: Deployment, file: RelayFile) -> None:
    """By the registry's own answer, so that the worker's present key counts and every kind of it."""
    assurance, _ = await read_view(
        rpc, "WorkerRegistry", deployment.addresses.registry, "check", await rpc.head(), workerId=file.words["workerId"],
        digest=file.digest, signature=file.arguments["signature"],
    )  # fmt: skip
    if not assurance:
        raise CannotRelay(REASONS["Escrow_BadWorkerSignature"])


async def _estimate(rpc: Rpc, transaction: dict[str, Any]) -> int:
    try:
        return int(int(await rpc.call("eth_estimateGas", transaction), 16) * GAS_MARGIN) + 30_000
    except RpcError as error:
        if error.is_revert:
            raise CannotRelay(_reason(decode_refusal(error.data, error.message))) from error
        raise CannotRelay(f"the node cannot try it out: {error.message}") from error


async def _sign(
    rpc: Rpc, deployment: Deployment, made: dict[str, str], gas: int, account: LocalAccount
) -> tuple[str, bytes]:
    price = await Price.now(rpc)
    balance = int(await rpc.call("eth_getBalance", account.address, "latest"), 16)
    if balance < gas * price.offer.most:
        raise CannotRelay(f"{account.address} holds {balance} wei, and gas may cost {gas * price.offer.most}")
    nonce = int(await rpc.call("eth_getTransactionCount", account.address, "pending"), 16)
    return Words.of(made, chain_id=deployment.chain_id, nonce=nonce, gas=gas, fees=price.offer).signed(account)


def _reason(refusal: Refusal) -> str:
    known = REASONS.get(refusal.error)
    return f"{known} [{refusal}]" if known else f"the contract refuses it: {refusal}"


def _what_it_did(file: RelayFile, receipt: dict[str, Any]) -> str:
    """Raises CannotRelay where it reverted after all, or where the escrow had no money."""
    tx_hash = receipt["transactionHash"]
    if int(receipt["status"], 16) != 1:
        raise CannotRelay(f"{tx_hash} reverted: somebody else was quicker, or the chain changed meanwhile. Run this again")
    events = {event.name: event for event in map(_decoded, receipt["logs"]) if event is not None}
    if released := events.get("Released"):
        return f"{yuan(released.args['amount'])} released to {released.args['payout']}"
    if "PayoutFailed" in events:
        raise CannotRelay(f"{tx_hash}: the escrow has not the money now. The wage stays owed: run this again later")
    if file.function == "releaseLine":
        return "this line was released by somebody else in the meantime"
    opened = events.get("Claimed") or events.get("Contested")
    return f"dispute {opened.args['disputeId']} is open" if opened else "done"


def _decoded(log: dict[str, Any]) -> Event | None:
    return decode_log("WageEscrow", log, 0)
