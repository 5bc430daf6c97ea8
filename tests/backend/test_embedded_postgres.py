"""The embedded PostgreSQL: stored is stored, whatever is killed; one owner, any number of guests."""

import asyncio
import os
import shutil
import signal
import stat
import tempfile
from pathlib import Path

import asyncpg
import pytest

from anxin.core.embedded import EmbeddedPostgres
from anxin.core.embedded.errors import BinariesMissing, DidNotStart, DiskFull, InUse, raise_for_log
from anxin.core.embedded.places import Account, home, outside, outside_folder, programs


@pytest.fixture
def state():
    """A state folder that `nobody` can reach: pytest keeps its own closed to others."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        yield Path(folder) / "state"


async def connect(postgres, database="anxin"):
    return await asyncpg.connect(postgres.url(database).replace("+asyncpg", ""))


def server_pid(state):
    return int((state / "postgres" / "postmaster.pid").read_text().split("\n")[0])


async def test_first_start_is_durable_private_and_neutral(state):
    async with EmbeddedPostgres(state) as postgres:
        connection = await connect(postgres)
        shown = {
            name: await connection.fetchval(f"SHOW {name}")
            for name in ("data_checksums", "server_encoding", "timezone", "fsync", "listen_addresses")
        }
        upper = await connection.fetchval("SELECT upper('é')")
        await connection.close()

    assert shown == {
        "data_checksums": "on",
        "server_encoding": "UTF8",
        "timezone": "UTC",
        "fsync": "on",
        "listen_addresses": "127.0.0.1",
    }
    assert upper == "É"
    assert stat.S_IMODE((state / "postgres.json").stat().st_mode) == 0o600


async def test_wrong_password_is_refused(state):
    async with EmbeddedPostgres(state) as postgres:
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(postgres.url("anxin").replace("+asyncpg", ""), password="guess")


async def connected_again(postgres):
    async with asyncio.timeout(15):
        while True:
            try:
                return await connect(postgres)
            except (OSError, asyncpg.PostgresError):
                await asyncio.sleep(0.05)


async def test_rows_survive_kill_9_of_the_server(state):
    async with EmbeddedPostgres(state) as postgres:
        connection = await connect(postgres)
        await connection.execute("CREATE TABLE wage (fen bigint); INSERT INTO wage VALUES (7)")
        os.kill(server_pid(state), signal.SIGKILL)
        connection.terminate()

    async with EmbeddedPostgres(state) as postgres:
        connection = await connect(postgres)
        assert await connection.fetchval("SELECT fen FROM wage") == 7
        await connection.close()


async def test_killed_server_is_started_again_where_it_was(state):
    async with EmbeddedPostgres(state) as postgres:
        connection = await connect(postgres)
        await connection.execute("CREATE TABLE wage (fen bigint); INSERT INTO wage VALUES (7)")
        port = postgres._access.port
        os.kill(server_pid(state), signal.SIGKILL)
        connection.terminate()

        connection = await connected_again(postgres)
        assert (7, port) == (await connection.fetchval("SELECT fen FROM wage"), postgres._access.port)
        await connection.close()
    assert not (state / "postgres" / "postmaster.pid").exists()


async def test_adopted_server_is_started_again_too(state):
    abandoned = EmbeddedPostgres(state)
    await abandoned.__aenter__()
    abandoned._keeper.cancel()
    abandoned._ownership.__exit__(None, None, None)

    async with EmbeddedPostgres(state) as postgres:
        os.kill(server_pid(state), signal.SIGKILL)
        await abandoned._process.wait()

        await (await connected_again(postgres)).close()


async def test_server_that_outlived_its_owner_is_adopted_and_stopped(state):
    abandoned = EmbeddedPostgres(state)
    await abandoned.__aenter__()
    abandoned._keeper.cancel()
    abandoned._ownership.__exit__(None, None, None)  # what the system does at kill -9
    pid = server_pid(state)

    async with EmbeddedPostgres(state) as postgres:
        assert server_pid(state) == pid
        await (await connect(postgres)).close()

    assert not (state / "postgres" / "postmaster.pid").exists()
    await abandoned._process.wait()


async def test_guest_uses_the_server_and_leaves_it_running(state):
    async with EmbeddedPostgres(state) as owner:
        async with EmbeddedPostgres(state, databases=("other",)) as guest:
            await (await connect(guest, "other")).close()
        await (await connect(owner)).close()
        with pytest.raises(InUse, match="stop that one first"):
            await EmbeddedPostgres(state).end()


async def test_two_starts_at_once_share_one_server(state):
    first, second = EmbeddedPostgres(state), EmbeddedPostgres(state)
    await asyncio.gather(first.__aenter__(), second.__aenter__())
    try:
        assert first.url("anxin") == second.url("anxin")
    finally:
        await asyncio.gather(first.__aexit__(None, None, None), second.__aexit__(None, None, None))


async def test_port_taken_since_then_is_replaced(state):
    async with EmbeddedPostgres(state) as postgres:
        port = postgres._access.port
    squatter = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", port)
    async with squatter, EmbeddedPostgres(state) as postgres:
        assert postgres._access.port != port
        await (await connect(postgres)).close()


async def test_broken_data_is_told_with_the_log(state):
    async with EmbeddedPostgres(state):
        pass
    (state / "postgres" / "global" / "pg_control").unlink()

    with pytest.raises(DidNotStart, match=r"postgres\.log"):
        await EmbeddedPostgres(state).__aenter__()


async def test_full_disk_is_told_in_a_sentence(state):
    with pytest.raises(DiskFull, match="free some space"):
        raise_for_log("initdb: error: could not write: No space left on device", state)


async def test_missing_wheel_is_told_in_a_sentence(state, monkeypatch):
    monkeypatch.setattr("anxin.core.embedded.places.find_spec", lambda name: None)
    with pytest.raises(BinariesMissing, match="make setup"):
        await EmbeddedPostgres(state).__aenter__()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands PostgreSQL to another account")
async def test_closed_folder_moves_programs_and_data_where_nobody_can_reach_them(state, monkeypatch):
    state.mkdir()
    state.chmod(0o700)
    monkeypatch.setattr(Account, "reaches", lambda self, path: outside_folder(state) in path.parents)

    try:
        async with EmbeddedPostgres(state) as postgres:
            await (await connect(postgres)).close()
            assert outside_folder(state) == home(state, Account.current())
            assert outside_folder(state) in programs(state, Account.current()).parents
    finally:
        shutil.rmtree(outside_folder(state), ignore_errors=True)


async def test_what_stands_for_a_folder_that_is_gone_is_swept(tmp_path, monkeypatch):
    monkeypatch.setattr("anxin.core.embedded.places.OUTSIDE", tmp_path)
    gone, kept = tmp_path / "gone", tmp_path / "kept"
    for state in (gone, kept):
        state.mkdir()
        outside(state)
    gone.rmdir()

    outside(tmp_path)

    assert (outside_folder(gone).exists(), outside_folder(kept).exists()) == (False, True)
