"""The bank's own process on a real chain with the real contracts: what its files say is mirrored there, each thing once."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from eth_utils.crypto import keccak
from tests.backend.chain_site import OnChainSite
from tests.chain import HALF_REPLY, LOSE_REPLY, REFUSE, Wire, on_send

from anxin.audit.recompute import recompute
from anxin.bank.adapter import Balance, BankFile, Inbox
from anxin.bank.deposit_references import deposit_reference
from anxin.bank.iso20022 import Account, Credit, Debit, Initiation, write_pain001
from anxin.bank.references import claim_reference
from anxin.chain.identity import ChainChanged
from anxin.chain.reader import read_events, read_view
from anxin.chain.rpc import Rpc, RpcUnreachable
from anxin.core.clock import now
from anxin.demo.bank_books import BankBooks
from anxin.stack import EMBEDDED_ACCOUNTS, address_of
from anxin.teller.chain_view import ChainView
from anxin.teller.errors import CannotTell
from anxin.teller.journal import Journal
from anxin.teller.keys import read_key
from anxin.teller.plan import Desk
from anxin.teller.sending import Sender
from anxin.teller.service import Teller

pytest_plugins = ["tests.chain", "tests.backend.chain_site"]

DEPTH = 2
WAGE_ACCOUNT = Account("渝安建工农民工工资专户", "6222020200112233445")
START_FEN = 100_000  # minted by the fixture, and on the wage account


@dataclass
class BankSite(OnChainSite):
    """Workers whose wages the bank pays; worker n has account 62172300000000n there."""

    bank: BankBooks = field(default_factory=lambda: BankBooks("bank-a"))

    def payout(self, number: int) -> str:
        return self.chain.deployment.bank

    def account(self, number: int) -> str:
        return f"62172300000000{number}"

    async def released(self, *amounts_fen: int) -> None:
        """A posted sheet, signed by all, released to the bank, for good."""
        await self.enrol(len(amounts_fen))
        await self.post(*amounts_fen)
        await self.again(range(len(amounts_fen)))

    async def again(self, indexes: range) -> None:
        for index in indexes:
            arguments = self.confirmation(index).arguments
            await self.send("deployer", "WageEscrow", self.escrow, "releaseLine", **arguments)
        await self.chain.mine(1 + DEPTH)

    def reference(self, index: int, attempt: int = 0) -> str:
        return str(claim_reference(self.escrow, 0, index, attempt=attempt))

    def order(self, *lines: tuple[int, int], attempt: int = 0, references: tuple[str, ...] = ()) -> None:
        """The operator's: pay each line (index, fen) to its worker's account."""
        debits = tuple(
            Debit(WAGE_ACCOUNT, date(2026, 11, 13), Credit(
                references[place] if references else self.reference(index, attempt),
                Account(f"工人{index}", self.account(index)), amount_fen, "工资",
            ))
            for place, (index, amount_fen) in enumerate(lines)
        )  # fmt: skip
        self.bank.take(write_pain001(Initiation("渝安建工", datetime(2026, 11, 12, tzinfo=UTC), debits)))


@dataclass
class Counter:
    """The bank's door, without a wire."""

    bank: BankBooks
    name: str = "bank-a"

    async def submit(self, message_id: str, content: bytes) -> None:
        self.bank.take(content)

    async def fetch(self, cursor: str = "") -> Inbox:
        some = self.bank.books.letters[int(cursor or 0) :][:3]
        return Inbox([BankFile(each.name, each.content.encode()) for each in some], str(int(cursor or 0) + len(some)))

    async def balance(self) -> Balance:
        return Balance(now(), self.bank.balance_fen())


@pytest.fixture
async def site(chain):
    site = BankSite(chain, await chain.escrow_with(START_FEN))
    await chain.mine(DEPTH)
    site.bank.open_account(WAGE_ACCOUNT.name, WAGE_ACCOUNT.number, balance_fen=START_FEN, is_wage=True)
    for number in range(4):
        site.bank.open_account(f"工人{number}", site.account(number))
    return site


