"""Attendance files: every bad cell named before anything counts, then all rows at once, once.

Branches: CSV · XLSX · multipart · bad cells · more errors than shown · unknown workers · Chinese · no table · missing column
· nothing stored before · confirmed · again · errors refused · bad rows left out · rows known already · rows twice · file
nobody uploaded · other kind · pieces · pieces that differ · own people only · roles · sealed upload · many rows · nobody.
"""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select, text
from tests.backend.attendance_words import (
    ATTENDANCE,
    DAY,
    FOREMAN,
    OFFICER,
    STRANGER,
    SUBCONTRACTOR,
    change,
    local,
    name_party,
)
from tests.backend.conftest import BUREAU, CONTRACTOR, assert_problem

from anxin.attendance import intake, sources, tabular
from anxin.attendance import service as attendance
from anxin.attendance.models import AttendanceFile, PieceCount, Punch
from anxin.core.clock import now
from anxin.core.database import transaction
from anxin.core.tables import MAX_BYTES, read_table, write_csv, write_xlsx

FILES = f"{ATTENDANCE}/files"
PUNCHES = ("worker_no", "at", "direction", "attend_type", "device")
PIECES = ("worker_no", "date", "quantity")


def line(number="W001", at="08:00", direction="01", attend_type="001", device="G1"):
    return (number, local(at).isoformat(), direction, attend_type, device)


@pytest.fixture
async def desk(client, site, staff_headers):
    """The contractor's files."""
    return Desk(client, await staff_headers(CONTRACTOR))


class Desk:
    def __init__(self, client, headers):
        self.client, self.headers = client, headers

    async def upload(self, *rows, kind="punches", header=None, content=None, language="en", **query):
        body = content or write_csv(header or (PUNCHES if kind == "punches" else PIECES), rows)
        headers = {**self.headers, "accept-language": language}
        named = {"kind": kind, "name": "考勤.csv", **query}
        return await self.client.post(FILES, params=named, content=body, headers=headers)

    async def confirm(self, digest, *, kind="punches", **query):
        return await self.client.put(f"{FILES}/{digest}", params={"kind": kind, **query}, headers=self.headers)


async def count(session, table=Punch):
    return await session.scalar(select(func.count()).select_from(table))


# ------------------------------------------------------------------ looking


async def test_preview_says_what_a_file_would_bring_and_stores_nothing(desk, session):
    seen = (await desk.upload(line(), line(at="18:00", direction="02"))).json()

    assert (2, 2, 0, 0, []) == (
        seen["rows"], seen["newRows"], seen["duplicates"], seen["errorCount"], seen["unknownWorkers"]
    )  # fmt: skip
    assert (DAY.isoformat(), DAY.isoformat(), "考勤.csv", None) == (
        seen["firstDay"], seen["lastDay"], seen["name"], seen["confirmedAt"]
    )  # fmt: skip
    assert 0 == await count(session)


async def test_every_bad_cell_is_named_by_line_and_column(desk):
    later = (now() + timedelta(days=3)).isoformat()
    seen = await desk.upload(
        line(), line("W999"), ("W001", "noon", "01", "001", "G1"), line(direction="3"), line(attend_type="012"),
        line(device="x" * 65), ("W001", later, "01", "001", "G1"),
    )  # fmt: skip

    assert [(3, "worker_no"), (4, "at"), (5, "direction"), (6, "attend_type"), (7, "device"), (8, "at")] == [
        (each["line"], each["column"]) for each in seen.json()["errors"]
    ]
    assert ["W999", "noon", "3", "012"] == [each["value"] for each in seen.json()["errors"]][:4]
    assert (6, 1, ["W999"]) == (seen.json()["errorCount"], seen.json()["newRows"], seen.json()["unknownWorkers"])


