"""The worker process: jobs, gatherer, relayer and indexer side by side. Many may run; each has one leader but the jobs."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, nullcontext
from datetime import timedelta
from typing import Any

import structlog
from pgqueuer import PgQueuer
from pgqueuer.core.executors import DatabaseRetryEntrypointExecutor, EntrypointExecutorParameters
from pgqueuer.db import AsyncpgDriver
from pgqueuer.models import Job

from anxin.alerts.limits import Policy
from anxin.alerts.sms import TwilioSender
from anxin.audit.reconcile import Reconciler
from anxin.bank.adapters import connected
from anxin.chain.identity import ChainChanged
from anxin.chain.indexer import Indexer
from anxin.chain.lane import Bounds
from anxin.chain.leader import lead
from anxin.chain.relayer import Relayer
from anxin.chain.rpc import Rpc
from anxin.core import jobs, logs, sealing
from anxin.core.database import Sessions, connect, sessions_of, transaction
from anxin.core.deployment import Deployment
from anxin.core.migrate import check_present
from anxin.core.no_database import connection_to
from anxin.realname.client import Platform
from anxin.settings import Settings
from anxin.wages import gathering
from anxin.wiring import (
    ON_FINAL_BLOCK,
    ON_SENT,
    JobHandler,
    OutsideJobHandler,
    bank_desk,
    on_final_event,
    on_job,
    on_outside_job,
    on_refused,
)

RETRIES = 12
FIRST_RETRY = timedelta(seconds=1)
LONGEST_RETRY = timedelta(minutes=10)
GATHER_POLL_SECONDS = 0.25
RECONCILE_POLL_SECONDS = 5.0  # it looks whether it is time
DEAD_WORKER_AFTER = timedelta(seconds=10)  # then its jobs are taken up by another
JOBS_TAKEN_AT_ONCE = 50
TRANSACTIONS_AT_ONCE = 8  # of jobs; those that ask somebody outside have the other connections
ONE_BY_ONE = frozenset({"release", "relay"})  # they take the processor: side by side all end late, the relayer between them

log = structlog.get_logger()


class QueueLost(Exception):
    """The worker ends, and is started again: jobs that were being done are taken up by whoever comes first."""


async def run(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT. Raises NoDatabase, QueueLost: whoever supervises it starts it again."""
    logs.configure()
    sealing.use(sealing.Sealer(settings.data_keys, settings.index_key))
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await check_present(settings.database_url)
    async with AsyncExitStack() as stack:
        # Jobs have connections of their own: however many wait, the chain is read and written meanwhile.
        engine, jobs_engine = connect(settings.database_url), connect(settings.database_url)
        for each in (engine, jobs_engine):
            stack.push_async_callback(each.dispose)
        rpc = await stack.enter_async_context(Rpc(settings.rpc_url, safe_height_file=settings.safe_height_file))
        sender = TwilioSender(settings)
        stack.push_async_callback(sender.close)
        platform = Platform.of(settings)
        if platform is not None:
            stack.push_async_callback(platform.close)
        sessions, deployment = sessions_of(engine), Deployment.read(settings.deployment)
        indexer = Indexer(
            sessions, rpc, deployment, finality_depth=settings.finality_depth, on_event=on_final_event(deployment),
            on_block=ON_FINAL_BLOCK,
        )  # fmt: skip
        relayers = _relayers(settings, sessions, rpc, deployment)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(follow_chain(indexer, relayers, stop, poll_seconds=settings.poll_seconds))
            tasks.create_task(_reconcile(settings, sessions, rpc, deployment, stop))
            outside = on_outside_job(sender, Policy.of(settings), platform)
            handlers = on_job(sender, deployment)
            tasks.create_task(_run_jobs(settings, sessions_of(jobs_engine), handlers, outside, stop))
            tasks.create_task(_gather(settings, sessions, stop))
            if settings.bank_url:
                tasks.create_task(_go_to_bank(settings, sessions, stop))


async def _gather(settings: Settings, sessions: Sessions, stop: asyncio.Event) -> None:
    """Ask for releases of what workers have signed, as the only one."""
    wait = timedelta(seconds=settings.release_batch_seconds)

    async def step() -> bool:
        async with transaction(sessions) as session:
            return len(await gathering.gather(session, wait=wait)) == gathering.AT_ONCE

    await lead(sessions, "gatherer", step, stop, poll_seconds=GATHER_POLL_SECONDS)


async def _reconcile(
    settings: Settings, sessions: Sessions, rpc: Rpc, deployment: Deployment, stop: asyncio.Event
) -> None:
    """Compare our books with the contracts' own, as the only one."""
    async with AsyncExitStack() as stack:
        nodes = {"the node": rpc}
        if settings.second_rpc_url:
            nodes["the second node"] = await stack.enter_async_context(Rpc(settings.second_rpc_url))
        reconciler = Reconciler(sessions, nodes, deployment)
        await lead(sessions, "reconciler", reconciler.step, stop, poll_seconds=RECONCILE_POLL_SECONDS)


