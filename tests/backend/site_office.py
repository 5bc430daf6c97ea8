"""What a site office does in tests: attendance at the gate, and parties who act on a project."""

from datetime import date, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession
from tests.backend.conftest import CONTRACTOR, ESCROW, FIRST_DAY, LAST_DAY, PAYDAY, Site, as_event
from tests.fakes import final_event

from anxin.attendance import service as attendance
from anxin.attendance.service import Pieces, Reading
from anxin.core.clock import SITE_ZONE
from anxin.core.database import transaction
from anxin.core.events import Event
from anxin.demo.keys import Wallet
from anxin.payroll.compile import Ask, compile_sheets
from anxin.payroll.models import WageSheet
from anxin.payroll.submit import submit
from anxin.projects.access import Acting

SUBCONTRACTOR = Wallet.from_hex("0x" + "d1" * 32)
OCTOBER = Ask(FIRST_DAY, LAST_DAY, payday=PAYDAY)
SHEETS = f"/api/projects/{ESCROW}/sheets"
PERIOD = {"firstDay": FIRST_DAY.isoformat(), "lastDay": LAST_DAY.isoformat()}


def contractor_of(site: Site) -> Acting:
    return Acting(site.project, "contractor", CONTRACTOR.address, "渝安建工")


def subcontractor_of(site: Site) -> Acting:
    return Acting(site.project, "subcontractor", SUBCONTRACTOR.address, "巴渝劳务")


async def take_in(session: AsyncSession, site: Site, readings: list[Reading], pieces: tuple[Pieces, ...] = ()) -> None:
    workers = {number: worker.id for number, worker in site.workers.items()}
    await attendance.take_in(session, site.project, workers, readings, pieces)


def shift(worker_no: str, day: int, *, month: int = 10, hours: int = 8, attend_type: str = "001") -> list[Reading]:
    """In at seven, out so many hours later."""
    start = datetime(2026, month, day, 7, tzinfo=SITE_ZONE)
    return [
        Reading(worker_no, at, way, attend_type, "G1")
        for at, way in ((start, "01"), (start.replace(hour=7 + hours), "02"))
    ]


async def work(site: Site, *readings: list[Reading], pieces: tuple[Pieces, ...] = ()) -> None:
    async with transaction(site.sessions) as session:
        await take_in(session, site, [each for group in readings for each in group], pieces)


async def compile_october(site: Site, ask: Ask = OCTOBER, acting: Acting | None = None) -> list[WageSheet]:
    async with transaction(site.sessions) as session:
        return await compile_sheets(session, acting or contractor_of(site), ask)


async def submit_october(site: Site, acting: Acting | None = None) -> WageSheet:
    """Compile and submit; return the only sheet."""
    (draft,) = await compile_october(site, acting=acting)
    async with transaction(site.sessions) as session:
        return await submit(session, site.deployment, acting or contractor_of(site), draft.id)


async def sign(client: Any, sheet: WageSheet, by: Wallet = CONTRACTOR) -> Any:
    assert sheet.digest is not None
    body = {"signature": "0x" + by.sign_bytes(sheet.digest).hex()}
    return await client.put(f"/api/sheets/0x{sheet.digest.hex()}/signature", json=body)


def posted(sheet: WageSheet, *, root: str | None = None, escrow: str = ESCROW, sheet_id: int | None = None) -> Event:
    return final_event(
        "SheetPosted", "WageEscrow", escrow, sheetId=sheet.sheet_id if sheet_id is None else sheet_id,
        root=root or "0x" + sheet.root.hex(), header=sheet.header, total=sheet.total_fen,
        lines=[as_event(line) for line in sheet.lines],
    )  # fmt: skip


def day(number: int, month: int = 10) -> date:
    return date(2026, month, number)
