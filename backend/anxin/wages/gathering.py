"""From single words to batches: a word waits for others of its sheet, then the sheet's release is asked for.

    kept ──► the first waited long enough · 256 wait · nobody is left to join ──► gathered, with a `release` of the sheet
The rows themselves are the outbox: whoever keeps a word writes nothing else, and a worker that dies leaves them to the next.
"""

from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core import jobs
from anxin.core.clock import now
from anxin.wages.releases import MAX_BATCH

AT_ONCE = 8  # sheets: the first are on their way before the last are gathered
# Nobody is left to join where every line is released or has a word waiting. The first line that is missing is enough to
# know: looked for in order, and no further. What somebody else holds is left for the next time: nobody waits in a ring.
_GATHER = text("""
    WITH sheet AS (
        SELECT sheet_pk AS pk, min(received_at) AS since, count(*) AS words
        FROM confirmations WHERE NOT gathered GROUP BY sheet_pk
    ), due AS (
        SELECT pk FROM sheet WHERE since <= :before OR words >= :most OR (
            SELECT line.index FROM wage_lines line
            WHERE line.sheet_pk = pk AND line.released_tx IS NULL AND NOT EXISTS (
                SELECT FROM confirmations word
                WHERE word.sheet_pk = line.sheet_pk AND word.line_index = line.index AND word.state = 'accepted'
                  AND word.call_key IS NULL
            )
            ORDER BY line.index LIMIT 1
        ) IS NULL
        ORDER BY since LIMIT :sheets
    ), word AS (
        SELECT digest FROM confirmations WHERE NOT gathered AND sheet_pk IN (SELECT pk FROM due)
        FOR UPDATE SKIP LOCKED
    ), gathered AS (
        UPDATE confirmations SET gathered = true FROM word WHERE confirmations.digest = word.digest
        RETURNING confirmations.sheet_pk
    )
    SELECT DISTINCT sheet_pk FROM gathered ORDER BY sheet_pk
""")


async def gather(session: AsyncSession, *, wait: timedelta) -> list[int]:
    """Ask for the release of sheets whose words have waited for long enough, and return those sheets: `AT_ONCE` at most.

    Args:
        wait: how long a word waits for company, where there may be any.
    """
    asked = {"before": now() - wait, "most": MAX_BATCH, "sheets": AT_ONCE}
    sheets = list(await session.scalars(_GATHER, asked))
    await jobs.enqueue_all(session, "release", [{"sheet": sheet_pk} for sheet_pk in sheets])
    return sheets
