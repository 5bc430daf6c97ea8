"""What contractors say of a project's place on the platform, and what they see of its uploads."""

from datetime import datetime
from typing import Annotated

import msgspec

from anxin.core.wire import Text, Wire

Code = Annotated[str, msgspec.Meta(pattern=r"\A[0-9A-Za-z]{1,32}\Z")]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"\A[^\x00]*\Z")]


class Corp(Wire):
    """A firm as the platform knows it: unified social credit code, name, kind of participant (from its dictionary)."""

    code: Code
    name: Name
    kind: Code


class PayingBank(Wire):
    """The account that wages are paid from; `code` from the platform's dictionary of banks."""

    account: Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{8,32}\Z")]
    code: Code
    name: Name


class NewProject(Wire):
    """What the platform asks to register a project that it does not know; codes from its dictionaries."""

    area_code: Code
    category: Code
    prj_status: Code


class PlatformTerms(Wire):
    """What only people know of a project on the platform.

    Either `project_code`, where the platform has registered the project, or `register_as`. `corps` are by 0x address: the
    contractor and each subcontractor. `work_types` (from the dictionary of trades) are by team, `work_type` for all others.
    """

    corps: dict[str, Corp]
    bank: PayingBank
    work_type: Code
    work_types: dict[str, Code] = {}
    contract_period_type: Code = "1"  # for a piece of work, as opposed to a fixed time
    project_code: Code | None = None
    register_as: NewProject | None = None


class RejectedUpload(Wire):
    """What the platform refuses, in its own words. `things` are the keys of what was in it."""

    id: int
    method: str
    message: Text
    things: list[str]
    at: datetime


class PlatformView(Wire):
    """How far a project's uploads are. `project_code` is the platform's; `lacking` names what keeps things back."""

    linked: bool
    project_code: str | None
    waiting: int
    done: int
    rejected: list[RejectedUpload]
    lacking: list[str]
