"""Runs the three test suites, quickest first, each in a pytest of its own, and ends with one closing line for all.

They are apart because Brownie's pytest plugin, which the contract tests need, starts a chain and slows the others down.
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
REPORTS = ROOT / "reports"
WITHOUT_BROWNIE = ["-p", "no:pytest-brownie"]
SUITES = {"backend": WITHOUT_BROWNIE, "contracts": [], "e2e": WITHOUT_BROWNIE}
NO_TESTS = 5  # pytest's exit code


def run(suite: str, options: list[str]) -> bool:
    print(f"\ntests/{suite}", flush=True)
    report = REPORTS / f"{suite}.xml"
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", f"tests/{suite}", "-q", "-rs", f"--junitxml={report}", *options]
    return subprocess.run(command, cwd=ROOT).returncode in (0, NO_TESTS)


def closing_line(seconds: float) -> str:
    counts = dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
    for report in REPORTS.glob("*.xml"):
        for suite in ElementTree.parse(report).iter("testsuite"):  # noqa: S314, pytest wrote it
            counts = {name: count + int(suite.get(name, 0)) for name, count in counts.items()}
    passed = counts["tests"] - counts["failures"] - counts["errors"] - counts["skipped"]
    said = {"failed": counts["failures"], "passed": passed, "skipped": counts["skipped"], "errors": counts["errors"]}
    words = ", ".join(f"{count} {name}" for name, count in said.items() if count)
    return f" {words or 'no tests ran'} in {seconds:.2f}s ".center(80, "=")


def main() -> None:
    REPORTS.mkdir(exist_ok=True)
    for report in REPORTS.glob("*.xml"):
        report.unlink()
    os.environ.setdefault("SOLCX_BINARY_PATH", str(ROOT / ".solcx"))
    started = time.monotonic()
    results = [run(suite, options) for suite, options in SUITES.items()]
    print(f"\nAll suites\n{closing_line(time.monotonic() - started)}", flush=True)
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
