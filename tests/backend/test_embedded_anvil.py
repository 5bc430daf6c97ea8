"""The embedded chain: blocks survive, time only goes forward."""

import asyncio
import errno
import gzip
import json
import os
import shutil
import signal
import socket
import time

import httpx
import pytest

from anxin.core.embedded import EmbeddedChain
from anxin.core.embedded.errors import BinariesMissing, ChainRefused, DiskFull, InUse, PortTaken, StateIncomplete, files_in

DAY_SECONDS = 86_400


@pytest.fixture
def port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def pay(chain):
    """The hash of a transfer that is in a block."""
    sender, receiver, *_ = await chain.rpc("eth_accounts")
    transaction = await chain.rpc("eth_sendTransaction", {"from": sender, "to": receiver, "value": "0x1"})
    while not await chain.rpc("eth_getTransactionReceipt", transaction):
        await asyncio.sleep(0.02)
    return transaction


def abandon(chain):
    """What the system does at kill -9 of the owner."""
    for task in chain._tasks:
        task.cancel()
    chain._ownership.__exit__(None, None, None)


async def kill(chain):
    os.kill(chain._process.pid, signal.SIGKILL)
    await chain._process.wait()


async def answers_again(chain):
    async with asyncio.timeout(10):
        while True:
            try:
                return await chain.rpc("eth_blockNumber")
            except httpx.HTTPError:
                await asyncio.sleep(0.05)


async def block_time(chain):
    return int((await chain.rpc("eth_getBlockByNumber", "latest", False))["timestamp"], 16)


async def test_blocks_and_receipts_survive_a_restart(tmp_path, port):
    async with EmbeddedChain(tmp_path, port) as chain:
        genesis, transaction = chain.genesis_hash, await pay(chain)
    async with EmbeddedChain(tmp_path, port) as chain:
        receipt = await chain.rpc("eth_getTransactionReceipt", transaction)

        assert (genesis, "0x1") == (chain.genesis_hash, receipt["status"])


async def test_chain_whose_folder_was_deleted_ends_with_its_owner(tmp_path, port):
    async with EmbeddedChain(tmp_path / "state", port, save_every_seconds=0.05) as chain:
        shutil.rmtree(tmp_path / "state")
        await pay(chain)
        await asyncio.sleep(0.2)

    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


async def test_first_block_is_the_same_one_after_each_restart(tmp_path, port):
    """It is what tells this chain from another; a second one in the state would replace it by chance."""
    for _ in range(2):
        async with EmbeddedChain(tmp_path, port) as chain:
            await pay(chain)
        await asyncio.sleep(1.1)  # block times are whole seconds

    blocks = json.loads(gzip.decompress((tmp_path / "chain-state.json.gz").read_bytes()))["blocks"]
    assert [block["header"]["number"] for block in blocks].count("0x0") == 1


async def test_state_without_its_first_blocks_time_is_refused(tmp_path, port):
    async with EmbeddedChain(tmp_path, port) as chain:
        await pay(chain)
    (tmp_path / "chain-genesis-time").unlink()

    with pytest.raises(StateIncomplete, match="lacks chain-genesis-time"):
        await EmbeddedChain(tmp_path, port).__aenter__()


async def test_time_goes_on_with_ours_after_a_restart(tmp_path, port):
    async with EmbeddedChain(tmp_path, port) as chain:
        await pay(chain)
    await asyncio.sleep(2)
    async with EmbeddedChain(tmp_path, port) as chain:
        await pay(chain)

        assert abs(await block_time(chain) - time.time()) < 1.5


async def test_time_moved_ahead_stays_ahead_after_a_restart(tmp_path, port):
    async with EmbeddedChain(tmp_path, port) as chain:
        await chain.rpc("evm_increaseTime", 40 * DAY_SECONDS)
        await chain.rpc("evm_mine")
        before = await block_time(chain)
    async with EmbeddedChain(tmp_path, port) as chain:
        await pay(chain)

        assert before < await block_time(chain) < before + 60


async def test_keeps_time_besides_mining_each_transaction_at_once(tmp_path, port):
    async with EmbeddedChain(tmp_path, port, block_seconds=1) as chain:
        await pay(chain)
        height = int(await chain.rpc("eth_blockNumber"), 16)
        await asyncio.sleep(1.5)

        assert int(await chain.rpc("eth_blockNumber"), 16) > height


async def test_mines_only_with_transactions_unless_told_to_keep_time(tmp_path, port):
    async with EmbeddedChain(tmp_path, port) as chain:
        height = int(await chain.rpc("eth_blockNumber"), 16)
        await pay(chain)
        await asyncio.sleep(1.1)

        assert int(await chain.rpc("eth_blockNumber"), 16) == height + 1


