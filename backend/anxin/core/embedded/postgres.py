"""An embedded PostgreSQL server: real, durable, on 127.0.0.1 only, with a password of its own."""

import asyncio
import secrets
import shutil
import signal
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import asyncpg
import msgspec

from anxin.core.embedded.errors import DidNotStart, InUse, files_in, raise_for_log
from anxin.core.embedded.keeping import end_of, keep_running, lives
from anxin.core.embedded.ownership import Ownership
from anxin.core.embedded.places import Account, home, programs

HOST = "127.0.0.1"
USER = "anxin"
READY_WITHIN_SECONDS = 120.0  # recovery after a crash included
LET_GO_WITHIN_SECONDS = 10.0  # what a killed server's children take to leave
ANSWERS = 0  # pg_isready: accepting connections

INITDB = (
    "--username", USER, "--encoding", "UTF8", "--locale", "C", "--locale-provider", "builtin",
    "--builtin-locale", "C.UTF-8", "--data-checksums", "--auth", "scram-sha-256", "--no-instructions",
)  # fmt: skip
SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "log",
    "log_checkpoints": "off",
    "jit": "off",
}


class Access(msgspec.Struct, frozen=True):
    """How to get in: kept in `postgres.json`, readable by us alone."""

    port: int
    password: str


class EmbeddedPostgres:
    """The PostgreSQL server of a state folder.

    `async with EmbeddedPostgres(folder) as postgres: postgres.url("anxin")`

    Args:
        folder: the state folder; made where it is missing.
        databases: there when the block is entered.
        settings: more of PostgreSQL's own settings, e.g. `{"fsync": "off"}` for tests.

    Raises on entry: BinariesMissing, DiskFull, NoPermission, DidNotStart.
    """

    def __init__(
        self, folder: Path, *, databases: Sequence[str] = ("anxin",), settings: Mapping[str, str] | None = None
    ) -> None:
        self._folder = folder.resolve()
        self._databases = databases
        self._settings = SETTINGS | dict(settings or {})
        self._access_file = self._folder / "postgres.json"
        self._log = self._folder / "postgres.log"
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        with files_in(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            self._find_places()
            self._ownership = Ownership(self._folder / "postgres.lock")
            self._is_owner = self._ownership.__enter__()
        try:
            await (self._start() if self._is_owner else self._wait_for_owner())
            for database in self._databases:
                await self.ensure_database(database)
            if self._is_owner:
                self._keeper = asyncio.create_task(keep_running("PostgreSQL", self._end_of_process, self._start_again))
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._keeper:
                self._keeper.cancel()
                await asyncio.gather(self._keeper, return_exceptions=True)
            if self._is_owner:
                await self._stop()
        finally:
            self._ownership.__exit__(kind, error, trace)

    def url(self, database: str) -> str:
        """For SQLAlchemy. The database is there if it was named at the start or given to ensure_database."""
        return f"postgresql+asyncpg://{USER}:{self._access.password}@{HOST}:{self._access.port}/{database}"

    async def ensure_database(self, name: str) -> None:
        connection = await asyncpg.connect(
            host=HOST, port=self._access.port, user=USER, password=self._access.password, database="postgres"
        )
        try:
            if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
                await connection.execute('CREATE DATABASE "{}"'.format(name.replace('"', '""')))
        except (asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
            pass  # somebody else was as quick
        finally:
            await connection.close()

    async def end(self) -> None:
        """Ends a server that outlived its owner; starts nothing. Raises InUse where its owner lives."""
        if not self._folder.exists():
            return
        self._find_places()
        with Ownership(self._folder / "postgres.lock") as is_ours:
            if not is_ours:
                raise InUse(self._folder)
            if await self._running_port():
                await self._stop()

    # ------------------------------------------------------------------ start

    def _find_places(self) -> None:
        self._account = Account.current()
        self._programs = programs(self._folder, self._account)
        self._data = home(self._folder, self._account) / "postgres"

    async def _start(self) -> None:
        with files_in(self._folder):
            if not self._data.exists():
                await self._create()
            self._access = msgspec.json.decode(self._access_file.read_bytes(), type=Access)
            if port := await self._running_port():
                self._remember(Access(port, self._access.password))
                return
            await self._start_within(LET_GO_WITHIN_SECONDS)

    async def _start_within(self, seconds: float, *, may_move: bool = True) -> None:
        """Try until it runs. `may_move`: to another port where somebody else uses ours."""
        give_up_at = asyncio.get_running_loop().time() + seconds
        while not await self._try_start(may_move=may_move):
            if asyncio.get_running_loop().time() > give_up_at:
                raise DidNotStart("PostgreSQL", self._log)
            await asyncio.sleep(0.2)

    async def _start_again(self) -> None:
        """Those who use the server know its port. Where somebody else has started it on our data that will do."""
        if await self._running_port() != self._access.port:
            await self._start_within(LET_GO_WITHIN_SECONDS, may_move=False)
        else:
            self._process = None

    async def _end_of_process(self) -> None:
        await end_of(self._process, self._pid())

    async def _create(self) -> None:
        """initdb beside the final place, then a rename: an interrupted start leaves nothing half made."""
        half, password_file = self._data.with_suffix(".half"), self._data.with_suffix(".password")
        shutil.rmtree(half, ignore_errors=True)
        password = secrets.token_urlsafe(32)
        half.mkdir(mode=0o700)
        password_file.touch(mode=0o600)
        password_file.write_text(password)
        for path in (half, password_file):
            self._account.give(path)
        try:
            code, output = await self._run("initdb", "-D", str(half), "--pwfile", str(password_file), *INITDB)
        finally:
            password_file.unlink()
        if code != 0:
            raise_for_log(output, self._folder)
            self._log.write_text(output)
            raise DidNotStart("PostgreSQL's initdb", self._log)
        self._remember(Access(_free_port(), password))
        half.rename(self._data)

    async def _try_start(self, *, may_move: bool) -> bool:
        """One attempt. False: worth another (the port is gone, or a killed server has not quite let go)."""
        options = [f"-c{name}={value}" for name, value in {**self._settings, "port": str(self._access.port)}.items()]
        written = self._log.stat().st_size if self._log.exists() else 0
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                self._programs / "postgres", "-D", self._data, *options,
                stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, **self._account.process_options(),
            )  # fmt: skip
        with suppress(TimeoutError):
            async with asyncio.timeout(READY_WITHIN_SECONDS):
                while self._process.returncode is None:
                    if await self._answers(self._access.port):
                        return True
                    await asyncio.sleep(0.03)
        said = self._log.read_bytes()[written:].decode(errors="replace")
        raise_for_log(said, self._folder)
        if "Address already in use" in said and may_move:
            self._remember(Access(_free_port(), self._access.password))
        elif not any(each in said for each in ("postmaster.pid", "shared memory block", "Address already in use")):
            raise DidNotStart("PostgreSQL", self._log)
        return False

    async def _wait_for_owner(self) -> None:
        give_up_at = asyncio.get_running_loop().time() + READY_WITHIN_SECONDS
        while not await self._running_port():
            if asyncio.get_running_loop().time() > give_up_at:
                raise DidNotStart("PostgreSQL, which another process should have started,", self._log)
            await asyncio.sleep(0.1)
        self._access = msgspec.json.decode(self._access_file.read_bytes(), type=Access)

    async def _running_port(self) -> int | None:
        """The port of a server that runs on our data. `pg_ctl status` lies after a `kill -9`, so it is asked itself."""
        pid = self._pid()
        try:
            _, _, _, port, *_ = (self._data / "postmaster.pid").read_text().splitlines()
        except (OSError, ValueError):
            return None
        return int(port) if pid and lives(pid) and await self._answers(int(port)) else None

    def _pid(self) -> int | None:
        try:
            return int((self._data / "postmaster.pid").read_text().splitlines()[0])
        except (OSError, ValueError, IndexError):
            return None

    async def _answers(self, port: int) -> bool:
        return (await self._run("pg_isready", "-q", "-t", "1", "-h", HOST, "-p", str(port)))[0] == ANSWERS

    def _remember(self, access: Access) -> None:
        self._access = access
        half = self._folder / "postgres.json.half"
        half.unlink(missing_ok=True)
        half.touch(mode=0o600)
        half.write_bytes(msgspec.json.encode(access))
        half.rename(self._access_file)

    # ------------------------------------------------------------------ stop

    async def _stop(self) -> None:
        """Fast shutdown: sessions end, everything committed is on disk."""
        if self._process is None:  # adopted
            await self._run("pg_ctl", "stop", "-D", str(self._data), "-m", "fast", "-w", "-s")
        elif self._process.returncode is None:
            self._process.send_signal(signal.SIGINT)
            await self._process.wait()

    async def _run(self, program: str, *arguments: str) -> tuple[int, str]:
        process = await asyncio.create_subprocess_exec(
            self._programs / program, *arguments,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            **self._account.process_options(),
        )  # fmt: skip
        output, _ = await process.communicate()
        return process.returncode or 0, output.decode(errors="replace")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
