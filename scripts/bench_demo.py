"""How long a newcomer waits: start to first page, and the whole demo, first on an empty state folder, then on a warm one."""

import os
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = f"http://localhost:{os.environ.get('ANXIN_PORT', '8000')}/w/"


def answers() -> bool:
    try:
        return urllib.request.urlopen(PAGE, timeout=1).status == 200
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        return False


def measure(state: Path) -> tuple[float, float]:
    """Seconds to the first page, and to the end of the story."""
    started = time.monotonic()
    command = [ROOT / ".venv" / "bin" / "anxin", "demo", "--once", "--state", state]
    demo = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    while not answers() and demo.poll() is None:
        time.sleep(0.05)
    first_page = time.monotonic() - started
    if demo.wait() != 0:
        raise SystemExit("The demo failed: run `make demo ONCE=1` to see why.")
    return first_page, time.monotonic() - started


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="anxin-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        for start in ("first start", "warm start"):
            first_page, whole = measure(Path(folder) / "state")
            print(f"{start}: first page after {first_page:.1f} s, story told after {whole:.1f} s", flush=True)


if __name__ == "__main__":
    main()
