"""Tables people take away: every `…/export?format=csv|xlsx` answers through here.

At most `MAX_ROWS`: who may ask without an account could otherwise keep a process busy. What is more is refused and says so;
days and filters make it less, nothing is cut off in silence.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, Literal
from urllib.parse import quote

from litestar import Request, Response

from anxin.core import problems
from anxin.core.clock import SITE_ZONE
from anxin.core.language import Language
from anxin.core.relay_file import RelayFile
from anxin.core.table_errors import ExportTooLarge
from anxin.core.tables import Cell, write_csv, write_xlsx

Format = Literal["csv", "xlsx"]
Titles = Mapping[Language, Sequence[str]]

MAX_ROWS: Final = 20_000
MEDIA_TYPES: Final[Mapping[Format, str]] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


async def answer_table(
    request: Request[Any, Any, Any],
    name: Mapping[Language, str],
    titles: Titles,
    rows: Iterable[Sequence[Cell]],
    file_format: Format,
    language: Language | None = None,
) -> Response[bytes]:
    """Return the rows as a file to keep, its name and titles in the reader's language.

    Args:
        rows: at most `MAX_ROWS`; read one more to know whether there is more (`bounded`).
        language: what the page shows; the browser's own where none is given.

    Raises:
        ExportTooLarge: more than `MAX_ROWS`.
    """
    spoken = language or problems.language_of(request)
    kept = list(rows)
    if len(kept) > MAX_ROWS:
        raise ExportTooLarge(rows=MAX_ROWS)
    if file_format == "csv":
        content = await asyncio.to_thread(write_csv, titles[spoken], kept)
    else:
        content = await asyncio.to_thread(write_xlsx, name[spoken], titles[spoken], kept)
    headers = {
        "content-disposition": f"attachment; filename*=UTF-8''{quote(name[spoken])}.{file_format}",
        "cache-control": "no-store",
    }
    return Response(content, media_type=MEDIA_TYPES[file_format], headers=headers)


def start_of(day: date) -> datetime:
    """When a day begins on the site, in UTC."""
    return datetime.combine(day, time(), SITE_ZONE).astimezone(UTC)


def end_of(day: date) -> datetime:
    """When the next one begins."""
    return start_of(day + timedelta(days=1))


def answer_word(digest: str, file: RelayFile) -> Response[RelayFile]:
    """Return a signed word as a file to keep, for its signer."""
    name = f"anxin-{file.signed.lower()}-{digest[2:10]}.json"
    return Response(file, headers={"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"})
