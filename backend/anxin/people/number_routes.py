"""/api/me/phone, /api/numbers"""

from litestar import Controller, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.people import numbers, registrar
from anxin.people.enrolment import Registrars
from anxin.people.models import Worker
from anxin.people.schemas import LoginCodeRequest, LoginCodeSent, MyNumber, NewNumber, NumberInPerson
from anxin.people.staff import Staff


class MyNumberController(Controller):
    path = "/api/me/phone"
    tags = ["worker"]

    @get()
    async def number(self, worker: NamedDependency[Worker], session: NamedDependency[AsyncSession]) -> MyNumber:
        """The signed-in worker's number, masked, and the one that waits to take its place."""
        return await numbers.number_of(session, worker)

    @post("/codes", status_code=202)
    async def send_code(
        self, data: JSONBody[LoginCodeRequest], worker: NamedDependency[Worker], session: NamedDependency[AsyncSession]
    ) -> LoginCodeSent:
        """Send a code to the new number. Raises BadPhone (422), NumberOnRecord (409), TooManyCodes (429)."""
        return await numbers.send_code(session, worker, data.phone, data.language)

    @put("/change", status_code=202)
    async def ask(
        self, data: JSONBody[NewNumber], worker: NamedDependency[Worker], session: NamedDependency[AsyncSession]
    ) -> MyNumber:
        """Ask for another number, proven by the code sent to it. The old one is told, and stays for three days.

        Raises BadPhone (422), NumberOnRecord (409), WrongCode (401), CodeExpired (410).
        """
        return await numbers.ask(session, worker, data.phone, data.code)

    @delete("/change", status_code=200)
    async def withdraw(self, worker: NamedDependency[Worker], session: NamedDependency[AsyncSession]) -> MyNumber:
        """Give up the change that waits. Without one nothing happens."""
        return await numbers.withdraw(session, worker)


class NumberController(Controller):
    path = "/api/numbers"
    tags = ["registrar"]

    @post(status_code=202)
    async def ask_in_person(
        self,
        data: JSONBody[NumberInPerson],
        staff: NamedDependency[Staff],
        session: NamedDependency[AsyncSession],
        registrars: NamedDependency[Registrars],
    ) -> MyNumber:
        """Another number for somebody who lost theirs and stands before the signed-in registrar with their ID card.

        The old one is told, and stays for three days. Sending it again changes nothing.
        Raises NotRegistrar (403), PersonNotFound (404), NumberOnRecord (409), BadIdNumber, BadName, BadPhone (422).
        """
        return await registrar.change_number(session, staff, registrars, data)


ROUTES: list[ControllerRouterHandler] = [MyNumberController, NumberController]