@pytest.fixture
def key_file(tmp_path):
    file = tmp_path / "bank.key"
    file.write_text(EMBEDDED_ACCOUNTS["bank"])
    file.chmod(0o600)
    return file


@pytest.fixture
async def new_teller(chain, site, key_file):
    """Start tellers as the command does, with nothing but the key and its journal; one ends where the next begins."""
    rpcs, journals = [], []

    def start(url=chain.anvil.url, *, bank_name="bank-a", publisher=None, accounts=frozenset()):
        for journal in journals:
            journal.__exit__()
        deployment, account = chain.deployment, read_key(key_file)
        rpcs.append(Rpc(url, timeout_seconds=2))
        journal = Journal(journal_of(key_file), deployment.genesis_hash, account.address, bank_name)
        journals.append(journal.__enter__())
        return Teller(
            Counter(site.bank), rpcs[-1], Desk(bank_name, deployment, accounts),
            Sender(rpcs[-1], deployment, account, journal, DEPTH), ChainView(rpcs[-1], deployment, DEPTH), publisher,
        )  # fmt: skip

    yield start
    for journal in journals:
        journal.__exit__()
    for rpc in rpcs:
        await rpc.__aexit__()


def journal_of(key_file):
    return Path(f"{key_file}.journal")


def cut_off(journal):
    """As a crash leaves it in the middle of a write."""
    with journal.open("ab") as file:
        file.write(b'{"type":"sent","nonce":0,"tx_ha')


async def settle_down(teller, chain, rounds=8):
    """Round after round until nothing is left to do. Return the last one's doubts."""
    for _ in range(rounds):
        done = await teller.round()
        if not done.sent and not done.under_way:
            break
        await chain.mine(1 + DEPTH)
    assert ([], 0) == (done.sent, done.under_way)
    return {doubt.problem for doubt in done.doubts}


async def events(chain, *names):
    found = await read_events(chain.rpc, chain.deployment, await chain.head())
    return [event for event in found if event.name in names and event.block_number > chain.start]


async def supply(chain):
    return await read_view(chain.rpc, "WageToken", chain.token, "totalSupply", await chain.head())


async def settled(chain):
    return [event.args["index"] for event in await events(chain, "LineSettled")]


# ------------------------------------------------------------------ wages out


async def test_booked_wages_are_settled_in_one_transaction_and_supply_is_the_balance(chain, site, new_teller):
    await site.released(700, 900, 1100)
    site.order((0, 700), (1, 900), (2, 1100))
    site.bank.book()
    doubts = await settle_down(new_teller(), chain)

    lines = await events(chain, "LineSettled")
    assert ([0, 1, 2], 1) == ([each.args["index"] for each in lines], len({each.tx_hash for each in lines}))
    assert START_FEN - 2700 == site.bank.balance_fen() == await supply(chain)
    assert set() == doubts


async def test_wage_that_is_only_ordered_is_not_settled(chain, site, new_teller):
    await site.released(700)
    site.order((0, 700))
    site.bank.advance()
    await settle_down(new_teller(), chain)

    assert [] == await settled(chain)


async def test_closed_account_gives_the_wage_back_and_the_second_attempt_settles(chain, site, new_teller):
    await site.released(700, 900)
    site.bank.close_account(site.account(1))
    site.order((0, 700), (1, 900))
    site.bank.book()
    teller = new_teller()
    await settle_down(teller, chain)
    (back,) = await events(chain, "LineReturned")
    site.bank.open_account("工人1", site.account(1))
    await site.again(range(1, 2))
    site.order((1, 900), attempt=1)
    site.bank.book()
    doubts = await settle_down(teller, chain)

    assert (1, "0x" + keccak(text="AC04").hex()) == (back.args["index"], back.args["reason"])
    assert [0, 1] == await settled(chain)
    assert site.bank.balance_fen() == await supply(chain)
    assert set() == doubts


