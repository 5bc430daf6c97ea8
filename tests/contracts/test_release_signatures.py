"""WageEscrow.release: whose signature, over what.

For each kind of key: another key, each field signed otherwise, another escrow, another chain, a high s, a signature cut
short or of another kind → refused with the line's place. A passkey also: another website, no user verification, no
user presence, another ceremony → refused.
"""

from dataclasses import replace

import pytest
from brownie import reverts
from msgspec import structs

from anxin.core.signing import pack
from anxin.demo.keys import DeviceKey, Passkey

from .building_site import KINDS, ORIGIN, RP_ID, key_of, now, on_other_chain, refusal, with_high_s, word

REFUSED = refusal("Escrow_BadWorkerSignature", 0)


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
def refuse(escrow, sheet, relayer, token, crew):
    """Release one line with this signature and see it refused."""

    def released(index, deadline, signature):
        with reverts(REFUSED):
            escrow.release(*sheet.lines_and_proof(index), [(deadline, signature)], {"from": relayer})
        assert 0 == token.balanceOf(crew[index].payout)

    return released


def test_another_key_of_the_same_kind_is_refused(site, crew, sheet, index, refuse):
    thief = replace(crew[index], key=key_of(KINDS[index], 666))

    refuse(index, *site.confirm(thief, sheet, index))


def test_another_workers_signature_is_refused(site, crew, sheet, index, refuse):
    refuse(index, *site.confirm(crew[(index + 1) % 3], sheet, index))


@pytest.mark.parametrize(
    "field",
    [
        {"sheetId": 1}, {"index": 3}, {"workerId": word("somebody")}, {"amount": 1}, {"dayMask": 1},
        {"payslipHash": word("other payslip")},
    ],
    ids=lambda field: next(iter(field)),
)  # fmt: skip
def test_a_field_signed_otherwise_is_refused(site, crew, sheet, index, field, refuse):
    refuse(index, *site.confirm(crew[index], sheet, index, **field))


def test_a_deadline_moved_after_signing_is_refused(site, crew, sheet, index, refuse):
    deadline, signature = site.confirm(crew[index], sheet, index)

    refuse(index, deadline + 1, signature)


def test_two_workers_signatures_swapped_are_refused(site, escrow, crew, sheet, relayer):
    confirmations = [site.confirm(crew[1], sheet, 1), site.confirm(crew[0], sheet, 0)]

    with reverts(REFUSED):
        escrow.release(*sheet.lines_and_proof(0, 1), confirmations, {"from": relayer})


def test_a_signature_under_one_line_is_not_one_under_the_next(site, escrow, crew, relayer):
    """Same worker, same amount, same days, same payslip: the index alone differs."""
    sheet = site.sheet([crew[2], crew[2]])
    twin = replace(sheet, lines=[sheet.lines[0], replace(sheet.lines[0], index=1)])
    site.post(twin)

    with reverts(refusal("Escrow_BadWorkerSignature", 1)):
        escrow.release(*twin.lines_and_proof(0, 1), [site.confirm(crew[2], twin, 0)] * 2, {"from": relayer})


def test_a_signature_under_one_sheet_is_not_one_under_the_next(site, escrow, crew, sheet, index, relayer):
    """The same lines, posted again as the next sheet."""
    following = site.posted(crew)

    with reverts(REFUSED):
        escrow.release(*following.lines_and_proof(index), [site.confirm(crew[index], sheet, index)], {"from": relayer})


def test_a_signature_for_another_escrow_is_refused(site, open_site, token, crew, sheet, index, relayer):
    """The same contractor, the same sheet, the other project."""
    other = open_site(token, "another tower")
    other.post(sheet)
    other.fund(sheet.total_fen)

    with reverts(REFUSED):
        other.escrow.release(*sheet.lines_and_proof(index), [site.confirm(crew[index], sheet, index)], {"from": relayer})


