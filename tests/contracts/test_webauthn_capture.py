"""A real browser's passkey on the contracts: what Chromium said once (data/webauthn_chromium.json, and the script beside it
that asks again) enrols a worker and releases wages, packed and one by one.

├── as captured: plain, with the member Chromium adds now and then, with an extension's output → accepted both ways
└── with any single byte of authenticator data, client data, r or s changed → refused

The capture names a chain, a registry and an escrow; registry and escrow are put there with the code they have elsewhere.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from eth_abi.abi import encode

from anxin.core.confirmations import pack_confirmations
from anxin.core.sheet_tree import SheetLine
from anxin.core.signing import (
    PASSKEY,
    PasskeySignature,
    SignerKey,
    from_hex,
    is_signed_by,
    pack,
)

from .building_site import RP_ID_HASH, Sheet, Worker, indexes, payments

CAPTURED = json.loads((Path(__file__).parent / "data" / "webauthn_chromium.json").read_text())
MOODS = list(CAPTURED["confirmations"])
DEADLINE = CAPTURED["deadline"]


@dataclass(frozen=True)
class CapturedKey:
    """A key that signs nothing but what it signed when it was captured."""

    public: SignerKey
    said: dict[bytes, PasskeySignature]

    def sign(self, digest):
        return self.said[digest]


def assertion_of(words):
    return PasskeySignature(words["r"], words["s"], words["authenticatorData"], words["clientDataJSON"])


@pytest.fixture(scope="module")
def worker(web3):
    key = SignerKey(PASSKEY, CAPTURED["key"]["x"], CAPTURED["key"]["y"])
    words = [CAPTURED["enrolment"], *CAPTURED["confirmations"].values()]
    said = {from_hex(one["digest"]): assertion_of(one) for one in words}
    return Worker(from_hex(CAPTURED["workerId"]), CapturedKey(key, said), web3.to_checksum_address(CAPTURED["payout"]))


@pytest.fixture(scope="module")
def captured_site(site, worker, WageEscrow, WorkerRegistry, web3):
    """The site, its registry and escrow at the addresses that were signed for, and the worker enrolled there."""

    def code_of(contract):
        return web3.eth.get_code(contract.address).hex().removeprefix("0x")

    registry, escrow = (web3.to_checksum_address(CAPTURED[name]) for name in ("registry", "escrow"))
    terms = code_of(site.escrow)
    here, there = site.registry.address[2:].lower(), registry[2:].lower()
    assert (CAPTURED["chainId"], 1) == (web3.eth.chain_id, terms.count(here))
    for address, code in ((registry, code_of(site.registry)), (escrow, terms.replace(here, there))):
        web3.provider.make_request("anvil_setCode", [address, "0x" + code])
    moved = replace(site, registry=WorkerRegistry.at(registry), escrow=WageEscrow.at(escrow))
    moved.registry.enrol(*moved.enrolment(worker, deadline=DEADLINE), {"from": moved.relayer})
    return moved


@pytest.fixture(scope="module")
def sheet(captured_site):
    sheet = Sheet(0, [SheetLine.unpacked(from_hex(line)) for line in CAPTURED["lines"]])
    captured_site.post(sheet)
    captured_site.fund(sheet.total_fen)
    return sheet


@pytest.fixture(params=MOODS)
def captured(request):
    """One confirmation as Chromium gave it."""
    return CAPTURED["confirmations"][request.param]


def test_the_captures_are_of_three_moods():
    """A plain one, one with the member that must not be relied on, one with an extension's output and its flag."""
    plain, chatty, extended = (CAPTURED["confirmations"][mood] for mood in ("plain", "chatty", "extended"))
    said = [from_hex(one["authenticatorData"]) for one in (plain, chatty, extended)]

    assert "other_keys_can_be_added_here" in chatty["clientDataJSON"]
    assert "other_keys_can_be_added_here" not in plain["clientDataJSON"]
    assert [(0x05, False), (0x05, False), (0x85, True)] == [(one[32], len(one) > 37) for one in said]


