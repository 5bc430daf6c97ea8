"""Kill the demonstration and all its servers at random moments, and see that it goes on to the same end.

    python scripts/kill_demo.py [--tries 10] [--kills 1] [--seed 1] [--longest-seconds 60] [--only anvil|postgres]

Each try starts from nothing, is killed `kills` times within so many seconds of having its contracts (SIGKILL, everything at
once: the demonstration, its workers and web servers, the teller, PostgreSQL, the chain), and is then left to end. With
--only just that server is killed, and the demonstration itself must go on. Prints a line a try; ends with 1 if one of them
came out otherwise.
"""

import argparse
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

WANTED = {
    "workers": 60, "releasedFen": 48_454_533, "contested": 1, "unsigned": 1, "claimsStood": 1, "resolved": 1, "settled": 31,
    "auditOk": True,
}  # fmt: skip
LONGEST_SECONDS = 60.0  # a demonstration on a slow machine, from its first line
PATIENCE_SECONDS = 400


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tries", type=int, default=10)
    parser.add_argument("--kills", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=("anvil", "postgres"))
    parser.add_argument("--longest-seconds", type=float, default=LONGEST_SECONDS)
    asked = parser.parse_args()
    dice = random.Random(asked.seed)  # noqa: S311, a repeatable one is wanted
    failed = 0
    for number in range(asked.tries):
        pauses = [dice.uniform(1, asked.longest_seconds) for _ in range(asked.kills)]
        failed += not _try(number, pauses, asked.only)
    sys.exit(1 if failed else 0)


def _try(number: int, pauses: list[float], only: str | None) -> bool:
    state = Path(tempfile.mkdtemp(prefix="anxin-killed-"))
    state.chmod(0o755)
    environment = {**os.environ, "ANXIN_PORT": str(_free_port()), "ANXIN_CHAIN_PORT": str(_free_port())}
    started = time.monotonic()
    wrong, summary = "", None
    try:
        if only is None:
            for pause in pauses:
                _run_and_kill(state, environment, pause)
            summary = _summary(_start(state, environment))
        else:
            demo = _start(state, environment)
            _until_deployed(demo, state)
            for pause in pauses:
                time.sleep(pause)
                for pid in _servers(state, only):
                    os.kill(pid, signal.SIGKILL)
            summary = _summary(demo)
    except Exception as error:
        wrong = f"{type(error).__name__}: {error}"
    if summary is not None:
        wrong = ", ".join(f"{k} {summary.get(k)} not {v}" for k, v in WANTED.items() if summary.get(k) != v)
    _end_all(state)
    when = ", ".join(f"{pause:.1f}" for pause in pauses)
    print(f"{'✗' if wrong else '✓'} try {number}: killed after {when} s, in all {time.monotonic() - started:.0f} s {wrong}")
    if not wrong:
        shutil.rmtree(state, ignore_errors=True)
    else:
        print(f"  kept: {state}")
    sys.stdout.flush()
    return not wrong


def _start(state: Path, environment: dict[str, str]) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "anxin.cli", "demo", "--once", "--state", str(state)]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )


def _run_and_kill(state: Path, environment: dict[str, str], pause: float) -> None:
    demo = _start(state, environment)
    _until_deployed(demo, state)
    deadline = time.monotonic() + pause
    while demo.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    _end_all(state)
    demo.communicate()


def _until_deployed(demo: "subprocess.Popen[str]", state: Path) -> None:
    """From here on something is there to be lost."""
    while not (state / "deployment.json").exists():
        if demo.poll() is not None:
            raise RuntimeError(_tail(demo.communicate()[0]))
        time.sleep(0.1)


def _summary(demo: "subprocess.Popen[str]") -> dict[str, object]:
    said, _ = demo.communicate(timeout=PATIENCE_SECONDS)
    lines = said.strip().splitlines()
    if demo.returncode != 0 or not lines:
        raise RuntimeError(_tail(said))
    found: dict[str, object] = json.loads(lines[-1])
    return found


def _tail(said: str) -> str:
    return said[-1500:]


def _end_all(state: Path) -> None:
    """SIGKILL to whatever works for this state folder, until nothing does."""
    while pids := _of_state(state):
        for pid in pids:
            with suppress(ProcessLookupError):  # it went with another
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)


def _servers(state: Path, only: str) -> list[int]:
    if only == "anvil":
        running = state / "chain.json"
        return [json.loads(running.read_text())["pid"]] if running.exists() else []  # none once it has ended
    folders = [state / "postgres", *Path("/var/tmp").glob("anxin-*/postgres")]  # noqa: S108
    files = [folder / "postmaster.pid" for folder in folders if _stands_for(folder, state)]
    return [int(file.read_text().split()[0]) for file in files if file.exists()]


def _stands_for(folder: Path, state: Path) -> bool:
    note = folder.parent / "stands-for"
    return folder.parent == state or (note.exists() and note.read_text() == str(state))


def _of_state(state: Path) -> list[int]:
    """Processes that name the state folder in their command or environment."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            try:
                words = (process / "cmdline").read_bytes() + b"\0" + (process / "environ").read_bytes()
                is_dead = (process / "stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
            except OSError:
                continue
            if bytes(state) in words and not is_dead:
                found.append(int(process.name))
    return found + [pid for pid in _servers(state, "postgres") if _lives(pid) and pid not in found]


def _lives(pid: int) -> bool:
    try:
        return (Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]) != "Z"
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