async def test_chain_that_outlived_its_owner_is_adopted(tmp_path, port):
    abandoned = EmbeddedChain(tmp_path, port)
    await abandoned.__aenter__()
    transaction = await pay(abandoned)
    abandon(abandoned)

    async with EmbeddedChain(tmp_path, port) as chain:
        assert chain._process is None
        assert (await chain.rpc("eth_getTransactionReceipt", transaction))["status"] == "0x1"

    assert await abandoned._process.wait() == 0


async def test_killed_chain_is_started_again_with_what_it_had_stored(tmp_path, port):
    async with EmbeddedChain(tmp_path, port, save_every_seconds=3600) as chain:
        kept = await pay(chain)
        await chain.save()
        lost = await pay(chain)
        await kill(chain)

        await answers_again(chain)
        assert (await chain.rpc("eth_getTransactionReceipt", kept))["status"] == "0x1"
        assert await chain.rpc("eth_getTransactionReceipt", lost) is None


async def test_chain_that_was_started_again_is_stopped_with_its_owner(tmp_path, port):
    async with EmbeddedChain(tmp_path, port) as chain:
        await kill(chain)
        await answers_again(chain)
        transaction = await pay(chain)
    async with EmbeddedChain(tmp_path, port) as chain:
        assert (await chain.rpc("eth_getTransactionReceipt", transaction))["status"] == "0x1"


async def test_new_block_is_safe_within_half_a_second(tmp_path, port):
    async with EmbeddedChain(tmp_path, port) as chain:
        await pay(chain)
        height = int(await chain.rpc("eth_blockNumber"), 16)
        await asyncio.sleep(0.5)

        assert height == int(chain.safe_height_file.read_text())


async def test_no_block_is_called_safe_that_a_kill_can_cost(tmp_path, port):
    """Whenever it is killed, the chain comes back with every block that was called safe, the very same ones."""
    async with EmbeddedChain(tmp_path, port, save_every_seconds=0.01) as chain:
        for pause in (0.0, 0.02, 0.05):
            hashes = {}
            for _ in range(10):
                block = await chain.rpc("eth_getTransactionReceipt", await pay(chain))
                hashes[int(block["blockNumber"], 16)] = block["blockHash"]
            await asyncio.sleep(pause)
            await kill(chain)
            safe = int(chain.safe_height_file.read_text())

            await answers_again(chain)
            again = {n: (await chain.rpc("eth_getBlockByNumber", hex(n), False))["hash"] for n in hashes if n <= safe}
            assert {n: each for n, each in hashes.items() if n <= safe} == again


async def test_nothing_is_safe_above_where_a_chain_begins_again(tmp_path, port):
    async with EmbeddedChain(tmp_path, port, save_every_seconds=3600) as chain:
        await pay(chain)
        await chain.save()
        chain.safe_height_file.write_text("9")
        await kill(chain)

        assert 1 == int(await answers_again(chain), 16)
        await asyncio.sleep(0.1)
        assert 1 == int(chain.safe_height_file.read_text())


async def test_guest_leaves_the_chain_running(tmp_path, port):
    async with EmbeddedChain(tmp_path, port) as owner:
        async with EmbeddedChain(tmp_path) as guest:
            assert guest.url == owner.url
        await owner.rpc("eth_chainId")
        with pytest.raises(InUse):
            await EmbeddedChain(tmp_path).end()


async def test_taken_port_names_the_variable(tmp_path, port):
    squatter = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", port)
    async with squatter:
        with pytest.raises(PortTaken, match=f"Port {port} .* ANXIN_CHAIN_PORT={port + 1}"):
            await EmbeddedChain(tmp_path, port).__aenter__()


async def test_missing_program_says_how_to_get_it(tmp_path, port, monkeypatch):
    monkeypatch.setattr("anxin.core.embedded.anvil.PROJECT", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BinariesMissing, match="install Foundry"):
        await EmbeddedChain(tmp_path, port).__aenter__()


async def test_refusal_names_the_method(tmp_path, port):
    async with EmbeddedChain(tmp_path, port) as chain:
        with pytest.raises(ChainRefused, match="eth_nonsense"):
            await chain.rpc("eth_nonsense")


def test_full_disk_is_told_in_a_sentence(tmp_path):
    with pytest.raises(DiskFull, match="free some space"), files_in(tmp_path):
        raise OSError(errno.ENOSPC, "No space left on device")
