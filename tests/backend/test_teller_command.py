"""The teller as it is started, against both simulated banks behind their real transports, on a real chain."""

import asyncio
import os
import subprocess
import sys

import msgspec
import pytest
from tests.backend.test_teller import DEPTH, START_FEN, WAGE_ACCOUNT, BankSite, events, settled, supply

from anxin.bank.deposit_references import deposit_reference
from anxin.demo.banks import FolderHouse, HttpHouse
from anxin.settings import ROOT
from anxin.stack import EMBEDDED_ACCOUNTS, address_of
from anxin.teller.command import Options, tell_once, teller_of
from anxin.teller.errors import CannotTell

pytest_plugins = ["tests.chain"]


@pytest.fixture(params=["http", "folder"])
async def bank(request, tmp_path):
    house = HttpHouse(token="s3cret") if request.param == "http" else FolderHouse(tmp_path / "exchange")
    async with house:
        yield house


@pytest.fixture
async def site(chain, bank):
    site = BankSite(chain, await chain.escrow_with(START_FEN), bank=bank)
    bank.open_account(WAGE_ACCOUNT.name, WAGE_ACCOUNT.number, balance_fen=START_FEN, is_wage=True)
    for number in range(4):
        bank.open_account(f"工人{number}", site.account(number))
    await chain.mine(DEPTH)
    return site


@pytest.fixture
def options(chain, bank, tmp_path):
    """Of a teller with the account `of`."""

    def options(of="bank", **changed):
        key, deployment = tmp_path / f"{of}.key", tmp_path / "deployment.json"
        key.touch(0o600)
        key.write_text(EMBEDDED_ACCOUNTS[of])
        deployment.write_bytes(msgspec.json.encode(chain.deployment))
        given = {
            "rpc_url": chain.anvil.url, "deployment": deployment, "bank_url": bank.url, "bank_name": "bank-x",
            "key_file": key, "finality_depth": DEPTH, "bank_token": getattr(bank, "token", ""),
        }  # fmt: skip
        return Options(**given | changed)

    return options


async def rounds(chain, options, count=5):
    """As cron would: each a start of its own. Return whether the last one found nothing odd."""
    for _ in range(count):
        fine = await tell_once(options())
        await chain.mine(1 + DEPTH)
    return fine


async def test_wages_and_a_deposit_of_a_whole_month(chain, site, bank, options):
    """One account is closed: paid at the second attempt. The tokens end as the money, whatever order files come in."""
    bank.close_account(site.account(1))
    bank.deposit("建设单位", 7_000, str(deposit_reference(site.escrow)))
    await rounds(chain, options, 4)
    await site.released(700, 900, 1100)
    site.order((0, 700), (1, 900), (2, 1100))
    bank.book()
    await rounds(chain, options, 3)
    bank.open_account("工人1", site.account(1))
    await site.again(range(1, 2))
    site.order((1, 900), attempt=1)
    bank.book()
    bank.repeat_files()
    fine = await rounds(chain, options, 3)

    assert ([0, 2, 1], [1]) == (await settled(chain), [each.args["index"] for each in await events(chain, "LineReturned")])
    assert START_FEN + 7_000 - 2_700 == bank.balance_fen() == await supply(chain)
    assert fine


@pytest.mark.parametrize("bank", ["http"], indirect=True)
async def test_doubts_are_printed_without_anybodys_name(chain, site, bank, options, capsys):
    bank.deposit("某某公司", 7_000, "张三的工资")
    bank.book()
    fine = await rounds(chain, options, 1)

    said = capsys.readouterr()
    assert not fine
    assert "a deposit whose text names no escrow" in said.err
    assert "张三" not in said.err + said.out
    assert "某某" not in said.err + said.out


@pytest.mark.parametrize("bank", ["http"], indirect=True)
async def test_account_without_the_banks_role_is_told_before_anything_is_read(chain, options):
    with pytest.raises(CannotTell, match="does not hold the bank's role"):
        async with teller_of(options("guardian")):
            pass


@pytest.mark.parametrize("bank", ["http"], indirect=True)
async def test_bank_at_no_known_kind_of_address_is_told(chain, options):
    with pytest.raises(CannotTell, match="a bank is at https"):
        async with teller_of(options(bank_url="http://bank.example")):
            pass


@pytest.mark.parametrize("bank", ["http"], indirect=True)
async def test_teller_killed_with_9_at_any_moment_settles_once(chain, site, bank, options):
    """Processes of their own, killed a little later each: the next one goes on from journal, chain and files."""
    await site.released(700, 900)
    site.order((0, 700), (1, 900))
    bank.book()
    given = options()
    command = [
        sys.executable, "-m", "anxin.cli", "teller", "run", "--rpc", given.rpc_url, "--deployment", str(given.deployment),
        "--bank", given.bank_url, "--bank-name", given.bank_name, "--key-file", str(given.key_file),
        "--every-seconds", "0.1", "--finality-depth", str(DEPTH),
    ]  # fmt: skip
    used = await chain.nonce(address_of("bank"))
    for tenths in (12, 16, 20):
        await _run_for(command, tenths / 10, given.bank_token)
        await chain.mine()
    await rounds(chain, options, 3)

    assert [0, 1] == await settled(chain)
    assert used + 1 == await chain.nonce(address_of("bank"))


async def _run_for(command, seconds, token):
    """Until it is killed; the simulated bank is served meanwhile."""
    environment = {**os.environ, "ANXIN_BANK_TOKEN": token}
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    await asyncio.sleep(seconds)
    process.kill()
    await process.wait()
