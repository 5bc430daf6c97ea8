"""Ways to banks. `connected` finds the one for an address; a further bank's is a further module here.

Every one must pass tests/backend/bank_conformance.py.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

from anxin.bank.adapter import Adapter
from anxin.bank.adapters.folder import FolderBank
from anxin.bank.adapters.http import HttpBank

LOOPBACK = ("127.0.0.1", "localhost", "::1")


class BadBankUrl(ValueError):
    """No way leads there: https://…, or file:///folder."""


@asynccontextmanager
async def connected(url: str, *, name: str, token: str = "") -> AsyncIterator[Adapter]:
    """Yield the bank at `url`.

    Args:
        token: shown to a bank over HTTP as `Authorization: Bearer`.

    Raises:
        BadBankUrl: neither https nor a folder; wages do not travel unencrypted, but for a bank on this machine.
    """
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.netloc in ("", "localhost"):
        yield FolderBank(Path(unquote(parts.path)), name=name)
        return
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise BadBankUrl(f"a bank is at https://… or file:///folder, not at {parts.scheme}://{parts.hostname}")
    async with HttpBank(url, name=name, token=token) as bank:
        yield bank
