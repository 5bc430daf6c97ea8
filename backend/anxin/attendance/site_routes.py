"""/api/projects/{escrow}/site-code, …/attendance, …/attendance/files, …/attendance/corrections, …/attendance-flags

Who may: contractor and labour officer manage sources; they, the subcontractor and the foreman bring and correct attendance,
each of the people they may see; the bureau and the contractor read the flags.
"""

from datetime import date
from typing import Any

from litestar import Controller, Request, Response, delete, get, post, put
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.attendance import (
    corrections,
    countersigning,
    export,
    files,
    flag_views,
    foreman,
    site_code,
    sources,
    strays,
    views,
)
from anxin.attendance.schemas import (
    Assignment,
    Corrections,
    CorrectionState,
    CorrectionView,
    FileKind,
    FilePreview,
    FileStored,
    FlagsView,
    ForemanSheet,
    Name,
    ProposedCorrection,
    SheetKept,
    SiteCode,
    SiteDays,
    Sources,
    SourceSecret,
    StaffSignature,
    Strays,
)
from anxin.core.deployment import Deployment
from anxin.core.errors import Malformed
from anxin.core.exports import Format, answer_table
from anxin.core.problems import language_of
from anxin.core.tables import MAX_BYTES
from anxin.people.staff import Staff
from anxin.projects.access import as_party
from anxin.settings import Settings

AnyRequest = Request[Any, Any, Any]

MANAGERS = ("contractor", "officer")
BRINGERS = ("contractor", "officer", "subcontractor")
WRITERS = ("officer", "foreman", "subcontractor")
READERS = ("contractor", "bureau", "officer", "subcontractor", "foreman")


class SiteCodeController(Controller):
    path = "/api/projects/{escrow:str}/site-code"
    tags = ["site office"]

    @get()
    async def code(
        self,
        escrow: FromPath[str],
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
        settings: NamedDependency[Settings],
    ) -> SiteCode:
        """The code of this moment, for a screen at the gate. Raises ProjectNotFound (404), RoleNeeded (403)."""
        acting = await as_party(session, staff, escrow, "contractor", "officer", "foreman")
        return await site_code.current(session, acting.project, settings.public_url)


class SiteAttendanceController(Controller):
    path = "/api/projects/{escrow:str}/attendance"
    tags = ["site office"]

    @get()
    async def days(
        self,
        escrow: FromPath[str],
        first: FromQuery[date],
        last: FromQuery[date],
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
    ) -> SiteDays:
        """Records of local days (31 at most), of the people the caller may see.

        Raises Malformed (400), ProjectNotFound (404), RoleNeeded (403).
        """
        return await views.site_days(session, await as_party(session, staff, escrow, *READERS), first, last)

    @get("/export", media_type="application/octet-stream")
    async def export_days(
        self,
        request: AnyRequest,
        escrow: FromPath[str],
        first: FromQuery[date],
        last: FromQuery[date],
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
        format: FromQuery[Format] = "csv",
    ) -> Response[bytes]:
        """Local days' records as CSV or XLSX, of the people the caller may see.

        Raises Malformed (400), ProjectNotFound (404), RoleNeeded (403), ExportTooLarge (413).
        """
        rows = await export.site_rows(session, await as_party(session, staff, escrow, *READERS), first, last)
        return await answer_table(request, export.NAME, export.SITE_TITLES, rows, format)

    @get("/sources")
    async def list_sources(
        self, escrow: FromPath[str], staff: NamedDependency[Staff], session: NamedDependency[AsyncSession]
    ) -> Sources:
        """Where the project's attendance comes from. Raises ProjectNotFound (404), RoleNeeded (403)."""
        acting = await as_party(session, staff, escrow, *MANAGERS, "bureau")
        return await sources.sources_of(session, acting.project)

    @put("/sources/{name:str}", status_code=200)
    async def register_device(
        self,
        escrow: FromPath[str],
        name: FromPath[Name],
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
    ) -> SourceSecret:
        """Register a gate or face terminal; asked again, its secret is shown again.

        Raises ProjectNotFound (404), RoleNeeded (403), SourceEnded (409).
        """
        return await sources.register_device(session, await as_party(session, staff, escrow, *MANAGERS), name)

    @delete("/sources/{name:str}")
    async def end_device(
        self,
        escrow: FromPath[str],
        name: FromPath[Name],
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
    ) -> None:
        """Take nothing more from a device. Raises ProjectNotFound, SourceNotFound (404), RoleNeeded (403)."""
        await sources.end_device(session, await as_party(session, staff, escrow, *MANAGERS), name)

    @post("/foreman", status_code=200)
    async def foreman_sheet(
        self,
        escrow: FromPath[str],
        data: JSONBody[ForemanSheet],
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
    ) -> SheetKept:
        """Keep what was written down by hand; sending it again changes nothing. Rows not taken are named.

        Raises ProjectNotFound (404), RoleNeeded (403).
        """
        return await foreman.take_sheet(session, await as_party(session, staff, escrow, *WRITERS), data)

    @get("/strays")
    async def list_strays(
        self, escrow: FromPath[str], staff: NamedDependency[Staff], session: NamedDependency[AsyncSession]
    ) -> Strays:
        """Devices' readings of people who are not on record. Raises ProjectNotFound (404), RoleNeeded (403)."""
        acting = await as_party(session, staff, escrow, *MANAGERS)
        return await strays.strays_of(session, acting.project)

    @put("/strays/{stray:int}", status_code=204)
    async def assign_stray(
        self,
        escrow: FromPath[str],
        stray: FromPath[int],
        data: JSONBody[Assignment],
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
    ) -> None:
        """Say whose a reading is. Raises ProjectNotFound, StrayNotFound (404), RoleNeeded (403), NotOnProject (422)."""
        acting = await as_party(session, staff, escrow, *MANAGERS)
        await strays.assign(session, acting, stray, data.worker_no)


