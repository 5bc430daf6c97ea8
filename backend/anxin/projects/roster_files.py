"""A roster as a file: looked through first, every bad cell named; stored whole or not at all.

Nothing of a file is kept that was only looked at: it is full of ID numbers. Storing sends it again, under its own SHA-256.
"""

from hashlib import sha256
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core.errors import AnxinError, DigestMismatch
from anxin.core.language import Language
from anxin.core.tables import Row, Table, read_table
from anxin.people.models import Worker
from anxin.people.real_names import id_index
from anxin.projects.errors import BadRosterFile, NumberTaken, OnRosterAlready
from anxin.projects.models import RosterEntry
from anxin.projects.registration import Intake, employer_of, register
from anxin.projects.roster_rows import RowReader
from anxin.projects.schemas import RosterPerson, RosterPreview, RosterStored

MAX_FILE_BYTES: Final = 4 * 1024 * 1024
MAX_ROWS: Final = 2_000
SHOWN_ERRORS: Final = 200


async def preview(
    session: AsyncSession, intake: Intake, content: bytes, name: str, language: Language
) -> RosterPreview:
    """Say what storing the file would do, and name every cell that keeps it from being stored. Stores nothing.

    Raises UnreadableTable, BadRosterFile.
    """
    table = _table(content, name)
    reader, people, known = await _read(session, intake, table, language)
    return RosterPreview(
        file_digest=sha256(content).hexdigest(), rows=len(table.rows), new_rows=len(people.keys() - known),
        error_count=len(reader.errors), errors=reader.errors[:SHOWN_ERRORS],
    )  # fmt: skip


async def store(
    session: AsyncSession, intake: Intake, digest: str, content: bytes, name: str, language: Language
) -> RosterStored:
    """Register everybody of the file, or nobody. Storing it again changes nothing.

    Raises UnreadableTable, BadRosterFile, DigestMismatch, and what `register` raises.
    """
    expected = sha256(content).hexdigest()
    if digest != expected:
        raise DigestMismatch(expected=expected)
    reader, people, _ = await _read(session, intake, _table(content, name), language)
    if count := len(reader.errors):
        raise BadRosterFile(problem_zh=f"有 {count} 处错误，先看预览", problem=f"{count} cells are wrong")
    done = [await register(session, intake, number, person) for number, person in people.items()]
    return RosterStored(
        len(done), [each.worker_no for each in done if each.already_on_record],
        [each.worker_no for each in done if not each.phone_usable],
    )  # fmt: skip


def _table(content: bytes, name: str) -> Table:
    if len(content) > MAX_FILE_BYTES:
        raise BadRosterFile(problem_zh="文件超过 4 MB", problem="it is larger than 4 MB")
    table = read_table(content, name)
    if not 1 <= len(table.rows) <= MAX_ROWS:
        raise BadRosterFile(problem_zh=f"须有 1 到 {MAX_ROWS} 行", problem=f"it needs 1 to {MAX_ROWS} rows")
    return table


async def _read(
    session: AsyncSession, intake: Intake, table: Table, language: Language
) -> tuple[RowReader, dict[str, RosterPerson], set[str]]:
    """Return the reader with its errors, the people by number, and the numbers that the roster has already."""
    reader = RowReader.of(table, language)
    people: dict[str, RosterPerson] = {}
    comparing = _Comparing(reader, await _on_roster(session, intake))
    employers: dict[str | None, AnxinError | None] = {}
    for row in table.rows:
        read = reader.person(row)
        if read is None:
            continue
        number, person = read
        if person.employer not in employers:
            employers[person.employer] = await _employer_problem(session, intake, person.employer)
        problem = employers[person.employer]
        if problem is not None:
            reader.wrong(row, "employer", problem)
        comparing.check(row, number, person)
        people[number] = person
    return reader, people, set(comparing.person_of)


async def _employer_problem(session: AsyncSession, intake: Intake, employer: str | None) -> AnxinError | None:
    try:
        await employer_of(session, intake.acting, employer)
    except AnxinError as error:
        return error
    return None


async def _on_roster(session: AsyncSession, intake: Intake) -> dict[str, bytes]:
    """Return whose number is whose on the project: the index of the ID number by worker number."""
    rows = await session.execute(
        select(RosterEntry.worker_no, Worker.id_number_index)
        .join(Worker, Worker.id == RosterEntry.worker_pk)
        .where(RosterEntry.project_pk == intake.acting.project.id)
    )
    return {number: index or b"" for number, index in rows}


class _Comparing:
    """One person has one number, in the file and with what the roster has already."""

    def __init__(self, reader: RowReader, on_roster: dict[str, bytes]) -> None:
        self.reader, self.person_of = reader, on_roster
        self.number_of = {index: number for number, index in on_roster.items() if index}
        self.seen: set[str] = set()

    def check(self, row: Row, number: str, person: RosterPerson) -> None:
        index = id_index(person.id_number)
        if number in self.seen or self.person_of.get(number, index) != index:
            self.reader.wrong(row, "worker_no", NumberTaken(worker_no=number))
        elif self.number_of.get(index, number) != number:
            self.reader.wrong(row, "id_number", OnRosterAlready(worker_no=self.number_of[index]))
        self.seen.add(number)
        self.number_of.setdefault(index, number)
