"""Messages to the bank and back: valid by ISO's own schemas, the same each time, and nothing in an answer taken on trust."""

import re
from contextlib import suppress
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anxin.bank.accounts import is_iban
from anxin.bank.answers import Answer, Outcome, expected_of, read_answer
from anxin.bank.errors import BadFile, BadReference, NotPayable, UnknownMessage
from anxin.bank.files import errors_in
from anxin.bank.iso20022 import Account, BankProfile, Credit, Debit, Initiation, read_pain001, write_pain001
from anxin.bank.references import claim_reference, parse_reference

ESCROW = "0x" + "e5" * 20
AT = datetime(2026, 11, 12, 8, 30, tzinfo=UTC)
DEBTOR = Account("渝安建工", "6222020200112233445", "102653000021")
IBANS = ("AE070331234567890123456", "DE89370400440532013000", "GB82WEST12345698765432")


def debit(index: int = 0, fen: int = 325_000, **changed: object) -> Debit:
    fields = {
        "reference": str(claim_reference(ESCROW, 7, index)), "amount_fen": fen, "text": "工资 2026-10",
        "creditor": Account("张伟", "6217231208010442535"),
    }  # fmt: skip
    return Debit(DEBTOR, date(2026, 11, 13), Credit(**fields | changed))  # type: ignore[arg-type]


def written(*debits: Debit) -> bytes:
    return write_pain001(Initiation("渝安建工", AT, debits))


# ------------------------------------------------------------------ references


@given(
    st.binary(min_size=20, max_size=20), st.integers(0, 2**32 - 1), st.integers(0, 2**16 - 1), st.integers(0, 9),
    st.sampled_from(["line", "dispute"]),
)  # fmt: skip
def test_a_reference_says_its_claim_within_35_characters(escrow: bytes, number: int, index: int, attempt: int, kind) -> None:
    reference = claim_reference("0x" + escrow.hex(), number, index, kind=kind, attempt=attempt)

    assert len(str(reference)) <= 35
    assert reference == parse_reference(str(reference).lower())
    assert reference.is_of("0x" + escrow.hex().upper())


@given(st.integers(0, 33), st.sampled_from("0123456789ABCDEF"))
def test_one_wrong_character_makes_a_reference_nobodys(place: int, letter: str) -> None:
    reference = str(claim_reference(ESCROW, 7, 3))
    changed = reference[:place] + letter + reference[place + 1 :]
    if changed != reference:
        with pytest.raises(BadReference):
            parse_reference(changed)


@pytest.mark.parametrize("parts", [(2**32, 0, 0), (1, 2**16, 0), (1, 0, 10), (-1, 0, 0)])
def test_what_does_not_fit_a_reference_is_refused(parts: tuple[int, int, int]) -> None:
    with pytest.raises(BadReference):
        claim_reference(ESCROW, parts[0], parts[1], attempt=parts[2])


# ------------------------------------------------------------------ pain.001


LETTERS = st.characters(exclude_categories=("Cs", "Cc", "Cn", "Co"))
NAMES = st.text(LETTERS, min_size=1, max_size=140).map(str.strip).filter(bool)
NUMBERS = st.from_regex(r"\A[0-9]{12,19}\Z") | st.sampled_from(IBANS)
BANKS = st.sampled_from(["", "102653000021", "ICBKCNBJCQG", "BCHOCNBJ"])
ACCOUNTS = st.builds(Account, NAMES, NUMBERS, BANKS)
DEBTORS = st.sampled_from([DEBTOR, Account("重庆某劳务", "AE070331234567890123456", "ICBKCNBJCQG")])
DAYS = st.dates(date(2026, 1, 1), date(2026, 1, 3))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(DEBTORS, DAYS, ACCOUNTS, st.integers(1, 10**12), NAMES), min_size=1, max_size=8), st.randoms())
def test_what_is_written_is_valid_and_reads_back(payments, shuffle) -> None:  # type: ignore[no-untyped-def]
    """`write_pain001` checks itself against the schema; the order of payments changes nothing."""
    debits = [
        Debit(debtor, day, Credit(str(claim_reference(ESCROW, 1, index)), creditor, fen, text))
        for index, (debtor, day, creditor, fen, text) in enumerate(payments)
    ]
    content = written(*debits)
    shuffle.shuffle(debits)

    assert content == written(*debits)
    assert set(debits) == set(read_pain001(content).debits)


