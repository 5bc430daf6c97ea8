"""scripts/deploy.py on a real anvil: all of it, twice, cut off anywhere, handed over, and refusals."""

import asyncio
import json
import os
import re
import socket
import sys
from pathlib import Path

import pytest
from tests.chain import Wire
from web3 import HTTPProvider, Web3

from anxin.core.deployment import Deployment
from anxin.core.embedded import EmbeddedChain
from anxin.demo.keys import Wallet
from anxin.settings import ROOT
from anxin.stack import address_of

DEPLOYER_KEY = "0x" + "d1" * 32  # none of the node's own: it signs here, as it does on a public chain
DEPLOYER = Web3.to_checksum_address(Wallet.from_hex(DEPLOYER_KEY).address)
REGISTRAR, BANK, BUREAU = address_of("registrar"), address_of("bank"), address_of("bureau")
GUARDIAN, WITNESS, OTHER_WITNESS, ARBITER, HEIR = (
    Web3.to_checksum_address(f"0x{n:040x}") for n in (0x61, 0x71, 0x72, 0xA7, 0xAD)
)
ROLES = {1: {REGISTRAR}, 2: {BANK}, 3: {BUREAU}, 4: {GUARDIAN}, 6: {WITNESS, OTHER_WITNESS}, 7: {ARBITER}}
PARTIES = [
    "--registrar", REGISTRAR, "--bank", BANK, "--bureau", BUREAU, "--arbiter", ARBITER,
    "--guardian", GUARDIAN, "--witness", WITNESS, OTHER_WITNESS, "--witness-threshold", "2", "--relayer", REGISTRAR,
]  # fmt: skip
LINES, DISPUTE = "(address,uint256,bytes,bytes32[],bytes32)", "(address,uint256,bytes32)"
FUNCTION_ROLES = {
    ("WageToken", "mint(address,uint256,bytes32)"): 2,
    ("WageToken", "burn(uint256,bytes32)"): 5,
    ("BankPayout", "settleLines" + LINES): 2,
    ("BankPayout", "returnLines" + LINES): 2,
    ("BankPayout", "settleDispute" + DISPUTE): 2,
    ("BankPayout", "returnDispute" + DISPUTE): 2,
}
DAY = 86_400


@pytest.fixture(scope="module")
async def anvil(tmp_path_factory):
    """A chain of these tests' own, its URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    async with EmbeddedChain(tmp_path_factory.mktemp("anvil"), port, save_every_seconds=3600) as chain:
        await chain.rpc("anvil_setBalance", DEPLOYER, hex(100 * 10**18))
        yield chain.url


@pytest.fixture
def web3(anvil):
    return Web3(HTTPProvider(anvil))


class Deployed:
    """A deployment as its file and the chain tell of it."""

    def __init__(self, web3, out):
        self._web3 = web3
        self.addresses = json.loads(out.read_text())["addresses"]
        self.roles = self.at("RoleManager")
        self.start_block = json.loads(out.read_text())["startBlock"]

    def at(self, name):
        abi = json.loads((ROOT / "build" / "contracts" / f"{name}.json").read_text())["abi"]
        return self._web3.eth.contract(Web3.to_checksum_address(self.addresses[name]), abi=abi)

    def read(self, name, function, *arguments):
        return self.at(name).functions[function](*arguments).call()

    def members(self, role):
        logs = self.roles.events.RoleGranted().get_logs(from_block=self.start_block, argument_filters={"roleId": role})
        accounts = {log["args"]["account"] for log in logs}
        return {account for account in accounts if self.roles.functions.hasRole(role, account).call() == [True, 0]}

    def admin_of(self, account):
        """Whether this account administers the roles, and how many seconds ahead it must say what it will do."""
        return tuple(self.roles.functions.hasRole(0, account).call())


def environment():
    return {name: value for name, value in os.environ.items() if not name.startswith("ANXIN_")} | {
        "ANXIN_DEPLOYER_KEY": DEPLOYER_KEY
    }


async def started(url, out, *options):
    """A process of its own, as people start it."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "scripts/deploy.py", "--rpc", url, "--out", str(out), *options, cwd=ROOT, env=environment(),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip


async def ended(process):
    """Its exit code and what it said."""
    said, _ = await process.communicate()
    return process.returncode, said.decode()