def test_a_browsers_passkey_enrols_its_worker(captured_site, worker):
    key = worker.key.public

    assert ((key.assurance, key.x, key.y), worker.payout) == captured_site.registry.workerOf(worker.worker_id)


def test_what_was_captured_releases_its_lines_together(captured_site, token, worker, sheet):
    confirmations = [captured_site.confirmation(worker, sheet, i, deadline=DEADLINE) for i in range(3)]
    words = pack_confirmations(confirmations)

    paid = captured_site.escrow.release(*sheet.lines_and_proof(0, 1, 2), *words, {"from": captured_site.relayer})

    assert [sheet.payment(i, worker) for i in range(3)] == payments(paid)
    assert sheet.total_fen == token.balanceOf(worker.payout)
    assert 2 == len(words[1])


@pytest.mark.parametrize("place", range(3), ids=MOODS)
def test_what_was_captured_releases_its_line_alone(captured_site, worker, sheet, place):
    words = captured_site.confirm(worker, sheet, place, deadline=DEADLINE)

    paid = captured_site.escrow.releaseLine(*sheet.lines_and_proof(place), *words, {"from": captured_site.relayer})

    assert [place] == indexes(paid)


def test_server_and_registry_agree_that_it_is_the_workers(captured_site, worker, captured):
    digest, signature = from_hex(captured["digest"]), assertion_of(captured)

    assert is_signed_by(worker.key.public, digest, signature, RP_ID_HASH)
    assert (PASSKEY, worker.payout) == captured_site.registry.check(worker.worker_id, digest, pack(signature))


# ---------------------------------------------------------------- any single byte


@pytest.fixture
def is_accepted(captured_site, worker, captured):
    """Whether the registry takes these bytes for the captured words; the indexes are those of the words as captured."""
    client_data = captured["clientDataJSON"].encode()
    places = client_data.index(b'"challenge"'), client_data.index(b'"type"')
    kinds = ["bytes32", "bytes32", "uint256", "uint256", "bytes", "bytes"]

    def asked(changed):
        signature = encode(
            kinds, [changed["r"], changed["s"], *places, changed["authenticatorData"], changed["clientDataJSON"]]
        )
        return 0 != captured_site.registry.check(worker.worker_id, captured["digest"], signature)[0]

    return asked


def parts_of(captured):
    parts = {name: from_hex(captured[name]) for name in ("authenticatorData", "r", "s")}
    return {**parts, "clientDataJSON": captured["clientDataJSON"].encode()}


@pytest.mark.parametrize("part", ["authenticatorData", "clientDataJSON", "r", "s"])
@pytest.mark.parametrize("mask", [0x01, 0x80, 0xFF], ids=["lowest bit", "highest bit", "all bits"])
def test_any_single_byte_changed_is_refused(captured, is_accepted, part, mask):
    parts = parts_of(captured)
    said = parts[part]
    spoilt = [said[:i] + bytes([said[i] ^ mask]) + said[i + 1 :] for i in range(len(said))]

    assert is_accepted(parts)
    assert [] == [i for i, changed in enumerate(spoilt) if is_accepted({**parts, part: changed})]


@pytest.mark.parametrize("part", ["authenticatorData", "clientDataJSON"])
def test_a_byte_fewer_or_more_is_refused(captured, is_accepted, part):
    parts = parts_of(captured)
    said = parts[part]

    assert [] == [
        changed for changed in (said[:-1], said[1:], said + b"\x00", b"\x00" + said, b"")
        if is_accepted({**parts, part: changed})
    ]  # fmt: skip


def test_one_mood_is_not_good_for_another_line(captured_site, worker, captured):
    for other in CAPTURED["confirmations"].values():
        if other is not captured:
            signature = pack(assertion_of(captured))
            assert 0 == captured_site.registry.check(worker.worker_id, other["digest"], signature)[0]
