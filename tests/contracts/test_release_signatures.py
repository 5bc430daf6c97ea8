"""WageEscrow.release and releaseLine: whose signature, over what. Both ways must give the same answer.

For each kind of key: another key, each field signed otherwise, another escrow, another chain, a key or payout of
before, a high s, a word of the signature out of bounds → refused with the line's place. A passkey also: another website,
no user verification, no user presence, another ceremony → refused.
What only packed confirmations have: test_release_packed.py; what only the other form has: test_release_line.py.
"""

from dataclasses import replace

import pytest
from brownie import chain, reverts
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from msgspec import structs

from anxin.core.confirmations import PackedConfirmation, pack_confirmations
from anxin.core.signing import P256_ORDER, SECP256K1_ORDER, WalletSignature, pack
from anxin.demo.keys import DeviceKey, Passkey

from .building_site import (
    KINDS,
    ORIGIN,
    RP_ID,
    Worker,
    assertion,
    client_data_of,
    indexes,
    key_of,
    next_block_at,
    now,
    on_other_chain,
    payments,
    refusal,
    with_high_s,
    word,
    worker_id,
)

REFUSED = refusal("Escrow_BadWorkerSignature", 0)
PAYOUT_DELAY_SECONDS = 7 * 86_400


@pytest.fixture(scope="module")
def sheet(site, crew):
    sheet = site.posted(crew)
    site.fund(sheet.total_fen)
    return sheet


@pytest.fixture(params=range(3), ids=KINDS)
def index(request):
    """The crew's places: each holds another kind of key."""
    return request.param


@pytest.fixture(params=["release", "releaseLine"])
def way(request):
    return request.param


@pytest.fixture
def arguments(way, site):
    """What one line's release takes with this signature: packed with the worker's key and payout, or as the registry
    checks it."""

    def of(worker, sheet, index, deadline, signature, *, over=site):
        if way == "releaseLine":
            return *sheet.lines_and_proof(index), deadline, pack(signature)
        to_bank = worker.payout == over.bank_payout.address
        confirmation = PackedConfirmation(worker.key.public, worker.payout, to_bank, deadline, signature)
        return *sheet.lines_and_proof(index), *pack_confirmations([confirmation])

    return of


@pytest.fixture
def release(way, site, arguments, relayer):
    def sent(*signed):
        return getattr(site.escrow, way)(*arguments(*signed), {"from": relayer})

    return sent


@pytest.fixture
def refuse(way, site, arguments, relayer):
    """See one line's release refused with this signature. Only asked, not sent: nothing could move."""

    def refused(*signed, over=site):
        with reverts(REFUSED):
            getattr(over.escrow, way).call(*arguments(*signed, over=over), {"from": relayer})

    return refused


@pytest.fixture
def signed(site):
    """A worker's signature over a line, as `release` and `refuse` take it: deadline and signature."""

    def by(worker, sheet, place, *, sign=None, deadline=None, **changed):
        deadline = deadline or now() + 1_000
        words = site.confirmation_digest(sheet, place, deadline, **changed)
        return deadline, (sign or worker.key.sign)(words)

    return by


def test_the_workers_own_signature_is_accepted(crew, sheet, index, release, signed):
    """What every refusal below is held against."""
    paid = release(crew[index], sheet, index, *signed(crew[index], sheet, index))

    assert [sheet.payment(index, crew[index])] == payments(paid)


# ---------------------------------------------------------------- whose


def test_another_key_of_the_same_kind_is_refused(crew, sheet, index, refuse, signed):
    """Also with the thief's own key brought along: it is not the one on record."""
    thief = replace(crew[index], key=key_of(KINDS[index], 666))

    refuse(thief, sheet, index, *signed(thief, sheet, index))


def test_another_key_under_the_workers_name_is_refused(crew, sheet, index, refuse, signed):
    thief = replace(crew[index], key=key_of(KINDS[index], 666))

    refuse(crew[index], sheet, index, *signed(thief, sheet, index))


def test_another_workers_signature_is_refused(crew, sheet, index, refuse, signed):
    other = crew[(index + 1) % 3]

    refuse(replace(other, payout=crew[index].payout), sheet, index, *signed(other, sheet, index))


def test_a_signature_of_another_kind_is_refused(crew, sheet, index, refuse, signed):
    other = replace(crew[index], key=key_of(KINDS[(index + 1) % 3], 1_000 + index))

    refuse(other, sheet, index, *signed(other, sheet, index))


