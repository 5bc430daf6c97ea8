"""Packed logs come out with their parts by name.

Branches: sheet's lines · release · failed payout · an event with nothing packed · one that is not ours.
"""

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from anxin.chain.contracts import decode_log
from anxin.core.sheet_tree import SheetLine, pack_lines

ESCROW, PAYOUT = "0x" + "E5" * 20, "0x" + "f1" * 20
WORKER = b"\x0a" * 16 + bytes(16)
HEADER = "(uint32,uint32,uint32,bytes32,bytes32)"


def log(signature, indexed, data):
    return {
        "address": ESCROW, "topics": ["0x" + each.hex() for each in (keccak(text=signature), *indexed)],
        "data": "0x" + data.hex(), "blockNumber": "0x7", "blockHash": "0x" + "b7" * 32, "logIndex": "0x2",
        "transactionHash": "0x" + "7a" * 32,
    }  # fmt: skip


@pytest.mark.parametrize("name", ["Released", "PayoutFailed"])
def test_payment_is_five_things(name):
    word = bytes.fromhex(PAYOUT[2:]) + (812_345).to_bytes(8) + (513).to_bytes(2) + bytes([255, 4])

    event = decode_log("WageEscrow", log(f"{name}(bytes32,bytes32)", [WORKER], word), 1_700_000_000)

    assert (name, ESCROW.lower(), 7) == (event.name, event.address, event.block_number)
    assert {
        "workerId": "0x" + WORKER.hex(), "payout": PAYOUT, "amount": 812_345, "sheetId": 513, "index": 255, "assurance": 4,
    } == event.args  # fmt: skip


def test_lines_of_a_sheet_are_objects():
    lines = [SheetLine(index, 0x8000_0001, 812_345 + index, WORKER, b"\xaa" * 32) for index in (0, 1)]
    header = (20_000, 20_030, 20_040, b"\x01" * 32, b"\x02" * 32)
    data = encode([HEADER, "bytes32", "uint256", "bytes"], [header, b"\x03" * 32, 1_624_691, pack_lines(lines)])

    event = decode_log(
        "WageEscrow", log(f"SheetPosted(uint256,{HEADER},bytes32,uint256,bytes)", [(4).to_bytes(32)], data), 1_700_000_000
    )

    assert (4, 1_624_691, 20_030) == (event.args["sheetId"], event.args["total"], event.args["header"]["lastDay"])
    assert [
        {"index": index, "dayMask": 0x8000_0001, "amount": 812_345 + index, "workerId": "0x" + WORKER.hex(),
         "payslipHash": "0x" + "aa" * 32}
        for index in (0, 1)
    ] == event.args["lines"]  # fmt: skip


def test_event_with_nothing_packed_is_as_it_is():
    event = decode_log("WageEscrow", log("ClaimStood(uint256)", [(4).to_bytes(32)], b""), 1_700_000_000)

    assert {"disputeId": 4} == event.args


def test_event_of_no_contract_of_ours_is_none():
    assert decode_log("WageEscrow", log("Unheard(uint256)", [bytes(32)], b""), 1_700_000_000) is None