async def test_problems_are_in_the_readers_language(desk):
    chinese = (await desk.upload(line("W999"), language="zh")).json()["errors"]
    english = (await desk.upload(line("W999"))).json()["errors"]

    assert ["本项目没有这个工号"] == [each["problem"] for each in chinese]
    assert ["not a worker number of this project"] == [each["problem"] for each in english]


async def test_errors_are_counted_though_not_all_are_shown(desk):
    seen = (await desk.upload(*[line(f"X{number}") for number in range(250)])).json()

    assert (250, 200, 200) == (seen["errorCount"], len(seen["errors"]), len(seen["unknownWorkers"]))


async def test_workbook_reads_as_a_csv_does(desk):
    """A spreadsheet knows no zone: its times are the site's own. It drops the zero of 01."""
    local_time = local("08:00").replace(tzinfo=None).isoformat()
    book = write_xlsx("考勤", PUNCHES, [("W001", local_time, 1, 1, "G1")])

    seen = (await desk.upload(content=book)).json()
    await desk.confirm(seen["fileDigest"])

    assert 0 == seen["errorCount"]


async def test_form_with_a_file_is_taken_too(desk):
    files = {"file": ("oct.csv", write_csv(PUNCHES, [line()]), "text/csv")}

    answer = await desk.client.post(FILES, params={"kind": "punches"}, files=files, headers=desk.headers)

    assert ("oct.csv", 1) == (answer.json()["name"], answer.json()["newRows"])


async def test_form_without_a_file_is_named(desk):
    answer = await desk.client.post(
        FILES, params={"kind": "punches"}, files={"other": ("x", b"x", "text/csv")}, headers=desk.headers
    )

    assert_problem(answer, 400, "malformed", "file")


async def test_file_that_is_no_table_is_refused(desk):
    missing = await desk.upload(("W001", "x"), header=("worker_no", "at"))
    empty = await desk.upload(content=b"\n")

    assert_problem(missing, 422, "missing-columns", "direction")
    assert 422 == empty.status_code


async def test_file_that_is_too_large_is_told_how_large_it_may_be(desk):
    answer = await desk.upload(content=b"x" * (MAX_BYTES + 1))

    assert_problem(answer, 413, "too-large", str(MAX_BYTES))


# ------------------------------------------------------------------ confirming


async def test_confirmed_file_counts_once(desk, site, session):
    digest = (await desk.upload(line(), line(at="18:00", direction="02"))).json()["fileDigest"]

    answers = [await desk.confirm(digest) for _ in range(2)]

    assert [(200, 2), (200, 2)] == [(each.status_code, each.json()["storedRows"]) for each in answers]
    assert [(local("08:00"), "01"), (local("18:00"), "02")] == (await attendance.punches_of(session, site.project))[
        site.workers["W001"].id
    ]
    assert {"weak"} == set(await session.scalars(select(Punch.strength)))


async def test_file_with_errors_is_refused_whole_unless_bad_rows_are_left_out(desk, session):
    digest = (await desk.upload(line(), line("W999"))).json()["fileDigest"]

    assert_problem(await desk.confirm(digest), 409, "file-has-errors", "1 rows")
    assert 0 == await count(session)
    assert 1 == (await desk.confirm(digest, skipBad="true")).json()["storedRows"]


async def test_rows_on_record_are_no_new_rows(desk, session):
    await desk.confirm((await desk.upload(line())).json()["fileDigest"])

    seen = (await desk.upload(line(), line(), line(at="18:00", direction="02"), line(at="18:00", direction="02"))).json()

    assert (1, 3) == (seen["newRows"], seen["duplicates"])
    assert 1 == (await desk.confirm(seen["fileDigest"])).json()["storedRows"]
    assert 2 == await count(session)


async def test_upload_stays_sealed_and_goes_once_confirmed(desk, site, session):
    digest = (await desk.upload(line())).json()["fileDigest"]
    async with site.sessions() as before:
        stored = await before.scalar(text("SELECT content FROM attendance_files"))
    await desk.confirm(digest)

    assert b"W001" not in stored
    assert await session.scalar(text("SELECT content FROM attendance_files")) is None


