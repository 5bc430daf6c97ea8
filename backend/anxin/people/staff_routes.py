"""/api/staff"""

from litestar import Controller, delete, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core.deployment import Deployment
from anxin.people import staff as wallets
from anxin.people.bearer import AnyRequest, bearer_token
from anxin.people.errors import NotStaff
from anxin.people.schemas import (
    SignedInStaff,
    StaffChallengeRequest,
    StaffChallengeSent,
    StaffSessionOpened,
    StaffSignature,
)
from anxin.people.staff import Staff, StaffKey
from anxin.settings import Settings


async def signed_in_staff(
    request: AnyRequest, session: NamedDependency[AsyncSession], staff_key: NamedDependency[StaffKey]
) -> Staff:
    """Dependency `staff`: whose wallet the bearer token belongs to. Raises NotStaff."""
    token = bearer_token(request)
    if token is None:
        raise NotStaff()
    return await wallets.staff_of(session, staff_key, token)


class StaffController(Controller):
    path = "/api/staff"
    tags = ["sign in"]

    @post("/challenges", status_code=201)
    async def challenge(
        self,
        data: JSONBody[StaffChallengeRequest],
        session: NamedDependency[AsyncSession],
        settings: NamedDependency[Settings],
        deployment: NamedDependency[Deployment],
    ) -> StaffChallengeSent:
        """Ask for the text that a wallet signs to sign in (ERC-4361). Raises Malformed (400), TooManyChallenges (429)."""
        return await wallets.challenge(session, _place(settings, deployment), data.address)

    @post("/sessions", status_code=201)
    async def sign_in(
        self,
        data: JSONBody[StaffSignature],
        session: NamedDependency[AsyncSession],
        settings: NamedDependency[Settings],
        deployment: NamedDependency[Deployment],
        staff_key: NamedDependency[StaffKey],
    ) -> StaffSessionOpened:
        """Open a session of twelve hours for the wallet that signed. Raises ChallengeGone (410), NotTheirWallet (401)."""
        place = _place(settings, deployment)
        return await wallets.open_session(session, staff_key, place, data.message, data.signature)

    @get("/sessions/current")
    async def current(self, staff: NamedDependency[Staff]) -> SignedInStaff:
        """Whose wallet is signed in. Raises NotStaff (401)."""
        return SignedInStaff(staff.address)

    @delete("/sessions/current", status_code=204)
    async def sign_out(self, staff: NamedDependency[Staff], session: NamedDependency[AsyncSession]) -> None:
        """End this session: its token is worth nothing from now on. Raises NotStaff (401)."""
        await wallets.close_session(session, staff)


def _place(settings: Settings, deployment: Deployment) -> wallets.Place:
    return wallets.Place(settings.public_url, deployment.chain_id)


ROUTES: list[ControllerRouterHandler] = [StaffController]
