"""Two jobs of one sheet at the same moment: a job that finds nothing of its own must not hide from another what is its."""

import asyncio
from functools import partial

from sqlalchemy import select
from tests.backend.signed_words import confirmation

from anxin.core.database import transaction
from anxin.wages.models import Confirmation
from anxin.wages.releases import release_batch


async def test_job_with_nothing_left_to_do_does_not_make_another_leave_its_wages_behind(client, site, sessions, deployment):
    sheet = await site.post(90_000)
    path, body = confirmation(site, sheet, 0)
    await client.put(path, json=body)
    release = partial(release_batch, deployment=deployment)

    async def own_job():
        async with transaction(sessions) as session:
            await release(session, {"sheet": sheet.id, "digests": [path.rsplit("/", 1)[1]]})

    async with transaction(sessions) as session:
        await release(session, {"sheet": sheet.id, "digests": ["0x" + "00" * 32]})  # went with an earlier batch
        other = asyncio.create_task(own_job())
        await asyncio.sleep(0.3)
    await asyncio.wait_for(other, 10)

    async with sessions() as session:
        assert (await session.scalar(select(Confirmation.call_key))) is not None
