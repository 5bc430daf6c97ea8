"""`anxin doctor`: everything that is missing at once, each with the setting's name and what to do.

Branches: nothing set · nothing missing · database, node, second node, contracts away or others · messages, registrars,
pages · half a real-name platform.
"""

from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from anxin.cli import main
from anxin.core.deployment import Deployment
from anxin.doctor import missing

pytest_plugins = ["tests.chain"]
SECRET = "s3cr3t-k3y"
NAMES = {
    "ANXIN_WEB_FOLDER": {"web_folder": Path("/nowhere")},
    "ANXIN_TWILIO_ACCOUNT_SID": {"twilio_from": ""},
    "ANXIN_REGISTRARS": {"registrars": ""},
    "ANXIN_REALNAME_URL": {"realname_url": "https://platform.example"},
    "ANXIN_DATABASE_URL": {"database_url": f"postgresql+asyncpg://anxin:{SECRET}@127.0.0.1:1/wages"},
    "ANXIN_DEPLOYMENT": {"deployment": Path("/nowhere")},
    "ANXIN_RPC_URL": {"rpc_url": f"http://127.0.0.1:1/{SECRET}"},
    "ANXIN_SECOND_RPC_URL": {"second_rpc_url": f"node.example/{SECRET}"},
}


@pytest.fixture
def complete(settings, chain, tmp_path):
    """Settings of a process that lacks nothing."""
    file = tmp_path / "deployment.json"
    file.write_bytes(msgspec.json.encode(chain.deployment))
    return msgspec.structs.replace(
        settings, rpc_url=chain.anvil.url, deployment=file, web_folder=tmp_path, twilio_account_sid="AC1",
        twilio_auth_token=SECRET, twilio_from="+18005550100",
    )  # fmt: skip


async def test_nothing_is_missing_where_everybody_answers(complete):
    assert [] == await missing(complete)


@pytest.mark.parametrize(("name", "changed"), NAMES.items(), ids=NAMES)
async def test_each_thing_that_is_missing_is_named_alone(complete, name, changed):
    (sentence,) = await missing(msgspec.structs.replace(complete, **changed))

    assert (name, False) == (sentence.split(":")[0].split(",")[0], SECRET in sentence)


async def test_everything_is_told_at_once(complete):
    everything = {field: value for changed in NAMES.values() for field, value in changed.items()}

    told = await missing(msgspec.structs.replace(complete, **everything))

    assert list(NAMES) == [each.split(":")[0].split(",")[0] for each in told]


async def test_contracts_of_another_chain_are_not_ours(complete):
    other = msgspec.structs.replace(Deployment.read(complete.deployment), genesis_hash="0x" + "11" * 32)
    complete.deployment.write_bytes(msgspec.json.encode(other))

    (sentence,) = await missing(complete)
    assert "this chain is not the one the contracts were deployed on" in sentence


def test_command_ends_with_1_and_a_line_for_each(monkeypatch):
    assert_told(monkeypatch, {}, ["✗ missing: ANXIN_DATABASE_URL, "])
    required = ("DATABASE_URL", "DEPLOYMENT", "JWT_KEY", "DATA_KEYS", "INDEX_KEY", "RELAYER_KEY", "RPC_URL", "WEB_FOLDER")
    names = ("WEB_FOLDER", "TWILIO_ACCOUNT_SID", "REGISTRARS", "DATABASE_URL", "DEPLOYMENT", "RPC_URL")
    assert_told(monkeypatch, dict.fromkeys(required, "/nowhere"), [f"✗ ANXIN_{name}" for name in names])


def assert_told(monkeypatch, settings, beginnings):
    for name, value in settings.items():
        monkeypatch.setenv(f"ANXIN_{name}", value)
    told = CliRunner().invoke(main, ["doctor"])
    lines = told.output.splitlines()

    assert (1, len(beginnings)) == (told.exit_code, len(lines)), told.output
    assert all(line.startswith(each) for line, each in zip(lines, beginnings, strict=True)), told.output
