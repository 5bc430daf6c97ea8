"""What anyone may see without an account: everything here is on the chain, or computed from it. No personal data."""

from datetime import datetime
from typing import Any

from anxin.core.wire import Wire


class ChainFacts(Wire):
    """Where signatures count. `rp_id` is the web domain whose passkeys count; `bank` the payout of whom the bank pays."""

    chain_id: int
    rp_id: str
    registry: str
    factory: str
    token: str
    bank: str
    anchor: str
    finality_depth: int


class AlarmView(Wire):
    """Something a person must look at: `kind`, of what (an address, a part), since when, and what to do."""

    kind: str
    subject: str
    text: str
    since: datetime


class Health(Wire):
    """status: ok, degraded (alarms are open), halted (the chain is neither read nor written: a person must decide).

    Block numbers: `indexed_block` lags the chain's head by a poll, `final_block` by the finality depth. `calls_waiting` have
    no transaction yet, `calls_in_flight` none that is final.
    """

    status: str
    indexed_block: int
    final_block: int
    calls_waiting: int
    calls_in_flight: int
    alarms: list[AlarmView]


class BooksView(Wire):
    """In fen. `bond`: the wage deposit, apart from `funded`. `with_bank`: released, and not paid out by the bank yet."""

    funded_fen: int
    owed_fen: int
    contested_fen: int
    bond_fen: int
    free_fen: int
    released_fen: int
    with_bank_fen: int


class ProjectView(Wire):
    """A project and its escrow's books at the last final block. `coverage_percent` is null where nothing is owed."""

    escrow: str
    name: str
    contractor_name: str
    contractor: str
    bureau: str
    arbiter: str
    objection_window_seconds: int
    answer_window_seconds: int
    bureau_window_seconds: int
    workers: int
    books: BooksView
    coverage_percent: int | None
    as_of_block: int


class ProjectsView(Wire):
    projects: list[ProjectView]


class EventView(Wire):
    """state: seen, final, orphaned. `id` is the cursor of paging."""

    id: str
    block_number: int
    block_time: datetime
    tx_hash: str
    contract: str
    address: str
    name: str
    args: dict[str, Any]
    state: str


class EventsView(Wire):
    """Newest first. `next` is the `before` of the following page; null at the end."""

    events: list[EventView]
    next: str | None


class AccountView(Wire):
    """Debits minus credits."""

    account: str
    balance_fen: int


class EntryView(Wire):
    id: int
    at: datetime
    block_number: int
    tx_hash: str
    event: str
    debit: str
    credit: str
    amount_fen: int


class LedgerView(Wire):
    """The balances of all entries, and the newest hundred of them."""

    accounts: list[AccountView]
    entries: list[EntryView]
