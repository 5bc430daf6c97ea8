"""Who may do what a role is needed for (Roles.sol, OpenZeppelin's AccessManager).

├── each role does its own thing and none of the others'
├── a member whose acts need scheduling does not hold a role that works by signature
├── a role that is granted for later, or was revoked, is not held; only the administrator grants
└── no role, and not the administrator, moves a wage or an escrow's money
"""

from dataclasses import replace

import pytest
from brownie import reverts

from anxin.core.signing import ANCHOR_DOMAIN_NAME, Domain, digest
from anxin.demo.keys import Wallet

from .book_keeping import assert_books, wait_until
from .building_site import DAY_SECONDS, Worker, indexes, key_of, next_block_at, now, refusal, word
from .conftest import BANK_CALLS

REGISTRAR, BANK, BUREAU, GUARDIAN, PAYOUT, WITNESS = ROLES = range(1, 7)
NAMES = ["registrar", "bank", "bureau", "guardian", "payout", "witness"]
RECEIPT = word("receipt")
MEMBER = Wallet.from_hex(f"{0x3E3:064x}")


@pytest.fixture(scope="module")
def member(accounts):
    """Somebody who holds no role yet, and signs with a key known here."""
    return accounts.add(MEMBER.private.to_hex())


@pytest.fixture(scope="module")
def anchor(EvidenceAnchor, roles, admin):
    return admin.deploy(EvidenceAnchor, roles, 1)


@pytest.fixture
def banked(site, bank_crew):
    """A line with the bank."""
    sheet = site.posted(bank_crew)
    site.fund(sheet.total_fen)
    site.release(sheet, bank_crew, 0, 1, 2)
    return sheet


@pytest.fixture
def acts(site, escrow, registry, token, anchor, bank_payout, crew, banked, member, relayer, web3):
    """What each role is for, done by the member or with the member's signature, and how it is refused."""
    unauthorized = refusal("AccessManagedUnauthorized", member.address)
    as_registrar = replace(site, registrar=MEMBER)
    by_member = {"from": member}

    def witnessed():
        here = Domain(ANCHOR_DOMAIN_NAME, web3.eth.chain_id, anchor.address)
        words = digest(here, "Evidence", {"topic": word("topic"), "day": 1, "root": word("root")})
        args = (word("topic"), 1, word("root"), [member], [MEMBER.sign_bytes(words)])
        return anchor.anchor(*args, {"from": relayer})

    return {
        "enrol": (
            REGISTRAR, lambda: registry.enrol(*as_registrar.enrolment(Worker.named(60)), {"from": relayer}),
            refusal("Registry_NotRegistrar", member.address),
        ),
        "propose a recovery": (
            REGISTRAR,
            lambda: registry.proposeRecovery(*as_registrar.recovery(crew[0], key_of("device", 78)), {"from": relayer}),
            refusal("Registry_NotRegistrar", member.address),
        ),
        "mint": (BANK, lambda: token.mint(member, 1, RECEIPT, by_member), unauthorized),
        "settle": (
            BANK, lambda: bank_payout.settleLines(escrow, *banked.lines_and_proof(0), RECEIPT, by_member), unauthorized,
        ),
        "return": (
            BANK, lambda: bank_payout.returnLines(escrow, *banked.lines_and_proof(1), RECEIPT, by_member), unauthorized,
        ),
        "confirm a recovery": (
            BUREAU,
            lambda: registry.proposeRecovery(
                *site.recovery(crew[1], key_of("device", 79), bureau=MEMBER), {"from": relayer}
            ),
            refusal("Registry_NotBureau", member.address),
        ),
        "pause": (GUARDIAN, lambda: escrow.pause(by_member), refusal("Escrow_NotGuardian", member.address)),
        "burn": (PAYOUT, lambda: token.burn(1, RECEIPT, by_member), unauthorized),
        "witness": (WITNESS, witnessed, refusal("Anchor_NotWitness", member.address)),
    }  # fmt: skip


ACTS = ["enrol", "propose a recovery", "mint", "settle", "return", "confirm a recovery", "pause", "burn", "witness"]


# ---------------------------------------------------------------- each its own


@pytest.mark.parametrize("act", ACTS)
def test_without_a_role_it_is_refused(acts, act):
    _, do, refused = acts[act]

    with reverts(refused):
        do()


