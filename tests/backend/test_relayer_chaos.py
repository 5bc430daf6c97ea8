"""Everything at once, by a seed: a node that lies, processes that die at any boundary, two relayers of one key beside
another key, blocks taken back 1 to 12 deep with releases inside, transactions dropped.

At the end every word is on the chain once, by one transaction, and ledger and chain say the same. It goes on until a
process was killed and a release that was on the chain was taken back. With real processes and thousands: `make chaos`.
"""

import asyncio
import contextlib
from collections import Counter
from datetime import timedelta
from random import Random

import msgspec
import pytest
from sqlalchemy import func, select
from tests.backend.relaying import settle
from tests.backend.rpc_faults import LyingNode
from tests.chain import RELAYER_KEY
from tests.chaos.forensics import forensics

from anxin.chain.identity import NodeBehind
from anxin.chain.indexer import Indexer
from anxin.chain.leader import Moving
from anxin.chain.models import ORPHANED, SEEN, ChainEvent, RelayAttempt
from anxin.chain.reader import read_events_of, read_view
from anxin.chain.rpc import Rpc, RpcError, RpcUnreachable
from anxin.chain.steps import go_on
from anxin.core.calls import Call
from anxin.ledger import service as ledger
from anxin.stack import EMBEDDED_ACCOUNTS
from anxin.wiring import on_final_event

pytest_plugins = ["tests.chain", "tests.backend.chain_site", "tests.backend.relaying"]

FINALITY = 12
WORKERS = 12
LEAST_TURNS, MOST_TURNS = 8, 40
NODE_SECONDS = 0.5  # a node is given for an answer; a late one takes twice that
NOT_NOW = (Moving, NodeBehind, RpcError, RpcUnreachable)


class Killed(Exception):
    pass


