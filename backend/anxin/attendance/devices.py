"""What gates and face terminals push, in the national platform's form: WorkerAttendance.Add, signed by the device.

A device repeats a push until it is acknowledged, so every row is answered for by itself: good rows are kept though others
are bad, and a reading of somebody who is not on record yet is put aside, to be assigned once they are. A replayed push
changes nothing, which is why neither nonce nor timestamp has to be remembered. Form: 建办市函〔2018〕603号.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.attendance import intake, sources
from anxin.attendance.errors import AbsurdTime, BadDeviceSignature
from anxin.attendance.models import AttendanceSource, Punch, StrayReading
from anxin.attendance.schemas import DeviceAnswer, DeviceRow
from anxin.core.clock import SITE_ZONE, now
from anxin.core.errors import AnxinError, Malformed
from anxin.core.platform_sign import verify
from anxin.core.sealing import sealer
from anxin.people.id_number import normal_id_number
from anxin.people.models import Worker
from anxin.people.real_names import id_index
from anxin.projects.models import Project

METHOD: Final = "WorkerAttendance.Add"
FORM_FIELDS: Final = ("appid", "data", "format", "method", "nonce", "timestamp", "version", "sign")
MAX_ROWS: Final = 500
READ, UNREADABLE = "0", "1"

_WITHOUT_NUL = msgspec.Meta(pattern=r"\A[^\x00]*\Z", max_length=64)


# Opens a field that the platform's standard has encrypted (text, secret); raises ValueError where it was not.
OpenField = Callable[[str, str], str]


class PushedRow(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """One reading, of whom the project numbers `worker_no`, or who has this ID number (encrypted, as the platform has it).

    `date` is the site's own clock (2026-10-08 07:59:00), or RFC 3339 with its zone.
    """

    worker_no: Annotated[str, msgspec.Meta(pattern=r"\A[^\x00]+\Z", max_length=32)] | None = None
    id_card_number: Annotated[str, msgspec.Meta(max_length=128)] | None = None
    date: str
    direction: Annotated[str, msgspec.Meta(pattern=r"\A0[12]\Z")]
    attend_type: Annotated[str, msgspec.Meta(pattern=r"\A0(0[1-9]|1[01])\Z")] = "011"
    channel: Annotated[str, _WITHOUT_NUL] | None = None


class Pushed(msgspec.Struct, rename="camel", frozen=True):
    """Of the platform's `data` we need the rows; project and team are known by the device."""

    data_list: Annotated[list[msgspec.Raw], msgspec.Meta(max_length=MAX_ROWS)]


@dataclass(frozen=True)
class Reading:
    """A row that can be kept. `subject` is a worker's number, or where `by_id` an ID number."""

    index: int
    subject: str
    by_id: bool
    at: datetime
    direction: str
    attend_type: str
    device: str


async def take_push(session: AsyncSession, form: Mapping[str, Any], open_field: OpenField) -> DeviceAnswer:
    """Keep the rows of a signed push, and say of each what became of it.

    Raises Malformed, BadDeviceSignature.
    """
    fields = {name: value for name, value in form.items() if isinstance(value, str)}
    missing = [name for name in FORM_FIELDS if name not in fields]
    if missing:
        raise Malformed(problem=f"missing: {', '.join(missing)}")
    source = await _signed_by(session, fields)
    if fields["method"] != METHOD or fields["format"] != "json":
        raise Malformed(problem=f"method {METHOD}, format json")
    try:
        rows = msgspec.json.decode(fields["data"], type=Pushed).data_list
    except msgspec.DecodeError as error:
        raise Malformed(problem=f"data: {error}") from error
    answers: dict[int, DeviceRow] = {}
    read = [_read(index, row, source, open_field, answers) for index, row in enumerate(rows)]
    readings = [reading for reading in read if reading is not None]
    await _keep(session, source, readings, answers)
    return DeviceAnswer(READ, "", [answers[index] for index in range(len(rows))])