@pytest.mark.parametrize("act", ACTS)
def test_with_its_role_it_is_done(acts, roles, token, admin, member, relayer, act):
    role, do, _ = acts[act]
    token.transfer(member, 1, {"from": relayer})
    roles.grantRole(role, member, 0, {"from": admin})

    assert 1 == do().status


@pytest.mark.parametrize("act", ACTS)
def test_with_all_the_other_roles_it_is_refused(acts, roles, admin, member, act):
    role, do, refused = acts[act]
    for other in set(ROLES) - {role}:
        roles.grantRole(other, member, 0, {"from": admin})

    with reverts(refused):
        do()


@pytest.mark.parametrize("act", ACTS)
def test_a_revoked_role_is_not_held(acts, roles, admin, member, act):
    role, do, refused = acts[act]
    roles.grantRole(role, member, 0, {"from": admin})
    roles.revokeRole(role, member, {"from": admin})

    with reverts(refused):
        do()


# ---------------------------------------------------------------- delays


@pytest.mark.parametrize("act", ["enrol", "propose a recovery", "confirm a recovery", "pause", "witness"])
def test_a_role_with_an_execution_delay_does_not_count(acts, roles, admin, member, act):
    """What takes effect by a signature cannot be scheduled: such a member could act at once, delay or not."""
    role, do, refused = acts[act]
    roles.grantRole(role, member, 1, {"from": admin})

    with reverts(refused):
        do()


@pytest.mark.parametrize("act", ["mint", "settle", "return", "burn"])
def test_a_call_with_an_execution_delay_must_be_scheduled(acts, roles, token, admin, member, relayer, act):
    role, do, _ = acts[act]
    token.transfer(member, 1, {"from": relayer})
    roles.grantRole(role, member, DAY_SECONDS, {"from": admin})

    with reverts(revert_pattern="AccessManagerNotScheduled: .*"):
        do()


def test_a_scheduled_call_is_done_after_its_delay(roles, token, admin, member):
    roles.grantRole(BANK, member, DAY_SECONDS, {"from": admin})
    roles.schedule(token, token.mint.encode_input(member, 5, RECEIPT), 0, {"from": member})
    ready = now() + DAY_SECONDS

    next_block_at(ready - 1)
    with reverts(revert_pattern="AccessManagerNotReady: .*"):
        token.mint(member, 5, RECEIPT, {"from": member})
    next_block_at(ready)
    token.mint(member, 5, RECEIPT, {"from": member})

    assert 5 == token.balanceOf(member)


@pytest.mark.parametrize("act", ACTS)
def test_a_role_granted_for_later_is_not_held_until_then(acts, roles, token, admin, member, relayer, act):
    """The administrator can set a delay for granting: those days are for objections."""
    role, do, refused = acts[act]
    token.transfer(member, 1, {"from": relayer})
    roles.setGrantDelay(role, 6 * DAY_SECONDS, {"from": admin})
    next_block_at(now() + 5 * DAY_SECONDS)  # the delay itself takes this long to count
    roles.grantRole(role, member, 0, {"from": admin})
    granted = now() + 6 * DAY_SECONDS

    wait_until(granted - 100)
    with reverts(refused):
        do()
    wait_until(granted)
    assert 1 == do().status


# ---------------------------------------------------------------- who grants


@pytest.mark.parametrize("role", ROLES, ids=NAMES)
@pytest.mark.parametrize("who", ["bank", "guardian", "stranger", "contractor", "registrar", "bureau"])
def test_only_the_administrator_grants(roles, request, member, role, who):
    account = request.getfixturevalue(who)

    with reverts(revert_pattern="AccessManagerUnauthorizedAccount: .*"):
        roles.grantRole(role, member, 0, {"from": account})


@pytest.mark.parametrize("who", ["bank", "stranger", "contractor"])
def test_only_the_administrator_says_which_role_a_call_needs(roles, token, request, who):
    account = request.getfixturevalue(who)

    with reverts(revert_pattern="AccessManagerUnauthorizedAccount: .*"):
        roles.setTargetFunctionRole(token, [token.signatures["mint"]], 2**64 - 1, {"from": account})


