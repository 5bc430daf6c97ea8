"""The UAE's wage protection system: a salary information file (SIF) from the employer to its bank.

    EDR,00012345678901,802420101,AE070331234567890123456,2026-10-01,2026-10-31,31,4000.00,2500.00,0   one a worker
    EVP,00012345678901,802420101,500.00,200.00,300.00,0.00,400.00,1100.00,0.00             what the variable is made of
    SCR,0000000123456,302620122,2026-11-05,1130,102026,1,6500.00,AED,October wages         last line

ASCII, no header, one EDR a worker; any error rejects the whole file, so it is checked here first and every error is named.
What differs by bank (order of fields, dates, EVP) is a profile in `wps_profiles.json`. Amounts are whole fils.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from anxin.bank import fields as kinds
from anxin.bank.accounts import is_iban
from anxin.bank.errors import BadFile
from anxin.core.errors import Malformed
from anxin.core.tables import CellError

PROFILES = Path(__file__).with_name("wps_profiles.json")
IBAN_LENGTH = 23
ALLOWANCES = ("housing", "conveyance", "medical", "passage", "overtime", "other", "leave_encashment")


class Profile(msgspec.Struct, frozen=True):
    """What a bank of the UAE wants. Records list the fields in order, after their three letters."""

    name: str
    source: str
    edr: tuple[str, ...]
    evp: tuple[str, ...]
    scr: tuple[str, ...]
    evp_with_variable: bool
    day_format: str


class QatarProfile(msgspec.Struct, frozen=True):
    """The titles of the two records, in order."""

    name: str
    source: str
    header: tuple[str, ...]
    records: tuple[str, ...]


class _Profiles(msgspec.Struct):
    uae: tuple[Profile, ...]
    qatar: tuple[QatarProfile, ...]


@dataclass(frozen=True, slots=True)
class Wage:
    """One worker's line. `account` is a UAE IBAN or an agent's own number; `allowances` sum to `variable_fils`."""

    employee_id: str
    routing: str
    account: str
    first_day: date
    last_day: date
    days: int
    fixed_fils: int
    variable_fils: int = 0
    unpaid_leave_days: int = 0
    allowances: tuple[int, ...] | None = None  # in the order of ALLOWANCES


@dataclass(frozen=True, slots=True)
class SalaryFile:
    """What one employer pays for a month, named by its first day. `created_at` is local time, to the minute."""

    employer_id: str
    routing: str
    created_at: datetime
    month: date
    reference: str
    wages: tuple[Wage, ...]
    currency: str = "AED"

    @property
    def total_fils(self) -> int:
        return sum(wage.fixed_fils + wage.variable_fils for wage in self.wages)


def profile_named(name: str) -> Profile:
    """Raises Malformed, naming those there are."""
    known = {profile.name: profile for profile in _profiles().uae}
    if name not in known:
        raise Malformed(problem=f"profile {name}: there are {', '.join(known)}")
    return known[name]


def qatar_profiles() -> tuple[QatarProfile, ...]:
    return _profiles().qatar


def file_name(employer_id: str, at: datetime) -> str:
    """0000000123456261105113000.SIF"""
    return f"{employer_id.zfill(13)}{at:%y%m%d%H%M%S}.SIF"


def write_sif(file: SalaryFile, profile: Profile) -> bytes:
    """Return the file, lines ended by CRLF. Raises BadFile, as reading it would, with every error."""
    known, lines = _fields(profile), list[list[str]]()
    for wage in file.wages:
        values = {name: getattr(wage, name) for name in _wage_names()} | {
            "fixed": wage.fixed_fils, "variable": wage.variable_fils,
        }  # fmt: skip
        lines.append(["EDR", *kinds.write_record(profile.edr, known, values)])
        if wage.allowances is not None:
            values |= dict(zip(ALLOWANCES, wage.allowances, strict=True))
            lines.append(["EVP", *kinds.write_record(profile.evp, known, values)])
    total = {
        "employer_id": file.employer_id, "routing": file.routing, "created_day": file.created_at.date(),
        "created_time": file.created_at.time(), "month": file.month, "count": len(file.wages), "total": file.total_fils,
        "currency": file.currency, "reference": file.reference,
    }  # fmt: skip
    lines.append(["SCR", *kinds.write_record(profile.scr, known, total)])
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(lines)
    content = out.getvalue().encode()
    read_sif(content, profile, file_name(file.employer_id, file.created_at))
    return content


def read_sif(content: bytes, profile: Profile, name: str = "SIF") -> SalaryFile:
    """Return what a file says. Raises BadFile with every line and field that is wrong."""
    file, errors = parse_sif(content, profile)
    if errors or file is None:
        raise BadFile(name, errors)
    return file


def parse_sif(content: bytes, profile: Profile) -> tuple[SalaryFile | None, list[CellError]]:
    """Return what a file says, where nothing is wrong, and everything that is."""
    errors: list[CellError] = []
    wages: list[tuple[int, Wage | None]] = []  # nothing where the line is wrong: what follows from it is not told
    control: tuple[int, dict[str, Any]] | None = None
    for line, cells in _lines(content, errors):
        letters, values = cells[0], cells[1:]
        if control:
            errors.append(CellError(line, "record", letters, "SCR is the last line"))
        elif letters == "EDR":
            found = kinds.read_record(profile.edr, _fields(profile), values, line, errors)
            wages.append((line, _wage(found) if found else None))
        elif letters == "EVP" and profile.evp:
            if found := kinds.read_record(profile.evp, _fields(profile), values, line, errors):
                _add_allowances(wages, line, found, errors)
        elif letters == "SCR":
            control = line, kinds.read_record(profile.scr, _fields(profile), values, line, errors) or {}
        else:
            errors.append(CellError(line, "record", letters[:20], "EDR, EVP or SCR: there is no header"))
    if control is None:
        errors.append(CellError(0, "record", "", "SCR is missing"))
        return None, errors
    _check_wages([(line, wage) for line, wage in wages if wage], profile, errors)
    return _whole(wages, *control, errors), errors


# ------------------------------------------------------------------ reading


def _lines(content: bytes, errors: list[CellError]) -> Sequence[tuple[int, list[str]]]:
    """Return the lines' fields with their numbers. What is not ASCII is said with its line; quotes are not part of a SIF."""
    found = []
    for line, raw in enumerate(content.splitlines(), 1):
        if not raw.isascii() or b'"' in raw or b"\x00" in raw:
            errors.append(CellError(line, "line", raw[:70].decode("ascii", "replace"), "ASCII without quotes only"))
        elif not raw.strip():
            errors.append(CellError(line, "line", "", "empty"))
        else:
            found.append((line, raw.decode("ascii").split(",")))
    return found


