"""The rest of a site's life: disputes, the bank's word, closing, strangers; and the way out of wherever it has come to."""

from typing import Any

import brownie
from hypothesis import note
from hypothesis.stateful import rule
from tests.contracts.building_site import DAY_SECONDS, NOTICE_SECONDS, now, word
from tests.contracts.conftest import WITNESS_KEYS
from tests.invariants.events import CLAIMED, CONTESTED, DECIDED, must
from tests.invariants.machine import MALLORY, SiteMachine, dice_
from tests.invariants.world import Dice, unsettled

from anxin.core.signing import ANCHOR_DOMAIN_NAME, Domain, digest

# What happens often stands here more than once.
HAPPENINGS = (
    "a_worker_comes", "a_worker_changes_something", "a_worker_changes_something", "money_comes",
    "money_comes", "money_comes",
    "the_bureau_draws_bond", "a_sheet_is_posted", "a_sheet_is_posted", "lines_are_released", "lines_are_released",
    "silent_workers_are_paid", "time_passes", "time_passes", "time_passes", "a_worker_contests", "a_worker_contests",
    "a_worker_claims", "a_worker_claims", "the_contractor_answers", "the_contractor_answers", "claims_stand", "claims_stand",
    "the_bureau_resolves", "the_bank_is_done_with_lines", "the_bank_is_done_with_lines", "the_bank_is_done_with_a_dispute",
    "the_guardian_pauses", "the_contractor_gives_notice", "somebody_tries_to_close", "a_stranger_signs_for_others",
    "a_stranger_calls", "witnesses_anchor", "the_token_turns",
)  # fmt: skip


