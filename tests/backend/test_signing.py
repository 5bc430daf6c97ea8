"""Signing formats are the contracts' own, and keys and trees say no where the contracts do.

Branches: type strings · tree of every size · hand-made tree · proof of any lines · passkey flags, origin, type, challenge ·
device and wallet keys · key of another kind · usable keys.
"""

import re
from dataclasses import replace as changed

import msgspec
import pytest
from eth_abi.abi import encode as abi_encode
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from anxin.core.sheet_tree import SheetLine, SheetTree, unpack_lines
from anxin.core.signing import (
    OFF_CHAIN_TYPES,
    P256_ORDER,
    TYPES,
    Domain,
    SignerKey,
    digest,
    is_signed_by,
    is_usable,
    recover_wallet,
)
from anxin.demo.keys import DeviceKey, Passkey, Wallet
from anxin.settings import ROOT

RP_ID_HASH = bytes.fromhex("49960de5880e8c687434170f6476605b8fe4aeb9a28632c7995cf3ba831d9763")  # SHA-256 of "localhost"
WORDS = b"\x5a" * 32
PASSKEY = Passkey.from_number(102, "localhost", "http://localhost:8000")
KEYS = [DeviceKey.from_number(101), PASSKEY, Wallet.from_hex("0x" + "67" * 32)]


def types_in_contracts():
    found = {}
    for file in (ROOT / "contracts").glob("*.sol"):
        for name, fields in re.findall(r"keccak256\(\s*\"(\w+)\(([^)]*)\)\"\s*\)", file.read_text()):
            found[name] = fields
    return found


def test_types_are_those_of_the_contracts():
    ours = {name: ",".join(f"{kind} {field}" for kind, field in fields) for name, fields in TYPES.items()}

    assert types_in_contracts() == ours


VALUES = {
    "bytes32": st.binary(min_size=32, max_size=32),
    "address": st.binary(min_size=20, max_size=20).map(lambda raw: "0x" + raw.hex()),
    **{f"uint{bits}": st.integers(0, 2**bits - 1) for bits in (8, 16, 32, 64, 256)},
}  # fmt: skip


