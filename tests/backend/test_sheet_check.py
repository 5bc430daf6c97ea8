"""What is odd about a sheet: each kind on its own, over HTTP, and in a terminal.

Branches: each kind of odd · nothing odd · blocking · submission blocked · changed after compiling · who is not on it ·
order · scope · command.
"""

import asyncio
from datetime import date

import pytest
from click.testing import CliRunner
from sqlalchemy import update
from tests.backend.conftest import CONTRACTOR, assert_problem
from tests.backend.site_office import SHEETS, compile_october, shift, sign, submit_october, work

from anxin.attendance.service import Pieces
from anxin.cli import main
from anxin.core.database import transaction
from anxin.payroll.check import BLOCKING, LineFacts, OddKind, odds_of
from anxin.payroll.check_words import WORDS, words_of
from anxin.payroll.compile import Ask
from anxin.payroll.rule_version import rules_hash
from anxin.payroll.rules import FlagKind
from anxin.people.models import Worker
from anxin.projects.models import Membership

D8, D9 = date(2026, 10, 8), date(2026, 10, 9)


@pytest.mark.parametrize(
    ("facts", "kind", "days"),
    [
        ({"is_joined": False}, "not-joined", ()),
        ({"has_key": False}, "no-key", ()),
        ({"has_payout": False}, "no-payout", ()),
        ({"is_changed": True}, "changed", ()),
        ({"is_changed": True, "is_posted": True}, "changed-since", ()),
        ({"lines_of_worker": 2}, "two-lines", ()),
        ({"flags": [(FlagKind.MISSING_OUT, D8), (FlagKind.MISSING_OUT, D9)]}, "missing-out", (D8, D9)),
        ({"flags": [(FlagKind.BELOW_MINIMUM, D9)]}, "below-minimum", (D9,)),
        ({"days": [D8, D9], "weak_days": frozenset({D9})}, "weak-only", (D9,)),
        ({"days": [D8, D9], "entered_on": D9}, "before-entry", (D8,)),
        ({"days": [D8, D9], "left_on": D8}, "after-exit", (D9,)),
        ({"piece_days": frozenset({D8, D9}), "punched_days": frozenset({D8})}, "pieces-alone", (D9,)),
        ({"same_payout": ["W007"]}, "shared-payout", ()),
        ({"last_fen": 66_666}, "differs", ()),
        ({"last_fen": 200_001}, "differs", ()),
    ],
)
def test_each_odd_thing_is_found_alone(facts, kind, days):
    (odd,) = odds_of(LineFacts("W001", 100_000, **facts))

    assert (kind, days) == (odd.kind, odd.days)


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"last_fen": 66_667},
        {"last_fen": 200_000},
        {"days": [D8, D9], "entered_on": D8, "left_on": D9},
        {"days": [D8], "weak_days": frozenset({D9})},
        {"piece_days": frozenset({D8}), "punched_days": frozenset({D8})},
    ],
    ids=["plain", "half more", "half less", "entry and exit on the days", "weak elsewhere", "pieces with punches"],
)
def test_what_is_in_order_is_not_odd(facts):
    assert [] == odds_of(LineFacts("W001", 100_000, **facts))


def test_gravest_comes_first():
    found = odds_of(LineFacts("W001", 1, has_payout=False, last_fen=9, flags=[(FlagKind.TOO_LONG, D8)]))

    assert ["no-payout", "too-long", "differs"] == [odd.kind for odd in found]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_kind_has_words(language):
    for kind in OddKind:
        assert WORDS[kind][language]


def test_words_name_the_days():
    (odd,) = odds_of(LineFacts("W001", 1, flags=[(FlagKind.TOO_LONG, D8), (FlagKind.TOO_LONG, D9)]))

    assert "10-08、10-09" in words_of(odd, "zh")


async def test_ordinary_month_is_in_order_but_for_the_minimum_nobody_named(client, site, staff_headers):
    await work(site, shift("W001", 8))
    (draft,) = await compile_october(site)

    checked = await check(client, draft, await staff_headers(CONTRACTOR))

    assert (0, [["no-minimum"]], []) == (checked["blocking"], kinds(checked["lines"]), checked["offSheet"])


async def test_attendance_that_came_after_compiling_blocks_until_it_is_compiled_again(client, site, staff_headers):
    await work(site, shift("W001", 8))
    (draft,) = await compile_october(site)
    await work(site, shift("W001", 9))
    headers = await staff_headers(CONTRACTOR)

    assert "changed" in kinds((await check(client, draft, headers))["lines"])[0]
    answer = await client.put(f"{SHEETS}/{draft.id}/submission", headers=headers)
    assert_problem(answer, 409, "sheet-blocked", "W001: Attendance, terms or entries have changed")

    (again,) = await compile_october(site)
    assert 200 == (await client.put(f"{SHEETS}/{again.id}/submission", headers=headers)).status_code


async def test_what_changed_after_signing_is_told_and_blocks_nothing(client, site, staff_headers):
    await work(site, shift("W001", 8))
    sheet = await submit_october(site)
    await sign(client, sheet)
    await work(site, shift("W001", 9))

    checked = await check(client, sheet, await staff_headers(CONTRACTOR))

    assert (0, True) == (checked["blocking"], "changed-since" in kinds(checked["lines"])[0])


async def test_change_of_terms_after_compiling_is_seen(client, site, staff_headers):
    await work(site, shift("W001", 8))
    (draft,) = await compile_october(site)
    await change(site, Membership, rate_fen=31_000)

    assert "changed" in kinds((await check(client, draft, await staff_headers(CONTRACTOR)))["lines"])[0]


