"""The actors by name, and the system as it is deployed: bank, registrar and one project's escrow.

Contractor, registrar, bureau and arbiter sign with keys known here; the others only send. A module's deployment is made
once and each test starts from it.
"""

import brownie
import pytest

from anxin.demo.keys import Wallet

from .building_site import DAY_SECONDS, KINDS, RP_ID_HASH, WINDOWS, Site, Worker, word

# `chain` the module: fixtures of that name are Brownie's.
CONTRACTOR_KEY = Wallet.from_hex(f"{0xC0:064x}")
REGISTRAR_KEY = Wallet.from_hex(f"{0xE6:064x}")
BUREAU_KEY = Wallet.from_hex(f"{0xB0:064x}")
ARBITER_KEY = Wallet.from_hex(f"{0xA8:064x}")
# Ascending by address, as EvidenceAnchor wants its witnesses.
WITNESS_KEYS = sorted((Wallet.from_hex(f"{0x817 + n:064x}") for n in range(3)), key=lambda key: key.address)
REGISTRAR_ROLE, BANK_ROLE, BUREAU_ROLE, GUARDIAN_ROLE, PAYOUT_ROLE, WITNESS_ROLE, ARBITER_ROLE = range(1, 8)  # Roles.sol
BANK_CALLS = ("settleLines", "returnLines", "settleDispute", "returnDispute")  # of BankPayout
MINTED_FEN = 10**12


@pytest.fixture(autouse=True)
def isolation(fn_isolation):
    """Each test starts from its module's deployment."""


# ---------------------------------------------------------------- actors


@pytest.fixture(scope="session")
def admin(accounts):
    return accounts[0]


@pytest.fixture(scope="session")
def bank(accounts):
    return accounts[1]


@pytest.fixture(scope="session")
def guardian(accounts):
    return accounts[2]


@pytest.fixture(scope="session")
def stranger(accounts):
    return accounts[3]


@pytest.fixture(scope="session")
def relayer(accounts):
    return accounts[4]


@pytest.fixture(scope="session")
def contractor(accounts):
    return accounts.add(CONTRACTOR_KEY.private.to_hex())


@pytest.fixture(scope="session")
def registrar(accounts):
    return accounts.add(REGISTRAR_KEY.private.to_hex())


@pytest.fixture(scope="session")
def bureau(accounts):
    return accounts.add(BUREAU_KEY.private.to_hex())


@pytest.fixture(scope="session")
def arbiter(accounts):
    return accounts.add(ARBITER_KEY.private.to_hex())


# ---------------------------------------------------------------- the deployed system


@pytest.fixture(scope="module")
def roles(module_isolation, RoleManager, admin, bank, bureau, arbiter, guardian, registrar):
    manager = admin.deploy(RoleManager, admin)
    members = [(REGISTRAR_ROLE, registrar), (BANK_ROLE, bank), (BUREAU_ROLE, bureau), (GUARDIAN_ROLE, guardian)]
    members.append((ARBITER_ROLE, arbiter))
    for role, member in (*members, *((WITNESS_ROLE, key.address) for key in WITNESS_KEYS)):
        manager.grantRole(role, member, 0, {"from": admin})
    return manager


@pytest.fixture(scope="module")
def token(WageToken, roles, admin, bank, contractor, relayer):
    """Wage fen; contractor and relayer hold plenty."""
    coin = admin.deploy(WageToken, roles)
    for call, role in (("mint", BANK_ROLE), ("burn", PAYOUT_ROLE)):
        roles.setTargetFunctionRole(coin, [coin.signatures[call]], role, {"from": admin})
    for holder in (contractor, relayer):
        coin.mint(holder, MINTED_FEN, word(f"deposit of {holder}"), {"from": bank})
    return coin


@pytest.fixture(scope="module")
def registry(WorkerRegistry, roles, admin):
    return admin.deploy(WorkerRegistry, roles, RP_ID_HASH)


@pytest.fixture(scope="module")
def implementation(WageEscrow, module_isolation, admin):
    return admin.deploy(WageEscrow)


@pytest.fixture(scope="module")
def make_factory(WageEscrowFactory, BankPayout, implementation, registry, roles, admin):
    """Make a factory over any token, its bank payout ready to settle and return: `make_factory(token)`."""

    def made(over):
        factory = admin.deploy(WageEscrowFactory, implementation, over, registry, roles)
        payout = BankPayout.at(factory.bank())
        selectors = [payout.signatures[call] for call in BANK_CALLS]
        roles.setTargetFunctionRole(payout, selectors, BANK_ROLE, {"from": admin})
        roles.grantRole(PAYOUT_ROLE, payout, 0, {"from": admin})
        return factory

    return made


@pytest.fixture(scope="module")
def factory(make_factory, token):
    return make_factory(token)


@pytest.fixture(scope="module")
def open_site(WageEscrow, BankPayout, make_factory, registry, contractor, bureau, arbiter, relayer):
    """Open a project's escrow over any token, with a factory and so a bank payout of its own:
    `open_site(token, "north tower")`."""

    def opened(over, project="tower"):
        factory = make_factory(over)
        made = factory.createEscrow(word(project), bureau, arbiter, WINDOWS, {"from": contractor})
        return Site(
            WageEscrow.at(made.events["EscrowCreated"]["escrow"]), registry, over, BankPayout.at(factory.bank()),
            CONTRACTOR_KEY, BUREAU_KEY, ARBITER_KEY, REGISTRAR_KEY, relayer,
        )  # fmt: skip

    return opened


@pytest.fixture(scope="module")
def site(open_site, token):
    return open_site(token)


@pytest.fixture(scope="module")
def bank_payout(site):
    return site.bank_payout


@pytest.fixture(scope="module")
def escrow(site):
    return site.escrow


@pytest.fixture(scope="module")
def crew(site):
    """A passkey, a wallet and a device key: three workers enrolled and joined."""
    workers = [Worker.named(0, "passkey"), Worker.named(1, "wallet"), Worker.named(2, "device")]
    site.enrol(*workers)
    site.join(*workers)
    return workers


@pytest.fixture(scope="module")
def bank_crew(site):
    """The same three kinds of key, in the hands of workers who are paid by the bank."""
    workers = [site.paid_by_bank(20 + i, kind) for i, kind in enumerate(KINDS)]
    site.enrol(*workers)
    site.join(*workers)
    return workers


@pytest.fixture(scope="module")
def outsider():
    """A worker with a key, whom nobody has enrolled."""
    return Worker.named(99)


@pytest.fixture
def deadline():
    """Tomorrow."""
    return brownie.chain[-1].timestamp + DAY_SECONDS
