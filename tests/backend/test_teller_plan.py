"""What a teller makes of files and events, without a chain: the bank's words compared with what it was given."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fakes import final_event

from anxin.bank.deposit_references import deposit_reference, find_deposit_reference
from anxin.bank.references import claim_reference
from anxin.core.deployment import Addresses, Deployment
from anxin.demo.bank_files import OLD_NOTICE, Entry, Status, notice, report
from anxin.teller.held import Held
from anxin.teller.plan import Desk, plan
from anxin.teller.statements import Statement

BANK, ESCROW, OTHER = "0x" + "a6" * 20, "0x" + "e5" * 20, "0x" + "99" * 20
ADDRESSES = Addresses(*[f"0x{0xA1 + n:040x}" for n in range(5)], BANK, OTHER)
DEPLOYMENT = Deployment(31337, "0x" + "00" * 32, 1, "localhost", ADDRESSES)
DESK = Desk("bank-a", DEPLOYMENT)
AT = datetime(2026, 11, 13, 9, tzinfo=UTC)
ACCOUNT, WORKER = "6222020200112233445", "0x" + "01" * 16 + "00" * 16
PAYMENT = {"workerId": WORKER, "payout": BANK, "assurance": 4}


def dispute(number=0, attempt=0):
    return str(claim_reference(ESCROW, number, kind="dispute", attempt=attempt))


def held(*events):
    found = Held(BANK)
    found.add([
        final_event("EscrowCreated", "WageEscrowFactory", DEPLOYMENT.addresses.factory, escrow=ESCROW),
        *(final_event(name, "WageEscrow", ESCROW, **args) for name, args in events),
    ])  # fmt: skip
    return found


def granted(amount_fen, number=0, payout=BANK):
    return "DisputePaid", {"disputeId": number, "amount": amount_fen, **PAYMENT, "payout": payout}


def entry(reference, fen, number="E1", side="DBIT", **changed):
    return Entry(number, side, fen, "工人", "6217231208010442535", reference, **changed)


def said(*contents, **options):
    statement = Statement(**options)
    for place, content in enumerate(contents):
        statement.add(f"file-{place}", content)
    return statement


def noticed(*entries, version="camt.054.001.08"):
    return notice("N1", AT, ACCOUNT, entries, version)


def rejected(reference, reason="AC04"):
    return report("R1", AT, "AX1", "AXP1", "PART", [Status(reference, "RJCT", reason)])


def steps(made):
    return [step.call.function for step in made.steps]


def problems(made):
    return {doubt.problem for doubt in made.doubts}


# ------------------------------------------------------------------ what disputes granted


def test_grant_that_was_booked_is_settled():
    made = plan(DESK, held(granted(500)), said(noticed(entry(dispute(), 500))))

    assert (["settleDispute"], 0) == (steps(made), made.steps[0].call.arguments["disputeId"])


def test_two_payments_of_a_dispute_are_settled_together_and_not_before():
    """The contract settles all that the bank holds of a dispute."""
    both = held(granted(500), granted(300))
    first, second = entry(dispute(), 500), entry(dispute(attempt=1), 300, "E2")

    assert [] == steps(plan(DESK, both, said(noticed(first))))
    assert ["settleDispute"] == steps(plan(DESK, both, said(noticed(first), noticed(second))))


def test_dispute_of_which_one_payment_came_back_is_for_a_person():
    made = plan(
        DESK, held(granted(500), granted(300)), said(noticed(entry(dispute(), 500)), rejected(dispute(attempt=1)))
    )

    assert ([], {"of a dispute's payments one is paid and one came back: pay that again"}) == (steps(made), problems(made))


def test_grant_that_was_rejected_is_given_back_and_paid_under_the_next_reference():
    back = held(granted(500), ("DisputeReturned", {"disputeId": 0, "amount": 500}), granted(500))
    made = plan(DESK, back, said(rejected(dispute()), noticed(entry(dispute(attempt=1), 500))))

    assert ["returnDispute"] == steps(plan(DESK, held(granted(500)), said(rejected(dispute()))))
    assert ["settleDispute"] == steps(made)


def test_grant_that_is_paid_elsewhere_is_not_the_banks():
    made = plan(DESK, held(granted(500, payout=OTHER)), said(noticed(entry(dispute(), 500))))

    assert [] == steps(made)


def test_eleventh_payment_of_a_dispute_has_no_reference_and_is_told():
    made = plan(DESK, held(*[granted(1)] * 11), said())

    assert "came back more often than a reference can count" in problems(made)


def test_what_is_under_way_is_not_sent_again():
    made = plan(DESK, held(granted(500)), said(noticed(entry(dispute(), 500))), busy={f"grant:{ESCROW}:0"})

    assert ([], 500) == (steps(made), made.booked_fen)


# ------------------------------------------------------------------ what the bank says


def test_same_notice_of_the_older_version_says_the_same():
    old, new = (said(noticed(entry(dispute(), 500, text="工资"), version=each)) for each in (OLD_NOTICE, "camt.054.001.08"))

    assert old.believed == new.believed


@settings(deadline=None, max_examples=24)
@given(st.permutations(range(4)))
def test_files_in_any_order_and_twice_say_the_same(order):
    contents = [
        noticed(entry(dispute(), 500)), noticed(entry(dispute(), 500, "E2", "CRDT", reason="AC04")),
        noticed(entry("", 700, "E3", "CRDT", text="AXF")), rejected(dispute(1)),
    ]  # fmt: skip
    shuffled = said(*(contents[place] for place in order), *contents)

    assert (said(*contents).believed, {dispute(1): "AC04"}) == (shuffled.believed, shuffled.rejected)


def test_pending_entry_is_not_booked():
    assert [] == said(noticed(entry(dispute(), 500, status="PDNG"))).believed


def test_two_entries_under_one_reference_of_the_banks_are_nobodys():
    """A replayed deposit with another amount mints neither."""
    text = str(deposit_reference(OTHER, "wallet"))
    forged = noticed(entry("", 9_000, side="CRDT", text=text))
    made = plan(DESK, held(), said(noticed(entry("", 5_000, side="CRDT", text=text)), forged))

    assert ([], {"two entries that differ have this reference"}) == (steps(made), problems(made))


def test_deposit_in_another_currency_mints_nothing():
    content = noticed(entry("", 5_000, side="CRDT", text=str(deposit_reference(OTHER, "wallet")))).replace(b"CNY", b"USD")
    made = plan(DESK, held(), said(content))

    assert ([], {"not an amount in the currency of the token"}) == (steps(made), problems(made))


def test_deposit_for_a_closed_escrow_is_told():
    closed = held(("Closed", {"contractor": OTHER, "amount": 0}))
    made = plan(DESK, closed, said(noticed(entry("", 5_000, side="CRDT", text=str(deposit_reference(ESCROW))))))

    assert ([], {"a deposit for an escrow that is closed"}) == (steps(made), problems(made))


@pytest.mark.parametrize(
    ("contents", "problem"),
    [
        ([noticed(entry(dispute(), 500)), rejected(dispute())], "rejected, and booked"),
        ([noticed(entry(dispute(), 500, side="CRDT", reason="AC04"))], "came in, and had not gone out"),
        ([noticed(entry(dispute(), 501))], "booked with 501 fen, 500 were released"),
        ([noticed(entry(dispute(), 500), entry(dispute(), 500, "E2"))], "booked 2 times"),
        ([b"<Document/>"], "the file cannot be read: line 1, Document"),
    ],
)
def test_what_cannot_be_so_settles_nothing(contents, problem):
    made = plan(DESK, held(granted(500)), said(*contents))

    assert ([], {problem}) == (steps(made), problems(made))


def test_doubt_about_a_file_holds_nobodys_name():
    content = noticed(entry(dispute(), 500)).replace("<Nm>工人</Nm>".encode(), f"<Nm>{'张' * 141}</Nm>".encode())

    (doubt,) = plan(DESK, held(), said(content)).doubts
    assert "张" not in doubt.problem
    assert doubt.problem.startswith("the file cannot be read: line ")


def test_receipt_is_the_hash_of_the_banks_name_account_and_entry():
    """What a court compares with the bank's own statement."""
    (deposit,) = said(noticed(entry("", 5_000, side="CRDT"))).believed

    assert DESK.record_hash(ACCOUNT, "E1") == DESK.receipt_of(deposit)
    assert DESK.receipt_of(deposit) != replace(DESK, bank_name="bank-b").receipt_of(deposit)


