"""The architecture holds: imports go down only, and what is pure stays pure (pyproject.toml, `tool.importlinter`)."""

from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

from anxin.settings import ROOT


def test_imports_go_down_only(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)

    assert lint_imports(no_cache=True) == EXIT_STATUS_SUCCESS, capsys.readouterr().out
