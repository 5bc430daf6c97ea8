"""What people take away: all of it or a refusal, in their language, safe to open, and the same as the page shows."""

from datetime import UTC, datetime
from typing import Any

import pytest
from litestar.testing import AsyncTestClient
from tests.backend.conftest import CONTRACTOR, ESCROW, Site, assert_problem
from tests.fakes import final_event

from anxin.chain.models import Block, ChainEvent
from anxin.core import exports
from anxin.core.database import Sessions, transaction
from anxin.core.tables import read_table
from anxin.ledger import service as ledger

FORMATS = pytest.mark.parametrize("file_format", ["csv", "xlsx"])
TRICK = '=HYPERLINK("http://evil")'


@pytest.fixture
async def chain(sessions: Sessions) -> None:
    """Three events at the site's midnights of 4, 5 and 6 November; the second's name is a formula."""
    async with transaction(sessions) as session:
        for number, name in enumerate(("Funded", TRICK, "Released"), start=1):
            at = datetime(2026, 11, 2 + number, 16, tzinfo=UTC)
            session.add(Block(hash=f"0x{number:064x}", number=number, parent=f"0x{number - 1:064x}", time=at, state="final"))
            await session.flush()
            event = ChainEvent(
                block_hash=f"0x{number:064x}", log_index=0, block_number=number, block_time=at, tx_hash=f"0x{number:064x}",
                contract="WageEscrow", name=name, args={"amount": number}, address=ESCROW, state="final",
            )  # fmt: skip
            session.add(event)


@pytest.fixture
async def booked(site: Site) -> None:
    event = final_event("Funded", "WageEscrow", ESCROW, sender=CONTRACTOR.address, amount=1_234_550)
    await site.apply(ledger.record_funding, event)


def rows(answer: Any, name: str = "t") -> list[dict[str, str]]:
    return [row.cells for row in read_table(answer.content, name).rows]


@FORMATS
async def test_events_come_oldest_first_with_the_sites_time(
    client: AsyncTestClient[Any], chain: None, file_format: str
) -> None:
    table = rows(await client.get(f"/api/events/export?format={file_format}"))

    expected = {
        "Time": "2026-11-04T00:00:00+08:00", "Block": "1", "Transaction": f"0x{1:064x}", "Contract": "WageEscrow",
        "Address": ESCROW, "Event": "Funded", "Content": '{"amount":1}', "State": "final",
    }  # fmt: skip
    assert (expected, ["Funded", TRICK, "Released"]) == (table[0], [row["Event"] for row in table])


async def test_a_name_that_is_a_formula_is_text(client: AsyncTestClient[Any], chain: None) -> None:
    content = (await client.get("/api/events/export?format=csv")).content.decode()
    assert "\"'=HYPERLINK" in content


@FORMATS
async def test_the_ledger_has_yuan_that_can_be_summed(
    client: AsyncTestClient[Any], booked: None, file_format: str
) -> None:
    (row,) = rows(await client.get(f"/api/ledger/export?format={file_format}&escrow={ESCROW}"))
    assert ("Funded", "12345.5") == (row["Event"], row["Amount (yuan)"].rstrip("0"))


async def test_days_are_the_sites_and_include_the_last(client: AsyncTestClient[Any], chain: None) -> None:
    table = rows(await client.get("/api/events/export?format=csv&first=2026-11-05&last=2026-11-05"))
    assert ["2026-11-05T00:00:00+08:00"] == [row["Time"] for row in table]


async def test_filters_are_those_of_the_page(client: AsyncTestClient[Any], chain: None) -> None:
    assert [] == rows(await client.get("/api/events/export?format=csv&escrow=0x" + "11" * 20))
    assert ["3"] == [row["Block"] for row in rows(await client.get("/api/events/export?format=csv&name=Released"))]


@pytest.mark.parametrize(
    ("query", "header", "title", "file_name"),
    [
        ("", "zh-CN,zh", "时间", "%E9%93%BE%E4%B8%8A%E4%BA%8B%E4%BB%B6.xlsx"),
        ("", "en", "Time", "chain-events.xlsx"),
        ("&language=zh", "en", "时间", "%E9%93%BE%E4%B8%8A%E4%BA%8B%E4%BB%B6.xlsx"),
    ],
)
async def test_the_file_speaks_the_readers_language(
    client: AsyncTestClient[Any], chain: None, query: str, header: str, title: str, file_name: str
) -> None:
    answer = await client.get(f"/api/events/export?format=xlsx{query}", headers={"accept-language": header})

    assert title == read_table(answer.content, "t").header[0]
    assert f"attachment; filename*=UTF-8''{file_name}" == answer.headers["content-disposition"]
    assert exports.MEDIA_TYPES["xlsx"] == answer.headers["content-type"]


async def test_more_than_a_file_holds_is_refused_and_not_cut_off(
    client: AsyncTestClient[Any], chain: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "MAX_ROWS", 2)
    assert_problem(await client.get("/api/events/export?format=csv"), 413, "export-too-large", "holds 2 rows at most")
    assert 1 == len(rows(await client.get("/api/events/export?format=csv&last=2026-11-04")))


@pytest.mark.parametrize("query", ["", "?format=pdf", "?format=csv&first=yesterday", "?format=csv&language=fr"])
async def test_nonsense_is_a_sentence(client: AsyncTestClient[Any], query: str) -> None:
    assert_problem(await client.get(f"/api/events/export{query}"), 400, "malformed", "cannot be read")
