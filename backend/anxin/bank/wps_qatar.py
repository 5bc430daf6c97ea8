"""Qatar's wage protection system: a CSV of two tables, each under its titles.

    Employer EID,File Creation Date,…          row 1: titles
    10007230,20261105,1130,…                   row 2: who pays, from where, how much in all
    Record Sequence,Employee QID,…             row 3: titles
    000001,27822001001,,Mustapha Abdullah,…    one a worker

Source: Qatar Central Bank, WPS file format specifications. Which columns there are is a profile in `wps_profiles.json`; a
reader knows it by the titles. Amounts are whole dirhams (hundredths of a riyal). Exactly one of employer's EID and person's
QID pays; a worker has a QID or, before it, a visa number.
"""

import csv
import io
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from anxin.bank import fields as kinds
from anxin.bank.accounts import is_iban
from anxin.bank.errors import BadFile
from anxin.bank.wps import QatarProfile, qatar_profiles
from anxin.core.errors import Malformed
from anxin.core.tables import CellError

IBAN_LENGTH = 29
_MONEY = kinds.amount(15)
_NOTHING_OR_MONEY = kinds.optional(_MONEY, 0)

# Title (in lower case) → attribute and kind. Banks write some titles their own way.
_HEADER: dict[str, tuple[str, kinds.Field]] = {
    "employer eid": ("employer_eid", kinds.digits(8, padded=True)),
    "file creation date": ("created_day", kinds.day("%Y%m%d")),
    "file creation time": ("created_time", kinds.clock()),
    "payer eid": ("payer_eid", kinds.optional(kinds.digits(8, padded=True), "")),
    "payer qid": ("payer_qid", kinds.optional(kinds.digits(11, padded=True), "")),
    "payer bank short name": ("payer_bank", kinds.letters_and_digits(4)),
    "payer iban": ("payer_iban", kinds.letters_and_digits(IBAN_LENGTH)),
    "salary year and month": ("month", kinds.month("%Y%m")),
    "total salaries": ("total", kinds.amount(18)),
    "total records": ("count", kinds.count(6)),
    "sif version": ("version", kinds.one_of("1")),
}
_RECORD: dict[str, tuple[str, kinds.Field]] = {
    "record sequence": ("sequence", kinds.count(6)),
    "employee qid": ("qid", kinds.optional(kinds.digits(11, padded=True), "")),
    "employee visa id": ("visa_id", kinds.optional(kinds.letters_and_digits(12), "")),
    "employee name": ("name", kinds.text(70)),
    "employee bank short name": ("bank", kinds.letters_and_digits(4)),
    "employee account": ("account", kinds.letters_and_digits(IBAN_LENGTH)),
    "salary frequency": ("frequency", kinds.one_of("M", "B")),
    "number of working days": ("days", kinds.count(3)),
    "net salary": ("net", _MONEY),
    "basic salary": ("basic", _MONEY),
    "extra hours": ("extra_hours", kinds.amount(7)),
    "extra income": ("extra_income", _MONEY),
    "deductions": ("deductions", _MONEY),
    "payment type": ("payment_type", kinds.text(50)),
    "notes / comments": ("notes", kinds.text(300)),
    "housing allowance": ("housing", _NOTHING_OR_MONEY),
    "food allowance": ("food", _NOTHING_OR_MONEY),
    "transportation allowance": ("transport", _NOTHING_OR_MONEY),
    "over time allowance": ("overtime", _NOTHING_OR_MONEY),
    "deduction reason code": ("deduction_code", kinds.optional(kinds.digits(2), "")),
    "extra field 1": ("extra_1", kinds.text(50)),
    "extra field 2": ("extra_2", kinds.text(50)),
}
_MONEY_NAMES = ("net", "basic", "extra_income", "deductions", "housing", "food", "transport", "overtime")