@pytest.fixture(scope="module")
async def deploying(anvil):
    """A process that has loaded the project and takes options for one run after the other."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(Path(__file__).with_name("deploying.py")), anvil, cwd=ROOT, env=environment(),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    yield process
    process.stdin.close()
    await process.wait()


@pytest.fixture
def deploy(deploying):
    """`await deploy(out, *options)` is exit code and what was said; with "--cut", how often it was cut off besides."""

    async def deployed(out, *options):
        deploying.stdin.write(json.dumps(["--out", str(out), *options]).encode() + b"\n")
        code, said, cuts = json.loads(await deploying.stdout.readline())
        return (code, said, cuts) if "--cut" in options else (code, said)

    return deployed


@pytest.fixture(scope="module")
async def finished(anvil, tmp_path_factory):
    """The file of a finished deployment. Tests that alter it take a copy."""
    out = tmp_path_factory.mktemp("finished") / "deployment.json"
    code, said = await ended(await started(anvil, out, *PARTIES))
    assert code == 0, said
    return out


@pytest.fixture
def copy(finished, tmp_path):
    def copied(**addresses):
        record = json.loads(finished.read_text())
        record["addresses"] |= addresses
        out = tmp_path / "deployment.json"
        out.write_text(json.dumps(record))
        return out

    return copied


# ---------------------------------------------------------------- all of it


def test_every_contract_is_wired_to_the_others(finished, web3):
    deployed = Deployed(web3, finished)
    at = {name: Web3.to_checksum_address(address) for name, address in deployed.addresses.items()}

    assert {
        "RoleManager", "WageToken", "WorkerRegistry", "WageEscrow", "WageEscrowFactory", "BankPayout", "EvidenceAnchor"
    } == at.keys()  # fmt: skip
    assert at["BankPayout"] == deployed.read("WageEscrowFactory", "bank")
    assert [at["WageEscrow"], at["WageToken"], at["WorkerRegistry"], at["RoleManager"]] == [
        deployed.read("WageEscrowFactory", name) for name in ("implementation", "token", "registry", "authority")
    ]
    assert [at["RoleManager"]] * 4 == [
        deployed.read(name, "authority") for name in ("WageToken", "WorkerRegistry", "BankPayout", "EvidenceAnchor")
    ]
    assert [at["WageEscrowFactory"], at["WageToken"]] == [deployed.read("BankPayout", n) for n in ("factory", "token")]
    assert 2 == deployed.read("EvidenceAnchor", "threshold")


def test_roles_are_held_by_those_named_and_nobody_else(finished, web3):
    deployed = Deployed(web3, finished)

    assert ROLES | {5: {Web3.to_checksum_address(deployed.addresses["BankPayout"])}} == {
        role: deployed.members(role) for role in range(1, 8)
    }
    assert (True, 0) == deployed.admin_of(DEPLOYER)


def test_each_protected_function_needs_its_role(finished, web3):
    deployed = Deployed(web3, finished)
    needs = deployed.roles.functions.getTargetFunctionRole

    assert FUNCTION_ROLES == {
        (name, signature): needs(Web3.to_checksum_address(deployed.addresses[name]), Web3.keccak(text=signature)[:4]).call()
        for name, signature in FUNCTION_ROLES
    }


def test_roles_have_names_on_chain(finished, web3):
    deployed = Deployed(web3, finished)
    labels = deployed.roles.events.RoleLabel().get_logs(from_block=deployed.start_block)

    assert {1: "REGISTRAR", 2: "BANK", 3: "BUREAU", 4: "GUARDIAN", 5: "PAYOUT", 6: "WITNESS", 7: "ARBITER"} == {
        log["args"]["roleId"]: log["args"]["label"] for log in labels
    }


def test_the_backend_reads_what_was_written(finished):
    assert 31337 == Deployment.read(finished).chain_id


# ---------------------------------------------------------------- twice, and cut off


async def test_running_again_sends_nothing_and_changes_no_file(deploy, finished, web3):
    before, sent = finished.read_text(), web3.eth.get_transaction_count(DEPLOYER)

    code, said = await deploy(finished, *PARTIES)

    assert (0, before, sent) == (code, finished.read_text(), web3.eth.get_transaction_count(DEPLOYER)), said


async def test_who_is_named_later_is_granted_besides(deploy, tmp_path, web3):
    out, newcomer = tmp_path / "deployment.json", Web3.to_checksum_address("0x" + "b2" * 20)
    await deploy(out, "--bank", BANK)

    code, said = await deploy(out, "--bank", newcomer)

    assert 0 == code, said
    assert {BANK, newcomer} == Deployed(web3, out).members(2)


async def test_cut_off_after_each_transaction_it_ends_as_if_it_never_was(deploy, tmp_path, web3):
    """Each contract is deployed once, each grant made once, and the hand-over is completed."""
    out, sent = tmp_path / "deployment.json", web3.eth.get_transaction_count(DEPLOYER)

    code, said, cuts = await deploy(out, *PARTIES, "--admin", HEIR, "--admin-delay", "60", "--cut")

    assert 0 == code, said
    deployed = Deployed(web3, out)
    assert (6 + 3 + 7 + 8 + 2) == cuts  # contracts, function roles, labels, grants, hand-over
    assert cuts == web3.eth.get_transaction_count(DEPLOYER) - sent
    assert ROLES == {role: deployed.members(role) for role in ROLES}
    assert [(True, 60), (False, 0)] == [deployed.admin_of(HEIR), deployed.admin_of(DEPLOYER)]


class KillingWire(Wire):
    """Kills the process that speaks over it as soon as the node has that many transactions of it."""

    def __init__(self, node, transactions):
        super().__init__(node)
        self.left, self.process = transactions, None

    async def _forward(self, request):
        (answer,) = await super()._forward([request])
        if request["method"] == "eth_sendRawTransaction":
            self.left -= 1
            if self.left == 0:
                self.process.kill()
        return answer


async def test_killed_while_a_contract_was_on_its_way_it_goes_on_with_that_contract(anvil, deploy, tmp_path, web3):
    out, sent = tmp_path / "deployment.json", web3.eth.get_transaction_count(DEPLOYER)
    async with KillingWire(anvil, transactions=3) as wire:
        wire.process = await started(wire.url, out, *PARTIES)
        await wire.process.communicate()
    assert not out.exists()
    known = json.loads(out.with_suffix(".unfinished.json").read_text())["addresses"]

    code, said = await deploy(out, *PARTIES)

    assert 0 == code, said
    assert known == {name: Deployed(web3, out).addresses[name] for name in ("RoleManager", "WageToken", "WorkerRegistry")}
    assert (6 + 3 + 7 + 8) == web3.eth.get_transaction_count(DEPLOYER) - sent
    assert not out.with_suffix(".unfinished.json").exists()


# ---------------------------------------------------------------- handed over


@pytest.fixture(scope="module")
async def handed_over(anvil, tmp_path_factory):
    out = tmp_path_factory.mktemp("handed-over") / "deployment.json"
    code, said = await ended(await started(anvil, out, *PARTIES, "--admin", HEIR))
    assert code == 0, said
    return out


def test_who_takes_over_must_announce_changes_two_days_ahead(handed_over, web3):
    deployed = Deployed(web3, handed_over)

    assert [(True, 2 * DAY), (False, 0)] == [deployed.admin_of(HEIR), deployed.admin_of(DEPLOYER)]


async def test_after_the_hand_over_it_only_checks(deploy, handed_over, web3):
    sent = web3.eth.get_transaction_count(DEPLOYER)

    code, said = await deploy(handed_over, *PARTIES, "--admin", HEIR)

    assert (0, sent) == (code, web3.eth.get_transaction_count(DEPLOYER)), said
    assert f"administered by {HEIR}, 172,800 s after announcing" in said


async def test_after_the_hand_over_it_says_who_must_do_what_and_that_works(deploy, handed_over, web3):
    """The calls it prints are made by the new administrator, and it is content."""
    newcomer = Web3.to_checksum_address("0x" + "b3" * 20)

    code, said = await deploy(handed_over, "--bank", newcomer)

    assert 1 == code
    assert f"BANK to {newcomer}" in said
    assert f"{HEIR} administers the roles and must schedule(…) each, wait 172,800 s" in said
    (data,) = re.findall(r"^    (0x[0-9a-f]+)$", said, re.MULTILINE)
    announce_and_execute(web3, Deployed(web3, handed_over).roles, data)
    code, said = await deploy(handed_over, "--bank", newcomer)
    assert 0 == code, said


def announce_and_execute(web3, roles, data):
    request = web3.provider.make_request
    request("anvil_impersonateAccount", [HEIR])
    request("anvil_setBalance", [HEIR, hex(10**18)])
    web3.eth.wait_for_transaction_receipt(roles.functions.schedule(roles.address, data, 0).transact({"from": HEIR}))
    request("evm_increaseTime", [2 * DAY + 1])
    request("evm_mine", [])
    web3.eth.wait_for_transaction_receipt(roles.functions.execute(roles.address, data).transact({"from": HEIR}))


async def test_nobody_else_can_be_named_after_the_hand_over(deploy, handed_over):
    other = Web3.to_checksum_address("0x" + "ad" * 20)

    code, said = await deploy(handed_over, *PARTIES, "--admin", other)

    assert 1 == code
    assert f"The roles are administered by {HEIR}, not by {other} alone." in said


# ---------------------------------------------------------------- refusals


async def test_other_sources_are_refused(deploy, finished, copy):
    other = json.loads(finished.read_text())["addresses"]["WorkerRegistry"]

    code, said = await deploy(copy(WageToken=other), *PARTIES)

    assert 1 == code
    assert "was built from other sources" in said


async def test_a_role_manager_of_another_deployment_is_refused(deploy, copy, handed_over):
    """Same code, other wiring."""
    other = json.loads(handed_over.read_text())["addresses"]["RoleManager"]

    code, said = await deploy(copy(RoleManager=other), *PARTIES)

    assert 1 == code
    assert "The token's authority is" in said


async def test_a_node_without_the_recorded_contracts_is_told_and_nothing_is_deployed(deploy, copy, web3):
    sent = web3.eth.get_transaction_count(DEPLOYER)

    code, said = await deploy(copy(WageEscrow="0x" + "e5" * 20), *PARTIES)

    assert (1, sent) == (code, web3.eth.get_transaction_count(DEPLOYER))
    assert "where this node has no contract" in said


async def test_a_file_of_another_chain_is_left_alone(deploy, finished, tmp_path):
    out = tmp_path / "deployment.json"
    out.write_text(json.dumps(json.loads(finished.read_text()) | {"chainId": 1}))

    code, said = await deploy(out, *PARTIES)

    assert 1 == code
    assert "is of chain 1, and this is chain 31337" in said


async def test_while_a_transaction_of_the_deployer_waits_nothing_is_sent(deploy, tmp_path, web3):
    waiting = {
        "to": HEIR, "value": 1, "gas": 21_000, "gasPrice": web3.eth.gas_price, "chainId": web3.eth.chain_id,
        "nonce": web3.eth.get_transaction_count(DEPLOYER),
    }  # fmt: skip
    web3.provider.make_request("evm_setAutomine", [False])
    try:
        web3.eth.send_raw_transaction(web3.eth.account.sign_transaction(waiting, DEPLOYER_KEY).raw_transaction)

        code, said = await deploy(tmp_path / "deployment.json", *PARTIES)

        assert 1 == code
        assert f"1 transactions of {DEPLOYER} are not in a block yet" in said
        assert waiting["nonce"] + 1 == web3.eth.get_transaction_count(DEPLOYER, "pending")
    finally:
        web3.provider.make_request("evm_setAutomine", [True])
        web3.provider.make_request("evm_mine", [])


async def test_passkeys_of_another_domain_are_refused(deploy, finished):
    code, said = await deploy(finished, *PARTIES, "--rp-id", "wages.example")

    assert 1 == code
    assert "is for passkeys of localhost, which cannot be changed" in said


async def test_another_threshold_than_the_deployed_one_is_refused(deploy, finished):
    code, said = await deploy(finished, *PARTIES, "--witness-threshold", "1")

    assert 1 == code
    assert "The anchor's threshold is 2, not 1" in said


@pytest.mark.parametrize(
    ("option", "value"), [("--admin", "0x" + "00" * 20), ("--bank", "0xb0"), ("--witness-threshold", "0")]
)
async def test_what_is_no_address_or_number_is_refused_before_anything_is_sent(deploy, tmp_path, option, value):
    code, said = await deploy(tmp_path / "deployment.json", option, value)

    assert 2 == code
    assert f"{value} is no" in said