async def _go_to_bank(settings: Settings, sessions: Sessions, stop: asyncio.Event) -> None:
    """Order payments and read answers, as the only one. Raises BadBankUrl."""
    wait, resend = timedelta(seconds=settings.bank_order_seconds), timedelta(seconds=settings.bank_resend_seconds)
    async with connected(settings.bank_url, name=settings.bank_name, token=settings.bank_token) as bank:
        desk = bank_desk(sessions, bank, wait=wait, resend=resend)
        await lead(sessions, f"bank {bank.name}", desk.step, stop, poll_seconds=settings.bank_poll_seconds)


def _relayers(settings: Settings, sessions: Sessions, rpc: Rpc, deployment: Deployment) -> list[Relayer]:
    """One a key. Where several workers run, each key has one leader among them."""
    bounds = Bounds(
        finality_depth=settings.finality_depth, in_flight=settings.relay_in_flight,
        gas_in_flight=settings.relay_gas_in_flight, gas_ceiling=settings.relay_gas_ceiling,
        fee_ceiling_wei=settings.relay_fee_ceiling_wei, low_balance_batches=settings.relay_low_balance_batches,
        replace_after=timedelta(seconds=settings.relay_replace_seconds),
        overlooked_after=3 * timedelta(seconds=settings.relay_replace_seconds),
    )  # fmt: skip
    keys = settings.all_relayer_keys
    return [
        Relayer(
            sessions, rpc, deployment, key=key, bounds=bounds, on_sent=ON_SENT, on_refused=on_refused(deployment),
            number=number, lanes=len(keys),
        )
        for number, key in enumerate(keys)
    ]  # fmt: skip


async def follow_chain(
    indexer: Indexer, relayers: Sequence[Relayer], stop: asyncio.Event, *, poll_seconds: float
) -> None:
    """Read and write the chain. Where it is not ours any more both stop until a restart; messages still go out."""
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(indexer.run(stop, poll_seconds=poll_seconds))
            for relayer in relayers:
                tasks.create_task(relayer.run(stop, poll_seconds=poll_seconds / 4))
    except* ChainChanged as group:
        log.critical("the chain is neither read nor written any more", reason=str(group.exceptions[0]))


async def _run_jobs(
    settings: Settings,
    sessions: Sessions,
    handlers: Mapping[str, JobHandler],
    outside: Mapping[str, OutsideJobHandler],
    stop: asyncio.Event,
) -> None:
    """Work the queue until `stop`. Raises QueueLost: the queue's own connection does not come back by itself."""
    connection = await connection_to(settings.database_url)
    lost = asyncio.Event()
    connection.add_termination_listener(lambda _: lost.set())
    queue, room = PgQueuer(AsyncpgDriver(connection)), asyncio.Semaphore(TRANSACTIONS_AT_ONCE)
    for name, handler in handlers.items():
        turn = asyncio.Lock() if name in ONE_BY_ONE else nullcontext()
        queue.entrypoint(name, on_failure="hold", executor_factory=_patient)(_in_transaction(sessions, handler, room, turn))
    for name, outsider in outside.items():
        queue.entrypoint(name, on_failure="hold", executor_factory=_patient)(_outside(sessions, outsider))
    running = asyncio.create_task(
        queue.run(
            dequeue_timeout=timedelta(seconds=1),
            batch_size=JOBS_TAKEN_AT_ONCE,
            max_concurrent_tasks=2 * JOBS_TAKEN_AT_ONCE,
            heartbeat_timeout=DEAD_WORKER_AFTER,
        )
    )
    others = [asyncio.create_task(stop.wait()), asyncio.create_task(lost.wait())]
    await asyncio.wait((running, *others), return_when=asyncio.FIRST_COMPLETED)
    for task in others:
        task.cancel()
    if lost.is_set():
        running.cancel()
        raise QueueLost("the connection to the job queue is gone")
    queue.shutdown.set()
    await running
    await connection.close()


def _patient(parameters: EntrypointExecutorParameters) -> DatabaseRetryEntrypointExecutor:
    """A failed job is tried again, later and later, and in the end held for a person: never dropped."""
    return DatabaseRetryEntrypointExecutor(
        parameters, max_attempts=RETRIES, initial_delay=FIRST_RETRY, max_delay=LONGEST_RETRY
    )


def _outside(sessions: Sessions, handler: OutsideJobHandler) -> Callable[[Job], Awaitable[None]]:
    async def handle(job: Job) -> None:
        await handler(sessions, jobs.decode(job.payload))

    return handle


def _in_transaction(
    sessions: Sessions, handler: JobHandler, room: asyncio.Semaphore, turn: AbstractAsyncContextManager[Any]
) -> Callable[[Job], Awaitable[None]]:
    """Jobs wait for `room` and not for a connection: that wait has an end, which would count as a failure of theirs."""

    async def handle(job: Job) -> None:
        async with turn, room, transaction(sessions) as session:
            await handler(session, jobs.decode(job.payload))

    return handle
