"""WageEscrow.releaseLine: one posted line, with any signature its worker's key can give.
Whose signature, over what: test_release_signatures.py, both ways.

├── the sheet is unknown; not one line but none or two, or bytes that are not a line → refused
├── the line is not the sheet's, or the proof is not its own → refused
├── the line is paid already → nothing happens, whatever the signature
├── the confirmation has expired → refused
├── the worker is not enrolled → refused
├── the signature is not the worker's → refused
│   ├── a wallet contract says no, says nothing, or burns all gas → refused
│   └── bytes that are no signature, indexes that lead elsewhere → refused, never a panic
├── there is not enough money → PayoutFailed, still owed
└── else → paid to the worker's own payout, whoever sends it; Released with its assurance
    └── the bank pays → marked as banked
"""

from dataclasses import dataclass, replace

import pytest
from brownie import reverts
from eth_abi.abi import encode
from msgspec import structs

from anxin.core.confirmations import can_be_packed
from anxin.core.signing import WALLET, SignerKey, WalletSignature, from_hex, pack

from .building_site import (
    KINDS,
    Worker,
    assertion,
    client_data_of,
    indexes,
    next_block_at,
    now,
    payments,
    refusal,
    word,
    worker_id,
)

REFUSED = refusal("Escrow_BadWorkerSignature", 0)
UINT256_MAX = 2**256 - 1


@pytest.fixture(scope="module")
def sheet(site, crew):
    sheet = site.posted(crew)
    site.fund(sheet.total_fen)
    return sheet


@pytest.fixture(params=range(3), ids=KINDS)
def index(request):
    """The crew's places: each holds another kind of key."""
    return request.param


@pytest.fixture
def send(escrow, relayer):
    """Release a line with this deadline and these bytes as a signature."""

    def sent(sheet, index, deadline, signature):
        return escrow.releaseLine(*sheet.lines_and_proof(index), deadline, signature, {"from": relayer})

    return sent


@pytest.fixture
def refuse(escrow, relayer):
    """See a line's release refused with these bytes as a signature. Only asked, not sent: nothing could move."""

    def refused(sheet, index, deadline, signature):
        with reverts(REFUSED):
            escrow.releaseLine.call(*sheet.lines_and_proof(index), deadline, signature, {"from": relayer})

    return refused


# ---------------------------------------------------------------- paid


def test_a_worker_is_paid_at_their_own_payout(site, escrow, token, crew, sheet, index):
    paid = site.release_line(sheet, crew[index], index)

    assert [sheet.payment(index, crew[index])] == payments(paid)
    assert sheet.lines[index].amount_fen == token.balanceOf(crew[index].payout)
    assert (1 << index, 0) == (escrow.sheet(0)["released"], escrow.sheet(0)["banked"])
    left = sheet.total_fen - sheet.lines[index].amount_fen
    assert (left, left) == (escrow.books()["funded"], escrow.books()["owed"])


def test_a_worker_paid_by_the_bank_is_paid_through_it(site, escrow, token, bank_payout, bank_crew, index):
    sheet = site.posted(bank_crew)
    site.fund(sheet.total_fen)

    paid = site.release_line(sheet, bank_crew[index], index)

    assert [sheet.payment(index, bank_crew[index])] == payments(paid)
    assert sheet.lines[index].amount_fen == token.balanceOf(bank_payout)
    assert (1 << index, paid.timestamp) == (
        escrow.sheet(sheet.sheet_id)["banked"], escrow.sheet(sheet.sheet_id)["bankedAt"],
    )  # fmt: skip


def test_the_sender_is_irrelevant(site, token, crew, sheet, stranger):
    replace(site, relayer=stranger).release_line(sheet, crew[0], 0)

    assert (0, sheet.lines[0].amount_fen) == (token.balanceOf(stranger), token.balanceOf(crew[0].payout))


@pytest.mark.parametrize("size", [1, 2, 256])
def test_the_last_line_of_any_sheet_can_be_released(site, escrow, crew, size):
    sheet = site.posted([crew[2]] * size, amount_fen=10)
    site.fund(sheet.total_fen)

    site.release_line(sheet, crew[2], size - 1)

    assert 1 << (size - 1) == escrow.sheet(sheet.sheet_id)["released"]


