"""A server that ends by itself, or is killed, is started again: on the same port, with the data it had stored."""

import asyncio
import os
from collections.abc import Awaitable, Callable

import structlog

LOOK_EVERY_SECONDS = 0.3
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.2, 10.0

log = structlog.get_logger()


async def keep_running(
    what: str, ended: Callable[[], Awaitable[None]], start_again: Callable[[], Awaitable[None]]
) -> None:
    """Wait for the end, start again, for ever; where it does not start, later and later. Cancel it before stopping."""
    while True:
        await ended()
        log.warning("server_ended", server=what)
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                await start_again()
                break
            except Exception as error:  # whatever it is, nobody else would start it
                log.error("server_not_started", server=what, reason=repr(error), again_in_seconds=pause)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
        log.warning("server_started_again", server=what)


async def end_of(process: asyncio.subprocess.Process | None, pid: int | None) -> None:
    """Return when a process of ours, or one we have only adopted, is there no more."""
    if process is not None:
        await process.wait()
    while process is None and pid is not None and lives(pid):
        await asyncio.sleep(LOOK_EVERY_SECONDS)


def lives(pid: int) -> bool:
    """Whether there is such a process, be it somebody else's."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
