"""/api/twilio, /api/me/notices, /api/projects/{escrow}/sms-costs, /api/projects/{escrow}/desk-notices"""

from litestar import Controller, MediaType, Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession
from twilio.twiml.messaging_response import MessagingResponse

from anxin.alerts import callbacks, costs, desk, inbound, notices
from anxin.alerts.schemas import Costs, DeskNotices, DeskNoticeView, Notices
from anxin.alerts.webhook import signed_form
from anxin.core.deployment import Deployment
from anxin.core.exports import MAX_ROWS, Format, answer_table
from anxin.core.language import Language
from anxin.people.bearer import AnyRequest
from anxin.people.models import Worker
from anxin.people.staff import Staff
from anxin.projects.access import as_party
from anxin.settings import Settings

BUREAU = "bureau"


class TwilioController(Controller):
    path = "/api/twilio"
    tags = ["Twilio"]

    @post("/status", status_code=204)
    async def status(
        self,
        request: AnyRequest,
        session: NamedDependency[AsyncSession],
        settings: NamedDependency[Settings],
        m: FromQuery[str | None] = None,
    ) -> None:
        """What became of a message, signed by Twilio. Unknown messages are answered the same. Raises NotTwilio (403)."""
        form = await signed_form(request, settings)
        code = form.get("ErrorCode", "")
        await callbacks.record_status(
            session, form.get("MessageSid", ""), form.get("MessageStatus", ""), reference=m,
            error_code=int(code) if code.isdecimal() else None,
        )  # fmt: skip

    @post("/inbound", status_code=200, media_type=MediaType.XML)
    async def inbound(
        self,
        request: AnyRequest,
        session: NamedDependency[AsyncSession],
        settings: NamedDependency[Settings],
        deployment: NamedDependency[Deployment],
    ) -> str:
        """A message to our number, signed by Twilio; the answer is TwiML. Raises NotTwilio (403), Malformed (400)."""
        incoming = inbound.Incoming.of(await signed_form(request, settings))
        answer = await inbound.receive(session, inbound.Place(settings.public_url, deployment), incoming)
        response = MessagingResponse()
        if answer is not None:
            response.message(answer)
        return str(response)


class NoticeController(Controller):
    path = "/api/me/notices"
    tags = ["worker"]

    @get()
    async def notices(self, worker: NamedDependency[Worker], session: NamedDependency[AsyncSession]) -> Notices:
        """What the signed-in worker was to be told by SMS and was not, newest first, and why."""
        return await notices.notices_of(session, worker)


class CostController(Controller):
    path = "/api/projects/{escrow:str}/sms-costs"
    tags = ["staff"]

    @get()
    async def sms_costs(
        self, escrow: FromPath[str], staff: NamedDependency[Staff], session: NamedDependency[AsyncSession]
    ) -> Costs:
        """What the project's messages were and cost by month. For its parties. Raises ProjectNotFound (404)."""
        acting = await as_party(session, staff, escrow)
        return Costs(await costs.costs_of(session, acting.project))

    @get("/export", media_type="application/octet-stream")
    async def export(
        self,
        request: AnyRequest,
        escrow: FromPath[str],
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
        format: FromQuery[Format] = "csv",
        language: FromQuery[Language | None] = None,
    ) -> Response[bytes]:
        """The same by month and kind, as a table. Raises ProjectNotFound (404)."""
        months = await costs.costs_of(session, (await as_party(session, staff, escrow)).project)
        return await answer_table(request, costs.NAME, costs.TITLES, costs.cells(months), format, language)


class DeskController(Controller):
    """Who complains must not be known to who pays: for the bureau. Raises ProjectNotFound (404), RoleNeeded (403)."""

    path = "/api/projects/{escrow:str}/desk-notices"
    tags = ["staff"]

    @get()
    async def notices(
        self,
        escrow: FromPath[str],
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
        done: FromQuery[bool | None] = None,
        before: FromQuery[int | None] = None,
    ) -> DeskNotices:
        """Workers who wrote that something is wrong, newest first; open ones, done ones, or both."""
        project = (await as_party(session, staff, escrow, BUREAU)).project
        return await desk.notices_of(session, project, done=done, before=before)

    @put("/{notice:int}/done", status_code=200)
    async def mark_done(
        self, escrow: FromPath[str], notice: FromPath[int], staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
    ) -> DeskNoticeView:  # fmt: skip
        """Somebody of the desk has seen to it; who was first stays on record. Raises DeskNoticeNotFound (404)."""
        return await desk.mark_done(session, await as_party(session, staff, escrow, BUREAU), notice)

    @delete("/{notice:int}/done", status_code=200)
    async def open_again(
        self, escrow: FromPath[str], notice: FromPath[int], staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
    ) -> DeskNoticeView:  # fmt: skip
        """It was not done after all. Raises DeskNoticeNotFound (404)."""
        return await desk.open_again(session, await as_party(session, staff, escrow, BUREAU), notice)

    @get("/export", media_type="application/octet-stream")
    async def export(
        self,
        request: AnyRequest,
        escrow: FromPath[str],
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
        format: FromQuery[Format] = "csv",
        language: FromQuery[Language | None] = None,
    ) -> Response[bytes]:
        """All of it as a table. Raises ExportTooLarge (413)."""
        project = (await as_party(session, staff, escrow, BUREAU)).project
        found = await desk.exported(session, project, MAX_ROWS + 1)
        return await answer_table(request, desk.NAME, desk.TITLES, map(desk.cells, found), format, language)


ROUTES: list[ControllerRouterHandler] = [TwilioController, NoticeController, CostController, DeskController]
