"""/api/punches, /api/device/attendance, /api/me/attendance, /api/corrections, /api/me/corrections, /api/witness/roots"""

from typing import Any

from litestar import Controller, Request, Response, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.attendance import countersigning, devices, export, phone, views, witnesses
from anxin.attendance.schemas import (
    CorrectionView,
    DeviceAnswer,
    MyAttendance,
    RecordProof,
    RootsView,
    RootView,
    SignedPunch,
    WitnessSignature,
    WorkerWord,
)
from anxin.attendance.site_routes import ROUTES as SITE
from anxin.core.deployment import Deployment
from anxin.core.exports import Format, answer_table
from anxin.core.wire import Kept
from anxin.people.models import Worker
from anxin.people.staff import Staff
from anxin.settings import Settings

AnyRequest = Request[Any, Any, Any]


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

    @get("/export", media_type="application/octet-stream")
    async def export_mine(
        self,
        request: AnyRequest,
        month: FromQuery[str],
        worker: NamedDependency[Worker],
        session: NamedDependency[AsyncSession],
        deployment: NamedDependency[Deployment],
        format: FromQuery[Format] = "csv",
    ) -> Response[bytes]:
        """The signed-in worker's month as CSV or XLSX, to keep. Raises Malformed (400)."""
        mine = await views.my_attendance(session, deployment, worker, month)
        return await answer_table(request, export.NAME, export.MY_TITLES, export.my_rows(mine), format)

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


ROUTES: list[ControllerRouterHandler] = [
    PunchController, DeviceController, MyAttendanceController, CorrectionWordsController, WitnessController, *SITE,
]  # fmt: skip