def test_a_member_may_resign(roles, bank):
    roles.renounceRole(BANK, bank, {"from": bank})

    assert (False, 0) == roles.hasRole(BANK, bank)


# ---------------------------------------------------------------- no role moves a wage


@pytest.fixture
def almighty(roles, admin, member):
    """One who stole every role there is, and the administrator's own."""
    for role in (0, *ROLES):
        roles.grantRole(role, member, 0, {"from": admin})
    return member


def test_all_roles_together_release_nothing(site, escrow, crew, almighty, relayer):
    """With every operator's key in hostile hands no wage moves but to its worker."""
    sheet = site.posted(crew)
    site.fund(sheet.total_fen)

    for place in range(3):
        words = site.confirm(replace(crew[place], key=MEMBER), sheet, place)
        with reverts(refusal("Escrow_BadWorkerSignature", 0)):
            escrow.releaseLine(*sheet.lines_and_proof(place), *words, {"from": almighty})
    assert_books(site, funded=sheet.total_fen, owed=sheet.total_fen)


def test_all_roles_together_change_no_payout_and_no_key(site, registry, crew, almighty):
    for worker in crew:
        stolen = replace(worker, key=MEMBER)
        with reverts(refusal("Registry_BadWorkerSignature", worker.worker_id)):
            registry.proposePayout(*site.payout_change(stolen, almighty.address), {"from": almighty})
        with reverts(refusal("Registry_BadWorkerSignature", worker.worker_id)):
            registry.rotate(*site.rotation(stolen, MEMBER), {"from": almighty})
        with reverts(refusal("Registry_AlreadyEnrolled", worker.worker_id)):
            registry.enrol(*replace(site, registrar=MEMBER).enrolment(stolen), {"from": almighty})


def test_all_roles_together_take_no_bond_and_close_nothing(site, escrow, almighty):
    """Bureau and contractor of a project are its own, and not roles."""
    site.fund(1_000)
    site.deposit_bond(2_000)

    with reverts(refusal("Escrow_BadContractorSignature", site.contractor.address)):
        escrow.announceClosing(*site.closing_notice(signer=MEMBER), {"from": almighty})
    with reverts(refusal("Escrow_NotAnnounced")):
        escrow.close(*site.closing(signer=MEMBER), {"from": almighty})
    with reverts(refusal("Escrow_NotClosed")):
        escrow.returnBond({"from": almighty})
    with reverts(refusal("Escrow_NotBank", almighty.address)):
        escrow.settleLines(0, b"", [], RECEIPT, {"from": almighty})
    assert_books(site, funded=1_000, bond=2_000)


def test_the_administrator_cannot_stop_wages(site, escrow, roles, registry, token, bank_payout, crew, almighty):
    """Closing every target that the manager knows stops minting and settling, and not one payment."""
    sheet = site.posted(crew)
    site.fund(sheet.total_fen)
    for target in (escrow, registry, token, bank_payout):
        roles.setTargetClosed(target, True, {"from": almighty})

    assert [0, 1, 2] == indexes(site.release(sheet, crew, 0, 1, 2))


def test_wages_are_paid_when_nobody_holds_a_role(site, roles, crew, admin, bank, bureau, guardian, registrar):
    """The platform, the bank and the bureau are gone."""
    sheet = site.posted(crew)
    site.fund(sheet.total_fen)
    for role, who in ((BANK, bank), (BUREAU, bureau), (GUARDIAN, guardian), (REGISTRAR, registrar), (0, admin)):
        roles.renounceRole(role, who, {"from": who})

    assert [0, 1, 2] == indexes(site.release(sheet, crew, 0, 1, 2))


@pytest.mark.parametrize("call", BANK_CALLS)
def test_what_the_bank_alone_may_is_nobodys_until_it_is_given_to_it(
    WageEscrowFactory, BankPayout, implementation, registry, token, roles, admin, bank, escrow, call
):
    """A bank payout as the factory makes it answers to nobody but the administrator."""
    fresh = BankPayout.at(admin.deploy(WageEscrowFactory, implementation, token, registry, roles).bank())
    said = [0, RECEIPT] if call.endswith("Dispute") else [0, b"", [], RECEIPT]

    with reverts(refusal("AccessManagedUnauthorized", bank.address)):
        getattr(fresh, call)(escrow, *said, {"from": bank})