def test_the_same_point_does_not_make_a_passkey_of_a_device_key(crew, sheet, refuse, signed):
    """Who enrolled a passkey signs as a passkey: the assurance told is the assurance proved."""
    other = replace(crew[0], key=DeviceKey(crew[0].key.private))

    refuse(other, sheet, 0, *signed(other, sheet, 0))


def test_the_same_point_does_not_make_a_device_key_of_a_passkey(crew, sheet, refuse, signed):
    other = replace(crew[2], key=Passkey(crew[2].key.private, RP_ID, ORIGIN))

    refuse(other, sheet, 2, *signed(other, sheet, 2))


# ---------------------------------------------------------------- over what


@pytest.mark.parametrize(
    "field",
    [
        {"sheetId": 1}, {"index": 3}, {"workerId": worker_id("somebody")}, {"amount": 1}, {"dayMask": 1},
        {"payslipHash": word("other payslip")},
    ],
    ids=lambda field: next(iter(field)),
)  # fmt: skip
def test_a_field_signed_otherwise_is_refused(crew, sheet, index, field, refuse, signed):
    refuse(crew[index], sheet, index, *signed(crew[index], sheet, index, **field))


@pytest.mark.parametrize("seconds", [-1, 1])
def test_a_deadline_moved_after_signing_is_refused(crew, sheet, index, refuse, signed, seconds):
    deadline, signature = signed(crew[index], sheet, index)

    refuse(crew[index], sheet, index, deadline + seconds, signature)


@pytest.mark.parametrize("seconds", [-1, 0])
def test_a_signature_is_good_until_its_deadline(crew, sheet, index, release, signed, seconds):
    words = signed(crew[index], sheet, index)
    next_block_at(words[0] + seconds)

    assert [index] == indexes(release(crew[index], sheet, index, *words))


def test_a_signature_is_refused_a_second_after_its_deadline(crew, sheet, index, release, signed):
    words = signed(crew[index], sheet, index)
    next_block_at(words[0] + 1)

    with reverts(refusal("Escrow_Expired", words[0], words[0] + 1)):
        release(crew[index], sheet, index, *words)


def test_a_signature_under_one_line_is_not_one_under_the_next(site, crew, refuse, signed):
    """Same worker, same amount, same days, same payslip: the index alone differs."""
    sheet = site.sheet([crew[2], crew[2]])
    twin = replace(sheet, lines=[sheet.lines[0], replace(sheet.lines[0], index=1)])
    site.post(twin)

    refuse(crew[2], twin, 1, *signed(crew[2], twin, 0))


def test_a_signature_under_one_sheet_is_not_one_under_the_next(site, crew, sheet, index, refuse, signed):
    """The same lines, posted again as the next sheet."""
    following = site.posted(crew)

    refuse(crew[index], following, index, *signed(crew[index], sheet, index))


def test_a_signature_for_another_escrow_is_refused(open_site, token, crew, sheet, index, refuse, signed):
    """The same contractor, the same sheet, the other project."""
    other = open_site(token, "another tower")
    other.post(sheet)
    other.fund(sheet.total_fen)

    refuse(crew[index], sheet, index, *signed(crew[index], sheet, index), over=other)


def test_a_signature_for_another_chain_is_refused(site, crew, sheet, index, refuse, signed):
    refuse(crew[index], sheet, index, *signed(crew[index], sheet, index, domain=on_other_chain(site.escrow_domain())))


def test_a_signature_for_the_registry_is_refused(site, crew, sheet, index, refuse, signed):
    """The other domain that the same key signs under."""
    refuse(crew[index], sheet, index, *signed(crew[index], sheet, index, domain=site.registry_domain()))


def test_an_objection_is_not_a_confirmation(site, crew, sheet, index, way, token, relayer):
    (*_, deadline), signature = site.objection(crew[index], sheet, index, claimed_fen=200_000)
    words = (deadline, signature)
    if way == "release":
        confirmation = site.confirmation(crew[index], sheet, index, deadline=deadline)
        r_s = signature[:64] if index else signature  # a passkey's begins with r and s too
        swapped, tails = pack_confirmations([confirmation])
        place = 29 if KINDS[index] == "wallet" else 29 + 64
        words = swapped[:place] + r_s[:64] + swapped[place + 64 :], tails

    with reverts(REFUSED):
        getattr(site.escrow, way)(*sheet.lines_and_proof(index), *words, {"from": relayer})
    assert 0 == token.balanceOf(crew[index].payout)


# ---------------------------------------------------------------- the registry of now


