"""What the platform takes, by the names it gives: one struct an object, `<Object>.Add` and `<Object>.Update` to send it.

Optional fields are left out where we do not know them. Codes of the standard's dictionaries are text. Days are 2026-10-31,
times 2026-10-31 07:59:00 on the site's clock, amounts yuan with two decimals.
Source: 建办市函〔2018〕603号, data standard of the platform, and the calls of systems that are connected to it.
"""

from typing import Annotated, ClassVar, Literal

import msgspec

Verb = Literal["Add", "Update"]
IdNumber = Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{17}[0-9X]\Z")]
Day = Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")]
Instant = Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}\Z")]
Yuan = Annotated[str, msgspec.Meta(pattern=r"\A-?[0-9]{1,12}\.[0-9]{2}\Z")]
Code = Annotated[str, msgspec.Meta(pattern=r"\A[0-9A-Za-z]{1,32}\Z")]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]

MAX_ITEMS = 10  # in the list of one call: what connected systems send at once
RESULT_QUERY = "AsyncHandleResult.Query"


class PlatformObject(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """Base. `OBJECT` is the platform's name of it; `ITEMS` the field that holds a list, if it has one."""

    OBJECT: ClassVar[str]
    ITEMS: ClassVar[str] = ""


class ProjectMaster(PlatformObject):
    OBJECT = "Project"

    contractor_corp_code: Code
    contractor_corp_name: Name
    name: Name
    area_code: Code
    category: Code
    prj_status: Code
    address: str | None = None
    start_date: Day | None = None
    complete_date: Day | None = None


class SubContractor(PlatformObject):
    OBJECT = "ProjectSubContractor"

    project_code: Code
    corp_code: Code
    corp_name: Name
    corp_type: Code
    entry_time: Instant | None = None


class TeamMaster(PlatformObject):
    """班组. The platform answers with its `teamSysNo`, which everything of the team then carries."""

    OBJECT = "Team"

    project_code: Code
    corp_code: Code
    corp_name: Name
    team_name: Name
    team_sys_no: int | None = None  # in an update
    entry_time: Instant | None = None


class _Person(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """`id_card_number` is plain here, and encrypted on its way. Type 01 is the resident's card."""

    id_card_number: IdNumber
    id_card_type: Code = msgspec.field(default_factory=lambda: "01")


class Worker(_Person):
    worker_name: Name
    work_type: Code
    work_role: Code
    is_team_leader: Literal[0, 1] = msgspec.field(default_factory=lambda: 0)
    cell_phone: str | None = None
    pay_roll_bank_card_number: str | None = None


class ProjectWorker(PlatformObject):
    OBJECT, ITEMS = "ProjectWorker", "workerList"

    project_code: Code
    corp_code: Code
    corp_name: Name
    team_sys_no: int
    team_name: Name
    worker_list: list[Worker]


class Contract(_Person):
    corp_code: Code
    corp_name: Name
    contract_period_type: Code
    start_date: Day
    end_date: Day | None = None


class WorkerContract(PlatformObject):
    OBJECT, ITEMS = "WorkerContract", "contractList"

    project_code: Code
    contract_list: list[Contract]


class Passage(_Person):
    """type 1: came to the site for the first time or again; 0: left it for good."""

    date: Day
    type: Literal["0", "1"]


class WorkerEntryExit(PlatformObject):
    OBJECT, ITEMS = "WorkerEntryExit", "workerList"

    project_code: Code
    corp_code: Code
    corp_name: Name
    team_sys_no: int
    worker_list: list[Passage]


class Reading(_Person):
    """direction 01 in, 02 out; attendType 001 face … 010 QR, 011 other."""

    date: Instant
    direction: Literal["01", "02"]
    attend_type: Annotated[str, msgspec.Meta(pattern=r"\A0[0-9]{2}\Z")]
    channel: str | None = None


class WorkerAttendance(PlatformObject):
    OBJECT, ITEMS = "WorkerAttendance", "dataList"

    project_code: Code
    team_sys_no: int
    data_list: list[Reading]


class PayRollDetail(_Person):
    """One wage that was paid. Accounts are plain here, and encrypted on their way."""

    days: int
    pay_roll_bank_card_number: str
    pay_bank_card_number: str
    pay_bank_code: Code
    pay_bank_name: Name
    total_pay_amount: Yuan
    actual_amount: Yuan
    balance_date: Day
    third_pay_roll_code: Name
    is_back_pay: Literal[0, 1] = msgspec.field(default_factory=lambda: 0)


class PayRoll(PlatformObject):
    OBJECT, ITEMS = "Payroll", "detailList"

    project_code: Code
    corp_code: Code
    corp_name: Name
    team_sys_no: int
    pay_month: Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{4}-[0-9]{2}\Z")]
    detail_list: list[PayRollDetail]


OBJECTS: dict[str, type[PlatformObject]] = {
    each.OBJECT: each
    for each in (
        ProjectMaster, SubContractor, TeamMaster, ProjectWorker, WorkerContract, WorkerEntryExit, WorkerAttendance, PayRoll,
    )
}  # fmt: skip


def encoded(value: PlatformObject) -> str:
    """Return the call's data as it is kept. Raises msgspec.ValidationError, naming the field that cannot be sent."""
    content = msgspec.json.encode(value)
    msgspec.json.decode(content, type=type(value))
    return content.decode()
