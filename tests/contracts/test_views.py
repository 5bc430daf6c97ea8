"""What anyone can read: WageEscrow's and WorkerRegistry's views, and that two views of one thing agree.

├── terms: as they were fixed by the factory
├── books: free is what is left after owed and contested, never below nothing
├── sheet, dispute: as they stand; unknown → refused
├── sheetCount, disputeCount: also the next id
├── closing, dayCapOf, orderUsed: nothing until it has come to that
├── eip712Domain: the name and address people sign for
└── a registry's views of a worker: none reverts for a stranger but workerOf
"""

import pytest
from brownie import reverts

from anxin.core.signing import pack

from .book_keeping import answered, assert_books, claimed, commitment, contested, dispute, resolved
from .building_site import DAY_CAP_FEN, NOBODY, RP_ID_HASH, WINDOWS, key_of, now, refusal, word

NO_WORD = "0x" + "00" * 32


# ---------------------------------------------------------------- the escrow


def test_the_terms_are_as_fixed(site, escrow, roles, contractor, bureau, arbiter):
    assert {
        "token": site.token, "registry": site.registry, "authority": roles, "bank": site.bank_payout,
        "contractor": contractor, "bureau": bureau, "arbiter": arbiter, "windows": WINDOWS,
    } == {**escrow.terms().dict(), "windows": tuple(escrow.terms()["windows"])}  # fmt: skip


def test_the_implementation_has_no_terms_and_takes_no_money(implementation, relayer):
    """Nobody's money can be put into the code behind the clones."""
    with reverts():
        implementation.terms()
    with reverts():
        implementation.fund(1, word("memo"), {"from": relayer})


def test_an_empty_escrow_has_empty_books(site):
    assert_books(site)


def test_free_is_what_is_left_after_owed_and_contested(site, escrow, crew):
    sheet = site.posted(crew)
    claimed(site, crew[0], amount_fen=100_000)

    free = []
    for amount in (sheet.total_fen, 99_999, 1, 1):
        site.fund(amount)
        free.append(escrow.books()["free"])

    assert [0, 0, 0, 1] == free


def test_the_bond_is_not_free(site, escrow):
    site.deposit_bond(1_000)

    assert 0 == escrow.books()["free"]


def test_the_books_of_a_whole_project_add_up_at_every_step(site, escrow, token, crew, relayer):
    """Posted, funded, paid, contested, admitted, awarded, claimed, stood short, drawn from the bond, paid."""
    sheet = site.posted(crew)
    total = sheet.total_fen
    assert_books(site, owed=total)
    site.fund(total)
    assert_books(site, funded=total, owed=total)
    site.deposit_bond(80_000)
    assert_books(site, funded=total, owed=total, bond=80_000)
    site.release(sheet, crew, 0, 1, 2)
    assert_books(site, bond=80_000)
    contest = contested(site, crew[0], sheet, 0, claimed_fen=200_000)
    assert_books(site, contested=100_000, bond=80_000)
    answered(site, contest, 30_000)
    assert_books(site, owed=30_000, contested=70_000, bond=80_000)
    resolved(site, contest, 50_000)
    assert_books(site, owed=50_000, bond=80_000)
    claim = claimed(site, crew[1], amount_fen=20_000)
    assert_books(site, owed=50_000, contested=20_000, bond=80_000)
    answered(site, claim, 20_000)
    assert_books(site, owed=70_000, bond=80_000)
    escrow.drawBond(*site.bond_draw(70_000), {"from": relayer})
    assert_books(site, funded=70_000, owed=70_000, bond=10_000)
    for each in (contest, claim):
        escrow.releaseStanding(each, {"from": relayer})
    assert_books(site, bond=10_000)

    amounts = [line.amount_fen for line in sheet.lines]
    assert [amounts[0] + 50_000, amounts[1] + 20_000, amounts[2]] == [token.balanceOf(each.payout) for each in crew]


def test_a_sheet_is_remembered_as_posted(site, escrow, crew):
    sheet = site.posted(crew)

    told = escrow.sheet(0).dict()

    assert {
        "root": "0x" + sheet.tree.root.hex(), "total": sheet.total_fen, "postedAt": now(), "bankedAt": 0, "lineCount": 3,
        "firstDay": 20_000, "lastDay": 20_030, "released": 0, "contested": 0, "banked": 0,
    } == {**told, "root": str(told["root"])}  # fmt: skip