async def test_wage_that_comes_back_after_booking_is_given_back(chain, site, new_teller):
    await site.released(700)
    site.order((0, 700))
    site.bank.book()
    site.bank.give_back(site.reference(0))
    await settle_down(new_teller(), chain)

    assert [700] == [each.args["amount"] for each in await events(chain, "LineReturned")]
    assert [] == await settled(chain)


async def test_wage_that_comes_back_after_it_was_settled_is_for_a_person(chain, site, new_teller):
    await site.released(700)
    site.order((0, 700))
    site.bank.book()
    teller = new_teller()
    await settle_down(teller, chain)
    site.bank.give_back(site.reference(0))

    (problem,) = await settle_down(teller, chain)
    assert "700 fen came back after they were settled" in problem


async def test_wrong_amount_is_never_settled(chain, site, new_teller):
    await site.released(700, 900)
    site.bank.wrong_amount_to.add(site.account(0))
    site.order((0, 700), (1, 900))
    site.bank.book()
    doubts = await settle_down(new_teller(), chain)

    assert [1] == await settled(chain)
    assert {"booked with 699 fen, 700 were released"} == doubts


async def test_wage_that_was_booked_twice_is_for_a_person(chain, site, new_teller):
    await site.released(700)
    site.order((0, 700))
    site.bank.books.messages.clear()
    site.bank.take(write_pain001(Initiation("渝安建工", datetime(2026, 11, 12, tzinfo=UTC), (Debit(
        WAGE_ACCOUNT, date(2026, 11, 14), Credit(site.reference(0), Account("工人0", site.account(0)), 700)
    ),))))  # fmt: skip
    site.bank.book()

    assert {"booked 2 times"} == await settle_down(new_teller(), chain)
    assert [] == await settled(chain)


async def test_reference_that_no_release_has_settles_nothing(chain, site, new_teller):
    await site.released(700)
    site.bank.open_account("工人9", site.account(9))
    site.order((9, 700))
    site.bank.book()

    (problem,) = await settle_down(new_teller(), chain)
    assert "the bank was given no wage of this reference" in problem
    assert [] == await settled(chain)


async def test_files_that_come_again_change_nothing(chain, site, new_teller):
    await site.released(700, 900)
    site.bank.close_account(site.account(1))
    site.order((0, 700), (1, 900))
    site.bank.book()
    site.bank.repeat_files()
    await settle_down(new_teller(), chain)
    site.bank.repeat_files()
    doubts = await settle_down(new_teller(), chain)

    assert ([0], 1) == (await settled(chain), len(await events(chain, "LineReturned")))
    assert set() == doubts


async def test_release_that_is_not_final_waits(chain, site, new_teller):
    await site.enrol(1)
    await site.post(700)
    await site.send("deployer", "WageEscrow", site.escrow, "releaseLine", **site.confirmation(0).arguments)
    await chain.mine()
    site.order((0, 700))
    site.bank.book()
    done = await new_teller().round()

    assert [] == done.sent


async def test_what_the_teller_believes_it_holds_is_what_the_audit_says(chain, site, new_teller):
    """Two ways of reading the same events."""
    await site.released(700, 900, 1100, 1300)
    site.bank.close_account(site.account(1))
    site.order((0, 700), (1, 900))
    site.bank.book()
    teller = new_teller()
    await settle_down(teller, chain)
    await site.again(range(1, 2))
    await teller.round()

    every = await read_events(chain.rpc, chain.deployment, await chain.head())
    audited = recompute(every, bank=chain.deployment.bank)
    held = [wage for wage in teller.chain.held.wages.values() if wage.state == "held"]
    assert audited.findings == []
    assert audited.escrows[site.escrow].banked == {(wage.number, wage.index) for wage in held} == {(0, 1), (0, 2), (0, 3)}
    assert audited.escrows[site.escrow].banked_fen == sum(wage.amount_fen for wage in held)


# ------------------------------------------------------------------ deposits in


