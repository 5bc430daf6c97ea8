"""Everything at once, by a seed: a node that lies, processes that die at any boundary, two relayers of one key beside
another key, blocks taken back 1 to 12 deep with releases inside, transactions dropped.

At the end every word is on the chain once, by one transaction, and ledger and chain say the same. What happens when depends
on how busy the machine is, so this is not among the everyday tests: `make chaos`.
"""

import asyncio
import contextlib
import os
from collections import Counter
from datetime import timedelta
from random import Random

import msgspec
import pytest
from sqlalchemy import select
from tests.backend.relaying import settle
from tests.backend.rpc_faults import LyingNode
from tests.chain import RELAYER_KEY

from anxin.chain.identity import NodeBehind
from anxin.chain.indexer import Indexer
from anxin.chain.leader import Moving
from anxin.chain.models import ChainEvent, RelayAttempt
from anxin.chain.reader import read_events_of, read_view
from anxin.chain.rpc import Rpc, RpcError, RpcUnreachable
from anxin.chain.steps import Boundary
from anxin.core.calls import Call
from anxin.ledger import service as ledger
from anxin.stack import EMBEDDED_ACCOUNTS
from anxin.wiring import on_final_event

pytestmark = pytest.mark.skipif("ANXIN_CHAOS" not in os.environ, reason="make chaos")
pytest_plugins = ["tests.chain", "tests.backend.chain_site", "tests.backend.relaying"]

FINALITY = 12
WORKERS = 24
TURNS = 18
NOT_NOW = (Moving, NodeBehind, RpcError, RpcUnreachable)


class Killed(Exception):
    pass


class World:
    """The parts that run, and what goes wrong with them."""

    def __init__(self, seed, chain, sessions, node, new_relayer):
        self.dice, self.chain, self.node, self.new_relayer = Random(seed), chain, node, new_relayer  # noqa: S311
        self.common = 0
        self.kills = Counter()
        self.rpc = Rpc(node.url, timeout_seconds=0.3)
        deployment = msgspec.structs.replace(chain.deployment, start_block=chain.start)
        handlers = on_final_event(deployment)
        books = {name: [handlers[name][0]] for name in ("Funded", "SheetPosted", "Released")}
        self.indexer = Indexer(sessions, self.rpc, deployment, finality_depth=FINALITY, on_event=books)

    async def at(self, boundary):
        if self.dice.random() < 0.04:
            self.kills[boundary.name] += 1
            raise Killed

    def relayers(self, url=None, **more):
        """Two of the first key, as when a leader does not know yet that it is none, and one of another key."""
        keys = [(RELAYER_KEY, 0), (RELAYER_KEY, 0), (EMBEDDED_ACCOUNTS["guardian"], 1)]
        options = {
            "finality_depth": FINALITY, "in_flight": 8, "help_after": timedelta(0), "replace_after": timedelta(0),
            "timeout_seconds": 0.3, "at": self.at,
        }  # fmt: skip
        return [
            self.new_relayer(url or self.node.url, key=key, number=number, lanes=2, **options | more)
            for key, number in keys
        ]

    async def step(self, part):
        with contextlib.suppress(Killed, *NOT_NOW):
            while await part.step():
                pass

    async def turn(self):
        """Every part does what it can, then the chain moves: forward, or back first."""
        await asyncio.gather(*(self.step(part) for part in (*self.relayers(), self.indexer)))
        if self.dice.random() < 0.3 and (pool := await self.chain.pending()):
            await self.chain("anvil_dropTransaction", self.dice.choice(pool))
        grown = await self.chain.head() - self.common
        if self.dice.random() < 0.35 and grown > 0:
            await self.chain("anvil_reorg", self.dice.randint(1, min(FINALITY, grown)), [])
        await self.chain.mine(self.dice.randint(1, 3))


@pytest.mark.parametrize("seed", [1, 2])
async def test_every_signed_word_is_on_the_chain_once_and_the_books_agree(
    chain, chain_site, sessions, new_relayer, ask, states, seed
):
    await chain_site.enrol(WORKERS)
    await chain_site.post(*[100 + number for number in range(WORKERS)])
    words = [chain_site.confirmation(number) for number in range(WORKERS)]
    calls = [Call(f"word {n}", "WageEscrow", word.escrow, word.function, word.arguments) for n, word in enumerate(words)]
    async with LyingNode(chain.anvil.url, seed, 0.15, late_seconds=0.4) as node:
        world = World(seed, chain, sessions, node, new_relayer)
        world.common = await chain.head()
        await ask(*calls[: WORKERS // 2])
        for turn in range(TURNS):
            await world.turn()
            if turn == TURNS // 3:
                await ask(*calls[WORKERS // 2 :])
        node.share = 0
        calm = world.relayers(chain.anvil.url, at=go_on, timeout_seconds=5)[1:]
        for _ in range(4):
            for relayer in calm:
                await settle(chain, relayer, rounds=1)
            await chain.mine(FINALITY)
        for _ in range(3):
            await world.step(world.indexer)
            await chain.mine(FINALITY)
        await world.step(world.indexer)
        await world.rpc.__aexit__()

    assert {"final"} == set((await states()).values())
    released = [e.args["index"] for e in await _events(chain, chain_site) if e.name == "Released"]
    assert list(range(WORKERS)) == sorted(released)
    async with sessions() as session:
        told = select(ChainEvent.args).where(ChainEvent.name == "Released", ChainEvent.state == "final")
        assert list(range(WORKERS)) == sorted(args["index"] for args in await session.scalars(told))
        books = await ledger.books_of(session, chain_site.escrow)
        attempts = (await session.scalars(select(RelayAttempt))).all()
        gone = select(ChainEvent).where(ChainEvent.name == "Released", ChainEvent.state == "orphaned")
        assert (await session.scalars(gone)).first(), "no release was taken back"
    assert all(attempt.closed for attempt in attempts)
    mined = Counter(each.call_pk for each in attempts if each.mined_block is not None and not each.no_op)
    assert {1} == set(mined.values()), "a call was made twice"
    stated = await read_view(chain.rpc, "WageEscrow", chain_site.escrow, "books", await chain.head())
    assert (stated["funded"], stated["owed"]) == (books.funded_fen, books.owed_fen)
    assert len(node.faults) >= 8, node.faults
    assert world.kills, "nothing was killed"


async def go_on(_: Boundary):
    pass


async def _events(chain, chain_site):
    contracts = {chain_site.escrow.lower(): "WageEscrow"}
    return await read_events_of(chain.rpc, contracts, chain.start, await chain.head())
