"""Which rules an amount was computed with: the hash that every sheet's header and payslip carry.

keccak-256 over, for each file in the order of `RULE_FILES` and then of `data/` by name: its path here, a zero byte, its
length in 8 bytes, its bytes. Whoever has these files can compute it again; `anxin payroll rules` prints it.
"""

from functools import cache
from pathlib import Path
from typing import Final

from eth_utils.crypto import keccak

HERE: Final = Path(__file__).parent
RULE_FILES: Final = ("rules.py", "deductions.py", "calendar.py", "fund/share.py")


def rule_files() -> list[Path]:
    """The files that decide amounts, in the order in which they are hashed."""
    data = sorted(file for file in (HERE / "data").iterdir() if file.is_file())
    return [*(HERE / name for name in RULE_FILES), *data]


@cache
def rules_hash() -> bytes:
    """32 bytes; the files of a running process do not change."""
    return keccak(b"".join(_named(file) for file in rule_files()))


def _named(file: Path) -> bytes:
    content = file.read_bytes()
    return file.relative_to(HERE).as_posix().encode() + b"\0" + len(content).to_bytes(8) + content