async def test_deposit_for_a_wallet_is_minted_to_it_once(chain, site, new_teller):
    wallet = address_of("guardian")
    site.bank.deposit("渝安建工", 5_000, f"劳务费 {str(deposit_reference(wallet, 'wallet')).lower()} 十月")
    await settle_down(new_teller(), chain)
    site.bank.repeat_files()
    doubts = await settle_down(new_teller(), chain)

    (minted,) = [each for each in await events(chain, "Minted") if each.args["to"] == wallet.lower()]
    assert 5_000 == minted.args["amount"]
    assert START_FEN + 5_000 == site.bank.balance_fen() == await supply(chain)
    assert set() == doubts


async def test_deposit_for_an_escrow_becomes_its_payroll(chain, site, new_teller):
    site.bank.deposit("建设单位", 7_000, str(deposit_reference(site.escrow)))
    await settle_down(new_teller(), chain)

    (funded,) = [each for each in await events(chain, "Funded") if each.args["amount"] == 7_000]
    (minted,) = [each for each in await events(chain, "Minted") if each.args["amount"] == 7_000]
    assert minted.args["receipt"] == funded.args["memo"]
    books = await read_view(chain.rpc, "WageEscrow", site.escrow, "books", await chain.head())
    assert START_FEN + 7_000 == books["funded"]


async def test_deposit_that_somebody_else_booked_is_not_booked_again(chain, site, new_teller):
    """Killed between the two transactions; anyone may book what lies in the escrow."""
    site.bank.deposit("建设单位", 7_000, str(deposit_reference(site.escrow)))
    await new_teller().round()
    await chain.mine(1)
    await site.send("guardian", "WageEscrow", site.escrow, "bookTransfer", memo="0x" + "77" * 32)
    await chain.mine(DEPTH)
    await settle_down(new_teller(), chain)

    assert [7_000] == [each.args["amount"] for each in await events(chain, "Funded") if each.args["amount"] != START_FEN]


@pytest.mark.parametrize(
    "text",
    [
        "", "十月工资款", "AXF0123456789ABCDEF99",
        f"{deposit_reference('0x' + '12' * 20)} {deposit_reference('0x' + '34' * 20, 'wallet')}",
        str(deposit_reference("0x" + "12" * 20)),  # no such escrow
    ],
)  # fmt: skip
async def test_whose_a_deposit_is_is_never_guessed(chain, site, new_teller, text):
    site.bank.deposit("某公司", 5_000, text)
    (problem,) = await settle_down(new_teller(), chain)

    assert "a deposit" in problem
    assert START_FEN == await supply(chain)


async def test_deposit_that_the_balance_does_not_cover_is_not_minted(chain, site, new_teller):
    """A file that somebody forged, or money that has left again: never more tokens than fen."""
    wallet = address_of("guardian")
    site.bank.deposit("渝安建工", 5_000, str(deposit_reference(wallet, "wallet")))
    site.bank.books.accounts[WAGE_ACCOUNT.number].balance_fen -= 1
    (problem,) = await settle_down(new_teller(), chain)

    assert "5000 fen that the balance does not cover" in problem
    assert START_FEN == await supply(chain)


async def test_wages_on_their_way_do_not_hold_a_covered_deposit_up(chain, site, new_teller):
    """Paid and not settled: gone from the balance, still in the supply."""
    await site.released(700)
    site.order((0, 700))
    site.bank.book()
    site.bank.deposit("渝安建工", 5_000, str(deposit_reference(address_of("guardian"), "wallet")))
    done = await new_teller().round()

    assert 2 == len(done.sent)


async def test_account_that_is_not_mirrored_mints_nothing(chain, site, new_teller):
    site.bank.open_account("别的账户", "6222020299999999999", is_wage=True)
    site.bank.deposit(
        "渝安建工", 5_000, str(deposit_reference(address_of("guardian"), "wallet")), to="6222020299999999999"
    )
    (problem,) = await settle_down(new_teller(accounts=frozenset({WAGE_ACCOUNT.number})), chain)

    assert "an account that the token does not mirror" in problem


