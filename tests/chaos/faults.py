"""What goes wrong, by kind, and when: every kind once in an order the seed decides, then more of them by its dice."""

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random

import asyncpg
from tests.backend.rpc_faults import KINDS as RPC_KINDS
from tests.backend.rpc_faults import LyingNode
from tests.chaos.processes import Chain, Kept
from tests.chaos.wires import CUT_AFTER, CUT_BEFORE, CountingTwilio, PostgresWire

from anxin.chain.reader import read_events_of
from anxin.chain.rpc import RpcError, RpcUnreachable
from anxin.chain.steps import Boundary
from anxin.core.embedded import EmbeddedPostgres
from anxin.core.no_database import dsn_of
from anxin.demo import twilio_standin as twilio_ways

FINALITY = 12
RPC_SHARE, COMMIT_SHARE, CALLBACK_SHARE = 0.05, 0.02, 0.1
FIRST_PAUSE_SECONDS, LATER_PAUSE_SECONDS = (0.3, 1.5), (1.0, 4.0)  # until every kind was tried, and after
HOUR_STEPS, STEP_SECONDS = 6, 600
SKEW_SECONDS = 240  # Twilio's clock and ours may be five minutes apart
MOST_AHEAD_SECONDS = 8 * 3600
BASE_FEE, DEAR_FEE, DEAR_BLOCKS = 10**9, 60 * 10**9, 20
POOL_LOOKS = 60  # ten a second
RELEASE_TAKEN_BACK = "release that was on the chain taken back"
FROZEN_SECONDS = 12  # the queue's heartbeat is missed after ten
AT_BOUNDARY = "kill -9 worker at "
TWILIO_WAYS = (
    twilio_ways.WRONG_CREDENTIALS, twilio_ways.RATE_LIMITED, twilio_ways.UNAVAILABLE, twilio_ways.SERVER_ERROR,
    twilio_ways.SILENT, twilio_ways.HUNG_UP, *twilio_ways.TAKEN_UNSAID, twilio_ways.SLOW,
)  # fmt: skip

Fault = Callable[[], Awaitable[bool]]


@dataclass
class Parts:
    """Everything that can be broken. `folder`: where the workers look for when to die, and what time it is."""

    folder: Path
    api: Kept
    workers: list[Kept]
    postgres: EmbeddedPostgres
    database: str
    wire: PostgresWire
    nodes: list[LyingNode]
    chain: Chain
    twilio: CountingTwilio
    escrow: str


