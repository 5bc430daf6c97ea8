"""Chains that go back while nobody looks, twice in a row, or so that an empty block comes to hold what another held.
"""

from tests.backend.test_indexer import DEPTH, catch_up, ledger, new_indexer, values  # noqa: F401, fixtures

pytest_plugins = ["tests.chain"]


async def test_reorg_while_no_indexer_runs_is_seen_by_the_next(chain, new_indexer, values, ledger):  # noqa: F811
    await chain.approve(1)
    await chain.mine(2)
    await catch_up(new_indexer())
    await chain("anvil_reorg", 2, [])
    await chain.approve(2)
    await chain.mine(DEPTH + 1)

    await catch_up(new_indexer())

    assert ([1], [2], [2]) == (await values("orphaned"), await values("final"), ledger.values)


async def test_two_reorgs_in_a_row_leave_only_what_the_last_one_left(chain, new_indexer, values, ledger):  # noqa: F811
    indexer = new_indexer(finality_depth=6)
    for value in (1, 2):
        await chain.approve(value)
        await chain.mine()
        await catch_up(indexer)
        await chain("anvil_reorg", value, [])
    await chain.approve(3)
    await chain.mine(7)

    await catch_up(indexer)

    assert ([1, 2], [3], [3]) == (await values("orphaned"), await values("final"), ledger.values)


async def test_event_that_moves_into_a_block_that_was_empty_is_told_once(chain, new_indexer, values, ledger):  # noqa: F811
    """The same transaction, in the next block: the chain is as long as before, and no block of it is the same."""
    indexer = new_indexer(finality_depth=6)
    tx_hash = await chain.approve(1)
    await chain.mine(3)
    await catch_up(indexer)
    raw = await chain("eth_getRawTransactionByHash", tx_hash)
    await chain("anvil_reorg", 3, [[raw, 1]])
    moved = int((await chain("eth_getTransactionReceipt", tx_hash))["blockNumber"], 16)
    await chain.mine(6)

    await catch_up(indexer)

    assert moved == chain.start + 2
    assert ([1], [1], [1]) == (await values("orphaned"), await values("final"), ledger.values)
