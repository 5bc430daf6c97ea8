"""What an embedded chain keeps in its state folder, each file whole: a power cut leaves the old one or the new one.

    chain.json          the chain that runs: process, port, first block
    chain-state.json.gz its state as anvil dumps it: accounts, blocks, receipts
    chain-state.json    the same unpacked, as anvil reads it when it starts
    chain-safe-height   the newest block that is in there; what came after it is lost when the chain is killed
    chain-genesis-time  the first block's time
"""

import gzip
import os
import time
from pathlib import Path

import msgspec

from anxin.core.embedded.errors import StateIncomplete


class Running(msgspec.Struct, frozen=True):
    """The chain that runs on a folder's state: kept in `chain.json`."""

    pid: int
    port: int
    genesis_hash: str


class _State(msgspec.Struct):
    """Of what anvil dumps: the newest block."""

    best_block_number: int = 0


class ChainFiles:
    """The files of one chain. Methods raise OSError."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running = folder / "chain.json"
        self._packed = folder / "chain-state.json.gz"
        self._state = folder / "chain-state.json"
        self._genesis_time = folder / "chain-genesis-time"
        self.safe_height = folder / "chain-safe-height"
        self.log = folder / "chain.log"

    def keep_state(self, dumped: str, height: int) -> None:
        """Store what anvil dumped (hex of gzip) with blocks up to `height`, and only then say so."""
        _write_whole(self._packed, bytes.fromhex(dumped[2:]))
        self.say_safe(height)

    def say_safe(self, height: int) -> None:
        _write_whole(self.safe_height, str(height).encode())

    def state(self) -> Path | None:
        """Return the file that anvil goes on from; None where there is nothing yet."""
        if self._packed.exists():
            self._state.write_bytes(gzip.decompress(self._packed.read_bytes()))
        return self._state if self._state.exists() else None

    def state_height(self) -> int:
        """The newest block that anvil went on from. What clients have had made since it answers is not stored yet."""
        return msgspec.json.decode(self._state.read_bytes(), type=_State).best_block_number if self._state.exists() else 0

    def genesis_time(self) -> int:
        """The first block's time, kept: anvil makes that block anew at each start, and it must come out the same, or
        the state holds several first blocks and the chain's identity becomes a matter of chance.

        Raises StateIncomplete.
        """
        if not (self._packed.exists() or self._state.exists()):
            self._genesis_time.write_text(str(int(time.time())))
        elif not self._genesis_time.exists():
            raise StateIncomplete(self._folder, self._genesis_time.name)
        return int(self._genesis_time.read_text())

    def running(self) -> Running | None:
        try:
            return msgspec.json.decode(self._running.read_bytes(), type=Running)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def is_running(self, running: Running) -> None:
        self._running.write_bytes(msgspec.json.encode(running))

    def is_stopped(self) -> None:
        self._running.unlink(missing_ok=True)


def _write_whole(file: Path, content: bytes) -> None:
    half = file.with_name(file.name + ".half")
    with half.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    half.rename(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the new name, too
    finally:
        os.close(folder)