async def test_file_nobody_uploaded_cannot_be_confirmed(desk):
    digest = (await desk.upload(line())).json()["fileDigest"]

    assert_problem(await desk.confirm("0x" + "00" * 32), 404, "file-not-found", "upload it again")
    assert_problem(await desk.confirm(digest, kind="pieces"), 404, "file-not-found", "upload it again")
    assert_problem(await desk.confirm("0x12"), 400, "malformed", "fileDigest")


async def test_upload_nobody_confirmed_goes_after_a_week(desk, site, session):
    digest = (await desk.upload(line())).json()["fileDigest"]
    await change(site, "UPDATE attendance_files SET uploaded_at = now() - interval '8 days'")
    await desk.upload(line(at="09:00"))

    assert_problem(await desk.confirm(digest), 404, "file-not-found", "upload it again")
    assert 1 == await count(session, AttendanceFile)


# ------------------------------------------------------------------ pieces


async def test_pieces_count_once(desk, site, session):
    digest = (await desk.upload(("W001", DAY, 183), ("W002", DAY, 0), kind="pieces")).json()["fileDigest"]

    answers = [await desk.confirm(digest, kind="pieces") for _ in range(2)]

    assert [2, 2] == [each.json()["storedRows"] for each in answers]
    assert {DAY: 183} == (await attendance.pieces_of(session, site.project))[site.workers["W001"].id]


async def test_pieces_that_say_something_else_are_a_correction_and_named(desk, site, session):
    """Nobody lowers a count by sending another file: the worker would not hear of it."""
    await desk.confirm((await desk.upload(("W001", DAY, 183), kind="pieces")).json()["fileDigest"], kind="pieces")

    seen = (await desk.upload(("W001", DAY, 18), ("W002", DAY, 5), kind="pieces")).json()
    await desk.confirm(seen["fileDigest"], kind="pieces", skipBad="true")

    assert [(2, "quantity", "18")] == [(each["line"], each["column"], each["value"]) for each in seen["errors"]]
    assert {DAY: 183} == (await attendance.pieces_of(session, site.project))[site.workers["W001"].id]
    assert 2 == await count(session, PieceCount)


async def test_bad_piece_cells_are_named(desk):
    later = (now() + timedelta(days=3)).date()
    rows = [
        ("W999", DAY, 1), ("W001", "x", 1), ("W001", DAY, "1.5"), ("W001", DAY, "-1"), ("W001", later, 1), ("W002", DAY, 1),
        ("W002", DAY, 2),
    ]  # fmt: skip

    seen = (await desk.upload(*rows, kind="pieces")).json()

    assert [(2, "worker_no"), (3, "date"), (4, "quantity"), (5, "quantity"), (6, "date"), (8, "quantity")] == [
        (each["line"], each["column"]) for each in seen["errors"]
    ]


# ------------------------------------------------------------------ who may


async def test_files_are_for_those_who_bring_attendance(client, site, staff_headers):
    for wallet, role in ((OFFICER, "officer"), (FOREMAN, "foreman"), (SUBCONTRACTOR, "subcontractor")):
        await name_party(site, wallet, role)
    asked = {CONTRACTOR: 200, OFFICER: 200, SUBCONTRACTOR: 200, FOREMAN: 403, BUREAU: 403, STRANGER: 404}

    answers = {who: (await Desk(client, await staff_headers(who)).upload(line())).status_code for who in asked}

    assert asked == answers


async def test_subcontractor_brings_only_whom_it_employs(client, site, staff_headers):
    await name_party(site, SUBCONTRACTOR, "subcontractor")
    employed = {"employer": SUBCONTRACTOR.address, "worker": site.workers["W001"].id}
    for table in ("memberships", "roster"):
        await change(site, f"UPDATE {table} SET employer = :employer WHERE worker_pk = :worker", **employed)  # noqa: S608

    seen = (await Desk(client, await staff_headers(SUBCONTRACTOR)).upload(line("W001"), line("W002"))).json()

    assert (1, ["W002"]) == (seen["newRows"], seen["unknownWorkers"])