def test_a_signature_for_another_chain_is_refused(site, crew, sheet, index, refuse):
    refuse(index, *site.confirm(crew[index], sheet, index, domain=on_other_chain(site.escrow_domain())))


def test_an_objection_is_not_a_confirmation(site, crew, sheet, index, refuse):
    (*_, deadline), signature = site.objection(crew[index], sheet, index, claimed_fen=200_000)

    refuse(index, deadline, signature)


def test_a_high_s_is_refused(site, crew, sheet, index, refuse):
    deadline = now() + 1_000
    signed = crew[index].key.sign(site.confirmation_digest(sheet, index, deadline))

    refuse(index, deadline, pack(with_high_s(signed)))


def test_no_signature_is_refused(index, refuse):
    refuse(index, now() + 1_000, b"")


def test_a_signature_cut_short_is_refused(site, crew, sheet, index, refuse):
    deadline, signature = site.confirm(crew[index], sheet, index)

    refuse(index, deadline, signature[:-32])


def test_a_signature_of_another_kind_is_refused(site, crew, sheet, index, refuse):
    other = replace(crew[index], key=key_of(KINDS[(index + 1) % 3], 1_000 + index))

    refuse(index, *site.confirm(other, sheet, index))


def test_the_same_point_does_not_make_a_passkey_of_a_device_key(site, crew, sheet, refuse):
    """Who enrolled a passkey signs as a passkey: the assurance told is the assurance proved."""
    refuse(0, *site.confirm(replace(crew[0], key=DeviceKey(crew[0].key.private)), sheet, 0))


def test_the_same_point_does_not_make_a_device_key_of_a_passkey(site, crew, sheet, refuse):
    refuse(2, *site.confirm(replace(crew[2], key=Passkey(crew[2].key.private, RP_ID, ORIGIN)), sheet, 2))


# ---------------------------------------------------------------- passkeys


@pytest.mark.parametrize(
    ("flags", "lacks"), [(0x01, "verification"), (0x04, "presence"), (0x00, "both"), (0x15, "backup eligibility")]
)
def test_a_passkey_without_its_user_is_refused(site, crew, sheet, refuse, flags, lacks):
    deadline = now() + 1_000
    signed = crew[0].key.sign(site.confirmation_digest(sheet, 0, deadline), flags=flags)

    refuse(0, deadline, pack(signed))


def test_a_synced_passkey_with_its_user_is_accepted(site, escrow, crew, sheet, relayer):
    """0x1D: present, verified, eligible for backup, backed up."""
    deadline = now() + 1_000
    signed = crew[0].key.sign(site.confirmation_digest(sheet, 0, deadline), flags=0x1D)

    paid = escrow.release(*sheet.lines_and_proof(0), [(deadline, pack(signed))], {"from": relayer})

    assert 4 == paid.events["Released"]["assurance"]


def test_another_websites_passkey_is_refused(site, crew, sheet, refuse):
    """The same key, led to sign on a look-alike domain."""
    lured = replace(crew[0], key=replace(crew[0].key, rp_id="1ocalhost"))

    refuse(0, *site.confirm(lured, sheet, 0))


@pytest.mark.parametrize(
    ("found", "instead"),
    [('"type":"webauthn.get"', '"type":"webauthn.create"'), ('"crossOrigin":false', '"crossOrigin":true')],
    ids=["another ceremony", "words changed after signing"],
)
def test_other_client_data_is_refused(site, crew, sheet, refuse, found, instead):
    deadline = now() + 1_000
    signed = crew[0].key.sign(site.confirmation_digest(sheet, 0, deadline))

    refuse(0, deadline, pack(structs.replace(signed, client_data_json=signed.client_data_json.replace(found, instead))))


def test_short_authenticator_data_is_refused(site, crew, sheet, refuse):
    deadline = now() + 1_000
    signed = crew[0].key.sign(site.confirmation_digest(sheet, 0, deadline))

    refuse(0, deadline, pack(structs.replace(signed, authenticator_data=signed.authenticator_data[:-2])))
