"""/api/punches, /api/device/attendance, /api/me/attendance, /api/projects/{escrow}/attendance, /api/witness/roots, …

Who may: contractor and labour officer manage sources; they, the subcontractor and the foreman bring and correct attendance,
each of the people they may see; the bureau and the contractor read the flags; witnesses read and sign roots.
"""

from datetime import date
from typing import Any

from litestar import Controller, Request, delete, get, post, put
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.attendance import (
    corrections,
    countersigning,
    devices,
    files,
    flag_views,
    foreman,
    phone,
    site_code,
    sources,
    strays,
    views,
    witnesses,
)
from anxin.attendance.schemas import (
    Assignment,
    Corrections,
    CorrectionState,
    CorrectionView,
    DeviceAnswer,
    FileKind,
    FilePreview,
    FileStored,
    FlagsView,
    ForemanSheet,
    MyAttendance,
    Name,
    ProposedCorrection,
    RecordProof,
    RootsView,
    RootView,
    SheetKept,
    SignedPunch,
    SiteCode,
    SiteDay,
    Sources,
    SourceSecret,
    StaffSignature,
    Strays,
    WitnessSignature,
    WorkerWord,
)
from anxin.core.deployment import Deployment
from anxin.core.errors import Malformed
from anxin.core.problems import language_of
from anxin.core.tables import MAX_BYTES
from anxin.core.wire import Kept
from anxin.people.models import Worker
from anxin.people.staff import Staff
from anxin.projects.access import as_party
from anxin.settings import Settings

AnyRequest = Request[Any, Any, Any]

MANAGERS = ("contractor", "officer")
BRINGERS = ("contractor", "officer", "subcontractor")
WRITERS = ("officer", "foreman", "subcontractor")
READERS = ("contractor", "bureau", "officer", "subcontractor", "foreman")


class PunchController(Controller):
    path = "/api/punches"
    tags = ["signed words"]

    @put("/{digest:str}", status_code=202)
    async def punch(
        self,
        digest: FromPath[str],
        data: JSONBody[SignedPunch],
        session: NamedDependency[AsyncSession],
        deployment: NamedDependency[Deployment],
    ) -> Kept:
        """Keep a worker's own punch, at once or when there is a signal again. Resending the same digest changes nothing.

        Raises ProjectNotFound (404), NotJoined, NotEnrolled (409), WrongKey (403), DigestMismatch, HighS, AbsurdTime (422).
        """
        return await phone.keep_punch(session, deployment, digest, data)


class DeviceController(Controller):
    path = "/api/device/attendance"
    tags = ["devices"]

    @post(status_code=200)
    async def push(
        self,
        request: AnyRequest,
        session: NamedDependency[AsyncSession],
        open_field: NamedDependency[devices.OpenField],
    ) -> DeviceAnswer:
        """Take a device's push. Every row is answered for; a push that comes again is answered again.

        The form of the national platform (application/x-www-form-urlencoded), method WorkerAttendance.Add, signed with the
        secret of the device `appid`; `data`: {"dataList": [{"workerNo" or "idCardNumber" (AES), "date",
        "direction", "attendType", "channel"}]}.
        Raises Malformed (400), BadDeviceSignature (401).
        """
        return await devices.take_push(session, await request.form(), open_field)


class MyAttendanceController(Controller):
    path = "/api/me/attendance"
    tags = ["worker"]

    @get()
    async def mine(
        self,
        month: FromQuery[str],
        worker: NamedDependency[Worker],
        session: NamedDependency[AsyncSession],
        deployment: NamedDependency[Deployment],
    ) -> MyAttendance:
        """The signed-in worker's records of a month (2026-10), with corrections and what counts. Raises Malformed (400)."""
        return await views.my_attendance(session, deployment, worker, month)

    @get("/{record:str}/proof")
    async def proof(
        self,
        record: FromPath[str],
        worker: NamedDependency[Worker],
        session: NamedDependency[AsyncSession],
        deployment: NamedDependency[Deployment],
    ) -> RecordProof:
        """That an own record is in an anchored root, to be checked without us. Raises RecordNotFound, NotAnchored (404)."""
        return await views.proof(session, deployment, worker, record)


class CorrectionWordsController(Controller):
    path = "/api"
    tags = ["signed words"]

    @put("/corrections/{correction_id:str}/signature", status_code=200)
    async def sign(
        self,
        correction_id: FromPath[str],
        data: JSONBody[WorkerWord],
        session: NamedDependency[AsyncSession],
        deployment: NamedDependency[Deployment],
    ) -> CorrectionView:
        """The worker agrees to a correction; the signature alone says who sends it. Resending changes nothing.

        Raises CorrectionNotFound (404), NotEnrolled, CorrectionClosed (409), WrongKey (403), HighS (422).
        """
        return await countersigning.worker_signs(session, deployment, correction_id, data)

    @put("/me/corrections/{correction_id:str}/objection", status_code=200)
    async def object_to(
        self,
        correction_id: FromPath[str],
        worker: NamedDependency[Worker],
        session: NamedDependency[AsyncSession],
        deployment: NamedDependency[Deployment],
    ) -> CorrectionView:
        """The signed-in worker does not agree: the correction is over.

        Raises CorrectionNotFound (404), CorrectionClosed (409).
        """
        return await countersigning.object_to(session, deployment, worker, correction_id)


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
    async def day(
        self,
        escrow: FromPath[str],
        day: FromQuery[date],
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
    ) -> SiteDay:
        """A local day's records, of the people the caller may see. Raises ProjectNotFound (404), RoleNeeded (403)."""
        return await views.site_day(session, await as_party(session, staff, escrow, *READERS), day)

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
    ) -> Corrections:
        """Changes to the project's attendance, newest first; `only` those in a state.

        Raises ProjectNotFound (404), RoleNeeded (403).
        """
        acting = await as_party(session, staff, escrow, *READERS)
        return Corrections(await corrections.corrections_for(session, deployment, acting, state=only))

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


class WitnessController(Controller):
    path = "/api/witness/roots"
    tags = ["witness"]

    @get()
    async def roots(
        self,
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
        deployment: NamedDependency[Deployment],
        settings: NamedDependency[Settings],
    ) -> RootsView:
        """The roots of all projects on which the caller is a witness, newest first."""
        return await witnesses.roots_for(session, deployment, staff, settings.witness_threshold)

    @put("/{digest:str}", status_code=202)
    async def sign(
        self,
        digest: FromPath[str],
        data: JSONBody[WitnessSignature],
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
        deployment: NamedDependency[Deployment],
        settings: NamedDependency[Settings],
    ) -> RootView:
        """Keep a witness's signature; with enough of them the root is anchored. Resending changes nothing.

        Raises RootNotFound (404), WrongSigner (403).
        """
        return await witnesses.sign_root(session, deployment, staff, digest, data.signature, settings.witness_threshold)


async def _uploaded(request: AnyRequest, name: str | None) -> tuple[bytes, str]:
    """Return an upload's content and name. Raises Malformed."""
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        file = (await request.form()).get("file")
        if not isinstance(file, UploadFile):
            raise Malformed(problem="file")
        return await file.read(), name or file.filename
    return await request.body(), name or "file"


ROUTES: list[ControllerRouterHandler] = [
    PunchController, DeviceController, MyAttendanceController, CorrectionWordsController, SiteCodeController,
    SiteAttendanceController, FilesController, CorrectionController, FlagsController, WitnessController,
]  # fmt: skip