# ------------------------------------------------------------------ taking away


async def test_days_are_taken_away_as_a_table_of_whom_one_may_see(client, desk, site, staff_headers):
    """What came from a file can be read back from the export of it."""
    await desk.confirm((await desk.upload(line(), line("W002", at="18:00", direction="02"))).json()["fileDigest"])
    await name_party(site, FOREMAN, "foreman", team="T9")
    days = {"first": DAY.isoformat(), "last": DAY.isoformat()}

    async def taken(headers, **more):
        return await client.get(f"{ATTENDANCE}/export", params=days | more, headers=headers)

    rows = read_table((await taken(desk.headers)).content, "csv").rows
    assert [line(), line("W002", at="18:00", direction="02")] == [
        tuple(each.cells[column] for column in PUNCHES) for each in rows
    ]
    assert {("file:file", "weak", "counted")} == {
        (each.cells["source"], each.cells["strength"], each.cells["state"]) for each in rows
    }
    assert rows[0].cells == read_table((await taken(desk.headers, format="xlsx")).content, "xlsx").rows[0].cells
    assert [] == read_table((await taken(await staff_headers(FOREMAN))).content, "csv").rows
    assert_problem(await taken(desk.headers, first="2026-01-01", last="2026-02-01"), 400, "malformed", "31 days")
    assert 404 == (await taken(await staff_headers(STRANGER))).status_code


# ------------------------------------------------------------------ many rows


def test_many_rows_are_checked_in_a_second_or_two():
    rows = [(f"W{number % 500}", local("08:00").isoformat(), "01", "001", f"G{number % 7}") for number in range(20_000)]
    numbers = {f"W{number}": number for number in range(500)}
    started = datetime.now(tz=local("08:00").tzinfo)

    checked = tabular.check_punches(read_table(write_csv(PUNCHES, rows), "many.csv"), numbers, now(), "en")

    assert (20_000, 0) == (len(checked.punches), checked.error_count)
    assert datetime.now(tz=started.tzinfo) - started < timedelta(seconds=10)


async def test_many_rows_are_stored_in_one_go(site, session):
    worker = site.workers["W001"].id
    rows = [(worker, local("08:00") + timedelta(seconds=number), "01", "001", "G1", "weak") for number in range(20_000)]
    async with transaction(site.sessions) as own:
        origin = intake.Origin.of(await sources.ensure(own, site.project, sources.FILE))
        stored = await intake.store(own, origin, rows)
        again = await intake.store(own, origin, rows[:5_000])

    assert (20_000, 0) == (stored, again)
    assert 20_000 == await count(session)
    named = {intake.record_id(worker, at, way, device) for _, at, way, _, device, _ in rows}
    assert named == set(await session.scalars(select(Punch.record_id)))


async def test_salts_differ_and_are_sixteen_bytes(site, session):
    worker = site.workers["W001"].id
    async with transaction(site.sessions) as own:
        origin = intake.Origin.of(await sources.ensure(own, site.project, sources.FILE))
        await intake.store(own, origin, [(worker, local(clock), "01", "001", "G1", "weak") for clock in ("08:00", "09:00")])

    one, other = await session.scalars(select(Punch.salt))
    assert (16, 16) == (len(one), len(other))
    assert one != other


async def test_row_of_nobody_is_not_stored(site, session):
    """The database does not check each row; the statement that stores them does."""
    async with transaction(site.sessions) as own:
        origin = intake.Origin.of(await sources.ensure(own, site.project, sources.FILE))
        assert 0 == await intake.store(own, origin, [(999_999, local("08:00"), "01", "001", "G1", "weak")])