def test_one_block_per_account_and_payday() -> None:
    other_day, other_account = debit(1), debit(2)
    other_day = Debit(DEBTOR, date(2026, 12, 15), other_day.credit)
    other_account = Debit(Account("重庆某劳务", "6222020200999999999"), date(2026, 11, 13), other_account.credit)
    content = written(debit(0), debit(3), other_day, other_account).decode()

    assert ["4", "2", "1", "1"] == re.findall(r"<NbOfTxs>(\d+)<", content)
    assert ["13000.00", "6500.00", "3250.00", "3250.00"] == re.findall(r"<CtrlSum>([\d.]+)<", content)
    assert 3 == content.count("<Cd>SALA</Cd>")


def test_a_resend_is_the_same_message_and_other_wages_are_another() -> None:
    later = write_pain001(Initiation("渝安建工", AT.replace(hour=9), (debit(),)))

    assert read_pain001(written(debit())).message_id == read_pain001(later).message_id
    assert read_pain001(written(debit())).message_id != read_pain001(written(debit(fen=325_001))).message_id


@pytest.mark.parametrize(
    ("debits", "message"),
    [
        ([], "nothing to pay"),
        ([debit(), debit()], "EndToEndId: twice"),
        ([debit(fen=0)], "InstdAmt: 0 fen"),
        ([debit(fen=-5)], "InstdAmt: -5 fen"),
        ([debit(reference="A" * 36)], "1 to 35 characters, not 36"),
        ([debit(reference="工资1")], "only A-Z"),
        ([debit(reference="/AX1")], "no slash first"),
        ([debit(creditor=Account("", "6217231208010442535"))], "Cdtr/Nm: 1 to 140 characters"),
        ([debit(creditor=Account("张\x01伟", "6217231208010442535"))], "Cdtr/Nm: no control characters"),
        ([debit(creditor=Account("张伟", "AE080331234567890123456"))], "CdtrAcct: the IBAN's check digits are wrong"),
        ([debit(creditor=Account("张伟", "622202٠٠٠٠"))], "CdtrAcct: an account number has 4 to 34 letters and digits"),
        ([debit(creditor=Account("张伟", "12 34"))], "CdtrAcct: an account number has 4 to 34 letters and digits"),
        ([debit(creditor=Account("张伟", "6217231208010442535", "ICBC"))], "CdtrAgt: neither BIC nor CNAPS: ICBC"),
        ([debit(text="x" * 141)], "Ustrd: over 140 characters"),
    ],
)
def test_what_cannot_be_paid_is_named(debits: list[Debit], message: str) -> None:
    with pytest.raises(NotPayable) as raised:
        written(*debits)
    assert message in str(raised.value)


def test_a_bank_that_takes_latin_only_gets_no_made_up_names() -> None:
    with pytest.raises(NotPayable) as raised:
        write_pain001(Initiation("Yu An", AT, (debit(),)), BankProfile(latin_only=True))
    assert "takes Latin letters only" in str(raised.value)


@pytest.mark.parametrize("iban", IBANS)
def test_ibans_of_the_registry_are_ibans(iban: str) -> None:
    assert (True, False) == (is_iban(iban), is_iban(iban[:-1] + ("0" if iban[-1] != "0" else "1")))