class WholeMachine(SiteMachine):
    # ------------------------------------------------------------ disputes

    def a_worker_contests(self, number: int) -> None:
        dice = Dice(number)
        if (some := self.some_lines(dice)) is None:
            return
        sheet, (place, *_) = some
        line = sheet.lines[place]
        days = line.day_mask | dice.roll(0x7FFF_FFFF)
        bound = self.seen.caps.get(line.worker_id, 0) * days.bit_count()
        if bound <= line.amount_fen:
            return
        claimed = line.amount_fen + 1 + dice.roll(bound - line.amount_fen)
        worker, foreseen = self.holder(line.worker_id), self.foresee(sheet, [place])
        was_confirmed = (sheet.sheet_id, place) in self.seen.confirmed
        self.seen.confirmed.add((sheet.sheet_id, place))
        objection = self.site.objection(worker, sheet, place, claimed_fen=claimed, claimed_days=days)
        known = self.seen.sheets[sheet.sheet_id].contested >> place & 1
        args = (*sheet.lines_and_proof(place), *objection)
        # The days may have been claimed before, which only the contract remembers one by one.
        if self.do("WageEscrow.contest", self.site.escrow.contest, args, expect=False if known else None):
            self.check_paid(sheet, foreseen)
        elif not was_confirmed:
            self.seen.confirmed.discard((sheet.sheet_id, place))

    def a_worker_claims(self, number: int) -> None:
        dice = Dice(number)
        worker = dice.one_of(self.people)
        cap = self.seen.caps.get(worker.worker_id, 0)
        if not cap:
            return
        mask, first_day = 1 + dice.roll(31), now() // DAY_SECONDS - 3_000 + 5 * dice.roll(500)
        claim = self.site.claim(
            worker, amount_fen=1 + dice.roll(cap * mask.bit_count()), first_day=first_day, day_mask=mask
        )
        if self.do("WageEscrow.claim", self.site.escrow.claim, claim, expect=None):
            self.do("WageEscrow.claim", self.site.escrow.claim, claim, expect=False)  # a day can be claimed once

    def pay_expected(self, name: str, call: Any, args: Any, dispute_id: int, can: bool, granted: int) -> None:
        """Make the call and see that what is granted afterwards was paid, if it could be."""
        known = self.seen.disputes[dispute_id]
        granted = max(granted, known.granted)
        payable = self.seen.funded >= granted - known.paid and self.is_payable(self.seen.payouts[known.worker_id])
        if self.do(name, call, args, expect=can):
            must(known.granted == granted, "2: another grant than was said")
            must((known.paid == granted) == (payable or granted == 0), "5: a granted and funded wage was not paid")

    def the_contractor_answers(self, number: int) -> None:
        dice = Dice(number)
        open_ = unsettled(self.seen, CLAIMED) or unsettled(self.seen, CONTESTED)
        if not open_:
            return
        dispute_id = dice.one_of(open_)
        known = self.seen.disputes[dispute_id]
        admitted = known.asked if dice.roll(4) == 0 else dice.roll(known.asked)
        first = known.state == CLAIMED
        can = now() <= known.since + self.windows[1] - 60 if first else admitted > known.granted
        if first and not can and now() <= known.since + self.windows[1]:
            return  # the next block may be past the edge
        self.pay_expected(
            "WageEscrow.answer", self.site.escrow.answer, self.site.answer(dispute_id, admitted), dispute_id, can, admitted
        )

    def claims_stand(self, number: int) -> None:
        dice = Dice(number)
        due = unsettled(self.seen, DECIDED)
        over = [i for i in unsettled(self.seen, CLAIMED) if now() > self.seen.disputes[i].since + self.windows[1]]
        if due or over:
            self.stand(dice.one_of(due + over))

    def stand(self, dispute_id: int) -> None:
        known = self.seen.disputes[dispute_id]
        granted = known.asked if known.state == CLAIMED else known.granted
        call = self.site.escrow.releaseStanding
        self.pay_expected("WageEscrow.releaseStanding", call, (dispute_id,), dispute_id, True, granted)

    def the_bureau_resolves(self, number: int) -> None:
        dice = Dice(number)
        if open_ := unsettled(self.seen, CONTESTED):
            dispute_id = dice.one_of(open_)
            self.resolve(dispute_id, dice.roll(self.seen.disputes[dispute_id].asked + 1), by_arbiter=bool(dice.roll(2)))

    def resolve(self, dispute_id: int, award: int, *, by_arbiter: bool) -> None:
        until = self.seen.disputes[dispute_id].since + self.windows[2]
        if by_arbiter and until - 60 <= now() <= until:
            return  # the next block may be past the edge
        can = not by_arbiter or now() > until
        words = self.site.resolution(dispute_id, award, signer=self.site.arbiter if by_arbiter else None)
        self.pay_expected("WageEscrow.resolve", self.site.escrow.resolve, words, dispute_id, can, award)

    # ------------------------------------------------------------ the bank

    def the_bank_is_done_with_lines(self, number: int) -> None:
        dice, payout, bank = Dice(number), self.site.bank_payout, self.actors["bank"]
        held = [i for i, sheet in enumerate(self.seen.sheets) if sheet.banked]
        if not held:
            return
        sheet = self.sheet_of(self.seen, dice.one_of(held))
        seen = self.seen.sheets[sheet.sheet_id]
        places = [i for i in range(len(sheet.lines)) if seen.banked >> i & 1]
        places = places if dice.roll(2) else [dice.one_of(places)]
        args = (self.site.escrow.address, *sheet.lines_and_proof(*places))
        honest, what = self.world.kind == "WageToken", dice.roll(3)
        is_returnable = self.world.kind != "FeeToken"
        if what == 0:
            args = (*args, self.fresh("receipt"))
            if self.do("BankPayout.settleLines", payout.settleLines, args, by=bank, expect=honest):
                self.taken["WageEscrow.settleLines"][0] += 1
                self.taken["WageToken.burn"][0] += 1
        elif what == 1:
            args = (*args, self.fresh("reason"))
            if self.do("BankPayout.returnLines", payout.returnLines, args, by=bank, expect=is_returnable or None):
                self.taken["WageEscrow.takeBackLines"][0] += 1
        else:
            if dice.roll(2):
                self.wait_until(seen.banked_at + 30 * DAY_SECONDS + 1)
            can = now() > seen.banked_at + 30 * DAY_SECONDS and sum(1 << i for i in places) == seen.banked
            self.do("BankPayout.returnUnsettledLines", payout.returnUnsettledLines, args, expect=None if can else False)

    def the_bank_is_done_with_a_dispute(self, number: int) -> None:
        dice, payout, bank = Dice(number), self.site.bank_payout, self.actors["bank"]
        held = [i for i, known in enumerate(self.seen.disputes) if known.banked]
        if not held:
            return
        dispute_id, what = dice.one_of(held), dice.roll(3)
        args = (self.site.escrow.address, dispute_id, self.fresh("receipt or reason"))
        honest = self.world.kind == "WageToken"
        if what == 0 and self.do("BankPayout.settleDispute", payout.settleDispute, args, by=bank, expect=honest):
            self.taken["WageEscrow.settleDispute"][0] += 1
        elif what == 1 and self.do("BankPayout.returnDispute", payout.returnDispute, args, by=bank, expect=None):
            self.taken["WageEscrow.takeBackDispute"][0] += 1
        elif what == 2:
            if dice.roll(2):
                self.wait_until(self.seen.disputes[dispute_id].banked_at + 30 * DAY_SECONDS + 1)
            can = now() > self.seen.disputes[dispute_id].banked_at + 30 * DAY_SECONDS
            call = payout.returnUnsettledDispute
            self.do("BankPayout.returnUnsettledDispute", call, args[:2], expect=None if can else False)

    # ------------------------------------------------------------ closing and pausing

    def the_guardian_pauses(self, number: int) -> None:
        guardian, escrow = self.actors["guardian"], self.site.escrow
        if self.is_open():
            can = self.seen.paused_until == 0 or now() >= self.seen.paused_until + 30 * DAY_SECONDS
            self.do("WageEscrow.pause", escrow.pause, (), by=guardian, expect=None if can else False)
        elif Dice(number).roll(2):
            self.do("WageEscrow.unpause", escrow.unpause, (), by=guardian, expect=None)

    def the_contractor_gives_notice(self, _number: int) -> None:
        can = self.seen.announced_until == 0 and self.seen.closed_at == 0 and self.is_open()
        notice = self.site.closing_notice()
        self.do("WageEscrow.announceClosing", self.site.escrow.announceClosing, notice, expect=can)

    def somebody_tries_to_close(self, _number: int) -> None:
        owes = self.seen.owed + self.seen.contested
        can = 0 < self.seen.announced_until < now() and not owes and self.is_open() and self.is_payable(self.seen.contractor)
        self.do("WageEscrow.close", self.site.escrow.close, self.site.closing(), expect=None if can else False)
        can = 0 < self.seen.closed_at < now() - NOTICE_SECONDS and not owes
        self.do("WageEscrow.returnBond", self.site.escrow.returnBond, (), expect=None if can else False)

    # ------------------------------------------------------------ strangers

    def a_stranger_signs_for_others(self, number: int) -> None:
        """All is in order but the signature: every such call must be refused, whoever sends it."""
        dice, site = Dice(number), self.site
        escrow, registry = site.escrow, site.registry
        thief = dice.one_of(self.people)
        thief = type(thief)(thief.worker_id, MALLORY, thief.payout)
        tries = [
            ("WageEscrow.claim", escrow.claim, site.claim(thief, first_day=now() // DAY_SECONDS - 3_100, amount_fen=1)),
            ("WageEscrow.drawBond", escrow.drawBond, site.bond_draw(1, "false order", signer=MALLORY)),
            ("WageEscrow.close", escrow.close, site.closing(signer=MALLORY)),
            ("WageEscrow.announceClosing", escrow.announceClosing, site.closing_notice(signer=MALLORY)),
            ("WorkerRegistry.rotate", registry.rotate, site.rotation(thief, MALLORY)),
            ("WorkerRegistry.proposePayout", registry.proposePayout, site.payout_change(thief, MALLORY.address)),
            ("WorkerRegistry.cancelRecovery", registry.cancelRecovery, site.recovery_cancel(thief, bureau=MALLORY)),
        ]
        sheet = site.sheet([thief])
        signature = site.sign_sheet(sheet, signer=MALLORY)
        tries.append(("WageEscrow.postSheet", escrow.postSheet, (sheet.sheet_id, sheet.header, sheet.packed(), signature)))
        for dispute_id in range(min(2, len(self.seen.disputes))):
            answer, resolution = site.answer(dispute_id, 0, signer=MALLORY), site.resolution(dispute_id, 0, signer=MALLORY)
            tries.append(("WageEscrow.answer", escrow.answer, answer))
            tries.append(("WageEscrow.resolve", escrow.resolve, resolution))
        for sheet_id, seen in enumerate(self.seen.sheets):
            for line in [line for line in seen.unpaid() if line.worker_id == thief.worker_id][:1]:
                posted = self.sheet_of(self.seen, sheet_id)
                args = (*posted.lines_and_proof(line.index), *site.confirm(thief, posted, line.index))
                tries.append(("WageEscrow.releaseLine", escrow.releaseLine, args))
        for name, call, args in (dice.one_of(tries), dice.one_of(tries)):
            self.do(name, call, args, by=self.actors["stranger"], expect=False)

    def a_stranger_calls(self, number: int) -> None:
        escrow, payout, stranger = self.site.escrow, self.site.bank_payout, self.actors["stranger"]
        tries = [
            ("WageEscrow.pause", escrow.pause, ()),
            ("WageEscrow.settleDispute", escrow.settleDispute, (0, word("r"))),
            ("WageEscrow.takeBackDispute", escrow.takeBackDispute, (0, word("r"))),
            ("BankPayout.settleDispute", payout.settleDispute, (escrow.address, 0, word("r"))),
            ("BankPayout.setAuthority", payout.setAuthority, (stranger,)),
        ]
        name, call, args = Dice(number).one_of(tries)
        self.do(name, call, args, by=stranger, expect=False)

    def witnesses_anchor(self, number: int) -> None:
        dice, anchor = Dice(number), self.actors["anchor"]
        topic, day, root, count = word("topic"), dice.roll(30), self.fresh("root"), dice.roll(4)
        domain = Domain(ANCHOR_DOMAIN_NAME, brownie.web3.eth.chain_id, anchor.address)
        words = digest(domain, "Evidence", {"topic": topic, "day": day, "root": root})
        keys = WITNESS_KEYS[:count]
        args = (topic, day, root, [key.address for key in keys], [key.sign_bytes(words) for key in keys])
        self.do("EvidenceAnchor.anchor", anchor.anchor, args, expect=None if count >= 2 else False)

    def the_token_turns(self, number: int) -> None:
        dice = Dice(number)
        payees = [*self.seen.payouts.values(), self.seen.contractor]
        self.trouble(dice.one_of(payees) if dice.roll(3) else "")

    def trouble(self, payee: str) -> None:
        """The token refuses this payee from now on; nobody where it is empty."""
        name = {"BlockingToken": "setBlocked", "RefusingToken": "setRefused"}.get(self.world.kind)
        if name:
            getattr(self.site.token, name)(payee or "0x" + "00" * 20, {"from": self.actors["relayer"]})
            self.troubled = payee

    # ------------------------------------------------------------ what happens next

    @rule(number=dice_)
    def something_happens(self, number: int) -> None:
        """One of all these. A rule for each would leave many out of an example (swarm testing), and short runs want all."""
        self.steps = getattr(self, "steps", 0) + 1
        dice = Dice(number + self.steps)
        happening = dice.one_of(HAPPENINGS)
        note(happening)
        getattr(self, happening)(dice.roll(2**32))

    # ------------------------------------------------------------ the way out

    def teardown(self) -> None:
        """Invariant 5: with an honest token and money every wage is paid, every dispute ends, and the project is closed."""
        if not hasattr(self, "seen"):
            return
        try:
            self.check_everything()
            self.leave()
            self.check_everything()
        finally:
            self.world.write(self.taken, self.seen.entered)

    def leave(self) -> None:
        seen, escrow = self.seen, self.site.escrow
        self.trouble("")
        for sheet_id, sheet in enumerate(seen.sheets):
            for line in sheet.unpaid():
                self.provide(line.amount_fen)
                self.release_one(self.sheet_of(seen, sheet_id), line.index)
        for dispute_id, known in enumerate(seen.disputes):
            if known.state == DECIDED and known.paid == known.granted:
                continue
            self.provide(known.asked - known.paid)
            if known.state == CONTESTED:
                self.wait_until(known.since + self.windows[2] + 1)
                self.resolve(dispute_id, known.asked, by_arbiter=True)
            else:
                self.wait_until(known.since + self.windows[1] + 1)
                self.stand(dispute_id)
        must(seen.owed == 0 and seen.contested == 0, "5: something cannot be paid")
        self.wait_until(seen.paused_until)
        if seen.announced_until == 0:
            self.do("WageEscrow.announceClosing", escrow.announceClosing, self.site.closing_notice())
        self.wait_until(seen.announced_until + 1)
        self.do("WageEscrow.close", escrow.close, self.site.closing())
        if seen.bond:
            self.wait_until(seen.closed_at + NOTICE_SECONDS + 1)
            self.do("WageEscrow.returnBond", escrow.returnBond, ())
        must(seen.funded == 0 and seen.bond == 0, "5: it cannot be closed")

    def provide(self, amount: int) -> None:
        """Money that is there is paid out, paused or not; only new money waits for the pause to end."""
        if self.seen.funded < amount:
            self.wait_until(self.seen.paused_until)
            self.mint(self.site.escrow.address, amount - self.seen.funded)
            self.do("WageEscrow.bookTransfer", self.site.escrow.bookTransfer, (self.fresh("memo"),))