def test_a_signature_by_a_key_that_was_rotated_away_is_refused(site, crew, sheet, index, refuse, signed):
    """Signed before the rotation, sent after it: a stolen key's words die with the key."""
    words = signed(crew[index], sheet, index)
    site.rotate(crew[index], key_of("device", 777))

    refuse(crew[index], sheet, index, *words)


def test_after_a_rotation_the_new_key_signs(site, crew, sheet, index, release, signed):
    worker = site.rotate(crew[index], key_of("wallet", 777))

    paid = release(worker, sheet, index, *signed(worker, sheet, index))

    assert [sheet.payment(index, worker, assurance=3)] == payments(paid)


def test_a_payout_change_pays_a_signature_of_before_at_the_new_payout(site, token, crew, sheet, index, release, signed, way):
    """The words do not name the payout; the registry does. Packed, the payout of before is refused."""
    words = signed(crew[index], sheet, index, deadline=now() + 2 * PAYOUT_DELAY_SECONDS)
    moved = replace(crew[index], payout=Worker.named(60).payout)
    site.registry.proposePayout(*site.payout_change(crew[index], moved.payout), {"from": site.relayer})
    chain.sleep(PAYOUT_DELAY_SECONDS + 1)
    site.registry.applyPayout(crew[index].worker_id, {"from": site.relayer})

    if way == "release":
        with reverts(REFUSED):
            release(crew[index], sheet, index, *words)
    paid = release(moved, sheet, index, *words)

    assert [sheet.payment(index, moved)] == payments(paid)
    assert (0, sheet.lines[index].amount_fen) == (token.balanceOf(crew[index].payout), token.balanceOf(moved.payout))


# ---------------------------------------------------------------- the signature's form


def test_a_high_s_is_refused(crew, sheet, index, refuse, signed):
    deadline, signature = signed(crew[index], sheet, index)

    refuse(crew[index], sheet, index, deadline, with_high_s(signature))


@pytest.mark.parametrize("field", ["r", "s"])
@pytest.mark.parametrize("number", [0, 1, P256_ORDER, P256_ORDER + 1, 2**256 - 1])
@pytest.mark.parametrize("place", [0, 2], ids=["passkey", "device"])
def test_an_r_or_s_out_of_bounds_is_refused(crew, sheet, refuse, signed, place, field, number):
    deadline, signature = signed(crew[place], sheet, place)

    refuse(crew[place], sheet, place, deadline, structs.replace(signature, **{field: f"0x{number:064x}"}))


@pytest.mark.parametrize("r", [0, SECP256K1_ORDER, 2**256 - 1])
@pytest.mark.parametrize("s", [0, SECP256K1_ORDER, 2**256 - 1])
def test_a_wallets_r_and_s_out_of_bounds_are_refused(crew, sheet, refuse, r, s):
    refuse(crew[1], sheet, 1, now() + 1_000, WalletSignature(f"0x{r:064x}{s:064x}1b"))


@pytest.mark.parametrize("v", [0, 1, 26, 29, 35, 255])
def test_a_wallets_v_is_27_or_28(crew, sheet, refuse, signed, v):
    deadline, signature = signed(crew[1], sheet, 1)

    refuse(crew[1], sheet, 1, deadline, WalletSignature(f"{signature.signature[:-2]}{v:02x}"))


def test_a_wallets_other_v_is_another_wallet(crew, sheet, refuse, signed):
    deadline, signature = signed(crew[1], sheet, 1)
    other = "1b" if signature.signature.endswith("1c") else "1c"

    refuse(crew[1], sheet, 1, deadline, WalletSignature(signature.signature[:-2] + other))


@pytest.mark.parametrize("place", [0, 2], ids=["passkey", "device"])
def test_swapped_r_and_s_are_refused(crew, sheet, refuse, signed, place):
    deadline, signature = signed(crew[place], sheet, place)

    refuse(crew[place], sheet, place, deadline, structs.replace(signature, r=signature.s, s=signature.r))


def test_a_device_key_signs_the_hash_and_not_the_digest_itself(crew, sheet, refuse, signed):
    """WebCrypto hashes its message: a signature over the bare digest comes from elsewhere."""

    def bare(digest):
        r, s = decode_dss_signature(crew[2].key.private.sign(digest, ec.ECDSA(Prehashed(hashes.SHA256()))))
        return structs.replace(crew[2].key.sign(digest), r=f"0x{r:064x}", s=f"0x{min(s, P256_ORDER - s):064x}")

    refuse(crew[2], sheet, 2, *signed(crew[2], sheet, 2, sign=bare))


