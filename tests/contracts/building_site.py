"""A building site in a few words: its workers, its wage sheets, and what people sign there.

Everything is signed with real keys over digests computed in Python, and proved with trees built in Python: each test
that passes also shows that the server and the contracts agree.

Who signs what is named after the word they sign (`Site.claim`, `Site.answer`, `Site.rotation`): each returns the arguments
of the call that carries it. `deadline` and `domain` can be given; any other name is a field of the word that is signed
otherwise than it is said, to spoil the signature.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from brownie import chain, web3

from anxin.core.confirmations import PackedConfirmation, pack_confirmations
from anxin.core.sheet_tree import SheetLine
from anxin.core.signing import ESCROW_DOMAIN_NAME, REGISTRY_DOMAIN_NAME, Domain, digest, pack
from anxin.demo.keys import Key, Wallet

from .site_parts import (
    ANSWER_SECONDS,
    BUREAU_SECONDS,
    DAY_CAP_FEN,
    DAY_SECONDS,
    GAS_CAP,
    KINDS,
    NOBODY,
    NOTICE_SECONDS,
    OBJECTION_SECONDS,
    ORIGIN,
    PAUSE_SECONDS,
    RP_ID,
    RP_ID_HASH,
    TEN_DAYS,
    WINDOWS,
    Payment,
    Sheet,
    Worker,
    assertion,
    client_data_of,
    indexes,
    key_of,
    key_words,
    next_block_at,
    now,
    on_other_chain,
    payment_of,
    payments,
    refusal,
    with_high_s,
    word,
    worker_id,
)

__all__ = [
    "ANSWER_SECONDS",
    "BUREAU_SECONDS",
    "DAY_CAP_FEN",
    "DAY_SECONDS",
    "GAS_CAP",
    "KINDS",
    "NOBODY",
    "NOTICE_SECONDS",
    "OBJECTION_SECONDS",
    "ORIGIN",
    "PAUSE_SECONDS",
    "RP_ID",
    "RP_ID_HASH",
    "TEN_DAYS",
    "WINDOWS",
    "Payment",
    "Sheet",
    "Site",
    "Worker",
    "assertion",
    "client_data_of",
    "indexes",
    "key_of",
    "key_words",
    "next_block_at",
    "now",
    "on_other_chain",
    "payment_of",
    "payments",
    "refusal",
    "with_high_s",
    "word",
    "worker_id",
]


@dataclass(frozen=True)
class Site:
    """One project's escrow, registry and bank payout, and the people who sign for them."""

    escrow: Any
    registry: Any
    token: Any
    bank_payout: Any
    contractor: Wallet
    bureau: Wallet
    arbiter: Wallet
    registrar: Wallet
    relayer: Any

    # ------------------------------------------------------------ domains

    def escrow_domain(self) -> Domain:
        return Domain(ESCROW_DOMAIN_NAME, web3.eth.chain_id, self.escrow.address)

    def registry_domain(self) -> Domain:
        return Domain(REGISTRY_DOMAIN_NAME, web3.eth.chain_id, self.registry.address)

    def _words(self, kind: str, values: dict[str, Any], domain: Domain | None, changed: dict[str, Any]) -> bytes:
        if unknown := changed.keys() - values.keys():
            raise ValueError(f"{kind} has no {unknown}: a misspelt field would spoil nothing")
        return digest(domain or self.escrow_domain(), kind, {**values, **changed})

    def _registry_words(self, kind: str, values: dict[str, Any], domain: Domain | None, changed: dict[str, Any]) -> bytes:
        return self._words(kind, values, domain or self.registry_domain(), changed)

    # ------------------------------------------------------------ people

    def paid_by_bank(self, number: int, kind: str = "device") -> Worker:
        """Return a worker, not yet enrolled, whose wages go through this site's bank payout."""
        return replace(Worker.named(number, kind), payout=self.bank_payout.address)

    def enrolment(
        self, worker: Worker, *, deadline: int | None = None, domain: Domain | None = None, **changed: Any
    ) -> tuple[Any, ...]:
        """Return the arguments of `enrol`, signed by the registrar and by the worker's key."""
        deadline, key = deadline or now() + DAY_SECONDS, worker.key.public
        values = {
            "workerId": worker.worker_id, "assurance": key.assurance, "x": key.x, "y": key.y,
            "payout": worker.payout, "deadline": deadline,
        }  # fmt: skip
        words = self._registry_words("Enrolment", values, domain, changed)
        return (
            worker.worker_id, key_words(key), worker.payout, deadline, self.registrar.address,
            self.registrar.sign_bytes(words), pack(worker.key.sign(words)),
        )  # fmt: skip

    def enrol(self, *workers: Worker) -> None:
        for worker in workers:
            self.registry.enrol(*self.enrolment(worker), {"from": self.relayer})

    def join_digest(
        self, worker: Worker, day_cap_fen: int, deadline: int, *, terms_hash: bytes = word("contract"),
        domain: Domain | None = None, **changed: Any,
    ) -> bytes:  # fmt: skip
        values = {
            "workerId": worker.worker_id, "dayCap": day_cap_fen, "termsHash": terms_hash, "deadline": deadline,
        }  # fmt: skip
        return self._words("Join", values, domain, changed)

    def joining(
        self, worker: Worker, *, day_cap_fen: int = DAY_CAP_FEN, deadline: int | None = None,
        domain: Domain | None = None, **changed: Any,
    ) -> tuple[Any, ...]:  # fmt: skip
        """Return the arguments of `join`, signed by both."""
        deadline = deadline or now() + DAY_SECONDS
        words = self.join_digest(worker, day_cap_fen, deadline, domain=domain, **changed)
        signatures = self.contractor.sign_bytes(words), pack(worker.key.sign(words))
        return worker.worker_id, day_cap_fen, word("contract"), deadline, *signatures

    def join(self, *workers: Worker, day_cap_fen: int = DAY_CAP_FEN) -> None:
        for worker in workers:
            self.escrow.join(*self.joining(worker, day_cap_fen=day_cap_fen), {"from": self.relayer})

    # ------------------------------------------------------------ keys and payouts

    def rotation(
        self, worker: Worker, key: Key, *, deadline: int | None = None, domain: Domain | None = None, **changed: Any
    ) -> tuple[Any, ...]:
        """Return the arguments of `rotate`, signed by the worker's present key and by `key`."""
        deadline = deadline or now() + DAY_SECONDS
        values = self._key_values(worker, key, self.registry.nonceOf(worker.worker_id), deadline)
        words = self._registry_words("Rotation", values, domain, changed)
        signatures = pack(worker.key.sign(words)), pack(key.sign(words))
        return worker.worker_id, key_words(key.public), deadline, *signatures

    def rotate(self, worker: Worker, key: Key) -> Worker:
        """Rotate, and return the worker with the new key in hand."""
        self.registry.rotate(*self.rotation(worker, key), {"from": self.relayer})
        return replace(worker, key=key)

    def payout_change(
        self, worker: Worker, payout: str, *, deadline: int | None = None, domain: Domain | None = None, **changed: Any
    ) -> tuple[Any, ...]:
        """Return the arguments of `proposePayout`, signed by the worker's key."""
        deadline = deadline or now() + DAY_SECONDS
        values = {
            "workerId": worker.worker_id, "payout": payout, "nonce": self.registry.nonceOf(worker.worker_id),
            "deadline": deadline,
        }  # fmt: skip
        words = self._registry_words("PayoutChange", values, domain, changed)
        return worker.worker_id, payout, deadline, pack(worker.key.sign(words))

    def recovery(
        self, worker: Worker, key: Key, *, bureau: Wallet | None = None, deadline: int | None = None,
        domain: Domain | None = None, **changed: Any,
    ) -> tuple[Any, ...]:  # fmt: skip
        """Return the arguments of `proposeRecovery`, signed by registrar, new key and, where it confirms, `bureau`."""
        deadline = deadline or now() + DAY_SECONDS
        values = self._key_values(worker, key, self.registry.recoveryNonceOf(worker.worker_id), deadline)
        values["bureau"] = bureau.address if bureau else NOBODY
        words = self._registry_words("Recovery", values, domain, changed)
        return (
            worker.worker_id, key_words(key.public), deadline, self.registrar.address,
            self.registrar.sign_bytes(words), pack(key.sign(words)),
            bureau.address if bureau else NOBODY, bureau.sign_bytes(words) if bureau else b"",
        )  # fmt: skip

    def recovery_cancel(
        self, worker: Worker, *, bureau: Wallet | None = None, deadline: int | None = None,
        domain: Domain | None = None, **changed: Any,
    ) -> tuple[Any, ...]:  # fmt: skip
        """Return the arguments of `cancelRecovery`, signed by `bureau`, or by the worker's key where none is given."""
        deadline = deadline or now() + DAY_SECONDS
        nonce = self.registry.recoveryNonceOf(worker.worker_id)
        values = {"workerId": worker.worker_id, "nonce": nonce, "deadline": deadline}
        words = self._registry_words("RecoveryCancel", values, domain, changed)
        if bureau is None:
            return worker.worker_id, deadline, NOBODY, pack(worker.key.sign(words))
        return worker.worker_id, deadline, bureau.address, bureau.sign_bytes(words)

    @staticmethod
    def _key_values(worker: Worker, key: Key, nonce: int, deadline: int) -> dict[str, Any]:
        public = key.public
        return {
            "workerId": worker.worker_id, "assurance": public.assurance, "x": public.x, "y": public.y, "nonce": nonce,
            "deadline": deadline,
        }  # fmt: skip

    # ------------------------------------------------------------ sheets and money

    def sheet(self, workers: Sequence[Worker], *, amount_fen: int = 100_000) -> Sheet:
        """Return the next sheet, not yet posted: one line a worker, ten days each, each amount its own."""
        lines = [
            SheetLine(i, TEN_DAYS, amount_fen + i, worker.worker_id, word(f"payslip {i}"))
            for i, worker in enumerate(workers)
        ]
        return Sheet(self.escrow.sheetCount(), lines)

    def sign_sheet(
        self, sheet: Sheet, *, signer: Wallet | None = None, domain: Domain | None = None, **changed: Any
    ) -> bytes:
        first_day, last_day, payday, rules_hash, terms_root = sheet.header
        values = {
            "sheetId": sheet.sheet_id, "firstDay": first_day, "lastDay": last_day, "payday": payday,
            "rulesHash": rules_hash, "termsRoot": terms_root, "root": sheet.tree.root, "total": sheet.total_fen,
        }  # fmt: skip
        return (signer or self.contractor).sign_bytes(self._words("Sheet", values, domain, changed))

    def post(self, sheet: Sheet) -> Any:
        args = (sheet.sheet_id, sheet.header, sheet.packed(), self.sign_sheet(sheet))
        return self.escrow.postSheet(*args, {"from": self.relayer})

    def posted(self, workers: Sequence[Worker], *, amount_fen: int = 100_000) -> Sheet:
        sheet = self.sheet(workers, amount_fen=amount_fen)
        self.post(sheet)
        return sheet

    def fund(self, amount_fen: int) -> None:
        self.token.approve(self.escrow, amount_fen, {"from": self.relayer})
        self.escrow.fund(amount_fen, word("memo"), {"from": self.relayer})

    def deposit_bond(self, amount_fen: int) -> None:
        self.token.approve(self.escrow, amount_fen, {"from": self.relayer})
        self.escrow.depositBond(amount_fen, {"from": self.relayer})

    def close(self) -> None:
        """Give notice, let it pass, and close. Nothing may be owed."""
        self.escrow.announceClosing(*self.closing_notice(), {"from": self.relayer})
        chain.sleep(NOTICE_SECONDS + 1)
        self.escrow.close(*self.closing(), {"from": self.relayer})

    # ------------------------------------------------------------ what a worker signs

    def confirmation_digest(
        self, sheet: Sheet, place: int, deadline: int, *, domain: Domain | None = None, **changed: Any
    ) -> bytes:
        """Return what the worker of a line signs."""
        values = {**sheet.values(place), "deadline": deadline}
        return self._words("Confirmation", values, domain, changed)

    def confirmation(
        self, worker: Worker, sheet: Sheet, place: int, *, deadline: int | None = None, **changed: Any
    ) -> PackedConfirmation:
        """Return the worker's confirmation of one line, as `pack_confirmations` takes it."""
        deadline = deadline or now() + 30 * DAY_SECONDS
        signature = worker.key.sign(self.confirmation_digest(sheet, place, deadline, **changed))
        to_bank = worker.payout == self.bank_payout.address
        return PackedConfirmation(worker.key.public, worker.payout, to_bank, deadline, signature)

    def confirmations(self, sheet: Sheet, workers: Sequence[Worker], *places: int) -> tuple[bytes, list[bytes]]:
        """Return the last arguments of `release`, each line signed by its worker (`workers[i]` is line i's)."""
        return pack_confirmations([self.confirmation(workers[i], sheet, i) for i in places])

    def release(self, sheet: Sheet, workers: Sequence[Worker], *places: int) -> Any:
        """Release these lines together."""
        words = self.confirmations(sheet, workers, *places)
        return self.escrow.release(*sheet.lines_and_proof(*places), *words, {"from": self.relayer})

    def confirm(
        self, worker: Worker, sheet: Sheet, place: int, *, deadline: int | None = None, **changed: Any
    ) -> tuple[int, bytes]:
        """Return the worker's confirmation of one line: the last arguments of `releaseLine`."""
        deadline = deadline or now() + 30 * DAY_SECONDS
        return deadline, pack(worker.key.sign(self.confirmation_digest(sheet, place, deadline, **changed)))

    def release_line(self, sheet: Sheet, worker: Worker, place: int) -> Any:
        """Release one line with any signature its worker's key can give."""
        args = (*sheet.lines_and_proof(place), *self.confirm(worker, sheet, place))
        return self.escrow.releaseLine(*args, {"from": self.relayer})

    def objection(
        self, worker: Worker, sheet: Sheet, place: int, *, claimed_fen: int, claimed_days: int = TEN_DAYS,
        deadline: int | None = None, domain: Domain | None = None, **changed: Any,
    ) -> tuple[tuple[int, int, bytes, int], bytes]:  # fmt: skip
        """Return a worker's signed objection: the last arguments of `contest`."""
        deadline = deadline or now() + 30 * DAY_SECONDS
        values = {
            **sheet.values(place), "claimed": claimed_fen, "claimedDays": claimed_days,
            "evidenceHash": word("evidence"), "deadline": deadline,
        }  # fmt: skip
        words = self._words("Contest", values, domain, changed)
        return (claimed_fen, claimed_days, word("evidence"), deadline), pack(worker.key.sign(words))

    def contest(self, worker: Worker, sheet: Sheet, place: int, *, claimed_fen: int, **signed: Any) -> Any:
        """Contest a line: the dispute's id is the transaction's `Contested` event's."""
        objection = self.objection(worker, sheet, place, claimed_fen=claimed_fen, **signed)
        return self.escrow.contest(*sheet.lines_and_proof(place), *objection, {"from": self.relayer})

    def claim(
        self, worker: Worker, *, amount_fen: int = 100_000, first_day: int = 20_100, day_mask: int = 0b111,
        deadline: int | None = None, domain: Domain | None = None, **changed: Any,
    ) -> tuple[tuple[Any, ...], bytes]:  # fmt: skip
        """Return the arguments of `claim`: three days after all sheets' periods unless said otherwise."""
        deadline = deadline or now() + 30 * DAY_SECONDS
        values = {
            "workerId": worker.worker_id, "amount": amount_fen, "firstDay": first_day, "dayMask": day_mask,
            "evidenceHash": word("evidence"), "deadline": deadline,
        }  # fmt: skip
        return tuple(values.values()), pack(worker.key.sign(self._words("Claim", values, domain, changed)))

    # ------------------------------------------------------------ what contractor, bureau and arbiter sign

    def answer(
        self, dispute_id: int, admitted_fen: int, *, signer: Wallet | None = None, deadline: int | None = None,
        domain: Domain | None = None, **changed: Any,
    ) -> tuple[Any, ...]:  # fmt: skip
        """Return the arguments of `answer`, signed by the contractor unless said otherwise."""
        deadline = deadline or now() + 30 * DAY_SECONDS
        values = {
            "disputeId": dispute_id, "admitted": admitted_fen, "evidenceHash": word("counter-evidence"),
            "deadline": deadline,
        }  # fmt: skip
        words = self._words("Answer", values, domain, changed)
        return *values.values(), (signer or self.contractor).sign_bytes(words)

    def resolution(
        self, dispute_id: int, award_fen: int, *, signer: Wallet | None = None, deadline: int | None = None,
        domain: Domain | None = None, **changed: Any,
    ) -> tuple[Any, ...]:  # fmt: skip
        """Return the arguments of `resolve`, signed by the bureau unless said otherwise (`signer=site.arbiter`)."""
        deadline = deadline or now() + 90 * DAY_SECONDS
        values = {"disputeId": dispute_id, "award": award_fen, "orderHash": word("order"), "deadline": deadline}
        words = self._words("Resolution", values, domain, changed)
        return *values.values(), (signer or self.bureau).sign_bytes(words)

    def bond_draw(
        self, amount_fen: int, order: str = "order", *, signer: Wallet | None = None, deadline: int | None = None,
        domain: Domain | None = None, **changed: Any,
    ) -> tuple[Any, ...]:  # fmt: skip
        """Return the arguments of `drawBond`, signed by the bureau unless said otherwise."""
        deadline = deadline or now() + 30 * DAY_SECONDS
        values = {"amount": amount_fen, "orderHash": word(order), "deadline": deadline}
        words = self._words("BondDraw", values, domain, changed)
        return *values.values(), (signer or self.bureau).sign_bytes(words)

    def closing_notice(
        self, *, signer: Wallet | None = None, deadline: int | None = None, domain: Domain | None = None, **changed: Any
    ) -> tuple[int, bytes]:
        """Return the arguments of `announceClosing`, signed by the contractor unless said otherwise."""
        deadline = deadline or now() + 30 * DAY_SECONDS
        values = {"count": self.escrow.closing()["count"], "deadline": deadline}
        words = self._words("ClosingNotice", values, domain, changed)
        return deadline, (signer or self.contractor).sign_bytes(words)

    def closing(
        self, *, signer: Wallet | None = None, deadline: int | None = None, domain: Domain | None = None, **changed: Any
    ) -> tuple[int, bytes]:
        """Return the arguments of `close`, signed by the bureau unless said otherwise."""
        deadline = deadline or now() + 90 * DAY_SECONDS
        values = {"count": self.escrow.closing()["count"], "deadline": deadline}
        return deadline, (signer or self.bureau).sign_bytes(self._words("Closing", values, domain, changed))
