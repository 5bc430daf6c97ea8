"""/api/projects/{escrow}/sheets, /api/sheets"""

from litestar import Controller, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.core.wire import Kept
from anxin.payroll import service
from anxin.payroll.schemas import SheetSignature, SheetsView


class SheetController(Controller):
    path = "/api"
    tags = ["contractor"]

    @get("/projects/{escrow:str}/sheets")
    async def sheets(self, escrow: FromPath[str], session: NamedDependency[AsyncSession]) -> SheetsView:
        """A project's sheets in order. Their lines hold nothing that is not, or will not be, public on the chain."""
        return SheetsView(await service.sheets_of(session, escrow))

    @put("/sheets/{digest:str}/signature", status_code=202)
    async def sign(
        self, digest: FromPath[str], data: JSONBody[SheetSignature], session: NamedDependency[AsyncSession]
    ) -> Kept:
        """Keep the contractor's signature and post the sheet. Raises SheetNotFound (404), WrongSigner (403)."""
        return await service.sign_sheet(session, digest, data.signature)


ROUTES: list[ControllerRouterHandler] = [SheetController]
