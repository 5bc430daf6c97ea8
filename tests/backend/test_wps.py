"""Wage files of the UAE and Qatar: exactly the published form, and every error named by line and field."""

import codecs
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from anxin.bank.errors import BadFile
from anxin.bank.files import errors_in, kind_of
from anxin.bank.wps import SalaryFile, Wage, file_name, parse_sif, profile_named, read_sif, write_sif
from anxin.bank.wps_qatar import QatarFile, QatarWage, parse_qatar, qatar_profile_named, read_qatar, write_qatar
from anxin.cli import main
from anxin.core.errors import Malformed

UAE = profile_named("uae-central-bank")
IBAN = "AE070331234567890123456"
AT = datetime(2026, 11, 5, 11, 30)
WAGE = Wage("00012345678901", "802420101", IBAN, date(2026, 10, 1), date(2026, 10, 31), 31, 400_000)
VARIABLE = replace(
    WAGE, employee_id="00012345678902", account="4551902459", variable_fils=250_000,
    allowances=(50_000, 20_000, 30_000, 0, 40_000, 110_000, 0),
)  # fmt: skip
FILE = SalaryFile("0000000123456", "302620122", AT, date(2026, 10, 1), "October wages", (WAGE, VARIABLE))

EXACT = (
    b"EDR,00012345678901,802420101,AE070331234567890123456,2026-10-01,2026-10-31,31,4000.00,0.00,0\r\n"
    b"EDR,00012345678902,802420101,4551902459,2026-10-01,2026-10-31,31,4000.00,2500.00,0\r\n"
    b"EVP,00012345678902,802420101,500.00,200.00,300.00,0.00,400.00,1100.00,0.00\r\n"
    b"SCR,0000000123456,302620122,2026-11-05,1130,102026,2,10500.00,AED,October wages\r\n"
)


def errors(content: bytes) -> list[tuple[int, str]]:
    return [(error.line, error.column) for error in errors_in(content, "sif")]


def changed(old: bytes, new: bytes) -> bytes:
    assert old in EXACT
    return EXACT.replace(old, new, 1)


# ------------------------------------------------------------------ UAE


def test_a_file_is_written_to_the_letter() -> None:
    assert EXACT == write_sif(FILE, UAE)


def test_the_file_is_named_by_employer_and_second() -> None:
    assert "0000000123456261105113000.SIF" == file_name("123456", AT)


def test_what_a_bank_prints_as_its_sample_is_read() -> None:
    """From the guide of a bank in Dubai; its account is made up, so its check digits are the one error."""
    sample = (
        b"EDR,00915012345663,802420101,AE160240043520123456701,2016-01-01,2016-01-31,31,4000.00,2500.00,0\n"
        b"EVP,00915012345663,802420101,500.00,200.00,300.00,0.00,400.00,1100.00,0.00\n"
        b"SCR,0000000123456,802420101,2016-01-26,1130,012016,01,6500.00,AED,abc company only 35 characters\n"
    )
    assert [(1, "account")] == errors(sample)


MONEY = st.integers(0, 10**11)
DAYS = st.dates(date(2020, 1, 1), date(2030, 1, 1))
ACCOUNTS = st.sampled_from([IBAN, "4551902459", "155481121"])


@st.composite
def wages(draw: st.DrawFn, employee: int) -> Wage:
    first, allowances = draw(DAYS), draw(st.none() | st.tuples(*[st.integers(0, 10**9)] * 7).filter(any))
    days = draw(st.integers(1, 31))
    return Wage(
        f"{employee:014d}", draw(st.from_regex(r"\A[0-9]{9}\Z")), draw(ACCOUNTS), first,
        date.fromordinal(first.toordinal() + days - 1), draw(st.integers(0, days)), draw(MONEY), sum(allowances or ()),
        draw(st.integers(0, 31)), allowances,
    )  # fmt: skip


@st.composite
def salary_files(draw: st.DrawFn) -> SalaryFile:
    paid = tuple(draw(wages(employee)) for employee in range(draw(st.integers(1, 5))))
    at = draw(st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1))).replace(second=0, microsecond=0)
    words = st.text("abcXYZ 0189-./", max_size=35)
    return SalaryFile("0000000123456", "302620122", at, draw(DAYS).replace(day=1), draw(words), paid)


@settings(max_examples=60, deadline=None)
@given(salary_files(), st.sampled_from(["uae-central-bank", "uae-compact-days"]))
def test_what_is_written_is_read_back(file: SalaryFile, profile: str) -> None:
    assert file == read_sif(write_sif(file, profile_named(profile)), profile_named(profile))


def test_a_profile_without_variable_records_writes_none() -> None:
    profile = profile_named("uae-first-version")
    plain = replace(FILE, wages=(replace(VARIABLE, allowances=None),))
    assert [b"EDR", b"SCR"] == [line[:3] for line in write_sif(plain, profile).splitlines()]