def test_a_pause_stops_no_wage(site, escrow, crew, sheet, guardian):
    escrow.pause({"from": guardian})

    assert [0] == indexes(site.release_line(sheet, crew[0], 0))


# ---------------------------------------------------------------- paid once


def test_a_resend_pays_nothing_more(site, token, crew, sheet):
    site.release_line(sheet, crew[0], 0)

    assert [] == indexes(site.release_line(sheet, crew[0], 0))
    assert sheet.lines[0].amount_fen == token.balanceOf(crew[0].payout)


@pytest.mark.parametrize("first", ["release", "releaseLine", "releaseUnsigned", "contest"])
def test_a_line_paid_in_any_way_is_not_paid_again(site, escrow, token, crew, sheet, first, chain, relayer):
    pay = {
        "release": lambda: site.release(sheet, crew, 0),
        "releaseLine": lambda: site.release_line(sheet, crew[0], 0),
        "releaseUnsigned": lambda: escrow.releaseUnsigned(*sheet.lines_and_proof(0), {"from": relayer}),
        "contest": lambda: site.contest(crew[0], sheet, 0, claimed_fen=200_000),
    }
    if first == "releaseUnsigned":
        chain.sleep(8 * 86_400)

    assert [0] == indexes(pay[first]())
    assert [] == indexes(site.release_line(sheet, crew[0], 0))
    assert sheet.lines[0].amount_fen == token.balanceOf(crew[0].payout)


def test_a_paid_line_is_left_alone_without_a_look_at_deadline_or_signature(site, crew, sheet, send):
    site.release_line(sheet, crew[0], 0)

    assert [] == indexes(send(sheet, 0, 0, b"no signature"))


# ---------------------------------------------------------------- the line is the sheet's


def test_a_sheet_nobody_posted_is_refused(site, crew, sheet):
    with reverts(refusal("Escrow_UnknownSheet", 1)):
        site.release_line(replace(sheet, sheet_id=1), crew[0], 0)


@pytest.mark.parametrize(
    ("lines", "count"),
    [
        (lambda sheet: b"", 0), (lambda sheet: sheet.packed(0, 1), 2), (lambda sheet: sheet.packed(0)[:-1], 0),
        (lambda sheet: sheet.packed(0) + b"\x00", 0), (lambda sheet: sheet.packed(), 3),
    ],
    ids=["none", "two", "a byte short", "a byte over", "the whole sheet"],
)  # fmt: skip
def test_anything_but_one_line_is_refused(site, escrow, crew, sheet, relayer, lines, count):
    with reverts(refusal("Escrow_BadLineCount", count)):
        escrow.releaseLine(0, lines(sheet), sheet.tree.proof([0]), *site.confirm(crew[0], sheet, 0), {"from": relayer})


@pytest.mark.parametrize(
    "field",
    [
        {"amount_fen": 999_999}, {"day_mask": 1}, {"index": 1}, {"index": 7}, {"worker_id": worker_id("friend")},
        {"payslip_hash": bytes(32)},
    ],
    ids=["amount", "days", "neighbour's index", "index beyond the sheet", "worker", "payslip"],
)  # fmt: skip
def test_a_changed_line_is_refused_even_if_its_worker_signs_it(site, escrow, crew, sheet, relayer, field):
    forged = replace(sheet, lines=[replace(sheet.lines[0], **field), *sheet.lines[1:]])

    with reverts(refusal("Escrow_LineNotInSheet", 0)):
        escrow.releaseLine(0, forged.packed(0), sheet.tree.proof([0]), *site.confirm(crew[0], forged, 0), {"from": relayer})


@pytest.mark.parametrize("proof", ["short", "long", "empty", "another line's"])
def test_a_proof_that_is_not_the_lines_is_refused(site, escrow, crew, sheet, relayer, proof):
    hashes = sheet.tree.proof([0])
    proofs = {
        "short": hashes[:-1], "long": [*hashes, word("more")], "empty": [], "another line's": sheet.tree.proof([2]),
    }  # fmt: skip

    with reverts(refusal("Escrow_LineNotInSheet", 0)):
        escrow.releaseLine(0, sheet.packed(0), proofs[proof], *site.confirm(crew[0], sheet, 0), {"from": relayer})


