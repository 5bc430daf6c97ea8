"""What events carry packed, with its parts by name: handlers never see the bytes (SheetLines.sol, Payments.sol)."""

from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from anxin.core.sheet_tree import LINE_BYTES, WORKER_ID_BYTES
from anxin.core.signing import from_hex

Args = dict[str, Any]


@dataclass(frozen=True)
class Part:
    """A value within a row of hexadecimal digits."""

    name: str
    first: int  # digit
    digits: int
    is_number: bool = False


# One word: payout 20 bytes, amount in fen 8, sheetId 2, index 1, assurance 1.
PAYMENT = (
    Part("payout", 0, 40), Part("amount", 40, 16, is_number=True), Part("sheetId", 56, 4, is_number=True),
    Part("index", 60, 2, is_number=True), Part("assurance", 62, 2, is_number=True),
)  # fmt: skip


def opened(event: str, args: Args) -> Args:
    """Return the arguments of an event with `lines` as objects and `payment` as its five parts."""
    if event == "SheetPosted":
        return args | {"lines": _lines(args["lines"])}
    if "payment" in args:
        return {name: value for name, value in args.items() if name != "payment"} | _payment(args["payment"])
    return args


def _lines(packed: str) -> list[Args]:
    """From hex: index 1 byte, dayMask 4, amount in fen 8, workerId 16 (its other 16 are zero), payslipHash 32."""
    raw, rest = from_hex(packed), "00" * (32 - WORKER_ID_BYTES)
    return [
        {
            "index": raw[at], "dayMask": int.from_bytes(raw[at + 1 : at + 5]),
            "amount": int.from_bytes(raw[at + 5 : at + 13]), "workerId": f"0x{raw[at + 13 : at + 29].hex()}{rest}",
            "payslipHash": f"0x{raw[at + 29 : at + 61].hex()}",
        }
        for at in range(0, len(raw), LINE_BYTES)
    ]  # fmt: skip


def _payment(word: str) -> Args:
    digits = word.removeprefix("0x")
    values = ((part, digits[part.first : part.first + part.digits]) for part in PAYMENT)
    return {part.name: int(value, 16) if part.is_number else "0x" + value for part, value in values}


# SheetPosted's text: 0x signature, 0x sheetId, 0x and then words: five of the header, root, total, where the lines begin in
# bytes, how many bytes they are; then the lines, 122 digits each, and zeros up to a whole word.
_FIXED = itemgetter(
    slice(2), slice(66, 68), slice(132, 134), slice(134, 190), slice(198, 254), slice(262, 318), slice(582, 646)
)
_FIXED_VALUES = ("0x", "0x", "0x", "0" * 56, "0" * 56, "0" * 56, f"{8 * 32:064x}")
_NUMBERS = itemgetter(slice(68, 132), slice(190, 198), slice(254, 262), slice(318, 326))
_HASHES = itemgetter(slice(326, 390), slice(390, 454), slice(454, 518))
_TOTAL, _BYTES, _LINES = slice(518, 582), slice(646, 710), 710
_LINE_DIGITS, _WORD_DIGITS = 2 * LINE_BYTES, 64
_REST = "00" * (32 - WORKER_ID_BYTES)


def sheet_json(text: str) -> str | None:
    """Return a SheetPosted event's arguments, opened, as JSON; None where its text is not exactly as it should be.

    Some hundred lines a sheet make this worth a reader of its own.
    """
    if _FIXED(text) != _FIXED_VALUES or not text[_BYTES]:
        return None
    end = _LINES + 2 * int(text[_BYTES], 16)
    words, rest = divmod(len(text) - _LINES, _WORD_DIGITS)
    if rest or words != -(-(end - _LINES) // _WORD_DIGITS) or text[end:].strip("0") or (end - _LINES) % _LINE_DIGITS:
        return None
    sheet_id, first_day, last_day, payday = [int(each, 16) for each in _NUMBERS(text)]
    rules_hash, terms_root, root = _HASHES(text)
    lines = ",".join([
        f'{{"index":{int(text[at:at + 2], 16)},"dayMask":{int(text[at + 2:at + 10], 16)},'
        f'"amount":{int(text[at + 10:at + 26], 16)},"workerId":"0x{text[at + 26:at + 58]}{_REST}",'
        f'"payslipHash":"0x{text[at + 58:at + 122]}"}}'
        for at in range(_LINES, end, _LINE_DIGITS)
    ])  # fmt: skip
    return (
        f'{{"sheetId":{sheet_id},"header":{{"firstDay":{first_day},"lastDay":{last_day},"payday":{payday},'
        f'"rulesHash":"0x{rules_hash}","termsRoot":"0x{terms_root}"}},"root":"0x{root}",'
        f'"total":{int(text[_TOTAL], 16)},"lines":[{lines}]}}'
    )