def test_an_unknown_profile_is_named_with_those_there_are() -> None:
    with pytest.raises(Malformed) as raised:
        profile_named("uae-moon")
    assert "uae-moon: there are uae-central-bank" in str(raised.value)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", [(0, "record")]),
        (codecs.BOM_UTF8 + EXACT, [(1, "line"), (4, "count"), (4, "total")]),
        (b"Type,Employee\r\n" + EXACT, [(1, "record")]),
        (EXACT + b"SCR,1\r\n", [(5, "record")]),
        (EXACT.replace(b"\r\n", b"\r\n\r\n", 1), [(2, "line")]),
        (changed(b"October wages", "十月工资".encode()), [(0, "record"), (4, "line")]),
        (changed(b"802420101,AE", b"80242010,AE"), [(1, "routing")]),
        (changed(IBAN.encode(), b"AE080331234567890123456"), [(1, "account")]),
        (changed(IBAN.encode(), b"DE89370400440532013000"), [(1, "account")]),
        (changed(b"4551902459", b"12345678901234567"), [(2, "account")]),
        (changed(b"4551902459", b"4551 902459"), [(2, "account")]),
        (changed(b"2026-10-31,31", b"2026-10-32,31"), [(1, "last_day")]),
        (changed(b"2026-10-31,31", b"2026-09-30,31"), [(1, "last_day")]),
        (changed(b"2026-10-31,31", b"2026-10-31,32"), [(1, "days")]),
        (changed(b"4000.00,0.00,0", b"4000.00,0.00"), [(1, "unpaid_leave_days")]),
        (changed(b"00012345678902", b"00012345678901"), [(2, "employee_id"), (3, "employee_id"), (2, "variable")]),
        (changed(b"1100.00,0.00", b"1100.01,0.00"), [(2, "variable"), (3, "EVP")]),
        (changed(b"4000.00,0.00", b"4,000.00,0.00"), [(1, "unpaid_leave_days")]),
        (changed(b",2,10500.00", b",3,10500.00"), [(4, "count")]),
        (changed(b",2,10500.00", b",2,10500.01"), [(4, "total")]),
        (changed(b"AED", b"USD"), [(4, "currency")]),
        (changed(b"102026", b"132026"), [(4, "month")]),
        (changed(b",1130,", b",2560,"), [(4, "created_time")]),
        (changed(b"0000000123456", b"123456"), [(4, "employer_id")]),
        (changed(b"0000000123456", "０00000012345".encode()), [(0, "record"), (4, "line")]),
    ],
)  # fmt: skip
def test_every_error_is_named_by_line_and_field(content: bytes, expected: list[tuple[int, str]]) -> None:
    assert sorted(expected) == sorted(errors(content))


def test_one_worker_is_never_paid_twice_in_a_file() -> None:
    with pytest.raises(BadFile) as raised:
        write_sif(replace(FILE, wages=(WAGE, WAGE)), UAE)
    assert "Line 2, employee_id: is on line 1 already" in str(raised.value)


@pytest.mark.parametrize(
    ("wage", "field"),
    [
        (replace(WAGE, fixed_fils=-1), "fixed"),
        (replace(WAGE, routing="80242"), ""),
        (replace(WAGE, account="AE080331234567890123456"), "account"),
        (replace(WAGE, account='1","2'), "line"),
        (replace(WAGE, variable_fils=5), "variable"),
        (replace(WAGE, fixed_fils=10**15), "fixed"),
    ],
)
def test_what_a_bank_would_reject_is_not_written(wage: Wage, field: str) -> None:
    if not field:  # a short routing number only lacks the zeros in front
        assert b",000080242," in write_sif(replace(FILE, wages=(wage,)), UAE)
        return
    with pytest.raises(BadFile) as raised:
        write_sif(replace(FILE, wages=(wage,)), UAE)
    assert field in [error.column for error in raised.value.values["errors"]]


# ------------------------------------------------------------------ Qatar

QA_IBAN = "QA58DOHB00001234567890ABCDEFG"
QATAR = QatarFile(
    "10007230", "QNB", QA_IBAN, AT, date(2026, 10, 1),
    (
        QatarWage("Mustapha Abdullah", "DBQ", "0012345678", 30, 1_500_000, 1_500_000, qid="27822001001"),
        QatarWage(
            "Jalal Oelberg", "DBQ", QA_IBAN, 20, 1_600_000, 2_400_000, qid="28040000056", deductions_dirhams=800_000,
            notes='Sick leave, unpaid; "agreed"',
        ),
        QatarWage("New Arrival", "QNB", "77", 10, 100, 50, visa_id="382017000123", extra_income_dirhams=50),
    ),
    payer_eid="44332211",
)  # fmt: skip
PROFILES = pytest.mark.parametrize("profile", ["qatar-15-columns", "qatar-22-columns"])


@PROFILES
def test_qatars_file_is_read_back(profile: str) -> None:
    assert QATAR == read_qatar(write_qatar(QATAR, qatar_profile_named(profile)))


