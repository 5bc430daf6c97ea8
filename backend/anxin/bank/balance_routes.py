"""/api/bank/balances: what the bank attests to hold, beside the tokens that stand for it. Public; only the bank can add."""

from litestar import Controller, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.bank import balances
from anxin.bank.balance_schemas import BalanceView, SignedBalance
from anxin.bank.balances import AskBank, ReadSupply
from anxin.core.deployment import Deployment
from anxin.core.wire import Kept


class BalanceController(Controller):
    path = "/api/bank/balances"
    tags = ["public"]

    @put("/{digest:str}")
    async def keep(
        self,
        digest: FromPath[str],
        data: JSONBody[SignedBalance],
        session: NamedDependency[AsyncSession],
        deployment: NamedDependency[Deployment],
        ask_bank: NamedDependency[AskBank],
    ) -> Kept:
        """Keep what the bank signed that it holds. Resending changes nothing.

        Raises NoBank (403), DigestMismatch (409), AttestedAhead (422), ChainSilent (503).
        """
        return await balances.keep_balance(session, deployment, digest, data, ask_bank)

    @get("/latest")
    async def latest(
        self, session: NamedDependency[AsyncSession], read_supply: NamedDependency[ReadSupply]
    ) -> BalanceView:
        """The newest attested balance. Raises NotFound (404) where the bank has attested none."""
        return await balances.latest_balance(session, read_supply)


ROUTES: list[ControllerRouterHandler] = [BalanceController]