def test_wage_that_was_paid_although_it_was_given_back_is_for_a_person():
    """The window ran out, anybody gave it back, and the bank paid after all."""
    back = held(granted(500), ("DisputeReturned", {"disputeId": 0, "amount": 500}))
    made = plan(DESK, back, said(noticed(entry(dispute(), 500))))

    assert {"500 fen were paid after the wage was given back: it is owed, and may be paid, again"} == problems(made)


# ------------------------------------------------------------------ whose a deposit is


@given(st.binary(min_size=20, max_size=20), st.sampled_from(["escrow", "wallet"]), st.text("工资 款十月.-", max_size=20))
def test_reference_is_found_in_any_case_and_with_blanks(raw, purpose, around):
    reference = deposit_reference("0x" + raw.hex(), purpose)
    spaced = " ".join(str(reference).lower())

    assert reference == find_deposit_reference(f"{around} {spaced} {around}")
    assert reference.is_of("0x" + raw.hex().upper())


@given(st.integers(3, 44), st.sampled_from("0123456789ABCDEF"))
def test_one_wrong_character_makes_it_nobodys(place, letter):
    text = str(deposit_reference("0x" + "12" * 20, "wallet"))
    changed = text[:place] + letter + text[place + 1 :]

    assert (find_deposit_reference(changed) is None) == (changed != text)


@pytest.mark.parametrize("element", ["AddtlTxInf", "AddtlNtryInf"])
def test_text_is_found_where_a_bank_puts_it(element):
    """Some leave RmtInf empty, and tell the payer's words beside the transaction, or beside the entry."""
    text, end = str(deposit_reference(OTHER, "wallet")), b"</TxDtls>" if element == "AddtlTxInf" else b"</Ntry>"
    content = noticed(entry("", 5_000, side="CRDT")).replace(end, f"<{element}>{text}</{element}>".encode() + end)

    assert ["mint"] == steps(plan(DESK, held(), said(content)))


def test_two_references_are_nobodys():
    texts = [str(deposit_reference(each)) for each in (ESCROW, OTHER)]

    assert find_deposit_reference(" ".join(texts)) is None
    assert find_deposit_reference(f"{texts[0]} {texts[0]}") == deposit_reference(ESCROW)


def test_booked_on_is_the_banks_own_day():
    assert [date(2026, 11, 13)] == [each.booked_on for each in said(noticed(entry(dispute(), 500))).believed]