@dataclass
class Faults:
    """`run` injects until it is told to stop and every kind has happened; `calm` ends all of it."""

    parts: Parts
    dice: Random
    done: Counter[str] = field(default_factory=Counter)
    ahead_seconds: int = 0
    sent_while_behind: int = 0
    dear_blocks: int = 0
    have_begun: bool = False

    def __post_init__(self) -> None:
        self.kinds: dict[str, Fault] = {
            "kill -9 web server": self._kill_web, "kill -9 web worker": self._kill_web_child,
            "kill -9 worker": self._kill_worker, "worker frozen": self._freeze_worker,
            "kill -9 PostgreSQL": self._kill_postgres, "PostgreSQL failover": self._failover,
            "kill -9 anvil": self._kill_anvil,
            "PostgreSQL ends a connection": self._end_backend, "node restarted with state loss": self._lose_state,
            "transaction dropped": self._drop, "pool wiped": self._wipe_pool, "base fee spike": self._fee_spike,
            "a worker's clock jumps": self._skew, "chain's clock jumps": self._chain_jumps,
            "Twilio down for an hour": self._twilio_down,
            **{f"{AT_BOUNDARY}{each.name}": self._kill_at(each) for each in Boundary},
            **{f"reorg {depth} deep": self._reorg(depth) for depth in range(1, FINALITY + 1)},
            **{f"Twilio {way}": self._twilio_fails(way) for way in TWILIO_WAYS},
        }  # fmt: skip

    # ---------------------------------------------------------------- when

    def rage(self) -> None:
        """From now on wires fail by themselves."""
        self.have_begun = True
        self.parts.wire.share, self.parts.twilio.share = COMMIT_SHARE, CALLBACK_SHARE
        for node in self.parts.nodes:
            node.share = RPC_SHARE

    async def run(self, is_enough: Callable[[], bool], most_seconds: float) -> None:
        """Until it is enough and every kind has happened, or for `most_seconds`. No fault is left half done."""
        give_up_at = time.monotonic() + most_seconds
        waiting = self.dice.sample(sorted(self.kinds), len(self.kinds))
        while (not is_enough() or self.missing()) and time.monotonic() < give_up_at:
            kind = waiting.pop(0) if waiting else self._any_kind()
            if await self._inject(kind):
                self.done[kind] += not kind.startswith(AT_BOUNDARY)  # those are counted where they happen
            elif kind not in waiting:
                waiting.append(kind)
            await asyncio.sleep(self.dice.uniform(*(FIRST_PAUSE_SECONDS if waiting else LATER_PAUSE_SECONDS)))

    def _any_kind(self) -> str:
        missing = self.missing()
        if missing == {RELEASE_TAKEN_BACK}:
            return f"reorg {self.dice.randint(1, FINALITY)} deep"
        return self.dice.choice(sorted(missing & self.kinds.keys()) or sorted(self.kinds))

    async def _inject(self, kind: str) -> bool:
        """False where it cannot be done just now, as when another fault is in its way."""
        try:
            return await self.kinds[kind]()
        except (RpcError, RpcUnreachable):
            return False

    async def calm(self) -> None:
        parts = self.parts
        parts.wire.share = parts.twilio.share = 0
        parts.twilio.faults.clear()
        self.dear_blocks = 0
        for node in parts.nodes:
            node.share = 0
        for armed in parts.folder.glob("kill-at-*"):
            armed.unlink(missing_ok=True)

    def kills(self) -> Counter[str]:
        """By boundary."""
        with suppress(FileNotFoundError):
            return Counter((self.parts.folder / "killed").read_text().split())
        return Counter()

    def counts(self) -> dict[str, int]:
        rpc = sum((node.faults for node in self.parts.nodes), Counter[str]())
        met = self.parts.twilio.met
        found = self.done + self.parts.wire.faults + Counter({f"RPC {kind}": count for kind, count in rpc.items()})
        found += Counter({f"{AT_BOUNDARY}{name}": count for name, count in self.kills().items()})
        found += Counter({f"Twilio {way}": count for way, count in met.items()})
        return dict(sorted(found.items()))

    def missing(self) -> set[str]:
        """The kinds that have not happened yet."""
        wanted = {*self.kinds, RELEASE_TAKEN_BACK, CUT_BEFORE, CUT_AFTER, *(f"RPC {kind}" for kind in RPC_KINDS)}
        return wanted - self.counts().keys()

    # ---------------------------------------------------------------- processes

    async def _kill_web(self) -> bool:
        return self.parts.api.kill()

    async def _kill_web_child(self) -> bool:
        return self.parts.api.kill_child()

    async def _kill_worker(self) -> bool:
        return self.dice.choice(self.parts.workers).kill()

    async def _freeze_worker(self) -> bool:
        """For longer than its locks are kept for it: others go on, and it finds that out when it wakes."""
        return await self.dice.choice(self.parts.workers).freeze(FROZEN_SECONDS)

    def _kill_at(self, boundary: Boundary) -> Fault:
        async def arm() -> bool:
            (self.parts.folder / f"kill-at-{boundary.name}").touch()
            return boundary is not Boundary.REPLACED or await self._fee_spike()

        return arm

    async def _kill_postgres(self) -> bool:
        """Whoever embeds it starts it again."""
        process = self.parts.postgres._process
        if process is None or process.returncode is not None:
            return False
        os.kill(process.pid, signal.SIGKILL)
        await asyncio.sleep(2)
        return True

    async def _failover(self) -> bool:
        """Every connection is gone, and for a while there is nobody."""
        self.parts.wire.is_down = True
        cut = self.parts.wire.cut_all()
        await asyncio.sleep(1.5)
        self.parts.wire.is_down = False
        return cut > 0

    async def _end_backend(self) -> bool:
        found = await self.sql(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() ORDER BY pid"
        )
        if not found:
            return False
        await self.sql("SELECT pg_terminate_backend($1)", self.dice.choice(found)["pid"])
        return True

    async def sql(self, statement: str, *arguments: object) -> list[asyncpg.Record]:
        """Past the wire that fails; nothing while the server is down."""
        try:
            connection = await asyncpg.connect(dsn_of(self.parts.postgres.url(self.parts.database)), timeout=5)
        except (OSError, TimeoutError, asyncpg.PostgresError):
            return []
        try:
            return list(await connection.fetch(statement, *arguments))
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return []
        finally:
            connection.terminate()

    # ---------------------------------------------------------------- the chain

    async def mine(self) -> None:
        """The next block, as the base fee of the moment has it."""
        async with self.parts.chain.moving:
            if self.dear_blocks:
                self.dear_blocks -= 1
                fee = DEAR_FEE if self.dear_blocks else BASE_FEE
                await self.parts.chain("anvil_setNextBlockBaseFeePerGas", hex(fee))
            await self.parts.chain.mine()

    async def _pool(self) -> list[str]:
        """Hashes of what waits to be mined; no block comes until something does, or for long."""
        for _ in range(POOL_LOOKS):
            pool = (await self.parts.chain("txpool_content"))["pending"]
            if hashes := sorted(each["hash"] for sender in pool.values() for each in sender.values()):
                return hashes
            await asyncio.sleep(0.1)
        return []

    async def _fee_spike(self) -> bool:
        """What was sent while gas was cheap is stuck."""
        async with self.parts.chain.moving:
            if not await self._pool():
                return False
            self.dear_blocks = DEAR_BLOCKS
        return True

    def _reorg(self, depth: int) -> Fault:
        async def reorg() -> bool:
            chain = self.parts.chain
            async with chain.moving:
                head = await chain.head()
                going = await read_events_of(chain.rpc, {self.parts.escrow: "WageEscrow"}, max(head - depth + 1, 0), head)
                if not await chain.reorg(depth):
                    return False
            self.done[RELEASE_TAKEN_BACK] += sum(each.name == "Released" for each in going)
            return True

        return reorg

    async def _drop(self) -> bool:
        async with self.parts.chain.moving:
            if not (pool := await self._pool()):
                return False
            await self.parts.chain("anvil_dropTransaction", self.dice.choice(pool))
        return True

    async def _wipe_pool(self) -> bool:
        async with self.parts.chain.moving:
            if not await self._pool():
                return False
            await self.parts.chain("anvil_dropAllTransactions")
        return True

    async def _chain_jumps(self) -> bool:
        await self.parts.chain("evm_increaseTime", self.dice.randint(60, 1200))
        return True

    async def _kill_anvil(self) -> bool:
        """What it had not stored is lost: some newest blocks, and the pool."""
        chain = self.parts.chain
        async with chain.moving:
            state = await chain.save("state.json")
            await chain.mine(self.dice.randint(0, 2))
            await chain.kill()
            await asyncio.sleep(self.dice.uniform(0, 2))
            await chain.start(state)
        return True

    async def _lose_state(self) -> bool:
        """A node that lost what was final is told nothing, and believed nothing, until it is whole again."""
        chain, parts = self.parts.chain, self.parts
        async with chain.moving:
            old = await chain.save("old.json")
            height = await chain.head()
        for _ in range(600):  # until something later is final
            await asyncio.sleep(0.2)
            found = await self.sql("SELECT max(number) AS final FROM blocks WHERE state = 'final'")
            if found and (found[0]["final"] or 0) > height:
                break
        async with chain.moving:
            whole = await chain.save("state.json")
            await chain.kill()
            await chain.start(old)
            await asyncio.sleep(1)
            await chain("anvil_dropAllTransactions")  # whoever had just looked was still sending
            await asyncio.sleep(4)
            self.sent_while_behind += int((await chain("txpool_status"))["pending"], 16)
            await chain.kill()
            await chain.start(whole)
        return len(parts.nodes) > 0

    # ---------------------------------------------------------------- time and messages

    async def pass_time(self, seconds: int) -> None:
        """For the workers, for Twilio, and for what is put off in the queue."""
        self.ahead_seconds += seconds
        self.parts.twilio.ahead = timedelta(seconds=self.ahead_seconds)
        for place in range(len(self.parts.workers)):
            self.set_clock(place, 0)
        await self.sql(
            "UPDATE pgqueuer SET execute_after = execute_after - make_interval(secs => $1) WHERE status = 'queued'",
            float(seconds),
        )

    def set_clock(self, place: int, skew_seconds: int) -> None:
        folder = self.parts.folder / f"worker{place}"
        folder.mkdir(exist_ok=True)
        half = folder / "clock.half"
        half.write_text(str(self.ahead_seconds + skew_seconds))
        half.rename(folder / "clock")

    async def _skew(self) -> bool:
        self.set_clock(self.dice.randrange(len(self.parts.workers)), self.dice.randint(-SKEW_SECONDS, SKEW_SECONDS))
        return True

    async def _twilio_down(self) -> bool:
        if self.ahead_seconds > MOST_AHEAD_SECONDS:
            return True
        twilio = self.parts.twilio
        before = twilio.met[twilio_ways.UNAVAILABLE]
        twilio.outage = twilio_ways.UNAVAILABLE
        for _ in range(HOUR_STEPS):
            await self.pass_time(STEP_SECONDS)
            await asyncio.sleep(1)
        twilio.outage = None
        return twilio.met[twilio_ways.UNAVAILABLE] > before

    def _twilio_fails(self, way: str) -> Fault:
        async def fail() -> bool:
            self.parts.twilio.faults.append(way)
            return True

        return fail