def test_qatars_file_has_titled_rows() -> None:
    lines = write_qatar(QATAR, qatar_profile_named("qatar-22-columns")).decode().split("\r\n")
    assert lines[0].startswith("Employer EID,File Creation Date,")
    assert "10007230,20261105,1130,44332211,,QNB,QA58DOHB00001234567890ABCDEFG,202610,31001.00,3,1" == lines[1]
    assert lines[2].startswith("Record Sequence,Employee QID,")
    assert lines[3].startswith("000001,27822001001,,Mustapha Abdullah,DBQ,0012345678,M,30,15000.00,15000.00,0.00,0.00,")


def test_qatars_file_has_its_name() -> None:
    assert "SIF_10007230_QNB_20261105_1130.csv" == QATAR.name


def test_what_a_profile_has_no_column_for_is_not_lost() -> None:
    housed = replace(QATAR, wages=(replace(QATAR.wages[0], housing_dirhams=5),))
    with pytest.raises(BadFile) as raised:
        write_qatar(housed, qatar_profile_named("qatar-15-columns"))
    assert "has no column for all that was given" in str(raised.value)


QATAR_EXACT = write_qatar(QATAR, qatar_profile_named("qatar-15-columns"))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (b"Employer EID", b"Employer", [(1, "titles")]),
        (b"44332211,,", b"44332211,27822001001,", [(2, "Payer EID")]),
        (b"44332211,,", b",,", [(2, "Payer EID")]),
        (b"31001.00,3", b"31001.01,4", [(2, "Total Salaries"), (2, "Total records")]),
        (b"QNB,QA58", b"QNB,QA59", [(2, "Payer IBAN")]),
        (b"000002,", b"000003,", [(5, "Record Sequence")]),
        (b"28040000056", b"27822001001", [(5, "Employee QID")]),
        (b"28040000056", b"2804000005", [(5, "Employee QID")]),
        (b"000003,,382017000123", b"000003,,", [(6, "Employee QID")]),
        (b"New Arrival", b"", [(6, "Employee Name")]),
        (b",15000.00,15000.00", b",15000.00,14000.00", [(4, "Net Salary")]),
        (b"DBQ,QA58", b"DBQ,QA57", [(5, "Employee Account")]),
        (b",M,30,", b",W,30,", [(4, "Salary Frequency")]),
        (b"Mustapha", "مصطفى".encode(), [(4, "line")]),
    ],
)  # fmt: skip
def test_every_error_of_qatars_file_is_named(old: bytes, new: bytes, expected: list[tuple[int, str]]) -> None:
    assert old in QATAR_EXACT
    found = parse_qatar(QATAR_EXACT.replace(old, new, 1))[1]
    assert sorted(expected) == sorted((error.line, error.column) for error in found)


# ------------------------------------------------------------------ the command


def test_the_kind_of_a_file_is_seen() -> None:
    pain = b'<?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.12"/>'
    assert ["sif", "qatar", "pain002", None] == [kind_of(each) for each in (EXACT, QATAR_EXACT, pain, b"a,b\n1,2\n")]


@pytest.fixture
def check(tmp_path) -> Callable[..., tuple[int, str]]:  # type: ignore[no-untyped-def]
    def run(content: bytes, *options: str) -> tuple[int, str]:
        file = tmp_path / "wages.sif"
        file.write_bytes(content)
        result = CliRunner().invoke(main, ["files", "check", str(file), *options])
        return result.exit_code, result.output

    return run


def test_a_good_file_passes(check: Callable[..., tuple[int, str]]) -> None:
    assert (0, "✓ wages.sif: sif, nothing is wrong\n") == check(EXACT)


def test_every_error_is_printed_with_line_and_field(check: Callable[..., tuple[int, str]]) -> None:
    code, output = check(changed(b"AED", b"USD").replace(b"802420101,AE", b"80242010,AE"))
    assert 1 == code
    assert "wages.sif:1 routing: 9 digits (80242010)" in output
    assert "wages.sif:4 currency: AED (USD)" in output


def test_a_file_of_no_known_kind_asks_for_it(check: Callable[..., tuple[int, str]]) -> None:
    code, output = check(b"a,b\n1,2\n")
    assert (1, True) == (code, "say which with --kind" in output)


def test_a_kind_that_is_not_the_files_is_told(check: Callable[..., tuple[int, str]]) -> None:
    code, output = check(EXACT, "--kind", "pain001")
    assert (1, True) == (code, "wages.sif:1" in output)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_broken_files_are_named_and_never_break_us(data: st.DataObject) -> None:
    content = bytearray(data.draw(st.sampled_from([EXACT, QATAR_EXACT])))
    for _ in range(data.draw(st.integers(1, 4))):
        place, length = data.draw(st.integers(0, len(content))), data.draw(st.integers(0, 12))
        content[place : place + length] = data.draw(st.sampled_from([b"", b",", b'"', b"\r", b"\x00", b"-", b"9" * 30]))
    file, errors = parse_sif(bytes(content), UAE)
    assert errors or file
    file_of_qatar, errors = parse_qatar(bytes(content))
    assert errors or file_of_qatar