# ---------------------------------------------------------------- who and when


def test_a_worker_nobody_enrolled_is_refused(site, outsider):
    sheet = site.posted([outsider])

    with reverts(refusal("Escrow_NotEnrolled", 0, outsider.worker_id)):
        site.release_line(sheet, outsider, 0)


@pytest.mark.parametrize("seconds", [-1, 0])
def test_a_confirmation_is_good_until_its_deadline(site, crew, sheet, send, seconds):
    words = site.confirm(crew[0], sheet, 0, deadline=now() + 1_000)
    next_block_at(words[0] + seconds)

    assert [0] == indexes(send(sheet, 0, *words))


def test_a_confirmation_is_refused_a_second_after_its_deadline(site, crew, sheet, send):
    words = site.confirm(crew[0], sheet, 0, deadline=now() + 1_000)
    next_block_at(words[0] + 1)

    with reverts(refusal("Escrow_Expired", words[0], words[0] + 1)):
        send(sheet, 0, *words)


# ---------------------------------------------------------------- money is short


def test_a_line_without_money_stays_owed_and_is_paid_after_funding(open_site, token, crew):
    """A fen short is short."""
    site = open_site(token, "poor tower")
    sheet = site.posted(crew)
    site.fund(sheet.lines[0].amount_fen - 1)

    short = site.release_line(sheet, crew[0], 0)

    assert ([], [sheet.payment(0, crew[0])]) == (payments(short), payments(short, "PayoutFailed"))
    assert (sheet.total_fen, 0) == (site.escrow.books()["owed"], site.escrow.sheet(0)["released"])

    site.fund(1)
    assert [0] == indexes(site.release_line(sheet, crew[0], 0))
    assert sheet.lines[0].amount_fen == token.balanceOf(crew[0].payout)


# ---------------------------------------------------------------- bytes that are no signature


@pytest.mark.parametrize("length", [0, 1, 32, 63, 64, 65, 66, 191, 192, 193, 224, 1_000])
@pytest.mark.parametrize("fill", [0x00, 0xFF])
def test_noise_of_any_length_is_no_signature(sheet, index, refuse, length, fill):
    """Told as what it is: never a panic, never a revert without a reason."""
    refuse(sheet, index, now() + 1_000, bytes([fill]) * length)


def test_a_signature_cut_short_is_refused(site, crew, sheet, index, refuse):
    """An assertion's last word is padding, so the last byte that counts is further in."""
    deadline, signature = site.confirm(crew[index], sheet, index)

    for cut in (1, 32, 33, 64) if KINDS[index] != "passkey" else (32, 33, 64, 128):
        refuse(sheet, index, deadline, signature[:-cut])


@pytest.mark.parametrize("place", [1, 2], ids=["wallet", "device"])
def test_a_signature_with_a_byte_more_is_refused(site, crew, sheet, place, refuse):
    deadline, signature = site.confirm(crew[place], sheet, place)

    refuse(sheet, place, deadline, signature + b"\x00")


def test_a_wallets_short_form_is_refused(site, crew, sheet, refuse):
    """ERC-2098 packs v into s: 64 bytes that would be a second form of one signature."""
    deadline, signature = site.confirm(crew[1], sheet, 1)
    v_and_s = (signature[64] - 27) << 255 | int.from_bytes(signature[32:64])

    refuse(sheet, 1, deadline, signature[:32] + v_and_s.to_bytes(32))


# ---------------------------------------------------------------- clientDataJSON out of the ordinary


@pytest.fixture
def asserted(site, crew, sheet):
    """The passkey's signature over what `compose` makes of the digest: deadline and assertion."""

    def by(compose, **how):
        deadline = now() + 1_000
        return deadline, assertion(crew[0].key, compose(site.confirmation_digest(sheet, 0, deadline)), **how)

    return by


def packed_with(signature, *, challenge_index, type_index):
    """Return the assertion's bytes with indexes of one's own choosing."""
    return encode(
        ["bytes32", "bytes32", "uint256", "uint256", "bytes", "bytes"],
        [
            from_hex(signature.r), from_hex(signature.s), challenge_index, type_index,
            from_hex(signature.authenticator_data), signature.client_data_json.encode(),
        ],
    )  # fmt: skip


