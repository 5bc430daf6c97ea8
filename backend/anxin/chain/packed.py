"""What events carry packed, with its parts by name: handlers never see the bytes (SheetLines.sol, Payments.sol)."""

import struct
from binascii import unhexlify
from dataclasses import dataclass
from struct import Struct
from typing import Any

from anxin.core.sheet_tree import LINE_BYTES, WORKER_ID_BYTES
from anxin.core.signing import from_hex

Args = dict[str, Any]


@dataclass(frozen=True)
class Part:
    """A value within a word."""

    name: str
    first: int  # byte
    bytes: int
    is_number: bool = False


PAYMENT = (
    Part("payout", 0, 20), Part("amount", 20, 8, is_number=True), Part("sheetId", 28, 2, is_number=True),
    Part("index", 30, 1, is_number=True), Part("assurance", 31, 1, is_number=True),
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
    raw = from_hex(word)
    values = ((part, raw[part.first : part.first + part.bytes]) for part in PAYMENT)
    return {part.name: int.from_bytes(value) if part.is_number else f"0x{value.hex()}" for part, value in values}


# SheetPosted, as words.py has it: 0x signature, 0x sheetId, 0x and then words: five of the header, root, total, where the
# lines begin, how many bytes they are; then the lines, and zeros up to a whole word.
_SHEET = Struct(">x32x x32s x 28xI28xI28xI 32s32s32s32s 32s32s")
_LINE = Struct(f">BIQ{WORKER_ID_BYTES}s32s")
_MARKS, _LINES_AT, _WORD = slice(1, 134, 66), (8 * 32).to_bytes(32), 32
_BLANK = [0, 33, 66, *range(67, 95), *range(99, 127), *range(131, 159)]
_REST = "00" * (32 - WORKER_ID_BYTES)


def sheet_json(text: str) -> str | None:
    """Return a SheetPosted event's arguments, opened, as JSON; None where its text is not exactly as it should be.

    Some hundred lines a sheet make this worth a reader of its own.
    """
    if text[_MARKS] != "xxx" or text.count("x") != 3:
        return None
    try:
        raw = unhexlify(text.replace("x", "0"))
        sheet_id, first_day, last_day, payday, rules_hash, terms_root, root, total, lines_at, size = _SHEET.unpack_from(raw)
    except (ValueError, struct.error):
        return None  # something that is no digit, or not enough
    end = _SHEET.size + int.from_bytes(size)
    if lines_at != _LINES_AT or any(raw[at] for at in _BLANK) or raw[end:].strip(b"\0"):
        return None
    if (end - _SHEET.size) % LINE_BYTES or len(raw) != end + (_SHEET.size - end) % _WORD:
        return None
    lines = ",".join([
        f'{{"index":{index},"dayMask":{day_mask},"amount":{amount_fen},"workerId":"0x{worker_id.hex()}{_REST}",'
        f'"payslipHash":"0x{payslip_hash.hex()}"}}'
        for index, day_mask, amount_fen, worker_id, payslip_hash in _LINE.iter_unpack(raw[_SHEET.size : end])
    ])  # fmt: skip
    return (
        f'{{"sheetId":{int.from_bytes(sheet_id)},"header":{{"firstDay":{first_day},"lastDay":{last_day},'
        f'"payday":{payday},"rulesHash":"0x{rules_hash.hex()}","termsRoot":"0x{terms_root.hex()}"}},'
        f'"root":"0x{root.hex()}","total":{int.from_bytes(total)},"lines":[{lines}]}}'
    )