async def test_money_that_leaves_for_no_wage_is_told(chain, site, new_teller):
    site.bank.book_stray()

    assert {"money left a wage account, and for no wage"} == await settle_down(new_teller(), chain)


# ------------------------------------------------------------------ what the bank attests


class Remembering:
    """Publishes to nobody. While `refuses` nothing is taken."""

    def __init__(self):
        self.said, self.refuses = [], False

    async def publish(self, word):
        if not self.refuses:
            self.said.append(word)
        return not self.refuses


async def test_balance_is_attested_once_and_again_when_the_supply_has_changed(chain, site, new_teller):
    await site.released(700)
    publisher = Remembering()
    teller = new_teller(publisher=publisher)
    await settle_down(teller, chain)
    await teller.round()
    site.order((0, 700))
    site.bank.book()
    await settle_down(teller, chain)

    assert [START_FEN, START_FEN - 700] == [word.amount_fen for word in publisher.said]


async def test_nothing_is_attested_between_a_payment_and_its_settlement(chain, site, new_teller):
    """At that moment the supply is above the balance, and nothing is wrong."""
    await site.released(700)
    site.order((0, 700))
    site.bank.book()
    publisher = Remembering()
    teller = new_teller(publisher=publisher)
    await teller.round()
    await chain.mine()
    await teller.round()

    assert [] == publisher.said


async def test_supply_that_is_not_settled_for_an_hour_is_attested_all_the_same(chain, site, new_teller, monkeypatch):
    """A stuck settlement hides nothing from whoever compares."""
    await site.released(700)
    site.order((0, 700))
    site.bank.book()
    publisher = Remembering()
    teller = new_teller(publisher=publisher)
    await teller.round()
    monkeypatch.setattr("anxin.teller.service.UNSETTLED_AT_MOST_SECONDS", 0)
    await teller.round()

    assert [START_FEN - 700] == [word.amount_fen for word in publisher.said]


async def test_attested_moment_is_the_newest_final_block(chain, site, new_teller):
    """The chain's clock may be ahead of ours; the supply is known by its blocks."""
    await chain("evm_increaseTime", 3 * 86400)
    await chain.mine(1 + DEPTH)
    publisher = Remembering()
    await new_teller(publisher=publisher).round()

    final = await chain.rpc.block(await chain.head() - DEPTH)
    assert [int(final["timestamp"], 16)] == [word.at for word in publisher.said]


async def test_day_without_change_is_attested_too(chain, site, new_teller):
    publisher = Remembering()
    teller = new_teller(publisher=publisher)
    await teller.round()
    await chain("evm_increaseTime", 20 * 3600)
    await chain.mine(1 + DEPTH)
    await teller.round()

    assert 2 == len(publisher.said)


async def test_balance_that_was_not_taken_is_attested_again(chain, site, new_teller):
    publisher = Remembering()
    teller = new_teller(publisher=publisher)
    publisher.refuses = True
    await teller.round()
    publisher.refuses = False
    await teller.round()

    assert 1 == len(publisher.said)


# ------------------------------------------------------------------ faults


@pytest.mark.parametrize("fault", [REFUSE, LOSE_REPLY, HALF_REPLY])
async def test_send_whose_answer_is_lost_is_the_same_bytes_again(chain, site, new_teller, fault):
    """The next process has nothing but the journal: one settlement, under one nonce."""
    await site.released(700)
    site.order((0, 700))
    site.bank.book()
    used = await chain.nonce(address_of("bank"))
    async with Wire(chain.anvil.url, fault=on_send(fault)) as wire:
        with pytest.raises(RpcUnreachable):
            await new_teller(wire.url).round()
    await settle_down(new_teller(), chain)

    assert [0] == await settled(chain)
    assert used + 1 == await chain.nonce(address_of("bank"))


