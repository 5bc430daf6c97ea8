"""Somebody who reads the chain's events and nothing else, and keeps books, sheets, disputes, keys and payouts from them.

Written from the interfaces' text (contracts/interfaces), not from the contracts. `Broken` says which of the seven invariants
of the protocol's page does not hold, by its number. Amounts in fen, times in Unix seconds.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.invariants.events import CLAIMED, CONTESTED, DECIDED, Broken, Event, Flow, SeenDispute, SeenSheet, must

from anxin.core.sheet_tree import SheetTree, unpack_lines

NOTICE_SECONDS = 30 * 86_400
NOBODY = "0x" + "00" * 20


@dataclass
class Observer:
    """One escrow, its registry and its token."""

    escrow: str
    token: str
    bank: str
    contractor: str
    objection_seconds: int
    funded: int = 0
    owed: int = 0
    contested: int = 0
    bond: int = 0
    unbooked: int = 0
    announced_until: int = 0
    closed_at: int = 0
    closings: int = 0
    paused_until: int = 0
    sheets: list[SeenSheet] = field(default_factory=list)
    disputes: list[SeenDispute] = field(default_factory=list)
    balances: Counter[str] = field(default_factory=Counter)
    payouts: dict[bytes, str] = field(default_factory=dict)
    pending_payouts: dict[bytes, tuple[str, int]] = field(default_factory=dict)
    recoveries: dict[bytes, int] = field(default_factory=dict)
    assurances: dict[bytes, int] = field(default_factory=dict)
    caps: dict[bytes, int] = field(default_factory=dict)
    due: defaultdict[bytes, int] = field(default_factory=lambda: defaultdict(int))
    received: defaultdict[bytes, int] = field(default_factory=lambda: defaultdict(int))
    confirmed: set[tuple[int, int]] = field(default_factory=set)  # known by who signed, not by events
    entered: Counter[str] = field(default_factory=Counter)
    now: int = 0
    flow: Flow = field(default_factory=Flow)

    def see(self, events: Iterable[Event | None], now: int) -> None:
        """Read one transaction's events, in order."""
        self.now, self.flow = now, Flow()
        for event in events:
            if event is not None:
                getattr(self, "_on" + re.sub("[A-Z]", lambda big: f"_{big[0].lower()}", event.name), self._unknown)(event)
        must(self.flow.moved == self.flow.told, "3: money left the escrow for somebody it told nothing of")
        self.unbooked += self.flow.came - self.flow.booked
        must(self.unbooked >= 0, "1: more was booked than came in")

    def _unknown(self, event: Event) -> None:
        raise Broken(f"6: {event.name} is an event that nobody can follow")

    def _enter(self, state: str, times: int = 1) -> None:
        self.entered[state] += times

    # ------------------------------------------------------------ the token

    def _on_transfer(self, event: Event) -> None:
        if event.emitter != self.token:
            return
        sender, to, amount = event.values["from"], event.values["to"], event.values["value"]
        self.balances[sender] -= amount
        self.balances[to] += amount
        if sender == self.escrow and to == NOBODY:
            self.flow.came -= amount  # the token's fee on what came in
        elif sender == self.escrow:
            self.flow.moved[to] += amount
        if to == self.escrow:
            self.flow.came += amount

    def _ignored(self, event: Event) -> None:
        pass

    _on_approval = _on_minted = _on_burned = _on_anchored = _on_escrow_created = _ignored

    # ------------------------------------------------------------ the registry

    def _on_enrolled(self, event: Event) -> None:
        who = event.values["workerId"]
        must(who not in self.payouts, "6: enrolled twice")
        self.payouts[who], self.assurances[who] = event.values["payout"], event.values["assurance"]

    def _on_key_changed(self, event: Event) -> None:
        who = event.values["workerId"]
        self.assurances[who] = event.values["assurance"]
        if event.values["recovered"]:
            must(0 < self.recoveries.pop(who, 0) <= self.now, "7: a key changed that nobody announced")
            self._enter("recovery: completed")
        else:
            self._enter("key: rotated")

    def _on_payout_change_proposed(self, event: Event) -> None:
        self.pending_payouts[event.values["workerId"]] = (event.values["payout"], event.values["effectiveAt"])
        self._enter("payout change: pending")

    def _on_payout_change_withdrawn(self, event: Event) -> None:
        del self.pending_payouts[event.values["workerId"]]
        self._enter("payout change: withdrawn")

    def _on_payout_changed(self, event: Event) -> None:
        payout, due_at = self.pending_payouts.pop(event.values["workerId"], ("", 0))
        must(payout == event.values["payout"] and due_at <= self.now, "3: a payout changed that nobody announced")
        self.payouts[event.values["workerId"]] = payout
        self._enter("payout change: in force")

    def _on_recovery_proposed(self, event: Event) -> None:
        self.recoveries[event.values["workerId"]] = event.values["effectiveAt"]
        self._enter("recovery: pending")

    def _on_recovery_cancelled(self, event: Event) -> None:
        del self.recoveries[event.values["workerId"]]
        self._enter("recovery: cancelled")

    # ------------------------------------------------------------ money in and out

    def _on_funded(self, event: Event) -> None:
        self.funded += event.values["amount"]
        self.flow.booked += event.values["amount"]

    def _on_bond_deposited(self, event: Event) -> None:
        self.bond += event.values["amount"]
        self.flow.booked += event.values["amount"]
        self._enter("bond: deposited")

    def _on_bond_drawn(self, event: Event) -> None:
        self.bond -= event.values["amount"]
        self.funded += event.values["amount"]
        self._enter("bond: drawn")

    def _to_contractor(self, event: Event) -> int:
        must(event.values["contractor"] == self.contractor, "4: money back to somebody else")
        must(self.owed == 0 and self.contested == 0, "4: the contractor was paid while wages were owed")
        must(0 < self.announced_until < self.now, "4: paid back without notice")
        self.flow.told[self.contractor] += event.values["amount"]
        return int(event.values["amount"])

    def _on_closed(self, event: Event) -> None:
        self.funded -= self._to_contractor(event)
        self.closed_at = self.closed_at or self.now
        self.closings += 1
        self._enter("closing: closed")

    def _on_bond_returned(self, event: Event) -> None:
        must(0 < self.closed_at < self.now - NOTICE_SECONDS, "4: bond back too early")
        self.bond -= self._to_contractor(event)
        self._enter("closing: bond returned")

    def _on_closing_announced(self, event: Event) -> None:
        self.announced_until = event.values["until"]
        must(self.announced_until == self.now + NOTICE_SECONDS, "4: a public notice of 30 days")
        self.closings += 1
        self._enter("closing: announced")

    def _on_closing_withdrawn(self, event: Event) -> None:
        must(self.announced_until != 0, "6: no notice to withdraw")
        self.announced_until = 0
        self.closings += 1
        self._enter("closing: withdrawn")

    def _on_paused(self, event: Event) -> None:
        self.paused_until = event.values["until"]
        self._enter("paused")

    def _on_unpaused(self, event: Event) -> None:
        self.paused_until = self.now
        self._enter("unpaused")

    # ------------------------------------------------------------ sheets and lines

    def _on_joined(self, event: Event) -> None:
        must(event.values["workerId"] not in self.caps, "6: joined twice")
        self.caps[event.values["workerId"]] = event.values["dayCap"]

    def _on_sheet_posted(self, event: Event) -> None:
        lines = unpack_lines(event.values["lines"])
        total = sum(line.amount_fen for line in lines)
        must(event.values["sheetId"] == len(self.sheets), "6: sheets in order")
        must(event.values["root"] == SheetTree(lines).root, "6: root of the lines")
        must(event.values["total"] == total, "6: total of the lines")
        self.sheets.append(SeenSheet(lines, self.now, event.values["header"][:2]))
        self.owed += total
        for line in lines:
            self.due[line.worker_id] += line.amount_fen
        self._enter("line: posted", len(lines))

    def _on_released(self, event: Event) -> None:
        payment = event.values["payment"]
        payout, amount = "0x" + payment[:20].hex(), int.from_bytes(payment[20:28])
        sheet_id, index, assurance = int.from_bytes(payment[28:30]), payment[30], payment[31]
        sheet = self.sheets[sheet_id]
        line, who = sheet.lines[index], event.values["workerId"]
        must((line.worker_id, line.amount_fen) == (who, amount), "6: not what was posted")
        must(not sheet.released >> index & 1, "2: a line was paid twice")
        if assurance == 0:
            is_over = self.now > sheet.posted_at + self.objection_seconds or sheet.contested >> index & 1
            must(bool(is_over), "7: a wage left without the worker's word, within the window")
            self._enter("line: released unsigned")
        else:
            must(assurance == self.assurances[who], "6: assurance of the key")
            must((sheet_id, index) in self.confirmed, "7: a wage left without the worker's word")
        sheet.released |= 1 << index
        self._enter("line: released")
        self._paid(who, payout, amount)
        if payout == self.bank:
            sheet.banked_at = sheet.banked_at if sheet.banked else self.now
            sheet.banked |= 1 << index
            self._enter("line: banked")

    def _paid(self, who: bytes, payout: str, amount: int) -> None:
        must(payout == self.payouts[who], "3: not the registered payout")
        self.funded -= amount
        self.owed -= amount
        self.received[who] += amount
        must(self.received[who] <= self.due[who], "2: more than lines and awards together")
        self.flow.told[payout] += amount

    def _on_payout_failed(self, event: Event) -> None:
        self._enter("line: payout failed")

    def _closed_banked(self, event: Event) -> SeenSheet:
        sheet, index = self.sheets[event.values["sheetId"]], event.values["index"]
        line = sheet.lines[index]
        must((line.worker_id, line.amount_fen) == (event.values["workerId"], event.values["amount"]), "6: not its line")
        must(bool(sheet.banked >> index & 1), "2: the bank had done with this line")
        sheet.banked &= ~(1 << index)
        return sheet

    def _on_line_settled(self, event: Event) -> None:
        self._closed_banked(event)
        self._enter("line: settled")

    def _on_line_returned(self, event: Event) -> None:
        self._closed_banked(event).released &= ~(1 << event.values["index"])
        self._came_back(event)
        self._enter("line: returned")

    def _came_back(self, event: Event) -> None:
        self.funded += event.values["amount"]
        self.owed += event.values["amount"]
        self.received[event.values["workerId"]] -= event.values["amount"]
        self.flow.booked += event.values["amount"]

    # ------------------------------------------------------------ disputes

    def _open(self, event: Event, state: int) -> None:
        must(event.values["disputeId"] == len(self.disputes), "6: disputes in order")
        self.disputes.append(SeenDispute(event.values["workerId"], event.values["asked"], state, self.now))
        self.contested += event.values["asked"]
        self._enter("dispute: claimed" if state == CLAIMED else "dispute: contested")

    def _on_contested(self, event: Event) -> None:
        self.sheets[event.values["sheetId"]].contested |= 1 << event.values["index"]
        self._open(event, CONTESTED)
        self._enter("line: contested")

    def _on_claimed(self, event: Event) -> None:
        self._open(event, CLAIMED)

    def _grant(self, seen: SeenDispute, granted: int) -> None:
        must(seen.granted <= granted <= seen.asked, "2: a grant fell, or grew beyond what was asked")
        more, seen.granted = granted - seen.granted, granted
        self.contested -= more
        self.owed += more
        self.due[seen.worker_id] += more

    def _on_answered(self, event: Event) -> None:
        seen = self.disputes[event.values["disputeId"]]
        if seen.state == CLAIMED:
            seen.state, seen.since = CONTESTED, self.now
            self._enter("dispute: contested")
        must(seen.state == CONTESTED, "6: answered after the decision")
        self._grant(seen, event.values["admitted"])
        if seen.granted == seen.asked:
            seen.state = DECIDED

    def _on_claim_stood(self, event: Event) -> None:
        seen = self.disputes[event.values["disputeId"]]
        must(seen.state == CLAIMED, "6: only a claim can stand")
        self._grant(seen, seen.asked)
        seen.state = DECIDED
        self._enter("dispute: stood")

    def _on_resolved(self, event: Event) -> None:
        seen = self.disputes[event.values["disputeId"]]
        must(seen.state == CONTESTED, "6: only a contest is resolved")
        self._grant(seen, event.values["granted"])
        self.contested -= seen.asked - seen.granted
        seen.state = DECIDED
        self._enter("dispute: resolved")

    def _on_dispute_paid(self, event: Event) -> None:
        seen, amount = self.disputes[event.values["disputeId"]], event.values["amount"]
        seen.paid += amount
        must(seen.paid <= seen.granted, "2: a dispute was paid beyond its grant")
        self._paid(seen.worker_id, event.values["payout"], amount)
        self._enter("dispute: paid")
        if event.values["payout"] == self.bank:
            seen.banked_at = seen.banked_at if seen.banked else self.now
            seen.banked += amount

    def _on_dispute_payout_failed(self, event: Event) -> None:
        seen = self.disputes[event.values["disputeId"]]
        must(event.values["amount"] == seen.granted - seen.paid, "6: not what is unpaid")
        self._enter("dispute: granted, unpaid")

    def _dispute_closed(self, event: Event) -> SeenDispute:
        seen = self.disputes[event.values["disputeId"]]
        must(event.values["amount"] == seen.banked != 0, "2: not what the bank holds of a dispute")
        seen.banked = 0
        return seen

    def _on_dispute_settled(self, event: Event) -> None:
        self._dispute_closed(event)
        self._enter("dispute: settled")

    def _on_dispute_returned(self, event: Event) -> None:
        self._dispute_closed(event).paid -= event.values["amount"]
        self._came_back(event)
        self._enter("dispute: returned")
