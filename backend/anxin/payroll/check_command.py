"""`anxin payroll check`: what the check list on the screen says, in a terminal."""

import sys

import click
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from anxin.core import sealing
from anxin.core.database import connect, sessions_of, transaction
from anxin.core.deployment import Deployment
from anxin.core.language import Language
from anxin.core.migrate import check_present
from anxin.core.money import yuan
from anxin.payroll.check_words import words_of
from anxin.payroll.models import WageSheet
from anxin.payroll.review import CheckedLine, Review, review
from anxin.projects.models import Project
from anxin.settings import Settings


async def check_command(settings: Settings, sheet_pk: int, language: Language) -> None:
    """Print what is odd about a sheet; end with 1 where something must be settled before it is submitted."""
    sealing.use(sealing.Sealer(settings.data_keys, settings.index_key))
    bank = Deployment.read(settings.deployment).bank
    await check_present(settings.database_url)
    engine = connect(settings.database_url)
    try:
        async with transaction(sessions_of(engine)) as session:
            sheet = await session.get(WageSheet, sheet_pk, options=[selectinload(WageSheet.lines)])
            if sheet is None:
                raise click.ClickException(f"there is no sheet {sheet_pk}")
            project = (await session.scalars(select(Project).where(Project.id == sheet.project_pk))).one()
            found = await review(session, project, sheet, bank)
    finally:
        await engine.dispose()
    number = "" if sheet.sheet_id is None else f" #{sheet.sheet_id}"
    click.echo(
        f"{project.name}  {sheet.first_day} – {sheet.last_day}  {sheet.state}{number}  {len(sheet.lines)} × "
        f"{yuan(sheet.total_fen)}"
    )
    if print_review(found, language):
        sys.exit(1)


def print_review(found: Review, language: Language) -> int:
    """Print the odd lines; return how many things block."""
    odd = [line for line in (*found.lines, *found.off_sheet) if line.odds]
    for line in odd:
        for each in line.odds:
            compared = "" if each.fen is None else f" ({yuan(each.fen)} → {yuan(line.amount_fen)})"
            mark = _mark(line, is_blocking=each.is_blocking)
            click.echo(f"{mark} {line.worker_no:<12} {words_of(each, language)}{compared}")
    blocking = sum(each.is_blocking for line in found.lines for each in line.odds)
    click.echo(f"{'✗' if blocking else '✓'} {len(odd)} odd, {blocking} blocking")
    return blocking


def _mark(line: CheckedLine, *, is_blocking: bool) -> str:
    if line.index is None:
        return "–"
    return "✗" if is_blocking else "!"
