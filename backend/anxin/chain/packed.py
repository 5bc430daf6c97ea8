"""What events carry packed, with its parts by name: handlers never see the bytes (SheetLines.sol, Payments.sol)."""

from typing import Any

from anxin.core.sheet_tree import unpack_lines
from anxin.core.signing import from_hex

Args = dict[str, Any]


def opened(event: str, args: Args) -> Args:
    """Return the arguments of an event with `lines` as objects and `payment` as its five parts."""
    if event == "SheetPosted":
        return args | {"lines": _lines(args["lines"])}
    if "payment" in args:
        return {name: value for name, value in args.items() if name != "payment"} | _payment(from_hex(args["payment"]))
    return args


def _lines(packed: str) -> list[Args]:
    return [
        {
            "index": line.index, "dayMask": line.day_mask, "amount": line.amount_fen,
            "workerId": "0x" + line.worker_id.hex(), "payslipHash": "0x" + line.payslip_hash.hex(),
        }
        for line in unpack_lines(from_hex(packed))
    ]  # fmt: skip


def _payment(word: bytes) -> Args:
    """payout 20 bytes, amount in fen 8, sheetId 2, index 1, assurance 1."""
    return {
        "payout": "0x" + word[:20].hex(), "amount": int.from_bytes(word[20:28]), "sheetId": int.from_bytes(word[28:30]),
        "index": word[30], "assurance": word[31],
    }  # fmt: skip