class World:
    """The parts that run, and what goes wrong with them. What the dice leave out for too long is done all the same."""

    def __init__(self, seed, chain, sessions, node, new_relayer):
        self.dice, self.chain, self.sessions, self.node, self.new_relayer = Random(seed), chain, sessions, node, new_relayer  # noqa: S311
        self.common = self.turns = self.taken_back = 0
        self.kills = Counter()
        self.rpc = Rpc(node.url, timeout_seconds=NODE_SECONDS)
        deployment = msgspec.structs.replace(chain.deployment, start_block=chain.start)
        handlers = on_final_event(deployment)
        books = {name: [handlers[name][0]] for name in ("Funded", "SheetPosted", "Released")}
        self.indexer = Indexer(sessions, self.rpc, deployment, finality_depth=FINALITY, on_event=books)

    @property
    def is_overdue(self):
        return self.turns >= LEAST_TURNS - 2

    async def at(self, boundary):
        if self.dice.random() < 0.05 or (self.is_overdue and not self.kills):
            self.kills[boundary.name] += 1
            raise Killed

    def relayers(self, url=None, **more):
        """Two of the first key, as when a leader does not know yet that it is none, and one of another key."""
        keys = [(RELAYER_KEY, 0), (RELAYER_KEY, 0), (EMBEDDED_ACCOUNTS["guardian"], 1)]
        options = {
            "finality_depth": FINALITY, "in_flight": 8, "help_after": timedelta(0), "replace_after": timedelta(0),
            "timeout_seconds": NODE_SECONDS, "at": self.at,
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
        self.turns += 1
        if self.turns > 2 * LEAST_TURNS:
            self.node.share = 0  # on a busy machine every answer may be late: then nothing else would ever happen
        await asyncio.gather(*(self.step(part) for part in (*self.relayers(), self.indexer)))
        if self.dice.random() < 0.3 and (pool := await self.chain.pending()):
            await self.chain("anvil_dropTransaction", self.dice.choice(pool))
        grown = min(await self.chain.head() - self.common, FINALITY)
        if grown > 0 and (depth := await self._depth(grown)):
            await self.chain("anvil_reorg", depth, [])
        await self.chain.mine(self.dice.randint(1, 3))

    async def _depth(self, most):
        """How many blocks go back. Where no release went with any for too long: as many as it takes."""
        by_dice = self.dice.randint(1, most) if self.dice.random() < 0.35 else 0
        newest = select(func.max(ChainEvent.block_number)).where(ChainEvent.name == "Released")
        async with self.sessions() as session:
            self.taken_back = await session.scalar(_count(ORPHANED))
            seen = await session.scalar(newest.where(ChainEvent.state == SEEN))
        if self.taken_back or not self.is_overdue or seen is None:
            return by_dice
        return min(await self.chain.head() - seen + 1, most)

    @property
    def was_tame(self):
        return not (self.kills and self.taken_back and len(self.node.faults) >= 4)


def _count(state):
    return select(func.count()).select_from(ChainEvent).where(ChainEvent.name == "Released", ChainEvent.state == state)


@pytest.mark.parametrize("seed", [1])
async def test_every_signed_word_is_on_the_chain_once_and_the_books_agree(
    chain, chain_site, sessions, new_relayer, ask, states, seed
):
    await chain_site.enrol(WORKERS)
    await chain_site.post(*[100 + number for number in range(WORKERS)])
    words = [chain_site.confirmation(number) for number in range(WORKERS)]
    calls = [Call(f"word {n}", "WageEscrow", word.escrow, word.function, word.arguments) for n, word in enumerate(words)]
    async with LyingNode(chain.anvil.url, seed, 0.15, late_seconds=2 * NODE_SECONDS) as node:
        world = World(seed, chain, sessions, node, new_relayer)
        world.common = await chain.head()
        await ask(*calls[: WORKERS // 2])
        while world.turns < LEAST_TURNS or (world.was_tame and world.turns < MOST_TURNS):
            await world.turn()
            if world.turns == LEAST_TURNS // 2:
                await ask(*calls[WORKERS // 2 :])
        await _calm_down(world)

    assert {f"word {n}": "final" for n in range(WORKERS)} == await states()
    released = [e.args["index"] for e in await _events(chain, chain_site) if e.name == "Released"]
    missing = [f"word {n}" for n in range(WORKERS) if released.count(n) != 1]
    async with sessions() as session:
        assert not missing, await forensics(chain.rpc, session, missing)
        told = select(ChainEvent.args).where(ChainEvent.name == "Released", ChainEvent.state == "final")
        assert list(range(WORKERS)) == sorted(args["index"] for args in await session.scalars(told))
        books = await ledger.books_of(session, chain_site.escrow)
        attempts = (await session.scalars(select(RelayAttempt))).all()
    assert all(attempt.closed for attempt in attempts)
    mined = Counter(each.call_pk for each in attempts if each.mined_block is not None and not each.no_op)
    assert {1} == set(mined.values()), "a call was made twice"
    stated = await read_view(chain.rpc, "WageEscrow", chain_site.escrow, "books", await chain.head())
    assert (stated["funded"], stated["owed"]) == (books.funded_fen, books.owed_fen)
    assert not world.was_tame, (world.kills, world.taken_back, node.faults)


async def test_chain_of_these_tests_keeps_its_contracts_however_far_it_goes_back(chain):
    """It did not: calls were final, and nothing was paid."""
    await chain("anvil_mine", hex(1100))

    for depth in (10, 11, 12):
        await chain("anvil_reorg", depth, [])
        assert await chain("eth_getCode", chain.token, "latest") != "0x", depth


async def _calm_down(world):
    """Nothing goes wrong any more, until all that can be final is."""
    chain, world.node.share = world.chain, 0
    calm = world.relayers(chain.anvil.url, at=go_on, timeout_seconds=5)[1:]
    for _ in range(4):
        for relayer in calm:
            await settle(chain, relayer, rounds=1)
        await chain.mine(FINALITY)
    world.rpc, busy = Rpc(chain.anvil.url), world.rpc
    world.indexer._rpc = world.rpc
    for _ in range(3):
        await world.step(world.indexer)
        await chain.mine(FINALITY)
    await world.step(world.indexer)
    for rpc in (busy, world.rpc):
        await rpc.__aexit__()


async def _events(chain, chain_site):
    contracts = {chain_site.escrow.lower(): "WageEscrow"}
    return await read_events_of(chain.rpc, contracts, chain.start, await chain.head())