@pytest.mark.parametrize(
    ("old", "new", "field", "problem"),
    [
        ("<NbOfTxs>2<", "<NbOfTxs>3<", "NbOfTxs", "there are 2"),
        ("<CtrlSum>6500.00<", "<CtrlSum>6500.01<", "CtrlSum", "the amounts are 6500.00"),
        ('Ccy="CNY">3250.00', 'Ccy="EUR">3250.00', "InstdAmt", "an amount in CNY"),
        ('Ccy="CNY">3250.00', 'Ccy="CNY">3250.001', "InstdAmt", "at most two decimals"),
        ("<CtrlSum>6500.00<", "<CtrlSum>65 00.00<", "CtrlSum", "the amounts are 6500.00"),
        ("-12T08:30:00Z<", "-12T08:30:00Z99999<", "CreDtTm", "Invalid"),
        ("<PmtMtd>TRF<", "<PmtMtd>CASH<", "PmtMtd", "value must be one of"),
        ("<Nm>张伟</Nm>", "<Nm />", "Nm", "value length cannot be lesser"),
        ("<PmtInfId>", "<Bogus/><PmtInfId>", "Bogus", "Unexpected child"),
    ],
)
def test_errors_name_line_and_element(old: str, new: str, field: str, problem: str) -> None:
    content = written(debit(0), debit(1)).decode().replace(old, new, 1)
    line = next(number for number, text in enumerate(content.splitlines(), 1) if new in text)
    with pytest.raises(BadFile) as raised:
        read_pain001(content.encode())
    errors = [(error.line, error.column) for error in raised.value.values["errors"] if problem in error.problem]
    assert [(line, field)] == errors, raised.value.values["errors"]


def test_a_reference_twice_in_a_message_is_named() -> None:
    content = written(debit(0), debit(1)).decode().replace(debit(1).credit.reference, debit(0).credit.reference)
    with pytest.raises(BadFile) as raised:
        read_pain001(content.encode())
    assert "EndToEndId: the same reference a second time" in str(raised.value)


# ------------------------------------------------------------------ hostile XML