def test_the_indexes_say_where_type_and_challenge_are(asserted, sheet, send):
    """What the refusals below are held against."""
    deadline, signature = asserted(client_data_of)

    assert [0] == indexes(send(sheet, 0, deadline, packed_with(signature, challenge_index=23, type_index=1)))


@pytest.mark.parametrize("challenge_index", [0, 1, 22, 24, 150, 10_000, 2**255, UINT256_MAX - 57, UINT256_MAX])
def test_a_challenge_index_that_leads_elsewhere_is_refused(asserted, sheet, refuse, challenge_index):
    deadline, signature = asserted(client_data_of)

    refuse(sheet, 0, deadline, packed_with(signature, challenge_index=challenge_index, type_index=1))


@pytest.mark.parametrize("type_index", [0, 2, 23, 150, 10_000, 10**8, UINT256_MAX - 20, UINT256_MAX - 31, UINT256_MAX])
def test_a_type_index_that_leads_elsewhere_is_refused(asserted, sheet, refuse, type_index):
    deadline, signature = asserted(client_data_of)

    refuse(sheet, 0, deadline, packed_with(signature, challenge_index=23, type_index=type_index))


def test_members_in_another_order_are_understood(asserted, sheet, send):
    """Old browsers sorted them otherwise; such an assertion cannot be packed, and this is its way."""

    def sorted_members(words):
        members = client_data_of(words)[1:-1].split(",")
        return "{" + ",".join(reversed(members)) + "}"

    deadline, signature = asserted(sorted_members)

    assert not can_be_packed(signature)
    assert [0] == indexes(send(sheet, 0, deadline, pack(signature)))


def test_another_ceremony_is_refused_however_it_is_pointed_at(asserted, sheet, refuse):
    deadline, signature = asserted(lambda words: client_data_of(words, ceremony="webauthn.create"))

    refuse(sheet, 0, deadline, packed_with(signature, challenge_index=26, type_index=1))


@pytest.mark.parametrize(
    "spoilt",
    [
        lambda words: client_data_of(word("other words")),
        lambda words: client_data_of(words).replace('"challenge"', '"challenges"'),
        lambda words: client_data_of(words).replace('"challenge":"', '"challenge": "'),
        lambda words: client_data_of(words).replace('","origin"', '=","origin"'),
        lambda words: client_data_of(words[:-1]),
        lambda words: client_data_of(words + b"\x00"),
    ],
    ids=["other words", "other member", "a blank", "padded", "shorter words", "longer words"],
)
def test_a_challenge_that_is_not_these_words_is_refused(asserted, sheet, refuse, spoilt):
    deadline, signature = asserted(spoilt)
    at = signature.client_data_json.index('"challenge')

    refuse(sheet, 0, deadline, packed_with(signature, challenge_index=at, type_index=1))


@pytest.mark.parametrize("change", [lambda said: said[:-1], lambda said: said + "}", lambda said: said + "\x00"])
def test_client_data_cut_short_or_too_long_is_refused(asserted, sheet, refuse, change):
    deadline, signature = asserted(client_data_of)
    changed = structs.replace(signature, client_data_json=change(signature.client_data_json))

    refuse(sheet, 0, deadline, pack(changed))


@pytest.mark.parametrize("length", [0, 31, 32, 33, 36])
def test_authenticator_data_cut_short_is_refused(asserted, sheet, refuse, length):
    """37 bytes at least: domain, flags, counter."""
    deadline, signature = asserted(client_data_of)
    cut = structs.replace(signature, authenticator_data=signature.authenticator_data[: 2 + 2 * length])

    refuse(sheet, 0, deadline, pack(cut))


@pytest.mark.parametrize(
    ("flags", "extensions"),
    [(0x05, b"\xa0"), (0x85, b""), (0x85, b"\xa0"), (0xC5, b"\x00" * 60)],
    ids=["data without flag", "flag without data", "both", "with a key's data"],
)
def test_what_the_authenticator_added_counts_as_it_signed_it(asserted, sheet, send, flags, extensions):
    deadline, signature = asserted(client_data_of, flags=flags, extensions=extensions)

    assert [0] == indexes(send(sheet, 0, deadline, pack(signature)))