async def _signed_by(session: AsyncSession, form: Mapping[str, str]) -> AttendanceSource:
    """Return the device whose secret signed the form; a stranger and a wrong signature are answered alike."""
    appid = form["appid"]
    number = int(appid) if appid.isascii() and appid.isdigit() and len(appid) < 19 else 0
    source = await session.get(AttendanceSource, number)
    usable = source is not None and source.kind == sources.DEVICE and source.ended_at is None
    if source is None or not usable or not verify(form, source.secret or ""):
        raise BadDeviceSignature(appid=appid)
    return source


def _read(
    index: int, row: msgspec.Raw, source: AttendanceSource, open_field: OpenField, answers: dict[int, DeviceRow]
) -> Reading | None:
    """Return a row as it can be kept; None where it cannot, with the answer that says why."""
    try:
        pushed = msgspec.json.decode(row, type=PushedRow)
        at = datetime.fromisoformat(pushed.date)
        at = intake.check_time(at if at.tzinfo else at.replace(tzinfo=SITE_ZONE))
        subject = pushed.worker_no or _id_number(pushed.id_card_number, source.secret or "", open_field)
    except AbsurdTime as error:
        answers[index] = DeviceRow(index, "bad", str(error))
        return None
    except (msgspec.DecodeError, ValueError, OverflowError) as error:
        answers[index] = DeviceRow(index, "bad", str(error))
        return None
    return Reading(
        index, subject, pushed.worker_no is None, at, pushed.direction, pushed.attend_type, pushed.channel or source.name
    )


def _id_number(encrypted: str | None, secret: str, open_field: OpenField) -> str:
    """Raises ValueError, which says nothing of what was sent."""
    try:
        return normal_id_number(open_field(encrypted or "", secret))
    except (ValueError, AnxinError) as error:
        raise ValueError("workerNo, or idCardNumber encrypted with the device's secret") from error


async def _keep(
    session: AsyncSession, source: AttendanceSource, readings: list[Reading], answers: dict[int, DeviceRow]
) -> None:
    project = await session.get_one(Project, source.project_pk)
    people = await _people(session, project, readings)
    known = await _known(session, source, readings, people)
    rows: list[intake.PunchRow] = []
    for each in readings:
        worker_pk = people.get(each.subject)
        if worker_pk is None:
            await _put_aside(session, source, each)
            answers[each.index] = DeviceRow(each.index, "stray")
            continue
        strength = sources.reading_strength(source.kind, each.attend_type)
        rows.append((worker_pk, each.at, each.direction, each.attend_type, each.device, strength))
        record = intake.record_id(worker_pk, each.at, each.direction, each.device)
        answers[each.index] = DeviceRow(each.index, "known" if record in known else "kept")
        known.add(record)
    await intake.store(session, intake.Origin.of(source), rows)


async def _people(session: AsyncSession, project: Project, readings: list[Reading]) -> dict[str, int]:
    """The project's people by number, and by ID number those whose was read."""
    numbers = await intake.numbers_of(session, project)
    indexes = {id_index(each.subject): each.subject for each in readings if each.by_id}
    read = await session.execute(
        select(Worker.id_number_index, Worker.id).where(
            Worker.id_number_index.in_(indexes), Worker.id.in_(list(numbers.values()))
        )
    )
    return numbers | {indexes[index]: worker_pk for index, worker_pk in read if index is not None}


async def _known(
    session: AsyncSession, source: AttendanceSource, readings: list[Reading], people: dict[str, int]
) -> set[str]:
    records = [
        intake.record_id(people[each.subject], each.at, each.direction, each.device)
        for each in readings
        if each.subject in people
    ]
    return set(
        await session.scalars(
            select(Punch.record_id).where(Punch.source_pk == source.id, Punch.record_id.in_(records))
        )
    )


async def _put_aside(session: AsyncSession, source: AttendanceSource, reading: Reading) -> None:
    """Keep a stranger's reading, once. Its name is a keyed index: whom a device reads is nobody's business."""
    subject = sealer().index(reading.subject).hex()[:32]
    await session.execute(
        insert(StrayReading)
        .values(
            project_pk=source.project_pk, source_pk=source.id, subject=reading.subject, at=reading.at,
            record_id=f"s{subject}:{int(reading.at.timestamp())}:{reading.direction}:{reading.device}"[:120],
            received_at=now(), direction=reading.direction, attend_type=reading.attend_type, device=reading.device,
        )
        .on_conflict_do_nothing()
    )  # fmt: skip