BOMB = b"""<!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><Document>&b;</Document>"""
FILE = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><Document>&f;</Document>"""


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (BOMB, "a document type is not allowed"),
        (FILE, "a document type is not allowed"),
        (b"<Document>\n<a></b></Document>", "mismatched tag"),
        (b"", "no element found"),
        (b"<Document xmlns='urn:other'/>", "not a Document of"),
        (b"<a>" * 70, "nested deeper than"),
        (b"<?xml version='1.0' encoding='klingon'?><Document/>", "unknown encoding"),
    ],
)
def test_what_is_no_message_is_refused_with_its_line(content: bytes, problem: str) -> None:
    with pytest.raises(BadFile) as raised:
        read_answer(content, {})
    assert problem in str(raised.value)
    assert raised.value.values["line"] >= 1


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_broken_messages_are_refused_and_never_break_us(data: st.DataObject) -> None:
    """Bytes taken out of, put into or changed in a good message: it is still good, or a typed error."""
    content = bytearray(data.draw(st.sampled_from([SENT, status(transaction(A, "ACSC")), booked(detail(A, "3250.00"))])))
    for _ in range(data.draw(st.integers(1, 3))):
        place, length = data.draw(st.integers(0, len(content))), data.draw(st.integers(0, 12))
        content[place : place + length] = data.draw(st.sampled_from([b"", b"9" * 20, b"<a>", b"&x;", b"\x00", b"-", b" "]))
    for kind in ("pain001", "pain002", "camt054"):
        with suppress(UnknownMessage):
            errors_in(bytes(content), kind)  # type: ignore[arg-type]
    with suppress(BadFile, UnknownMessage):
        read_answer(bytes(content), EXPECTED)


# ------------------------------------------------------------------ pain.002

SENT = written(debit(0), debit(1), debit(2))
EXPECTED = expected_of(SENT)
A, B, C = EXPECTED
SENT_AS = EXPECTED[A].message_id
BLOCK = EXPECTED[A].block_id


def status(*transactions: str, group: str = "", block: str = "", version: str = "12") -> bytes:
    def tagged(tag: str, code: str) -> str:
        return f"<{tag}>{code}</{tag}>" if code else ""

    return (
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.{version}"><CstmrPmtStsRpt><GrpHdr><MsgId>B1</MsgId>'
        "<CreDtTm>2026-11-13T10:00:00</CreDtTm></GrpHdr>"
        f"<OrgnlGrpInfAndSts><OrgnlMsgId>{SENT_AS}</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>"
        f"{tagged('GrpSts', group)}</OrgnlGrpInfAndSts>"
        f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{BLOCK}</OrgnlPmtInfId>{tagged('PmtInfSts', block)}{''.join(transactions)}"
        "</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"
    ).encode()


def transaction(reference: str, code: str, reason: str = "", amount: str = "") -> str:
    reasons = f"<StsRsnInf><Rsn><Cd>{reason}</Cd></Rsn><AddtlInf>账户已销户</AddtlInf></StsRsnInf>" if reason else ""
    original = f"<OrgnlTxRef><Amt><InstdAmt Ccy='CNY'>{amount}</InstdAmt></Amt></OrgnlTxRef>" if amount else ""
    identity = f"<OrgnlEndToEndId>{reference}</OrgnlEndToEndId>"
    return f"<TxInfAndSts>{identity}<TxSts>{code}</TxSts>{reasons}{original}</TxInfAndSts>"


def doubts(answer: Answer) -> list[tuple[str, str]]:
    return [(doubt.value, doubt.problem) for doubt in answer.doubts]


@pytest.mark.parametrize("version", ["03", "10", "12"])
def test_each_wage_has_its_own_status(version: str) -> None:
    report = status(
        transaction(A, "ACSC", amount="3250.00"), transaction(B, "RJCT", "AC04"), transaction(C, "ACSP"), group="PART",
        version=version,
    )  # fmt: skip
    expected = {A: Outcome("settled"), B: Outcome("rejected", "AC04", "账户已销户"), C: Outcome("pending")}
    assert (expected, []) == ((answer := read_answer(report, EXPECTED)).outcomes, answer.doubts)


def test_a_rejected_message_rejects_all_its_wages() -> None:
    assert {A: "rejected", B: "rejected", C: "rejected"} == states(read_answer(status(group="RJCT"), EXPECTED))


def test_a_rejected_block_rejects_its_wages_but_those_it_names() -> None:
    report = status(transaction(B, "ACSC"), block="RJCT")
    assert {A: "rejected", B: "settled", C: "rejected"} == states(read_answer(report, EXPECTED))


def test_an_accepted_message_settles_nothing() -> None:
    """ACCP and ACTC say that the order was understood, not that anybody was paid."""
    assert {} == read_answer(status(group="ACCP"), EXPECTED).outcomes


def states(answer: Answer) -> dict[str, str]:
    return {reference: outcome.state for reference, outcome in answer.outcomes.items()}


def test_an_unknown_reference_is_told() -> None:
    answer = read_answer(status(transaction("AXL999", "ACSC")), EXPECTED)
    assert ({}, [("AXL999", "not a payment that is waiting for an answer")]) == (answer.outcomes, doubts(answer))


def test_another_amount_settles_nothing() -> None:
    answer = read_answer(status(transaction(A, "ACSC", amount="3249.99")), EXPECTED)
    assert ({}, [(A, "CNY 3249.99, but 325000 fen in CNY were sent")]) == (answer.outcomes, doubts(answer))


@pytest.mark.parametrize("codes", [("ACSC", "RJCT"), ("RJCT", "ACSC"), ("RJCT", "ACSC", "ACSC")])
def test_two_words_on_one_wage_settle_nothing(codes: tuple[str, ...]) -> None:
    answer = read_answer(status(*(transaction(A, code) for code in codes)), EXPECTED)
    assert ({}, [(A, f"{codes[0].replace('ACSC', 'settled').replace('RJCT', 'rejected')} and "
                     f"{codes[1].replace('ACSC', 'settled').replace('RJCT', 'rejected')} in one message")]) == (
        answer.outcomes, doubts(answer)
    )  # fmt: skip


def test_a_status_without_reference_is_told() -> None:
    report = status("<TxInfAndSts><TxSts>ACSC</TxSts></TxInfAndSts>")
    assert [("", "a status without a reference")] == doubts(read_answer(report, EXPECTED))


def test_a_version_without_schema_is_named_with_those_there_are() -> None:
    with pytest.raises(UnknownMessage) as raised:
        read_answer(status(version="99"), EXPECTED)
    assert "pain.002.001.99. Known are camt.054.001.02, " in str(raised.value)


def test_a_version_checked_as_another_names_its_own_lines() -> None:
    report = status(transaction(A, "ACSC").replace("<TxSts>ACSC", "\n<TxSts>"), version="10")
    with pytest.raises(BadFile) as raised:
        read_answer(report, EXPECTED)
    assert ("TxSts", 2) == (raised.value.values["field"], raised.value.values["line"])


def test_a_message_of_another_kind_is_refused() -> None:
    with pytest.raises(BadFile) as raised:
        read_answer(SENT, EXPECTED)
    assert "neither pain.002 nor camt.054" in str(raised.value)


# ------------------------------------------------------------------ camt.054


def booked(*details: str, side: str = "DBIT", state: str = "BOOK", amount: str = "3250.00", version: str = "08") -> bytes:
    sign = f"<Cd>{state}</Cd>" if version == "08" else state
    return (
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.{version}"><BkToCstmrDbtCdtNtfctn><GrpHdr>'
        "<MsgId>N1</MsgId><CreDtTm>2026-11-13T10:00:00</CreDtTm></GrpHdr><Ntfctn><Id>1</Id>"
        "<CreDtTm>2026-11-13T10:00:00</CreDtTm><Acct><Id><Othr><Id>6222020200112233445</Id></Othr></Id></Acct>"
        f'<Ntry><NtryRef>E7</NtryRef><Amt Ccy="CNY">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd><Sts>{sign}</Sts>'
        "<BookgDt><Dt>2026-11-13</Dt></BookgDt><BkTxCd><Prtry><Cd>SALA</Cd></Prtry></BkTxCd>"
        f"{'<NtryDtls>' + ''.join(details) + '</NtryDtls>' if details else ''}</Ntry></Ntfctn>"
        "</BkToCstmrDbtCdtNtfctn></Document>"
    ).encode()


def detail(reference: str, amount: str = "", extra: str = "", version: str = "08") -> str:
    if version == "02":
        sums = f"<AmtDtls><TxAmt><Amt Ccy='CNY'>{amount}</Amt></TxAmt></AmtDtls>" if amount else ""
    else:
        sums = f"<Amt Ccy='CNY'>{amount}</Amt><CdtDbtInd>DBIT</CdtDbtInd>" if amount else ""
    return f"<TxDtls><Refs><EndToEndId>{reference}</EndToEndId></Refs>{sums}{extra}</TxDtls>"


RETURNED = "<RtrInf><Rsn><Cd>AC04</Cd></Rsn><AddtlInf>closed</AddtlInf></RtrInf>"


@pytest.mark.parametrize("version", ["02", "08"])
def test_a_booked_debit_settles_its_wages(version: str) -> None:
    details = [detail(reference, "3250.00", version=version) for reference in (A, B)]
    notice = booked(*details, amount="6500.00", version=version)
    settled = Outcome("settled", booked_on=date(2026, 11, 13))
    assert {A: settled, B: settled} == read_answer(notice, EXPECTED).outcomes


def test_the_amount_of_an_entry_of_one_is_its_own() -> None:
    assert {A: "settled"} == states(read_answer(booked(detail(A)), EXPECTED))
    answer = read_answer(booked(detail(A), amount="3000.00"), EXPECTED)
    assert [(A, "CNY 3000.00, but 325000 fen in CNY were sent")] == doubts(answer)


def test_an_entry_of_many_without_amounts_settles_nothing() -> None:
    answer = read_answer(booked(detail(A), detail(B), amount="6500.00"), EXPECTED)
    assert ({}, [(A, "booked without an amount"), (B, "booked without an amount")]) == (answer.outcomes, doubts(answer))


def test_an_expected_booking_is_pending() -> None:
    assert {A: "pending"} == states(read_answer(booked(detail(A), state="PDNG"), EXPECTED))


def test_a_credit_gives_the_wage_back_with_its_reason() -> None:
    answer = read_answer(booked(detail(A, extra=RETURNED), side="CRDT"), EXPECTED)
    assert {A: Outcome("returned", "AC04", "closed", booked_on=date(2026, 11, 13))} == answer.outcomes


@pytest.mark.parametrize("details", [(), (detail("NOTPROVIDED"),)])
def test_an_entry_without_reference_is_told(details: tuple[str, ...]) -> None:
    answer = read_answer(booked(*details), EXPECTED)
    assert ({}, [("E7", "an entry without EndToEndId")]) == (answer.outcomes, doubts(answer))
