"""The actors by name, and the system as it is deployed: bank, registrar and one project's escrow.

Contractor and registrar sign with keys known here; the others only send. A module's deployment is made once and each
test starts from it.
"""

import brownie
import pytest

from anxin.demo.keys import Wallet

from .building_site import DAY_SECONDS, RP_ID_HASH, WINDOW_SECONDS, Site, Worker, word

# `chain` the module: fixtures of that name are Brownie's.
CONTRACTOR_KEY = Wallet.from_hex(f"{0xC0:064x}")
REGISTRAR_KEY = Wallet.from_hex(f"{0xE6:064x}")
REGISTRAR_ROLE, BANK_ROLE, BUREAU_ROLE = 1, 2, 3
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
def bureau(accounts):
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


# ---------------------------------------------------------------- the deployed system


@pytest.fixture(scope="module")
def roles(module_isolation, RoleManager, admin, bank, bureau, registrar):
    manager = admin.deploy(RoleManager, admin)
    for role, member in ((REGISTRAR_ROLE, registrar), (BANK_ROLE, bank), (BUREAU_ROLE, bureau)):
        manager.grantRole(role, member, 0, {"from": admin})
    return manager


@pytest.fixture(scope="module")
def token(WageToken, roles, admin, bank, contractor, relayer):
    """Wage fen; contractor and relayer hold plenty."""
    coin = admin.deploy(WageToken, roles)
    selectors = [coin.signatures["mint"], coin.signatures["burn"]]
    roles.setTargetFunctionRole(coin, selectors, BANK_ROLE, {"from": admin})
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
def factory(WageEscrowFactory, implementation, token, registry, admin):
    return admin.deploy(WageEscrowFactory, implementation, token, registry)


@pytest.fixture(scope="module")
def open_site(WageEscrow, WageEscrowFactory, implementation, registry, admin, contractor, bureau, relayer):
    """Open a project's escrow over any token: `open_site(token, "north tower")`."""

    def opened(over, project="tower"):
        makes = admin.deploy(WageEscrowFactory, implementation, over, registry)
        made = makes.createEscrow(word(project), bureau, WINDOW_SECONDS, {"from": contractor})
        escrow = WageEscrow.at(made.events["EscrowCreated"]["escrow"])
        return Site(escrow, registry, over, CONTRACTOR_KEY, REGISTRAR_KEY, relayer)

    return opened


@pytest.fixture(scope="module")
def site(open_site, token):
    return open_site(token)


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
def outsider():
    """A worker with a key, whom nobody has enrolled."""
    return Worker.named(99)


@pytest.fixture
def deadline():
    """Tomorrow."""
    return brownie.chain[-1].timestamp + DAY_SECONDS