@dataclass(frozen=True, slots=True)
class QatarWage:
    """One worker's row; `frequency` M monthly, B twice a month. What a profile has no column for must be left as it is."""

    name: str
    bank: str
    account: str
    days: int
    net_dirhams: int
    basic_dirhams: int
    qid: str = ""
    visa_id: str = ""
    frequency: str = "M"
    extra_hours_hundredths: int = 0
    extra_income_dirhams: int = 0
    deductions_dirhams: int = 0
    payment_type: str = ""
    notes: str = ""
    housing_dirhams: int = 0
    food_dirhams: int = 0
    transport_dirhams: int = 0
    overtime_dirhams: int = 0
    deduction_code: str = ""
    extra_1: str = ""
    extra_2: str = ""


@dataclass(frozen=True, slots=True)
class QatarFile:
    """What one employer pays for a month, named by its first day. `created_at` is local time, to the minute."""

    employer_eid: str
    payer_bank: str
    payer_iban: str
    created_at: datetime
    month: date
    wages: tuple[QatarWage, ...]
    payer_eid: str = ""
    payer_qid: str = ""

    @property
    def total_dirhams(self) -> int:
        return sum(wage.net_dirhams for wage in self.wages)

    @property
    def name(self) -> str:
        """SIF_10007230_QNB_20261105_1130.csv"""
        return f"SIF_{self.employer_eid.zfill(8)}_{self.payer_bank}_{self.created_at:%Y%m%d_%H%M}.csv"


def qatar_profile_named(name: str) -> QatarProfile:
    """Raises Malformed, naming those there are."""
    known = {profile.name: profile for profile in qatar_profiles()}
    if name not in known:
        raise Malformed(problem=f"profile {name}: there are {', '.join(known)}")
    return known[name]


def write_qatar(file: QatarFile, profile: QatarProfile) -> bytes:
    """Return the file, lines ended by CRLF. Raises BadFile, as reading it would, with every error."""
    head = {
        "employer_eid": file.employer_eid, "created_day": file.created_at.date(), "created_time": file.created_at.time(),
        "payer_eid": file.payer_eid, "payer_qid": file.payer_qid, "payer_bank": file.payer_bank,
        "payer_iban": file.payer_iban, "month": file.month, "total": file.total_dirhams, "count": len(file.wages),
        "version": "1",
    }  # fmt: skip
    rows = [list(profile.header), _written(profile.header, _HEADER, head), list(profile.records)]
    for sequence, wage in enumerate(file.wages, 1):
        row = _written(profile.records, _RECORD, _plain_names(wage) | {"sequence": sequence})
        rows.append([row[0].zfill(6), *row[1:]])
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    content = out.getvalue().encode()
    if read_qatar(content, file.name) != file:
        raise BadFile(file.name, [CellError(3, "record", "", f"{profile.name} has no column for all that was given")])
    return content


def read_qatar(content: bytes, name: str = "SIF.csv") -> QatarFile:
    """Return what a file says. Raises BadFile with every line and field that is wrong."""
    file, errors = parse_qatar(content)
    if errors or file is None:
        raise BadFile(name, errors)
    return file