@pytest.mark.parametrize("name", [*TYPES, *OFF_CHAIN_TYPES])
@given(data=st.data())
def test_digest_is_what_the_abi_makes_of_the_words(name, data):
    fields = (TYPES | OFF_CHAIN_TYPES)[name]
    words = {field: data.draw(VALUES[kind]) for kind, field in fields}
    domain = Domain("Anxin WageEscrow", 31337, "0x" + "e5" * 20)
    type_hash = keccak(text=f"{name}({','.join(f'{kind} {field}' for kind, field in fields)})")
    encoded = abi_encode(["bytes32", *(kind for kind, _ in fields)], [type_hash, *words.values()])
    separator = keccak(abi_encode(["bytes32"] * 3 + ["uint256", "address"], [
        keccak(text="EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
        keccak(text=domain.name), keccak(text="1"), domain.chain_id, domain.contract,
    ]))  # fmt: skip

    assert keccak(b"\x19\x01" + separator + keccak(encoded)) == digest(domain, name, words)


@pytest.mark.parametrize(
    ("field", "value"),
    [("index", 256), ("index", -1), ("amount", 2**64), ("index", "0x05"), ("payslipHash", b"x" * 33), ("payslipHash", 7),
     ("payslipHash", "zz"), ("index", True)],
)  # fmt: skip
def test_digest_of_what_no_field_can_hold_is_refused(field, value):
    words = {
        "sheetId": 1, "index": 5, "workerId": b"w" * 32, "amount": 1, "dayMask": 1, "payslipHash": b"p" * 32, "deadline": 1,
    }  # fmt: skip

    with pytest.raises(ValueError, match=r"no|hex"):
        digest(Domain("Anxin WageEscrow", 31337, "0x" + "e5" * 20), "Confirmation", words | {field: value})


@pytest.mark.parametrize("key", KEYS, ids=["device key", "passkey", "wallet"])
def test_key_signs_for_itself_and_for_nobody_else(key):
    signature = key.sign(WORDS)

    assert is_signed_by(key.public, WORDS, signature, RP_ID_HASH)
    assert [other for other in KEYS if other is not key and is_signed_by(other.public, WORDS, signature, RP_ID_HASH)] == []
    assert not is_signed_by(key.public, b"\x5b" * 32, signature, RP_ID_HASH)


def test_device_signature_does_not_speak_for_a_passkey_of_the_same_point():
    point = KEYS[0].public

    assert not is_signed_by(SignerKey(4, point.x, point.y), WORDS, KEYS[0].sign(WORDS), RP_ID_HASH)


@pytest.mark.parametrize(
    ("flags", "good"),
    [(0x05, True), (0x0D, True), (0x1D, True), (0x01, False), (0x04, False), (0x00, False), (0x15, False)],
    ids=[
        "present and verified", "backup eligible", "backed up", "not verified", "not present", "neither",
        "backed up, not eligible",
    ],
)  # fmt: skip
def test_passkey_must_have_seen_and_verified_its_user(flags, good):
    assert good == is_signed_by(PASSKEY.public, WORDS, PASSKEY.sign(WORDS, flags=flags), RP_ID_HASH)


def test_passkey_of_another_domain_does_not_count():
    elsewhere = changed(PASSKEY, rp_id="example.org")

    assert not is_signed_by(PASSKEY.public, WORDS, elsewhere.sign(WORDS), RP_ID_HASH)


@pytest.mark.parametrize(
    ("written", "instead"), [("webauthn.get", "webauthn.create"), ('"type"', '"kind"'), ('"challenge"', '"words"')]
)
def test_passkey_signature_for_something_else_does_not_count(written, instead):
    signature = PASSKEY.sign(WORDS)
    other = msgspec.structs.replace(signature, client_data_json=signature.client_data_json.replace(written, instead))

    assert not is_signed_by(PASSKEY.public, WORDS, other, RP_ID_HASH)


def test_high_s_does_not_count():
    signature = KEYS[0].sign(WORDS)
    high = msgspec.structs.replace(signature, s=f"0x{P256_ORDER - int(signature.s, 16):064x}")

    assert not is_signed_by(KEYS[0].public, WORDS, high, RP_ID_HASH)


@pytest.mark.parametrize("v", [0, 1, 26, 29, 255])
def test_recovery_byte_is_27_or_28(v):
    assert recover_wallet(WORDS, KEYS[2].sign_bytes(WORDS)[:64] + bytes([v])) is None


@pytest.mark.parametrize("key", KEYS, ids=["device key", "passkey", "wallet"])
def test_real_key_is_usable(key):
    assert is_usable(key.public)


def test_signature_counts_for_one_chain_and_one_contract():
    message = {"workerId": WORDS, "dayCap": 1, "termsHash": WORDS, "deadline": 1}
    domains = [
        Domain("Anxin WageEscrow", 31337, "0x" + "11" * 20),
        Domain("Anxin WageEscrow", 1, "0x" + "11" * 20),
        Domain("Anxin WageEscrow", 31337, "0x" + "22" * 20),
    ]

    assert len({digest(domain, "Join", message) for domain in domains}) == 3


# ------------------------------------------------------------------ the tree


def lines(count):
    return [SheetLine(i, 1, i + 1, bytes([i]) * 16 + bytes(16), b"\xaa" * 32) for i in range(count)]


def pair(left, right):
    return keccak(left + right)


def test_line_is_61_bytes_and_comes_back_whole():
    line = SheetLine(7, 0x8000_0001, 812_345, b"\x0a" * 16 + bytes(16), b"\xaa" * 32)
    packed = bytes([7]) + 0x8000_0001.to_bytes(4) + (812_345).to_bytes(8) + b"\x0a" * 16 + b"\xaa" * 32

    assert (packed, 61) == (line.packed(), len(packed))
    assert [line, line] == unpack_lines(packed * 2)


def test_worker_id_a_line_has_no_room_for_is_refused():
    with pytest.raises(ValueError, match="16 zero bytes"):
        SheetLine(0, 1, 1, b"\x0a" * 32, b"\xaa" * 32).packed()


def test_single_line_is_its_own_root():
    (line,) = lines(1)

    assert line.leaf() == SheetTree([line]).root


def test_three_lines_pair_as_one_queue():
    a, b, c = (line.leaf() for line in lines(3))

    assert pair(c, pair(a, b)) == SheetTree(lines(3)).root


def test_lines_that_change_places_change_the_root():
    a, b = lines(2)

    assert SheetTree([a, b]).root != SheetTree([b, a]).root


def test_changed_line_changes_the_root():
    sheet = lines(5)
    roots = {SheetTree([*sheet[:2], other, *sheet[3:]]).root for other in (sheet[2], changed(sheet[2], amount_fen=99))}

    assert len(roots) == 2


@given(st.integers(1, 256).flatmap(lambda count: st.tuples(st.just(count), st.sets(st.integers(0, count - 1), min_size=1))))
def test_proof_of_any_lines_leads_to_the_root(case):
    """Walked as SheetTree.contains walks it: nodes by number, the even one left, from the proof what is not ours."""
    count, chosen = case
    sheet, indexes = lines(count), sorted(chosen)
    proof = SheetTree(sheet).proof(indexes)

    known = {index: sheet[index].leaf() for index in indexes}
    for node in range(2 * count - 2):
        if node % 2 == 0 and (node in known or node + 1 in known):
            left, right = (known[each] if each in known else proof.pop(0) for each in (node, node + 1))
            known[count + node // 2] = pair(left, right)

    assert (SheetTree(sheet).root, []) == (known[2 * count - 2], proof)
