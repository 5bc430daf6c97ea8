"""Who starts and stops the server of a folder."""

import fcntl
from pathlib import Path
from types import TracebackType


class Ownership:
    """A lock on a file, released by the system when its holder ends, even by `kill -9`."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __enter__(self) -> bool:
        """True for the owner, False for a guest of another process's server."""
        self._handle = self._file.open("a")
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._handle.close()
