"""The command line: every command is in the README, and mistakes are sentences."""

import pytest
from click.testing import CliRunner

from anxin.cli import main
from anxin.settings import ROOT

README = (ROOT / "README.md").read_text()


@pytest.mark.parametrize("command", sorted(main.commands))
def test_command_is_in_the_readme_and_explains_itself(command):
    assert f"`anxin {command}" in README

    told = CliRunner().invoke(main, [command, "--help"])
    assert told.exit_code == 0
    assert main.commands[command].help


def test_unknown_command_is_told():
    told = CliRunner().invoke(main, ["pay-me"])

    assert told.exit_code == 2
    assert "No such command 'pay-me'" in told.output


def test_readme_shows_only_pictures_that_are_there():
    shown = {part.split('"')[0] for part in README.split('src="')[1:]}

    assert shown
    assert all((ROOT / picture).is_file() for picture in shown)
