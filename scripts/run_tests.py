"""Runs the test suites, two at a time, and ends with one closing line for all.

Each part is a pytest of its own with servers of its own: Brownie's plugin, which the contract tests need, starts a chain and
slows the others down, and the backend's tests are many. Two lanes take the next part as they come free, the longest first; a
part's output is shown when it has ended.
"""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
REPORTS = ROOT / "reports"
WITHOUT_BROWNIE = ["-p", "no:pytest-brownie"]
LANES = 2
BACKEND_PARTS = 4
NO_TESTS = 5  # pytest's exit code


@dataclass(frozen=True)
class Part:
    """Some tests that one pytest runs."""

    name: str
    paths: list[str]
    options: list[str] = field(default_factory=list)

    def run(self) -> subprocess.CompletedProcess[str]:
        report = f"--junitxml={REPORTS / self.name}.xml"
        command = [sys.executable, "-m", "pytest", *self.paths, "-q", "-rs", "--durations=5", report, *self.options]
        return subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def parts() -> list[Part]:
    backend = [str(file.relative_to(ROOT)) for file in sorted((ROOT / "tests/backend").glob("test_*.py"))]
    quarters = [
        Part(f"backend-{number + 1}", backend[number::BACKEND_PARTS], WITHOUT_BROWNIE) for number in range(BACKEND_PARTS)
    ]
    return [Part("contracts", ["tests/contracts"]), *quarters, Part("e2e", ["tests/e2e"], WITHOUT_BROWNIE)]


def show(part: Part, shown: Lock, failed: Event) -> None:
    ended = part.run()
    with shown:
        print(f"\ntests: {part.name}\n{ended.stdout}", flush=True)
    if ended.returncode not in (0, NO_TESTS):
        failed.set()


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
    started, shown, failed = time.monotonic(), Lock(), Event()
    with ThreadPoolExecutor(LANES) as lanes:
        for running in [lanes.submit(show, part, shown, failed) for part in parts()]:
            running.result()
    print(f"\nAll suites\n{closing_line(time.monotonic() - started)}", flush=True)
    sys.exit(1 if failed.is_set() else 0)


if __name__ == "__main__":
    main()
