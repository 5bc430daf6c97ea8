"""/api/twilio, /api/me/notices, /api/projects/{escrow}/sms-costs, /api/projects/{escrow}/desk-notices"""

from litestar import Controller, MediaType, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession
from twilio.twiml.messaging_response import MessagingResponse

from anxin.alerts import callbacks, costs, inbound, notices
from anxin.alerts.schemas import Costs, DeskNotices, Notices
from anxin.alerts.webhook import signed_form
from anxin.core.deployment import Deployment
from anxin.people.bearer import AnyRequest
from anxin.people.models import Worker
from anxin.people.staff import Staff
from anxin.projects.access import as_party
from anxin.settings import Settings


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


class ProjectMessagesController(Controller):
    path = "/api/projects/{escrow:str}"
    tags = ["staff"]

    @get("/sms-costs")
    async def sms_costs(
        self, escrow: FromPath[str], staff: NamedDependency[Staff], session: NamedDependency[AsyncSession]
    ) -> Costs:
        """What the project's messages were and cost by month. For its parties. Raises ProjectNotFound (404)."""
        acting = await as_party(session, staff, escrow)
        return Costs(await costs.costs_of(session, acting.project))

    @get("/desk-notices")
    async def desk(
        self, escrow: FromPath[str], staff: NamedDependency[Staff], session: NamedDependency[AsyncSession]
    ) -> DeskNotices:
        """Workers who wrote that something is wrong. For the bureau. Raises ProjectNotFound (404), RoleNeeded (403)."""
        return await notices.desk_of(session, (await as_party(session, staff, escrow, "bureau")).project)


ROUTES: list[ControllerRouterHandler] = [TwilioController, NoticeController, ProjectMessagesController]