async def test_transaction_that_a_reorg_took_away_is_sent_again(chain, site, new_teller):
    await site.released(700)
    site.order((0, 700))
    site.bank.book()
    teller = new_teller()
    await teller.round()
    await chain.mine()
    await chain("anvil_reorg", 1, [])
    assert [] == await settled(chain)
    await settle_down(teller, chain)

    assert [0] == await settled(chain)


async def test_lost_journal_settles_nothing_twice(chain, site, new_teller, key_file):
    await site.released(700)
    site.order((0, 700))
    site.bank.book()
    await new_teller().round()
    await chain.mine()
    journal_of(key_file).unlink()
    await settle_down(new_teller(), chain)

    assert [0] == await settled(chain)
    assert START_FEN - 700 == await supply(chain)


async def test_line_that_was_cut_off_in_the_journal_was_never_sent(chain, site, new_teller, key_file):
    await site.released(700)
    site.order((0, 700))
    site.bank.book()
    new_teller()
    cut_off(journal_of(key_file))
    await settle_down(new_teller(), chain)

    assert [0] == await settled(chain)


async def test_key_that_was_used_elsewhere_holds_nothing_up(chain, site, new_teller):
    """Another transaction takes the nonce: what it was for is planned anew."""
    await site.released(700)
    site.order((0, 700))
    site.bank.book()
    teller = new_teller()
    await teller.round()
    await chain("anvil_dropAllTransactions")
    receipt = "0x" + "55" * 32
    await site.send("bank", "WageToken", chain.token, "mint", to=address_of("bank"), amount=1, receipt=receipt)
    await chain.mine(1 + DEPTH)
    await settle_down(teller, chain)

    assert [0] == await settled(chain)


async def test_reorg_behind_finality_ends_the_teller(chain, site, new_teller):
    teller = new_teller()
    await teller.round()
    await chain("anvil_reorg", DEPTH + 1, [])
    await chain.mine(1)

    with pytest.raises(ChainChanged):
        await teller.round()


async def test_second_teller_with_the_same_key_is_refused(chain, site, new_teller, key_file):
    new_teller()

    with pytest.raises(CannotTell, match="in use"), Journal(
        journal_of(key_file), chain.deployment.genesis_hash, address_of("bank"), "bank-a"
    ):
        pass


async def test_other_name_of_the_bank_would_mint_all_again_and_is_refused(chain, site, new_teller):
    new_teller()

    with pytest.raises(CannotTell, match="bank 'bank-a'"):
        new_teller(bank_name="bank-b")


# ------------------------------------------------------------------ who could cheat


async def test_operator_cannot_settle_or_mint(chain, site):
    """Whoever runs the server has no bank's key: the contracts refuse."""
    await site.released(700)
    line = "0x" + site.sheets[0][0].packed().hex()
    arguments = {"escrow": site.escrow, "sheetId": 0, "lines": line, "proof": [], "receipt": "0x" + "66" * 32}
    forged = [
        await site.send("guardian", "BankPayout", chain.deployment.bank, "settleLines", **arguments),
        await site.send(
            "guardian", "WageToken", chain.token, "mint", to=address_of("guardian"), amount=1, receipt="0x" + "67" * 32
        ),
    ]
    await chain.mine()

    statuses = [(await chain("eth_getTransactionReceipt", each))["status"] for each in forged]
    assert (["0x0", "0x0"], START_FEN) == (statuses, await supply(chain))


def test_key_that_others_can_read_is_refused(key_file):
    key_file.chmod(0o640)

    with pytest.raises(CannotTell, match="can be read by others"):
        read_key(key_file)


@pytest.mark.parametrize("content", ["", "0x12", "not a key", "0x" + "00" * 32])
def test_file_without_a_key_is_refused_and_not_shown(key_file, content):
    key_file.write_text(content)
    key_file.chmod(0o600)

    with pytest.raises(CannotTell, match="holds no key") as raised:
        read_key(key_file)
    assert not content or content not in str(raised.value)