def parse_qatar(content: bytes) -> tuple[QatarFile | None, list[CellError]]:
    """Return what a file says, where nothing is wrong, and everything that is."""
    errors: list[CellError] = []
    for line, raw in enumerate(content.splitlines(), 1):
        if not raw.isascii() or b"\x00" in raw:
            errors.append(CellError(line, "line", raw[:70].decode("ascii", "replace"), "ASCII only"))
    if errors:
        return None, errors
    reader = csv.reader(io.StringIO(content.decode("ascii"), newline=""), strict=True)
    try:
        rows = [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        return None, [CellError(reader.line_num, "line", "", str(error))]
    profile = _profile_of(rows)
    if profile is None:
        return None, [CellError(1, "titles", "", f"of none of {', '.join(known.name for known in qatar_profiles())}")]
    head = _read(profile.header, _HEADER, *rows[1], errors)
    wages = [(line, _read(profile.records, _RECORD, line, row, errors)) for line, row in rows[3:]]
    whole = [(line, _wage(values)) for line, values in wages if values]
    for place, (line, values) in enumerate(wages, 1):
        if values and values["sequence"] != place:
            errors.append(CellError(line, "Record Sequence", str(values["sequence"]), f"is record {place}"))
    _check_wages(whole, profile, errors)
    return _whole(head, rows[1][0], [wage for _, wage in whole], len(wages), errors), errors


# ------------------------------------------------------------------ reading


def _profile_of(rows: list[tuple[int, list[str]]]) -> QatarProfile | None:
    if len(rows) < 3:
        return None
    titles = [[title.strip().lower() for title in rows[place][1]] for place in (0, 2)]
    for profile in qatar_profiles():
        if titles == [[title.lower() for title in each] for each in (profile.header, profile.records)]:
            return profile
    return None


def _read(
    titles: tuple[str, ...], known: dict[str, tuple[str, kinds.Field]], line: int, row: list[str], errors: list[CellError]
) -> dict[str, Any] | None:
    """Return a row's values by attribute; errors name the column by its title."""
    values = kinds.read_record(titles, {title: known[title.lower()][1] for title in titles}, row, line, errors)
    return values and {known[title.lower()][0]: value for title, value in values.items()}


def _check_wages(wages: list[tuple[int, QatarWage]], profile: QatarProfile, errors: list[CellError]) -> None:
    seen: dict[str, int] = {}
    for line, wage in wages:
        person = wage.qid or wage.visa_id
        if not person:
            errors.append(CellError(line, "Employee QID", "", "a QID or a visa number"))
        elif person in seen:
            errors.append(CellError(line, "Employee QID", person, f"is on line {seen[person]} already"))
        seen.setdefault(person, line)
        if not wage.name:
            errors.append(CellError(line, "Employee Name", "", "must be given"))
        if problem := _account_problem(wage.account):
            errors.append(CellError(line, "Employee Account", wage.account, problem))
        due = wage.basic_dirhams + wage.extra_income_dirhams - wage.deductions_dirhams
        if len(profile.records) == 15 and wage.net_dirhams != due:  # later versions do not say where allowances belong
            stated = kinds.amount_text(wage.net_dirhams)
            problem = f"basic and extra income less deductions are {kinds.amount_text(due)}"
            errors.append(CellError(line, "Net Salary", stated, problem))


def _account_problem(account: str) -> str:
    if account[:2].isalpha() and not (len(account) == IBAN_LENGTH and account.startswith("QA") and is_iban(account)):
        return f"a Qatari IBAN: {IBAN_LENGTH} characters with right check digits"
    return ""


def _whole(
    head: dict[str, Any] | None, line: int, wages: list[QatarWage], count: int, errors: list[CellError]
) -> QatarFile | None:
    if head is None:
        return None
    file = QatarFile(
        head["employer_eid"], head["payer_bank"], head["payer_iban"],
        datetime.combine(head["created_day"], head["created_time"]), head["month"], tuple(wages), head["payer_eid"],
        head["payer_qid"],
    )  # fmt: skip
    if bool(file.payer_eid) == bool(file.payer_qid):
        errors.append(CellError(line, "Payer EID", file.payer_eid, "either an employer's EID or a person's QID pays"))
    if problem := _account_problem(file.payer_iban):
        errors.append(CellError(line, "Payer IBAN", file.payer_iban, problem))
    if head["count"] != count:
        errors.append(CellError(line, "Total records", str(head["count"]), f"there are {count}"))
    if len(wages) == count and head["total"] != file.total_dirhams:
        problem = f"the net salaries sum to {kinds.amount_text(file.total_dirhams)}"
        errors.append(CellError(line, "Total Salaries", kinds.amount_text(head["total"]), problem))
    return file


# ------------------------------------------------------------------ names


def _written(titles: tuple[str, ...], known: dict[str, tuple[str, kinds.Field]], values: dict[str, Any]) -> list[str]:
    return [known[title.lower()][1].write(values[known[title.lower()][0]]) for title in titles]


def _attribute(name: str) -> str:
    return f"{name}_dirhams" if name in _MONEY_NAMES else f"{name}_hundredths" if name == "extra_hours" else name


def _plain_names(wage: QatarWage) -> dict[str, Any]:
    return {name: getattr(wage, _attribute(name)) for name, _ in _RECORD.values() if name != "sequence"}


def _wage(values: dict[str, Any]) -> QatarWage:
    known = {field.name for field in fields(QatarWage)}
    return QatarWage(**{_attribute(name): value for name, value in values.items() if _attribute(name) in known})
