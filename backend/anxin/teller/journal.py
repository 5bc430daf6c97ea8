"""The teller's own transactions as they were signed: an append-only file beside the key, synced before anything is sent.

After a crash the same bytes are sent again, never others for the same thing. The file is a help, not the truth: whoever
loses it loses the memory of what is under way, and the contracts refuse a second settlement, return or mint anyway.
"""

import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Self

import msgspec

from anxin.teller.errors import CannotTell


class Sent(msgspec.Struct, frozen=True, tag="sent"):
    """Signed bytes (0x-hex) that may be on their way. The same nonce again is the same call with a higher fee.

    `covers`: what it is about. `mints_fen`: how much it adds to the supply.
    """

    nonce: int
    tx_hash: str
    raw: str
    what: str
    covers: tuple[str, ...]
    mints_fen: int = 0


class Ended(msgspec.Struct, frozen=True, tag="ended"):
    """A nonce that is used up for good: `done`, `reverted`, or `taken` by a transaction that is not ours."""

    nonce: int
    how: str


class _Begun(msgspec.Struct, frozen=True, tag="begun"):
    """The first line: which chain, key and bank. Under another name of the bank every deposit would be a new one."""

    genesis_hash: str
    address: str
    bank_name: str


_Line = _Begun | Sent | Ended


@dataclass
class Journal:
    """Open while the process runs; a second process on the same file is refused. Use as a context."""

    file: Path
    genesis_hash: str
    address: str
    bank_name: str
    open: dict[int, list[Sent]] = field(default_factory=dict)  # by nonce, oldest first
    _out: IO[bytes] | None = None

    def __enter__(self) -> Self:
        """Raises CannotTell: it cannot be written, another process has it open, or it is of another chain, key or bank."""
        try:
            descriptor = os.open(self.file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as error:
            raise CannotTell(f"the journal cannot be kept beside the key: {error}") from error
        self._out = os.fdopen(descriptor, "r+b", buffering=0)
        try:
            fcntl.flock(self._out, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._out.close()
            raise CannotTell(f"{self.file} is in use: another teller runs with this key") from error
        begun = False
        for line in self._lines():
            self._take(line)
            begun = True
        if not begun:
            self._append(_Begun(self.genesis_hash, self.address, self.bank_name))
            _sync_folder(self.file)
        return self

    def __exit__(self, *_: object) -> None:
        if self._out is not None:
            self._out.close()

    @property
    def busy(self) -> set[str]:
        """What transactions under way are about."""
        return {name for sent in self.open.values() for name in sent[-1].covers}

    @property
    def minting_fen(self) -> int:
        return sum(sent[-1].mints_fen for sent in self.open.values())

    def keep(self, sent: Sent) -> None:
        """Store what will be sent. On disk when this returns."""
        self._append(sent)
        self._take(sent)

    def end(self, nonce: int, how: str) -> None:
        self._append(Ended(nonce, how))
        del self.open[nonce]

    def _lines(self) -> Iterator[_Line]:
        """What was written. A last line that was cut off was never sent: it is taken away."""
        assert self._out is not None  # noqa: S101 - opened by __enter__
        content = self._out.read()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            self._out.truncate(len(whole))
        for number, line in enumerate(whole.splitlines(), start=1):
            try:
                yield msgspec.json.decode(line, type=_Line)
            except msgspec.DecodeError as error:
                raise CannotTell(f"{self.file}, line {number}: {error}. Move the file away to start without it") from error

    def _take(self, line: _Line) -> None:
        if isinstance(line, Sent):
            self.open.setdefault(line.nonce, []).append(line)
        elif isinstance(line, Ended):
            self.open.pop(line.nonce, None)
        elif line != _Begun(self.genesis_hash, self.address, self.bank_name):
            raise CannotTell(
                f"{self.file} is of chain {line.genesis_hash}, key {line.address} and bank {line.bank_name!r}: "
                "name that bank, or give another key file"
            )

    def _append(self, line: _Line) -> None:
        assert self._out is not None  # noqa: S101 - opened by __enter__
        content = msgspec.json.encode(line) + b"\n"
        if self._out.write(content) != len(content):
            raise CannotTell(f"{self.file} cannot be written to its end: the disk is full. Free space and start again")
        os.fsync(self._out.fileno())


def _sync_folder(file: Path) -> None:
    """A file's name is the folder's own content."""
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
