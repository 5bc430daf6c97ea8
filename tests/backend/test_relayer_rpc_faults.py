"""Each way a node can fail, alone: while it does, and when it is well again, a call is made once.

request lost · reply lost · half of it · 503 · later than anybody waits · done twice · an error for one of a batch · one
answer missing · taken and never sent · a head that lags
"""

import contextlib

import pytest
from tests.backend.relaying import settle
from tests.backend.rpc_faults import KINDS, MISSING, PART_ERROR, LyingNode
from tests.chain import LOSE_REPLY

from anxin.chain.identity import NodeBehind
from anxin.chain.leader import Moving
from anxin.chain.rpc import RpcError, RpcUnreachable

pytest_plugins = ["tests.chain", "tests.backend.relaying"]

CALLS = 3
NOT_NOW = (Moving, NodeBehind, RpcError, RpcUnreachable)


@pytest.mark.parametrize(
    ("kind", "share"), [*((kind, 1) for kind in KINDS), *((kind, 0.4) for kind in (PART_ERROR, MISSING, LOSE_REPLY))]
)
async def test_call_is_made_once(chain, new_relayer, ask, states, attempts, kind, share):
    await ask(*(chain.approval(f"call {n}", n) for n in range(CALLS)))
    async with LyingNode(chain.anvil.url, 1, share, late_seconds=0.25, kinds=[kind]) as node:
        relayer = new_relayer(node.url, timeout_seconds=0.12)
        for _ in range(2):
            for _ in range(2):
                with contextlib.suppress(*NOT_NOW):
                    await relayer.step()
            await chain.mine()
    await settle(chain, new_relayer())

    assert ({f"call {n}": "final" for n in range(CALLS)}, list(range(CALLS))) == (
        await states(), sorted(await chain.approvals())
    )
    assert {0, 1, 2} == {each.nonce - min(a.nonce for a in await attempts()) for each in await attempts()}
    assert node.faults[kind] > 0
