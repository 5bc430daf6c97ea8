"""A worker's projects and the offers they can accept; a project's parties."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from anxin.core.signing import WorkerSignature
from anxin.core.wire import Amount, Wire

NamedRole = Literal["subcontractor", "officer", "foreman", "witness"]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"\A[^\x00]*\Z")]
ShortName = Annotated[str, msgspec.Meta(min_length=1, max_length=32, pattern=r"\A[^\x00]*\Z")]


class JoinOffer(Wire):
    """state: offered, accepted, sent, joined, refused. `day_cap_fen`: the most one day can be worth in a dispute."""

    state: str
    team: str
    contract_type: str
    rate_fen: int
    day_cap_fen: int
    terms_hash: str
    deadline: int
    digest: str


class MyProject(Wire):
    escrow: str
    name: str
    contractor_name: str
    join: JoinOffer


class MyProjects(Wire):
    projects: list[MyProject]


class SignedJoin(Wire):
    escrow: str
    worker_id: str
    day_cap_fen: Amount
    terms_hash: str
    deadline: Amount
    signature: WorkerSignature


class NamedParty(Wire):
    """`firm`: for whom they act; `team`: a foreman's; `contact`: a person and how to reach them."""

    firm: Name
    team: ShortName | None = None
    contact: Name | None = None


class PartyView(Wire):
    """`since` is null for contractor and bureau, who are parties for good; `until` null for whoever still acts."""

    address: str
    role: str
    firm: str
    team: str | None
    contact: str | None
    since: datetime | None
    until: datetime | None


class PartiesView(Wire):
    parties: list[PartyView]


class StaffProject(Wire):
    escrow: str
    name: str
    contractor_name: str
    roles: list[str]


class StaffProjects(Wire):
    projects: list[StaffProject]