async def test_attendance_outside_the_period_changes_nothing(client, site, staff_headers):
    await work(site, shift("W001", 8))
    (draft,) = await compile_october(site)
    await work(site, shift("W001", 1, month=11))

    assert 0 == (await check(client, draft, await staff_headers(CONTRACTOR)))["blocking"]


@pytest.mark.parametrize(("column", "kind"), [("payout", "no-payout"), ("assurance", "no-key")])
async def test_worker_without_key_or_payout_blocks(client, site, staff_headers, column, kind):
    await work(site, shift("W001", 8))
    (draft,) = await compile_october(site)
    await change(site, Worker, **{column: None})

    checked = await check(client, draft, await staff_headers(CONTRACTOR))

    assert (1, True) == (checked["blocking"], kind in kinds(checked["lines"])[0])
    assert kind in {each.value for each in BLOCKING}


async def test_one_account_of_several_is_seen(client, site, staff_headers):
    await work(site, shift("W001", 8), shift("W002", 8))
    (draft,) = await compile_october(site)
    await change(site, Worker, payout="0x" + "aa" * 20)

    lines = (await check(client, draft, await staff_headers(CONTRACTOR)))["lines"]

    others = [odd["text"].split("as ")[1].split(":")[0] for odd in odds(lines, "shared-payout")]
    assert ["W002, W003", "W001, W003"] == others


async def test_everybody_at_the_bank_is_no_shared_account(client, site, staff_headers):
    await work(site, shift("W001", 8), shift("W002", 8))
    (draft,) = await compile_october(site)
    await change(site, Worker, payout=site.deployment.bank)

    lines = (await check(client, draft, await staff_headers(CONTRACTOR)))["lines"]

    assert [] == odds(lines, "shared-payout")


async def test_weak_days_and_pieces_alone_are_named(client, site, staff_headers):
    await change(site, Membership, contract_type="piece", rate_fen=100)
    await work(
        site, shift("W001", 8, attend_type="007"), shift("W001", 9), pieces=(Pieces("W001", D8, 5), Pieces("W001", D9, 5))
    )
    (draft,) = await compile_october(site)

    lines = (await check(client, draft, await staff_headers(CONTRACTOR)))["lines"]

    assert ["2026-10-08"] == odds(lines, "weak-only")[0]["days"][:1]


async def test_who_worked_and_is_not_on_the_sheet_is_named_and_holds_nobody_up(client, site, staff_headers):
    await work(site, shift("W001", 8))
    (draft,) = await compile_october(site)
    await work(site, shift("W002", 8), shift("W003", 8))
    async with transaction(site.sessions) as session:
        await session.execute(
            update(Membership).where(Membership.worker_pk == site.workers["W003"].id).values(state="waiting")
        )
    headers = await staff_headers(CONTRACTOR)

    checked = await check(client, draft, headers)

    off = [(line["workerNo"], line["index"], line["odds"][0]["kind"]) for line in checked["offSheet"]]
    assert [("W002", None, "not-on-sheet"), ("W003", None, "not-joined")] == off
    assert 200 == (await client.put(f"{SHEETS}/{draft.id}/submission", headers=headers)).status_code


async def test_last_months_wage_stands_beside_this_months(client, site, staff_headers):
    await work(site, shift("W001", 8), shift("W001", 9), shift("W001", 12))
    await submit_october(site)
    await work(site, shift("W001", 3, month=11))
    (november,) = await compile_october(site, Ask(date(2026, 11, 1), date(2026, 11, 30)))

    (line,) = (await check(client, november, await staff_headers(CONTRACTOR)))["lines"]

    assert (90_000, 30_000, "differs") == (line["lastFen"], line["amountFen"], line["odds"][-1]["kind"])


async def test_command_lists_the_same_and_ends_with_1_where_something_blocks(site, settings, monkeypatch):
    await work(site, shift("W001", 8))
    (draft,) = await compile_october(site)
    await work(site, shift("W001", 9))
    printed = await run(["payroll", "check", "--sheet", str(draft.id)], settings, monkeypatch)

    assert 1 == printed.exit_code
    assert "✗ W001" in printed.output
    assert "1 blocking" in printed.output


async def test_command_says_that_there_is_no_such_sheet(site, settings, monkeypatch):
    printed = await run(["payroll", "check", "--sheet", "77"], settings, monkeypatch)

    assert (1, True) == (printed.exit_code, "no sheet 77" in printed.output)


def test_command_prints_the_rules_hash():
    printed = CliRunner().invoke(main, ["payroll", "rules"])

    assert f"0x{rules_hash().hex()}" == printed.output.splitlines()[-1]


async def check(client, sheet, headers):
    return (await client.get(f"{SHEETS}/{sheet.id}/check", headers=headers)).json()


async def change(site, table, **values):
    async with transaction(site.sessions) as session:
        await session.execute(update(table).values(**values))


def kinds(lines):
    return [[odd["kind"] for odd in line["odds"]] for line in lines]


def odds(lines, kind):
    return [odd for line in lines for odd in line["odds"] if odd["kind"] == kind]


async def run(arguments, settings, monkeypatch):
    """The command has a loop of its own, so it runs in a thread."""
    monkeypatch.setattr("anxin.cli._settings", lambda: settings)
    monkeypatch.setattr("anxin.cli._run", lambda task: asyncio.run(task))
    return await asyncio.to_thread(CliRunner().invoke, main, arguments)
