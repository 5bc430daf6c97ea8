"""A node that may lose blocks says which it has stored, and nothing above is final: not for readers, not for writers.

Branches: no such node · nothing said yet · half said · behind the depth, above it · indexer · relayer · a kill costs no
final event: what it cost comes again.
"""

import msgspec
import pytest
from sqlalchemy import func, select
from tests.backend.relaying import DEPTH

from anxin.chain.indexer import Indexer
from anxin.chain.models import FINAL, Block, ChainEvent
from anxin.chain.rpc import Rpc

pytest_plugins = ["tests.chain", "tests.backend.relaying"]


@pytest.fixture
def stored(tmp_path):
    return tmp_path / "safe-height"


@pytest.fixture
async def rpc(chain, stored):
    async with Rpc(chain.anvil.url, safe_height_file=str(stored)) as rpc:
        yield rpc


@pytest.fixture
def indexer(sessions, chain, rpc):
    start = msgspec.structs.replace(chain.deployment, start_block=chain.start)
    return Indexer(sessions, rpc, start, finality_depth=DEPTH, on_event={})


@pytest.fixture
def newest_final(sessions):
    async def newest():
        async with sessions() as session:
            return await session.scalar(select(func.max(Block.number)).where(Block.state == FINAL))

    return newest


@pytest.mark.parametrize(("said", "final"), [(None, 0), ("", 0), ("7", 7), ("97", 97), ("98", 98), ("100", 98)])
async def test_final_is_deep_and_stored(rpc, stored, said, final):
    if said is not None:
        stored.write_text(said)

    assert final == rpc.final_height(100, 2)


async def test_final_is_deep_where_the_node_forgets_nothing(chain):
    assert (98, 0) == (chain.rpc.final_height(100, 2), chain.rpc.final_height(1, 2))


async def test_no_block_is_final_that_is_not_stored(chain, indexer, stored, newest_final):
    await chain.mine(10)
    stored.write_text(str(chain.start + 3))
    while await indexer.step():
        pass
    assert chain.start + 3 == await newest_final()

    stored.write_text(str(chain.start + 10))
    await indexer.step()

    assert chain.start + 10 - DEPTH == await newest_final()


async def test_call_is_final_once_its_block_is_stored(chain, new_relayer, ask, states, stored, rpc):
    relayer = new_relayer()
    relayer._lane.rpc._safe_height_file = stored
    stored.write_text(str(await chain.head()))
    await ask(chain.approval("a", 1))
    for _ in range(3):
        await relayer.step()
        await chain.mine(DEPTH)
    assert {"a": "signed"} == await states()

    stored.write_text(str(await chain.head()))
    await relayer.step()

    assert {"a": "final"} == await states()


async def test_event_that_a_kill_cost_was_never_final_and_comes_again(chain, indexer, stored, sessions):
    """The node goes back to what it had stored; the same transaction is mined again in another block."""
    stored.write_text(str(await chain.head()))
    before = await chain("evm_snapshot")
    await chain.approve(1)
    await chain.mine(5)
    while await indexer.step():
        pass
    await chain("evm_revert", before)
    await chain("evm_increaseTime", 7)
    await chain.mine(2)
    await chain.approve(1)
    await chain.mine(6)
    stored.write_text(str(await chain.head()))
    while await indexer.step():
        pass

    async with sessions() as session:
        events = dict([*await session.execute(
            select(ChainEvent.state, func.count()).where(ChainEvent.name == "Approval").group_by(ChainEvent.state)
        )])  # fmt: skip
        assert {"orphaned": 1, "final": 1} == events


async def test_what_is_stored_meanwhile_makes_nothing_final_that_was_read_before(chain, indexer, stored, newest_final):
    """Between reading and telling, the node may be killed and store other blocks at the same heights."""
    await chain.mine(8)
    stored.write_text(str(chain.start + 2))
    went_back = indexer._went_back

    async def killed_meanwhile(last):
        answer = await went_back(last)
        stored.write_text(str(chain.start + 8))
        return answer

    await indexer.step()
    stored.write_text(str(chain.start + 3))
    indexer._went_back = killed_meanwhile
    await indexer.step()

    assert chain.start + 3 == await newest_final()
