"""What can stop an embedded server. Each message tells the person at the keyboard what is wrong and what to do."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class EmbeddedError(Exception):
    """Base of the tree."""


class BinariesMissing(EmbeddedError):
    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what} was not found: {remedy}.")


class DiskFull(EmbeddedError):
    def __init__(self, folder: Path) -> None:
        super().__init__(f"The disk that holds {folder} is full: free some space and start again.")


class NoPermission(EmbeddedError):
    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} cannot be used: {why}. Give this user the right to it, or choose another folder.")


class PortTaken(EmbeddedError):
    def __init__(self, port: int, variable: str) -> None:
        super().__init__(
            f"Port {port} is used by another program: stop that program, or choose another port, "
            f"for example {variable}={port + 1}."
        )


class InUse(EmbeddedError):
    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} is in use by another process of this project: stop that one first.")


class StateIncomplete(EmbeddedError):
    def __init__(self, folder: Path, missing: str) -> None:
        super().__init__(f"{folder} lacks {missing}: put it back, or start anew with `make clean`, which deletes the data.")


class DidNotStart(EmbeddedError):
    def __init__(self, server: str, log: Path) -> None:
        super().__init__(f"{server} did not start. The reason is at the end of {log}.\n{_last_lines(log)}")


class ChainRefused(EmbeddedError):
    """The chain answered a request with an error."""

    def __init__(self, method: str, message: str) -> None:
        super().__init__(f"The local chain refused {method}: {message}")


@contextmanager
def files_in(folder: Path) -> Iterator[None]:
    """Turns what the operating system says of `folder` into DiskFull or NoPermission."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull(folder) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise NoPermission(folder, error.strerror or "permission denied") from error
        raise


def raise_for_log(text: str, folder: Path) -> None:
    """Raises DiskFull or NoPermission where a server's own words say so."""
    if "No space left on device" in text:
        raise DiskFull(folder)
    if "Permission denied" in text:
        raise NoPermission(folder, "permission denied")


def _last_lines(log: Path, count: int = 5) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-count:]) if log.exists() else ""
