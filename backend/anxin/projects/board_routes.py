"""/api/projects/{escrow}/board: public to read"""

from litestar import Controller, Response, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core.errors import ProjectNotFound
from anxin.people.staff import Staff
from anxin.projects import board
from anxin.projects.access import as_party
from anxin.projects.schemas import BoardEntries, BoardView
from anxin.projects.service import project_at
from anxin.settings import Settings


class BoardController(Controller):
    path = "/api/projects/{escrow:str}/board"
    tags = ["notice board"]

    @get()
    async def read(
        self,
        escrow: FromPath[str],
        session: NamedDependency[AsyncSession],
        settings: NamedDependency[Settings],
        read_minimum: NamedDependency[board.ReadMinimum],
    ) -> BoardView:
        """The notice board of a site, for anybody; `missing` names what nobody has written. Raises ProjectNotFound (404)."""
        return await board.read_board(session, escrow, read_minimum, settings.public_url)

    @put(status_code=204)
    async def write(
        self,
        escrow: FromPath[str],
        data: JSONBody[BoardEntries],
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
    ) -> None:
        """Put these entries on the board. Raises ProjectNotFound (404), RoleNeeded (403), BadProjectDays (422)."""
        await board.write_board(session, await as_party(session, staff, escrow, *board.WRITES), data)

    @get("/qr.svg", media_type="image/svg+xml")
    async def qr(
        self, escrow: FromPath[str], session: NamedDependency[AsyncSession], settings: NamedDependency[Settings]
    ) -> Response[bytes]:
        """A QR code that leads workers to their page. Raises ProjectNotFound (404)."""
        if await project_at(session, escrow) is None:
            raise ProjectNotFound(escrow=escrow)
        return Response(board.qr_svg(board.worker_url(settings.public_url)), media_type="image/svg+xml")


ROUTES: list[ControllerRouterHandler] = [BoardController]