# ---------------------------------------------------------------- passkeys


@pytest.mark.parametrize(
    ("flags", "lacks"),
    [(0x01, "verification"), (0x04, "presence"), (0x00, "both"), (0x15, "backup eligibility"), (0x11, "all but presence")],
)
def test_a_passkey_without_its_user_is_refused(crew, sheet, refuse, signed, flags, lacks):
    refuse(crew[0], sheet, 0, *signed(crew[0], sheet, 0, sign=lambda words: crew[0].key.sign(words, flags=flags)))


@pytest.mark.parametrize("flags", [0x05, 0x0D, 0x1D], ids=["bound to a device", "could be synced", "synced"])
def test_a_passkey_with_its_user_is_accepted(crew, sheet, release, signed, flags):
    words = signed(crew[0], sheet, 0, sign=lambda words: crew[0].key.sign(words, flags=flags))

    assert [4] == [payment.assurance for payment in payments(release(crew[0], sheet, 0, *words))]


def test_flags_raised_after_signing_are_refused(crew, sheet, refuse, signed):
    deadline, signature = signed(crew[0], sheet, 0, sign=lambda words: crew[0].key.sign(words, flags=0x01))
    verified = signature.authenticator_data[:66] + "05" + signature.authenticator_data[68:]

    refuse(crew[0], sheet, 0, deadline, structs.replace(signature, authenticator_data=verified))


def test_another_websites_passkey_is_refused(crew, sheet, refuse, signed):
    """The same key, led to sign on a look-alike domain."""
    lured = replace(crew[0].key, rp_id="1ocalhost")

    refuse(crew[0], sheet, 0, *signed(crew[0], sheet, 0, sign=lured.sign))


@pytest.mark.parametrize(
    ("found", "instead"),
    [
        ('"crossOrigin":false', '"crossOrigin":true'), (ORIGIN, "https://1ocalhost"), ("}", ""), ("}", "}}"), ("}", "} "),
        ("}", ',"more":1}'),
    ],
    ids=["another member", "another origin", "cut short", "a bracket more", "a blank more", "a member more"],
)  # fmt: skip
def test_client_data_changed_after_signing_is_refused(crew, sheet, refuse, signed, found, instead):
    deadline, signature = signed(crew[0], sheet, 0)
    changed = signature.client_data_json.replace(found, instead)

    assert changed != signature.client_data_json
    refuse(crew[0], sheet, 0, deadline, structs.replace(signature, client_data_json=changed))


def test_another_ceremony_passed_off_as_this_one_is_refused(crew, sheet, refuse, signed):
    """What a key signs when it is created is not a word about wages."""

    def created(words):
        honest = assertion(crew[0].key, client_data_of(words, ceremony="webauthn.create"))
        return structs.replace(honest, client_data_json=client_data_of(words))

    refuse(crew[0], sheet, 0, *signed(crew[0], sheet, 0, sign=created))


def test_a_browser_that_says_more_is_understood(crew, sheet, release, signed):
    """Chromium adds a member now and then, to keep others from comparing whole texts."""
    tail = ',"other_keys_can_be_added_here":"do not compare clientDataJSON against a template"'
    words = signed(crew[0], sheet, 0, sign=lambda digest: assertion(crew[0].key, client_data_of(digest, tail=tail)))

    assert [0] == indexes(release(crew[0], sheet, 0, *words))


def test_an_authenticator_that_adds_extensions_is_understood(crew, sheet, release, signed):
    def extended(words):
        return assertion(crew[0].key, client_data_of(words), flags=0x85, extensions=b"\xa1\x63uvm\x81\x83\x02\x04\x02")

    assert [0] == indexes(release(crew[0], sheet, 0, *signed(crew[0], sheet, 0, sign=extended)))


@pytest.mark.parametrize(
    "change",
    [lambda said: said[:-2], lambda said: said + "00", lambda said: said[:-2] + "03"],
    ids=["cut short", "longer", "changed"],
)
def test_extensions_changed_after_signing_are_refused(crew, sheet, refuse, signed, change):
    def extended(words):
        honest = assertion(crew[0].key, client_data_of(words), flags=0x85, extensions=b"\xa1\x63uvm\x81\x83\x02\x04\x02")
        return structs.replace(honest, authenticator_data=change(honest.authenticator_data))

    refuse(crew[0], sheet, 0, *signed(crew[0], sheet, 0, sign=extended))