def _wage(found: dict[str, Any]) -> Wage:
    names = {name: found[name] for name in _wage_names()}
    return Wage(**names, fixed_fils=found["fixed"], variable_fils=found["variable"])


def _add_allowances(
    wages: list[tuple[int, Wage | None]], line: int, found: dict[str, Any], errors: list[CellError]
) -> None:
    """An EVP follows the EDR it belongs to."""
    if wages and wages[-1][1] is None:
        return
    last = wages[-1][1] if wages else None
    if last is None or last.employee_id != found["employee_id"] or last.allowances is not None:
        errors.append(CellError(line, "employee_id", str(found["employee_id"]), "follows no EDR of this employee"))
    elif sum(found[name] for name in ALLOWANCES) != last.variable_fils:
        stated = kinds.amount_text(sum(found[name] for name in ALLOWANCES))
        errors.append(CellError(line, "EVP", stated, f"the EDR's variable is {kinds.amount_text(last.variable_fils)}"))
    else:
        same = {field.name: getattr(last, field.name) for field in fields(last)}
        wages[-1] = wages[-1][0], Wage(**same | {"allowances": tuple(found[name] for name in ALLOWANCES)})


def _check_wages(wages: list[tuple[int, Wage]], profile: Profile, errors: list[CellError]) -> None:
    seen: dict[str, int] = {}
    for line, wage in wages:
        if wage.employee_id in seen:
            errors.append(CellError(line, "employee_id", wage.employee_id, f"is on line {seen[wage.employee_id]} already"))
        seen.setdefault(wage.employee_id, line)
        if account_problem := _account_problem(wage.account):
            errors.append(CellError(line, "account", wage.account, account_problem))
        if wage.first_day > wage.last_day:
            errors.append(CellError(line, "last_day", str(wage.last_day), f"before {wage.first_day}"))
        elif wage.days > (length := (wage.last_day - wage.first_day).days + 1):
            errors.append(CellError(line, "days", str(wage.days), f"the period has {length}"))
        if profile.evp_with_variable and wage.variable_fils and wage.allowances is None:
            errors.append(CellError(line, "variable", "", "an EVP must say what it is made of"))


def _account_problem(account: str) -> str:
    if account[:2].isalpha():
        right = len(account) == IBAN_LENGTH and account.startswith("AE") and is_iban(account)
        return "" if right else f"a UAE IBAN: {IBAN_LENGTH} characters with right check digits"
    return "" if len(account) <= 16 else "at most 16 digits, or an IBAN"


def _whole(
    wages: list[tuple[int, Wage | None]], line: int, control: dict[str, Any], errors: list[CellError]
) -> SalaryFile | None:
    if not control:
        return None
    file = SalaryFile(
        control["employer_id"], control["routing"], datetime.combine(control["created_day"], control["created_time"]),
        control["month"], control["reference"], tuple(wage for _, wage in wages if wage), control["currency"],
    )  # fmt: skip
    if control["count"] != len(wages):
        errors.append(CellError(line, "count", str(control["count"]), f"there are {len(wages)} EDR"))
    if len(file.wages) == len(wages) and control["total"] != file.total_fils:
        stated = kinds.amount_text(control["total"])
        errors.append(CellError(line, "total", stated, f"the EDR sum to {kinds.amount_text(file.total_fils)}"))
    return file


# ------------------------------------------------------------------ the formats


@cache
def _profiles() -> _Profiles:
    return msgspec.json.decode(PROFILES.read_bytes(), type=_Profiles)


@cache
def _wage_names() -> tuple[str, ...]:
    return tuple(field.name for field in fields(Wage) if not field.name.endswith("_fils") and field.name != "allowances")


@cache
def _fields(profile: Profile) -> dict[str, kinds.Field]:
    money = kinds.amount(15)
    return {
        "employee_id": kinds.letters_and_digits(14, padded=True), "employer_id": kinds.digits(13, padded=True),
        "routing": kinds.digits(9, padded=True), "account": kinds.letters_and_digits(IBAN_LENGTH),
        "first_day": kinds.day(profile.day_format), "last_day": kinds.day(profile.day_format), "days": kinds.count(4),
        "fixed": money, "variable": money, "unpaid_leave_days": kinds.count(4), **dict.fromkeys(ALLOWANCES, money),
        "created_day": kinds.day(profile.day_format), "created_time": kinds.clock(), "month": kinds.month("%m%Y"),
        "count": kinds.count(9), "total": money, "currency": kinds.one_of("AED"), "reference": kinds.text(35),
    }  # fmt: skip
