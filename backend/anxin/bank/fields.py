"""The fields of delimited bank files: how each is written, read, and what is said where it is wrong."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from anxin.core.tables import CellError


@dataclass(frozen=True)
class Field:
    """A kind of field. `read` raises ValueError for what `form` lets through and yet is none (30 February)."""

    form: re.Pattern[str]
    expected: str
    read: Callable[[str], Any]
    write: Callable[[Any], str]


def digits(length: int, *, padded: bool = False) -> Field:
    """A number that is a name: its zeros count. Padded: shorter ones get zeros in front."""
    form = re.compile(rf"[0-9]{{{length}}}" if padded else rf"[0-9]{{1,{length}}}")
    expected = f"{length} digits" if padded else f"1 to {length} digits"
    return Field(form, expected, str, lambda value: str(value).zfill(length) if padded else str(value))


def letters_and_digits(length: int, *, padded: bool = False) -> Field:
    form = re.compile(rf"[A-Za-z0-9]{{{length}}}" if padded else rf"[A-Za-z0-9]{{1,{length}}}")
    return Field(
        form, f"{'' if padded else '1 to '}{length} letters and digits", str,
        lambda value: value.zfill(length) if padded else value,
    )  # fmt: skip


def count(length: int) -> Field:
    return Field(re.compile(rf"[0-9]{{1,{length}}}"), f"a whole number of at most {length} digits", int, str)


def amount(length: int) -> Field:
    """Money: in the file with a point, in structs whole hundredths."""
    form = re.compile(r"(?=.{1,%d}\Z)[0-9]+(\.[0-9]{1,2})?" % length)  # noqa: UP031 - braces
    return Field(form, f"an amount such as 1234.50, at most {length} characters", _hundredths, amount_text)


def day(pattern: str) -> Field:
    sample = date(2026, 10, 31).strftime(pattern)
    return Field(
        re.compile(r"[0-9]{4}-?[0-9]{2}-?[0-9]{2}"), f"a date such as {sample}",
        lambda text: datetime.strptime(text, pattern).date(), lambda value: value.strftime(pattern),
    )  # fmt: skip


def clock() -> Field:
    return Field(
        re.compile(r"[0-9]{4}"), "a time such as 0945",
        lambda text: time(int(text[:2]), int(text[2:])), lambda value: value.strftime("%H%M"),
    )  # fmt: skip


def month(pattern: str) -> Field:
    """A month, as its first day."""
    sample = date(2026, 10, 1).strftime(pattern)
    return Field(
        re.compile(r"[0-9]{6}"), f"a month such as {sample}",
        lambda text: datetime.strptime(text, pattern).date(), lambda value: value.strftime(pattern),
    )  # fmt: skip


def text(length: int) -> Field:
    return Field(
        re.compile(r"[\x20-\x7e]{0,%d}" % length), f"at most {length} ASCII characters", str, str  # noqa: UP031 - braces
    )


def one_of(*words: str) -> Field:
    return Field(re.compile("|".join(map(re.escape, words))), " or ".join(words), str, str)


def optional(field: Field, empty: Any) -> Field:
    """The same, or nothing, which reads as `empty`."""
    return Field(
        re.compile(f"(?:{field.form.pattern})?"), f"{field.expected}, or nothing",
        lambda given: field.read(given) if given else empty, lambda value: "" if value == "" else field.write(value),
    )  # fmt: skip


def read_record(
    names: Sequence[str], fields: Mapping[str, Field], cells: Sequence[str], line: int, errors: list[CellError]
) -> dict[str, Any] | None:
    """Return the values by name; where any is wrong, add each to `errors` and return nothing."""
    before = len(errors)
    if len(cells) != len(names):
        errors.append(CellError(line, names[min(len(cells), len(names) - 1)], "", f"{len(names)} fields, not {len(cells)}"))
        return None
    values = {}
    for name, cell in zip(names, cells, strict=True):
        field = fields[name]
        try:
            if not field.form.fullmatch(cell):
                raise ValueError
            values[name] = field.read(cell)
        except ValueError:
            errors.append(CellError(line, name, cell[:70], field.expected))
    return values if len(errors) == before else None


def write_record(names: Sequence[str], fields: Mapping[str, Field], values: Mapping[str, Any]) -> list[str]:
    return [fields[name].write(values[name]) for name in names]


def _hundredths(given: str) -> int:
    whole, _, part = given.partition(".")
    return int(whole) * 100 + int(part.ljust(2, "0"))


def amount_text(hundredths: int) -> str:
    if hundredths < 0:
        return f"-{amount_text(-hundredths)}"
    return f"{hundredths // 100}.{hundredths % 100:02d}"
