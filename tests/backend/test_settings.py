"""The environment: every variable typed, what is missing named, and children given the same.

Branches: complete · missing · wrong type · foreign variables · round trip · registrars · deployment file.
"""

from pathlib import Path

import pytest

from anxin.core.deployment import Deployment, NoDeployment
from anxin.settings import Settings, SettingsError

ENOUGH = {
    "ANXIN_DATABASE_URL": "postgresql+asyncpg://localhost/anxin",
    "ANXIN_RPC_URL": "http://127.0.0.1:8545",
    "ANXIN_DEPLOYMENT": "/etc/anxin/deployment.json",
    "ANXIN_JWT_KEY": "11" * 32,
    "ANXIN_DATA_KEYS": "key",
    "ANXIN_INDEX_KEY": "22" * 32,
    "ANXIN_RELAYER_KEY": "33" * 32,
}


def test_variables_become_what_they_are():
    settings = Settings.from_environment(ENOUGH | {"ANXIN_PORT": "9000", "ANXIN_POLL_SECONDS": "0.5"})

    assert (settings.port, settings.poll_seconds) == (9000, 0.5)
    assert Path("/etc/anxin/deployment.json") == settings.deployment


@pytest.mark.parametrize("name", ENOUGH)
def test_missing_variable_is_named(name):
    with pytest.raises(SettingsError, match=name):
        Settings.from_environment({key: value for key, value in ENOUGH.items() if key != name})


def test_everything_that_is_missing_is_named_at_once():
    with pytest.raises(SettingsError, match=", ".join(ENOUGH)):
        Settings.from_environment({})


@pytest.mark.parametrize("text", ["", "xx", "{}", None], ids=["empty", "no JSON", "another's", "no file"])
def test_file_that_is_no_deployment_is_named(tmp_path, text):
    if text is not None:
        (tmp_path / "deployment.json").write_text(text)

    with pytest.raises(NoDeployment, match=r"deployment\.json is not what"):
        Deployment.read(tmp_path / "deployment.json")


@pytest.mark.parametrize(("name", "value"), [("ANXIN_PORT", "http"), ("ANXIN_FINALITY_DEPTH", "1.5")])
def test_variable_of_the_wrong_form_is_named(name, value):
    with pytest.raises(SettingsError, match=name):
        Settings.from_environment(ENOUGH | {name: value})


def test_other_programs_variables_are_not_ours():
    assert Settings.from_environment(ENOUGH) == Settings.from_environment(ENOUGH | {"PORT": "1", "HOME": "/root"})


def test_child_process_gets_the_same_settings():
    settings = Settings.from_environment(ENOUGH | {"ANXIN_PORT": "9000", "ANXIN_REGISTRARS": "0xAB"})

    assert settings == Settings.from_environment(settings.to_environment())


def test_registrars_are_compared_in_lower_case():
    settings = Settings.from_environment(ENOUGH | {"ANXIN_REGISTRARS": " 0xAB, 0xcd,,"})

    assert frozenset({"0xab", "0xcd"}) == settings.registrar_addresses
