"""One building site through random months: what hypothesis chooses, what the contracts do, what the observer makes of it.

The machine knows who holds which key and what each call must therefore come to; the observer knows the events only. Each
method that takes a `number` is one thing that somebody does, and chooses with dice thrown from that number.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import brownie
from brownie.exceptions import VirtualMachineError
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant
from tests.contracts.building_site import DAY_SECONDS, KINDS, Sheet, Worker, key_of, next_block_at, now, word
from tests.invariants.events import must
from tests.invariants.observer import Observer
from tests.invariants.world import Dice, World

from anxin.core.sheet_tree import SheetLine
from anxin.demo.keys import Wallet

MALLORY = Wallet.from_hex(f"{0xBAD:064x}")
ALL_DAYS = 0x7FFF_FFFF
dice_ = st.integers(0, 2**32)


class SiteMachine(RuleBasedStateMachine):
    """The sequences of calls. `world` is set by the test, which has also taken the snapshot each example starts from."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        brownie.chain.revert()
        self.site, self.actors = self.world.site, self.world.actors
        self.taken: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
        self.people: list[Worker] = []
        self.numbers = 0
        self.troubled = ""
        escrow, terms = self.site.escrow, self.site.escrow.terms()
        self.windows = terms["windows"]
        self.seen = Observer(
            str(escrow.address).lower(), str(self.site.token.address).lower(), str(terms["bank"]).lower(),
            str(terms["contractor"]).lower(), self.windows[0],
        )  # fmt: skip

    # ------------------------------------------------------------ calls

    def do(self, name: str, call: Any, args: Sequence[Any], *, by: Any = None, expect: bool | None = True) -> bool:
        """Make a call and have the observer read it. `expect`: must it take effect? None: either way.

        A call that may be refused is tried without a transaction first, which is quick and leaves nothing behind.
        """
        sender = {"from": by or self.actors["relayer"]}
        if expect is not True:
            try:
                call.call(*args, sender)
            except (VirtualMachineError, ValueError):
                self.taken[name][1] += 1
                return False
            must(expect is None, f"7: {name} was taken against the rules")
        receipt = brownie.web3.eth.get_transaction_receipt(call(*args, sender).txid)
        self.taken[name][0] += 1
        self.seen.see([self.world.decoder.event(log) for log in receipt["logs"]], now())
        return True

    def fresh(self, what: str) -> bytes:
        self.numbers += 1
        return word(f"{what} {self.numbers}")

    def mint(self, to: Any, amount: int) -> None:
        if self.world.kind == "WageToken":
            self.do("WageToken.mint", self.site.token.mint, (to, amount, self.fresh("deposit")), by=self.actors["bank"])
        else:
            self.do("hostile", self.site.token.mint, (to, amount))

    def is_payable(self, payout: str) -> bool:
        return payout.lower() != self.troubled

    def is_open(self) -> bool:
        return now() >= self.seen.paused_until

    def holder(self, worker_id: bytes) -> Worker:
        return next(person for person in self.people if person.worker_id == worker_id)

    @staticmethod
    def sheet_of(seen: Observer, sheet_id: int) -> Sheet:
        return Sheet(sheet_id, seen.sheets[sheet_id].lines)

    # ------------------------------------------------------------ people

    @initialize(number=dice_)
    def a_crew_comes(self, number: int) -> None:
        for dice in (Dice(number + i) for i in range(4)):
            self.enrol_one(dice)

    def enrol_one(self, dice: Dice) -> None:
        place = len(self.people)
        worker = Worker.named(700 + place, KINDS[place % 3])
        if dice.roll(2):
            worker = replace(worker, payout=self.site.bank_payout.address)
        enrolment = self.site.enrolment(worker)
        self.do("WorkerRegistry.enrol", self.site.registry.enrol, enrolment)
        self.people.append(worker)
        joining = self.site.joining(worker, day_cap_fen=1 + dice.roll(60_000))
        self.do("WageEscrow.join", self.site.escrow.join, joining, expect=self.seen.closed_at == 0)

    def a_worker_comes(self, number: int) -> None:
        if len(self.people) < 9:
            self.enrol_one(Dice(number))

    def a_worker_changes_something(self, number: int) -> None:
        dice, registry = Dice(number), self.site.registry
        worker = dice.one_of(self.people)
        waits, due = worker.worker_id in self.seen.recoveries, self.seen.recoveries.get(worker.worker_id, 0)
        payout_due = self.seen.pending_payouts.get(worker.worker_id, ("", 0))[1]
        what = dice.roll(6)
        if what == 0:
            key = key_of(dice.one_of(KINDS), 5_000 + self.numbers)
            if self.do("WorkerRegistry.rotate", registry.rotate, self.site.rotation(worker, key), expect=not waits):
                self.people[self.people.index(worker)] = replace(worker, key=key)
        elif what == 1:
            payout = dice.one_of([self.site.bank_payout.address, Worker.named(900 + dice.roll(50)).payout])
            self.do("WorkerRegistry.proposePayout", registry.proposePayout, self.site.payout_change(worker, payout))
        elif what == 2:
            can = 0 < payout_due <= now() and not waits
            self.do("WorkerRegistry.applyPayout", registry.applyPayout, (worker.worker_id,), expect=None if can else False)
        elif what == 3 and not waits:
            self.recover(worker, dice)
        elif what == 4 and waits:
            bureau = self.site.bureau if dice.roll(2) else None
            cancel = self.site.recovery_cancel(worker, bureau=bureau)
            self.do("WorkerRegistry.cancelRecovery", registry.cancelRecovery, cancel, expect=None)
        elif waits and due <= now():
            self.complete_recovery(worker)

    def recover(self, worker: Worker, dice: Dice) -> None:
        key = key_of(dice.one_of(KINDS), 7_000 + dice.roll(1_000))
        bureau = self.site.bureau if dice.roll(2) else None
        self.recovered = {**getattr(self, "recovered", {}), worker.worker_id: key}
        words = self.site.recovery(worker, key, bureau=bureau)
        self.do("WorkerRegistry.proposeRecovery", self.site.registry.proposeRecovery, words)
        if dice.roll(2):
            self.wait_until(self.seen.recoveries[worker.worker_id])
            self.complete_recovery(worker)

    def complete_recovery(self, worker: Worker) -> None:
        complete = self.site.registry.completeRecovery
        self.do("WorkerRegistry.completeRecovery", complete, (worker.worker_id,))
        self.people[self.people.index(worker)] = replace(worker, key=self.recovered[worker.worker_id])

    def payout_of(self, worker: Worker) -> Worker:
        """The worker as registered now: a change of payout may have come into force."""
        return replace(worker, payout=brownie.web3.to_checksum_address(self.seen.payouts[worker.worker_id]))

    # ------------------------------------------------------------ money

    def money_comes(self, number: int) -> None:
        dice, escrow = Dice(number), self.site.escrow
        missing = self.seen.owed + self.seen.contested - self.seen.funded
        amount = missing if missing > 0 and dice.roll(3) else 1 + dice.roll(300_000)
        relayer = self.actors["relayer"]
        can = self.is_open() and (self.world.kind != "FeeToken" or amount < 100)
        if dice.roll(3) == 0:
            self.mint(escrow.address, amount)
            memo = (self.fresh("memo"),)
            self.do("WageEscrow.bookTransfer", escrow.bookTransfer, memo, expect=self.is_open())
            return
        self.mint(relayer, amount)
        self.do("WageToken.approve", self.site.token.approve, (escrow.address, amount))
        if dice.roll(4) == 0:
            self.do("WageEscrow.depositBond", escrow.depositBond, (amount,), expect=can)
        elif dice.roll(3) == 0:
            permit = (amount, self.fresh("memo"), now() + DAY_SECONDS, 27, word("r"), word("s"))
            self.do("WageEscrow.fundWithPermit", escrow.fundWithPermit, permit, expect=can)
        else:
            self.do("WageEscrow.fund", escrow.fund, (amount, self.fresh("memo")), expect=can)

    def the_bureau_draws_bond(self, number: int) -> None:
        dice = Dice(number)
        most = min(self.seen.bond, max(0, self.seen.owed + self.seen.contested - self.seen.funded))
        amount = most if most and dice.roll(4) else most + 1
        words = self.site.bond_draw(amount, f"order {self.fresh('order').hex()}")
        self.do("WageEscrow.drawBond", self.site.escrow.drawBond, words, expect=most > 0)

    # ------------------------------------------------------------ sheets

    def a_sheet_is_posted(self, number: int) -> None:
        dice = Dice(number)
        lines = [
            SheetLine(i, dice.roll(ALL_DAYS), 1 + dice.roll(90_000), who.worker_id, self.fresh("payslip"))
            for i, who in enumerate(dice.one_of(self.people) for _ in range(1 + dice.roll(5)))
        ]
        sheet = Sheet(len(self.seen.sheets), lines)
        args = (sheet.sheet_id, sheet.header, sheet.packed(), self.site.sign_sheet(sheet))
        can = self.is_open() and self.seen.closed_at == 0
        if self.do("WageEscrow.postSheet", self.site.escrow.postSheet, args, expect=can):
            must(self.seen.announced_until == 0, "4: work goes on, and the notice still runs")

    def some_lines(self, dice: Dice) -> tuple[Sheet, list[int]] | None:
        """A sheet, one with something unpaid if there is one, and places in it."""
        if not self.seen.sheets:
            return None
        open_ = [i for i, sheet in enumerate(self.seen.sheets) if sheet.unpaid()]
        sheet = self.sheet_of(self.seen, dice.one_of(open_ or range(len(self.seen.sheets))))
        places = [i for i in range(len(sheet.lines)) if dice.roll(3)] or [dice.roll(len(sheet.lines))]
        return sheet, places

    def foresee(self, sheet: Sheet, places: Sequence[int]) -> dict[int, bool]:
        """Which of these lines must be paid: those the money lasts for, in order, to a payee whom the token pays."""
        total, paid = 0, {}
        for place in places:
            if self.seen.sheets[sheet.sheet_id].released >> place & 1:
                continue
            line = sheet.lines[place]
            fits = total + line.amount_fen <= self.seen.funded
            total += line.amount_fen if fits else 0
            paid[place] = fits and self.is_payable(self.seen.payouts[line.worker_id])
        return paid

    def check_paid(self, sheet: Sheet, foreseen: dict[int, bool]) -> None:
        released = self.seen.sheets[sheet.sheet_id].released
        paid = {place: bool(released >> place & 1) for place in foreseen}
        must(paid == foreseen, "5: a signed and funded wage was not paid, or one that could not be")

    def lines_are_released(self, number: int) -> None:
        dice, escrow = Dice(number), self.site.escrow
        if (some := self.some_lines(dice)) is None:
            return
        sheet, places = some
        foreseen = self.foresee(sheet, places)
        workers = [self.payout_of(self.holder(line.worker_id)) for line in sheet.lines]
        if dice.roll(3) == 0:
            self.release_one(sheet, places[0])
            return
        self.seen.confirmed |= {(sheet.sheet_id, place) for place in places}
        args = (*sheet.lines_and_proof(*places), *self.site.confirmations(sheet, workers, *places))
        self.do("WageEscrow.release", escrow.release, args)
        self.check_paid(sheet, foreseen)

    def release_one(self, sheet: Sheet, place: int) -> None:
        foreseen = self.foresee(sheet, [place])
        worker = self.holder(sheet.lines[place].worker_id)
        self.seen.confirmed.add((sheet.sheet_id, place))
        args = (*sheet.lines_and_proof(place), *self.site.confirm(worker, sheet, place))
        self.do("WageEscrow.releaseLine", self.site.escrow.releaseLine, args)
        self.check_paid(sheet, foreseen)

    def silent_workers_are_paid(self, number: int) -> None:
        if (some := self.some_lines(Dice(number))) is None:
            return
        sheet, places = some
        seen, foreseen = self.seen.sheets[sheet.sheet_id], self.foresee(sheet, places)
        is_over = now() > seen.posted_at + self.windows[0]
        can = is_over or all(seen.contested >> place & 1 for place in foreseen)
        args = sheet.lines_and_proof(*places)
        if self.do("WageEscrow.releaseUnsigned", self.site.escrow.releaseUnsigned, args, expect=None if can else False):
            self.check_paid(sheet, foreseen)
        else:
            must(not is_over, "5: silent workers' wages were refused past the window")

    # ------------------------------------------------------------ time

    def wait_until(self, timestamp: int) -> None:
        if timestamp > now():
            next_block_at(timestamp)
            brownie.chain.mine()

    def time_passes(self, number: int) -> None:
        dice = Dice(number)
        edges = [sheet.posted_at + self.windows[0] for sheet in self.seen.sheets]
        edges += [seen.since + self.windows[dice.roll(2) + 1] for seen in self.seen.disputes]
        edges += [due for _, due in self.seen.pending_payouts.values()] + [self.seen.announced_until]
        edges = [edge for edge in edges if edge > now()]
        some_days = now() + dice.roll(40) * DAY_SECONDS
        self.wait_until(dice.one_of(edges) + dice.roll(3) - 1 if edges and dice.roll(3) else some_days)

    # ------------------------------------------------------------ what must be so

    @invariant()
    def books_are_as_the_events_say(self) -> None:
        seen, escrow = self.seen, self.site.escrow
        books, closing = escrow.books(), escrow.closing()
        balance = self.site.token.balanceOf(escrow)
        must(balance == books["funded"] + books["bond"] + seen.unbooked, "1: balance == funded + bond")
        must(balance == seen.balances[seen.escrow], "6: balance by events")
        free = max(0, seen.funded - seen.owed - seen.contested)
        must(tuple(books) == (seen.funded, seen.owed, seen.contested, seen.bond, free), "6: books by events")
        said = (seen.announced_until, seen.closed_at, seen.closings, seen.paused_until)
        must(tuple(closing) == said, "6: closing by events")

    def check_everything(self) -> None:
        """Each sheet, each dispute and each worker as the events say."""
        escrow, seen = self.site.escrow, self.seen
        must((len(seen.sheets), len(seen.disputes)) == (escrow.sheetCount(), escrow.disputeCount()), "6: counts")
        for sheet_id, sheet in enumerate(seen.sheets):
            view = escrow.sheet(sheet_id)
            bits = (view["released"], view["contested"], view["banked"])
            must(bits == (sheet.released, sheet.contested, sheet.banked), "6: lines by events")
        for dispute_id, known in enumerate(seen.disputes):
            view = escrow.dispute(dispute_id)
            figures = tuple(view[name] for name in ("asked", "granted", "paid", "banked", "state"))
            must(figures == (known.asked, known.granted, known.paid, known.banked, known.state), "6: dispute by events")
        for worker in self.people:
            payout = self.site.registry.payoutOf(worker.worker_id)
            must(payout.lower() == seen.payouts[worker.worker_id], "6: payout by events")
        must(self.site.token.balanceOf(MALLORY.address) == 0, "7: money in hands that have none to get")
