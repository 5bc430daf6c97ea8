"""A worker's projects and the offers they can accept; a project's parties."""

from datetime import date, datetime
from typing import Annotated, Literal

import msgspec

from anxin.core.signing import WorkerSignature
from anxin.core.tables import CellError
from anxin.core.wire import Amount, Text, Wire

ContractType = Literal["day", "hour", "month", "piece"]
Fen = Annotated[int, msgspec.Meta(ge=1, le=10**10)]
Quota = Annotated[int, msgspec.Meta(ge=1, le=10**6)]
NamedRole = Literal["subcontractor", "officer", "foreman", "witness"]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"\A[^\x00]*\Z")]
ShortName = Annotated[str, msgspec.Meta(min_length=1, max_length=32, pattern=r"\A[^\x00]*\Z")]


class JoinOffer(Wire):
    """state: offered, accepted, sent, joined, refused. `day_cap_fen`: the most one day can be worth in a dispute.

    `contract`: the exact text (JSON: zh, en, salt) whose SHA-256 is `terms_hash`; null for terms without one, or shredded.
    """

    state: str
    team: str
    contract_type: str
    rate_fen: int
    day_cap_fen: int
    terms_hash: str
    deadline: int
    digest: str
    contract: str | None
    entered_on: date | None
    left_on: date | None


class MyProject(Wire):
    """`worker_no`: the project's own number for the worker."""

    escrow: str
    name: str
    contractor_name: str
    worker_no: str
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


class RosterPerson(Wire):
    """Who somebody is, as on their ID card, and the terms they are to be offered.

    `employer`: a subcontractor's address; the contractor's where none is named. `rate_fen` per day, hour, month or piece.
    """

    name: Text
    id_number: Text
    phone: Text
    team: ShortName
    contract_type: ContractType
    rate_fen: Fen
    piece_quota: Quota | None = None
    starts_on: date | None = None
    bank_account: Text | None = None
    employer: str | None = None


class Registered(Wire):
    """`already_on_record`: the person was known before, and what is on record stays. `phone_usable`: it signs them in."""

    worker_no: str
    already_on_record: bool
    phone_usable: bool


class RosterRow(Wire):
    """One person as the site office sees them. Personal data is masked; of somebody who was on record before it is null,
    until they have signed with this project.

    key: none, waiting (for the registrar), enrolled. contract: none, prepared (for the contractor to sign), offered,
    accepted, sent, joined, refused, expired. `shares_account`: others on this roster have the same bank account.
    """

    worker_no: str
    name_masked: str | None
    phone_masked: str | None
    phone_usable: bool | None
    has_bank_account: bool | None
    shares_account: bool
    already_on_record: bool
    key: str | None
    team: str
    employer: str
    contract_type: str
    rate_fen: int
    piece_quota: int | None
    starts_on: date | None
    contract: str
    entered_on: date | None
    left_on: date | None


class Roster(Wire):
    rows: list[RosterRow]


class OpeningAsked(Wire):
    """Which field is to be opened, and why: the worker reads it."""

    field: Literal["name", "phone", "idNumber", "bankAccount"]
    reason: Annotated[str, msgspec.Meta(min_length=2, max_length=200, pattern=r"\A[^\x00]*\Z")]


class Opened(Wire):
    value: str | None


class RosterPreview(Wire):
    """What a file would do. `errors` are the first of `error_count`; `file_digest` is its SHA-256, and its address."""

    file_digest: str
    rows: int
    new_rows: int
    error_count: int
    errors: list[CellError]


class RosterStored(Wire):
    """`already_on_record`: who was known before, by number; `phone_unusable`: whose phone does not sign them in."""

    rows: int
    already_on_record: list[str]
    phone_unusable: list[str]


class OffersAsked(Wire):
    """Numbers of the roster; everybody without a contract where none is given."""

    worker_nos: Annotated[list[ShortName], msgspec.Meta(max_length=500)] = []


class PreparedOffer(Wire):
    """A contract for the contractor to sign: `digest` is of Join(worker_id, day_cap_fen, terms_hash, deadline)."""

    digest: str
    worker_no: str
    worker_id: str
    contract: str
    day_cap_fen: int
    terms_hash: str
    deadline: int


class PreparedOffers(Wire):
    offers: list[PreparedOffer]


class OfferSignature(Wire):
    """65 bytes 0x-hex by the contractor over the offer's digest."""

    signature: str


class SignedContract(Wire):
    """A contract and what checks it: the SHA-256 of `contract` is `terms_hash`; both signatures are over `digest`."""

    escrow: str
    contract: str
    terms_hash: str
    digest: str
    worker_id: str
    day_cap_fen: int
    deadline: int
    contractor: str
    contractor_signature: str
    worker_signature: str | None
    state: str
    tx_hash: str | None


class MoveView(Wire):
    """kind: entry or exit."""

    kind: str
    day: date
    recorded_by: str
    recorded_at: datetime


class Moves(Wire):
    moves: list[MoveView]


BoardText = Annotated[str, msgspec.Meta(max_length=200, pattern=r"\A[^\x00]*\Z")]


class BoardEntries(Wire):
    """What contractor and labour officer write on the notice board; null where it is not known.

    `district`: whose minimum wage holds, such as "Chongqing", or "Chongqing 2" for its second tier. `payday_day`: of the
    month that follows. `authority`: the department in charge of the trade.
    """

    address: BoardText | None = None
    district: Annotated[str, msgspec.Meta(max_length=32, pattern=r"\A[^\x00]*\Z")] | None = None
    payday_day: Annotated[int, msgspec.Meta(ge=1, le=31)] | None = None
    started_on: date | None = None
    completed_on: date | None = None
    developer: BoardText | None = None
    project_office: BoardText | None = None
    bureau_name: BoardText | None = None
    authority: BoardText | None = None
    authority_phone: BoardText | None = None
    officer: BoardText | None = None
    officer_phone: BoardText | None = None
    inspection_phone: BoardText | None = None
    arbitration: BoardText | None = None
    arbitration_phone: BoardText | None = None
    legal_aid: BoardText | None = None
    legal_aid_phone: BoardText | None = None


class MinimumShown(Wire):
    """The district's minimum wage: a month's, and an hour's for those paid by the hour. In force since a day."""

    name: str
    month_fen: int
    hour_fen: int
    since: date


class BoardView(Wire):
    """`missing`: names of entries that the law asks for and nobody has filled in."""

    escrow: str
    name: str
    contractor_name: str
    subcontractors: list[str]
    entries: BoardEntries
    minimum_wage: MinimumShown | None
    worker_url: str
    missing: list[str]
