"""What a registrar does for somebody who stands before them with their ID card."""

from sqlalchemy.ext.asyncio import AsyncSession

from anxin.people import numbers, real_names
from anxin.people.enrolment import Registrars
from anxin.people.errors import NotRegistrar, PersonNotFound
from anxin.people.id_number import normal_id_number
from anxin.people.schemas import MyNumber, NumberInPerson
from anxin.people.staff import Staff


async def change_number(
    session: AsyncSession, staff: Staff, registrars: Registrars, shown: NumberInPerson
) -> MyNumber:
    """Ask for another number in the name of whose card was shown. Whoever it is not of learns nothing of who is on record.

    Raises NotRegistrar, PersonNotFound, BadIdNumber, BadName, BadPhone, NumberOnRecord.
    """
    if staff.address not in registrars:
        raise NotRegistrar(address=staff.address)
    name = real_names.normal_name(shown.name)
    worker = await real_names.find(session, normal_id_number(shown.id_number))
    if worker is None or worker.name != name:
        raise PersonNotFound()
    return await numbers.ask_in_person(session, worker, shown.phone, registrar=staff.address)
