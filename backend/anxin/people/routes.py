"""/api/login-codes, /api/sessions, /api/me, /api/enrolments"""

from litestar import Controller, Response, delete, get, post, put
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core.deployment import Deployment
from anxin.core.errors import Unauthorized
from anxin.core.wire import Kept
from anxin.people import enrolment, login, number_routes, openings, service, staff_routes
from anxin.people.bearer import AnyRequest, bearer_token
from anxin.people.models import Worker
from anxin.people.schemas import (
    Countersignature,
    LanguageChoice,
    LoginCodeRequest,
    LoginCodeSent,
    LoginRequest,
    Me,
    MyOpenings,
    SessionOpened,
    SignedEnrolment,
    WaitingEnrolments,
)
from anxin.settings import Settings

REFRESH_COOKIE = "anxin_refresh"
COOKIE_PATH = "/api/sessions"


async def signed_in_worker(
    request: AnyRequest,
    session: NamedDependency[AsyncSession],
    session_key: NamedDependency[login.SessionKey],
) -> Worker:
    """Dependency `worker`: who the bearer token belongs to. Raises Unauthorized."""
    token = bearer_token(request)
    if token is None:
        raise Unauthorized()
    worker = await session.get(Worker, session_key.read(token))
    if worker is None:
        raise Unauthorized()
    return worker


class SessionController(Controller):
    path = "/api"
    tags = ["sign in"]

    @post("/login-codes", status_code=202)
    async def send_code(
        self, data: JSONBody[LoginCodeRequest], session: NamedDependency[AsyncSession]
    ) -> LoginCodeSent:
        """Send a one-time code by SMS. Raises BadPhone (422), TooManyCodes (429)."""
        return await login.send_code(session, data.phone, data.language)

    @post("/sessions", status_code=201)
    async def sign_in(
        self,
        data: JSONBody[LoginRequest],
        session: NamedDependency[AsyncSession],
        session_key: NamedDependency[login.SessionKey],
        settings: NamedDependency[Settings],
    ) -> Response[SessionOpened]:
        """Open a session that can read. Raises WrongCode (401), CodeExpired (410)."""
        tokens = await login.open_session(session, session_key, data.phone, data.code, data.language)
        return _answer(settings, tokens)

    @post("/sessions/refresh", status_code=201)
    async def refresh(
        self,
        request: AnyRequest,
        session: NamedDependency[AsyncSession],
        session_key: NamedDependency[login.SessionKey],
        settings: NamedDependency[Settings],
    ) -> Response[SessionOpened]:
        """Go on with the session of this device's cookie. Raises Unauthorized (401)."""
        tokens = await login.refresh_session(session, session_key, request.cookies.get(REFRESH_COOKIE))
        return _answer(settings, tokens)

    @delete("/sessions/current")
    async def sign_out(
        self, request: AnyRequest, session: NamedDependency[AsyncSession]
    ) -> Response[None]:
        """End the session of this device's cookie. Without one nothing happens."""
        await login.close_session(session, request.cookies.get(REFRESH_COOKIE))
        answer = Response(None, status_code=204)
        answer.delete_cookie(REFRESH_COOKIE, path=COOKIE_PATH)
        return answer


class MeController(Controller):
    path = "/api/me"
    tags = ["worker"]

    @get()
    async def me(
        self,
        worker: NamedDependency[Worker],
        session: NamedDependency[AsyncSession],
        deployment: NamedDependency[Deployment],
    ) -> Me:
        """The signed-in worker: who, paid where, and how far their enrolment is."""
        return await service.describe(session, deployment, worker)

    @put("/language", status_code=204)
    async def choose_language(self, data: JSONBody[LanguageChoice], worker: NamedDependency[Worker]) -> None:
        """The language of messages from now on."""
        worker.language = data.language

    @get("/openings")
    async def openings(self, worker: NamedDependency[Worker], session: NamedDependency[AsyncSession]) -> MyOpenings:
        """Who opened which sealed field of the signed-in worker's record, when and why; the last first."""
        return MyOpenings(await openings.openings_of(session, worker))

    @put("/enrolment/{digest:str}", status_code=202)
    async def enrol(
        self,
        digest: FromPath[str],
        data: JSONBody[SignedEnrolment],
        worker: NamedDependency[Worker],
        session: NamedDependency[AsyncSession],
        deployment: NamedDependency[Deployment],
    ) -> Kept:
        """Keep this phone's signed enrolment for the registrar.

        Raises NoPayout, AlreadyEnrolled (409), BadKey, HighS, DigestMismatch (422), SignatureExpired (410), WrongKey (403).
        """
        return await enrolment.submit(session, deployment, worker, digest, data)


class EnrolmentController(Controller):
    path = "/api/enrolments"
    tags = ["registrar"]

    @get("/waiting")
    async def waiting(self, session: NamedDependency[AsyncSession]) -> WaitingEnrolments:
        """Enrolments that wait for a registrar."""
        return WaitingEnrolments(await enrolment.waiting(session))

    @put("/{digest:str}/countersignature", status_code=202)
    async def countersign(
        self,
        digest: FromPath[str],
        data: JSONBody[Countersignature],
        session: NamedDependency[AsyncSession],
        deployment: NamedDependency[Deployment],
        registrars: NamedDependency[enrolment.Registrars],
    ) -> Kept:
        """Keep a registrar's signature; the chain checks that the signer is one.

        Raises EnrolmentNotFound (404), WrongSigner (403).
        """
        return await enrolment.countersign(session, deployment, registrars, digest, data)


def _answer(settings: Settings, tokens: login.Tokens) -> Response[SessionOpened]:
    """The cookie keeps to https where people's browsers do: what reaches us may have left TLS at a proxy."""
    cookie = Cookie(
        key=REFRESH_COOKIE,
        value=tokens.refresh,
        path=COOKIE_PATH,
        httponly=True,
        secure=settings.public_url.startswith("https:"),
        samesite="strict",
        max_age=login.REFRESH_DAYS * 86400,
    )
    return Response(SessionOpened(tokens.access, login.ACCESS_SECONDS), status_code=201, cookies=[cookie])


ROUTES: list[ControllerRouterHandler] = [
    SessionController, MeController, EnrolmentController, *number_routes.ROUTES, *staff_routes.ROUTES,
]  # fmt: skip
