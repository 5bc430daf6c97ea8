"""Runs the three test suites, each in a pytest of its own, and ends with one closing line for all.

They are apart because Brownie's pytest plugin, which the contract tests need, starts a chain and slows the others down. The
contract tests are the longest, so they run beside the backend's; what they print is shown when they are done.
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


def command(suite: str) -> list[str]:
    report = REPORTS / f"{suite}.xml"
    return [sys.executable, "-m", "pytest", f"tests/{suite}", "-q", "-rs", f"--junitxml={report}", *SUITES[suite]]


def run(suite: str) -> bool:
    print(f"\ntests/{suite}", flush=True)
    return subprocess.run(command(suite), cwd=ROOT).returncode in (0, NO_TESTS)


def run_beside(suite: str, others: list[str]) -> bool:
    """Whether `suite`, in the background, and `others` before it is awaited all passed."""
    log = REPORTS / f"{suite}.log"
    with log.open("w") as out:
        background = subprocess.Popen(command(suite), cwd=ROOT, stdout=out, stderr=subprocess.STDOUT)
    try:
        results = [run(other) for other in others]
        code = background.wait()
    finally:
        background.terminate()
    print(f"\ntests/{suite}\n{log.read_text()}", flush=True)
    return all(results) and code in (0, NO_TESTS)


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
    passed = run_beside("contracts", ["backend", "e2e"])
    print(f"\nAll suites\n{closing_line(time.monotonic() - started)}", flush=True)
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    main()