@pytest.mark.parametrize("offset_at", [128, 160], ids=["authenticator data", "client data"])
@pytest.mark.parametrize("offset", [2**255, UINT256_MAX, UINT256_MAX - 31, 10_000])
def test_an_offset_that_leads_out_of_the_call_is_refused(asserted, sheet, refuse, offset_at, offset):
    deadline, signature = asserted(client_data_of)
    packed = pack(signature)

    refuse(sheet, 0, deadline, packed[:offset_at] + offset.to_bytes(32) + packed[offset_at + 32 :])


# ---------------------------------------------------------------- wallets that are contracts


@dataclass(frozen=True)
class ContractWallet:
    """A wallet contract as a key: what it accepts as a signature is its own affair (ERC-1271)."""

    address: str

    @property
    def public(self):
        return SignerKey(WALLET, "0x" + self.address[2:].lower().rjust(64, "0"), "0x" + "00" * 32)

    def sign(self, digest):
        return WalletSignature("0x" + digest.hex())


@pytest.fixture
def smart(GasBurningWallet, site, admin):
    """A worker whose wallet is a contract, that contract, and the worker's sheet."""
    wallet = admin.deploy(GasBurningWallet)
    worker = Worker(worker_id("smart"), ContractWallet(wallet.address), Worker.named(70).payout)
    site.enrol(worker)
    sheet = site.posted([worker])
    site.fund(sheet.total_fen)
    return worker, wallet, sheet


def test_a_wallet_contract_signs_as_a_wallet(site, token, smart):
    worker, _, sheet = smart

    paid = site.release_line(sheet, worker, 0)

    assert [sheet.payment(0, worker, assurance=3)] == payments(paid)
    assert sheet.total_fen == token.balanceOf(worker.payout)


@pytest.mark.parametrize("mood", ["refusing", "silent", "reverting", "shouting"])
def test_a_wallet_contract_that_does_not_agree_has_not_signed(site, escrow, admin, relayer, smart, mood):
    worker, wallet, sheet = smart
    wallet.setMood(["agreeing", "refusing", "silent", "reverting", "shouting"].index(mood), {"from": admin})

    with reverts(REFUSED):
        escrow.releaseLine.call(*sheet.lines_and_proof(0), *site.confirm(worker, sheet, 0), {"from": relayer})


def test_a_wallet_contract_that_burns_all_gas_has_not_signed_and_is_told_for_a_bounded_price(
    site, escrow, admin, relayer, smart, web3
):
    """It cannot exhaust the relayer: 800,000 gas are enough to hear that it did not sign."""
    worker, wallet, sheet = smart
    wallet.setBurning(True, {"from": admin})
    data = escrow.releaseLine.encode_input(*sheet.lines_and_proof(0), *site.confirm(worker, sheet, 0))
    call = {"from": relayer.address, "to": escrow.address, "data": data, "gas": hex(800_000)}

    answer = web3.provider.make_request("eth_call", [call, "latest"])

    refused = web3.keccak(text="Escrow_BadWorkerSignature(uint256)")[:4] + bytes(32)
    assert "0x" + refused.hex() == answer["error"]["data"]


def test_a_wallet_contract_does_not_fit_a_packed_confirmation(site, smart):
    """`release` recovers a key; a contract has none. The neighbours' batch is not held up by it."""
    worker, _, sheet = smart

    with reverts(revert_pattern="Escrow_(BadConfirmation|BadWorkerSignature): 0"):
        site.release(sheet, [worker], 0)


def test_a_wallet_contract_that_is_not_there_has_not_signed(site, sheet, crew, relayer, escrow, smart, web3):
    """Gone by self-destruction or a chain's reset: an address without code is a key's, and the key did not sign."""
    worker, wallet, sheet = smart
    web3.provider.make_request("anvil_setCode", [wallet.address, "0x"])

    with reverts(REFUSED):
        escrow.releaseLine.call(*sheet.lines_and_proof(0), *site.confirm(worker, sheet, 0), {"from": relayer})
