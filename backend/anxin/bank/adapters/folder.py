"""A bank that is reached through a folder: the usual host-to-host exchange, where SFTP carries it to the bank and back.

    in/<MsgId>.xml        orders: written under another name, then renamed, so that nobody ever sees half of one
    out/*.xml             answers, in any order and at any time
    out/<MsgId>.refused   why the bank will not take an order, as text
    out/balance.json      {"at": RFC 3339, "amountFen"}
"""

import asyncio
import os
from collections.abc import Callable, Iterator
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from anxin.bank.adapter import Balance, BankFile, BankUnreachable, Inbox, OrderRefused

# A file's own time may be the bank's and of long ago; when it was put into the folder is the file system's, and nobody sets
# it. What lies so far back when it is first looked for has been looked for before.
REMEMBERED_NS: Final = 7 * 86_400 * 10**9
DIGEST_CHARACTERS: Final = 12
MAX_FILES: Final = 200  # at once

Said = TypeVar("Said")


class _Cursor(msgspec.Struct):
    """`newest` is the latest that was seen; `seen` are those of the days before it, each by name and time."""

    newest: int = 0
    seen: list[str] = []


class _Balance(msgspec.Struct, rename="camel"):
    at: datetime
    amount_fen: int


class FolderBank:
    """A folder that both sides write to. Files of the bank's are told by name and the moment they came, never by order."""

    def __init__(self, folder: Path, *, name: str) -> None:
        self._folder, self._name = folder, name

    @property
    def name(self) -> str:
        return self._name

    async def submit(self, message_id: str, content: bytes) -> None:
        await _in_thread(self._submit, message_id, content)

    async def fetch(self, cursor: str = "") -> Inbox:
        return await _in_thread(self._fetch, cursor)

    async def balance(self) -> Balance:
        return await _in_thread(self._balance)

    def _submit(self, message_id: str, content: bytes) -> None:
        """Raises OrderRefused where the bank has refused what was handed in before; the next time it goes in afresh."""
        refused = self._folder / "out" / f"{message_id}.refused"
        if refused.exists():
            words = refused.read_text(errors="replace").strip()[:300]
            refused.replace(refused.with_suffix(".refused-read"))
            raise OrderRefused(words)
        order = self._folder / "in" / f"{message_id}.xml"
        beside = order.with_name(f".{order.name}.part")
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(order)

    def _fetch(self, cursor: str) -> Inbox:
        before = _read_cursor(cursor)
        seen = set(before.seen)
        found = [(moment, key, file) for moment, key, file in self._answers() if moment > before.newest - REMEMBERED_NS]
        fresh = sorted((moment, file.name, key, file) for moment, key, file in found if key not in seen)[:MAX_FILES]
        newest = max((before.newest, *(moment for moment, _, _, _ in fresh)))
        seen |= {key for _, _, key, _ in fresh}
        kept = sorted(key for moment, key, _ in found if key in seen and moment > newest - REMEMBERED_NS)
        files = [BankFile(name, file.read_bytes()) for _, name, _, file in fresh]
        return Inbox(files, msgspec.json.encode(_Cursor(newest, kept)).decode())

    def _answers(self) -> Iterator[tuple[int, str, Path]]:
        """Yield whole files: when each came, what it is known by, where it is."""
        for file in (self._folder / "out").iterdir():
            if file.suffix == ".xml" and not file.name.startswith("."):
                moment = file.stat().st_ctime_ns
                yield moment, sha256(f"{moment} {file.name}".encode()).hexdigest()[:DIGEST_CHARACTERS], file

    def _balance(self) -> Balance:
        try:
            said = msgspec.json.decode((self._folder / "out" / "balance.json").read_bytes(), type=_Balance)
        except msgspec.DecodeError as error:
            raise BankUnreachable("the bank's balance is not what was agreed") from error
        if said.at.tzinfo is None:
            raise BankUnreachable("the bank's balance is of no known time zone")
        return Balance(said.at, said.amount_fen)


async def _in_thread(function: Callable[..., Said], *given: object) -> Said:
    """Folders may be far away: whatever is wrong with one is the bank out of reach."""
    try:
        return await asyncio.to_thread(function, *given)
    except OSError as error:
        raise BankUnreachable(f"{type(error).__name__}: {error.strerror}") from error


def _read_cursor(cursor: str) -> _Cursor:
    """From the beginning where it is none of ours: files may come twice, and must not be missed."""
    try:
        return msgspec.json.decode(cursor or "{}", type=_Cursor)
    except msgspec.DecodeError:
        return _Cursor()