class FilesController(Controller):
    path = "/api/projects/{escrow:str}/attendance/files"
    tags = ["site office"]

    @post(status_code=200, request_max_body_size=MAX_BYTES)
    async def preview(
        self,
        request: AnyRequest,
        escrow: FromPath[str],
        kind: FromQuery[FileKind],
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
        name: FromQuery[str | None] = None,
    ) -> FilePreview:
        """Look at a CSV or XLSX: the body, with its `name` in the query, or a multipart field `file`. Nothing counts yet.

        Raises UnreadableTable (413, 422), ProjectNotFound (404), RoleNeeded (403).
        """
        acting = await as_party(session, staff, escrow, *BRINGERS)
        content, called = await _uploaded(request, name)
        return await files.preview(session, acting, kind, called, content, language_of(request))

    @put("/{file_digest:str}", status_code=200)
    async def confirm(
        self,
        escrow: FromPath[str],
        file_digest: FromPath[str],
        kind: FromQuery[FileKind],
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
        skipBad: FromQuery[bool] = False,  # noqa: N803, as the query has it
    ) -> FileStored:
        """Store all rows of an uploaded file in one go; confirming again changes nothing.

        Raises ProjectNotFound, FileNotFound (404), RoleNeeded (403), FileHasErrors (409).
        """
        acting = await as_party(session, staff, escrow, *BRINGERS)
        return await files.confirm(session, acting, kind, file_digest, skip_bad=skipBad)


class CorrectionController(Controller):
    path = "/api/projects/{escrow:str}/attendance/corrections"
    tags = ["site office"]

    @get()
    async def list_corrections(
        self,
        escrow: FromPath[str],
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
        deployment: NamedDependency[Deployment],
        only: FromQuery[CorrectionState | None] = None,
        before: FromQuery[str | None] = None,
    ) -> Corrections:
        """Changes to attendance, newest first, 100 at a time; `only` those in a state; `before`: a page's `next`.

        Raises Malformed (400), ProjectNotFound, CorrectionNotFound (404), RoleNeeded (403).
        """
        acting = await as_party(session, staff, escrow, *READERS)
        return await corrections.corrections_for(session, deployment, acting, state=only, before=before)

    @put("/{correction_id:str}", status_code=202)
    async def propose(
        self,
        escrow: FromPath[str],
        correction_id: FromPath[str],
        data: JSONBody[ProposedCorrection],
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
        deployment: NamedDependency[Deployment],
    ) -> CorrectionView:
        """Propose a change under a fresh random number (32 bytes); the worker is told. The same again changes nothing.

        Raises ProjectNotFound, RecordNotFound (404), RoleNeeded (403), NotOnProject, AbsurdTime (422),
        NothingToCorrect, CorrectionChanged (409).
        """
        acting = await as_party(session, staff, escrow, *WRITERS)
        return await corrections.propose(session, deployment, acting, correction_id, data)

    @put("/{correction_id:str}/countersignature", status_code=200)
    async def countersign(
        self,
        escrow: FromPath[str],
        correction_id: FromPath[str],
        data: JSONBody[StaffSignature],
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
        deployment: NamedDependency[Deployment],
    ) -> CorrectionView:
        """Countersign as a second party. What may take time from the worker then still waits for them.

        Raises ProjectNotFound, CorrectionNotFound (404), RoleNeeded, OwnProposal, WrongSigner (403), CorrectionClosed (409).
        """
        acting = await as_party(session, staff, escrow, *MANAGERS)
        return await countersigning.countersign(session, deployment, acting, correction_id, data.signature)


class FlagsController(Controller):
    path = "/api/projects/{escrow:str}/attendance-flags"
    tags = ["site office"]

    @get()
    async def flags(
        self,
        escrow: FromPath[str],
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
        first: FromQuery[date | None] = None,
        last: FromQuery[date | None] = None,
    ) -> FlagsView:
        """What deserves a look, from day `first` to day `last` (31 at most; the last seven where neither is named).

        Raises Malformed (400), ProjectNotFound (404), RoleNeeded (403).
        """
        acting = await as_party(session, staff, escrow, "bureau", "contractor")
        return await flag_views.flags_view(session, acting.project, first, last)


async def _uploaded(request: AnyRequest, name: str | None) -> tuple[bytes, str]:
    """Return an upload's content and name. Raises Malformed."""
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        file = (await request.form()).get("file")
        if not isinstance(file, UploadFile):
            raise Malformed(problem="file")
        return await file.read(), name or file.filename
    return await request.body(), name or "file"


ROUTES: list[ControllerRouterHandler] = [
    SiteCodeController, SiteAttendanceController, FilesController, CorrectionController, FlagsController,
]  # fmt: skip