def test_an_unknown_sheet_is_refused(site, escrow, crew):
    site.posted(crew)

    with reverts(refusal("Escrow_UnknownSheet", 1)):
        escrow.sheet(1)


def test_an_unknown_dispute_is_refused(site, escrow, crew):
    claimed(site, crew[0])

    with reverts(refusal("Escrow_UnknownDispute", 1)):
        escrow.dispute(1)


def test_counts_are_the_next_ids(site, escrow, crew):
    assert (0, 0) == (escrow.sheetCount(), escrow.disputeCount())

    site.posted(crew)
    ids = [claimed(site, crew[0]), claimed(site, crew[1])]

    assert ([0, 1], 1, 2) == (ids, escrow.sheetCount(), escrow.disputeCount())


def test_a_dispute_about_a_line_asks_for_the_remainder(site, crew):
    sheet = site.posted(crew)

    told = dispute(site, contested(site, crew[0], sheet, 0, claimed_fen=sheet.lines[0].amount_fen + 7))

    assert (7, 2, 4) == (told["asked"], told["state"], told["assurance"])


def test_nothing_is_closing_at_first(escrow):
    assert (0, 0, 0, 0) == tuple(escrow.closing())


def test_a_day_cap_is_nothing_until_the_worker_has_joined(escrow, crew, outsider):
    assert (DAY_CAP_FEN, 0) == (escrow.dayCapOf(crew[0].worker_id), escrow.dayCapOf(outsider.worker_id))


def test_an_order_is_unused_until_it_draws(escrow):
    assert not escrow.orderUsed(word("order"))


def test_wallets_are_told_what_they_sign_for(site, escrow, registry, web3):
    """EIP-5267: name, version, chain and contract."""
    assert [
        ("Anxin WageEscrow", "1", web3.eth.chain_id, escrow.address),
        ("Anxin WorkerRegistry", "1", web3.eth.chain_id, registry.address),
    ] == [tuple(contract.eip712Domain())[1:5] for contract in (escrow, registry)]


# ---------------------------------------------------------------- the registry


def test_a_strangers_views_are_empty(registry, outsider):
    who = outsider.worker_id

    assert NOBODY == registry.payoutOf(who)
    assert (NOBODY, 0) == registry.pendingPayoutOf(who)
    assert ((0, NO_WORD, NO_WORD), 0, False) == registry.pendingRecoveryOf(who)
    assert (0, 0) == (registry.nonceOf(who), registry.recoveryNonceOf(who))
    assert [NO_WORD] == [str(each) for each in registry.commitmentsOf([who])]


def test_who_is_not_enrolled_has_no_key(registry, outsider):
    with reverts(refusal("Registry_NotEnrolled", outsider.worker_id)):
        registry.workerOf(outsider.worker_id)


def test_commitments_come_in_the_order_asked_for(registry, crew, outsider):
    """Also twice the same, and zero where there is none in between."""
    asked = [crew[2], outsider, crew[0], crew[1], crew[2]]

    assert [NO_WORD if who is outsider else commitment(who.key, who.payout) for who in asked] == [
        str(each) for each in registry.commitmentsOf([who.worker_id for who in asked])
    ]


def test_no_commitments_are_none(registry):
    assert 0 == len(registry.commitmentsOf([]))


def test_two_hundred_and_fifty_six_commitments_fit_in_one_read(registry, crew):
    assert 256 == len(registry.commitmentsOf([crew[0].worker_id] * 256))


@pytest.mark.parametrize("place", range(3), ids=["passkey", "wallet", "device"])
def test_a_signature_is_told_with_its_assurance_and_payout(registry, crew, place):
    worker = crew[place]

    answer = registry.check(worker.worker_id, word("words"), pack(worker.key.sign(word("words"))))

    assert ((4, 3, 2)[place], worker.payout) == answer


def test_anothers_signature_is_no_signature(registry, crew):
    by_another = pack(key_of("device", 666).sign(word("words")))

    assert (0, crew[2].payout) == registry.check(crew[2].worker_id, word("words"), by_another)


def test_the_passkeys_domain_is_fixed(registry):
    assert "0x" + RP_ID_HASH.hex() == str(registry.rpIdHash())
