"""What people send and see. Digests and hashes are 0x-hex; money is fen; deadlines are Unix seconds."""

from datetime import datetime
from typing import Literal

from anxin.core.signing import SignerKey, WorkerSignature
from anxin.core.wire import Amount, Text, Wire


class LoginCodeRequest(Wire):
    phone: str
    language: Literal["zh", "en"] = "zh"


class LoginCodeSent(Wire):
    resend_after_seconds: int
    expires_in_seconds: int


class LoginRequest(Wire):
    """`language`: of messages from now on; the one on record where none is named."""

    phone: str
    code: str
    language: Literal["zh", "en"] | None = None


class NewNumber(Wire):
    """`code`: as it was sent to the new number."""

    phone: str
    code: str


class NumberInPerson(Wire):
    """As the ID card says it, which a registrar has seen, and the new number."""

    id_number: Text
    name: Text
    phone: Text


class WaitingNumber(Wire):
    """The number that takes the place of the one on record at `effective_at`, unless it is withdrawn."""

    phone_masked: str
    effective_at: datetime


class MyNumber(Wire):
    phone_masked: str
    waiting: WaitingNumber | None


class SessionOpened(Wire):
    access_token: str
    expires_in_seconds: int


class StaffChallengeRequest(Wire):
    address: str


class StaffChallengeSent(Wire):
    """`message`: the exact text for the wallet's personal_sign."""

    message: str
    expires_at: datetime


class StaffSignature(Wire):
    """`signature`: 65 bytes 0x-hex over `message` as it was sent."""

    message: Text
    signature: str


class StaffSessionOpened(Wire):
    access_token: str
    address: str
    expires_at: datetime


class SignedInStaff(Wire):
    address: str


class LanguageChoice(Wire):
    language: Literal["zh", "en"]


class EnrolmentStatus(Wire):
    """state: none, waiting (for the registrar), accepted, sent, enrolled, refused."""

    state: str
    key: SignerKey | None
    digest: str | None
    reason: str | None


class EnrolmentOffer(Wire):
    deadline: int


class SignedEnrolment(Wire):
    key: SignerKey
    deadline: Amount
    signature: WorkerSignature


class WaitingEnrolment(Wire):
    """What a registrar checks against the person in front of them, and signs."""

    digest: str
    worker_id: str
    key: SignerKey
    payout: str
    deadline: int


class WaitingEnrolments(Wire):
    enrolments: list[WaitingEnrolment]


class Countersignature(Wire):
    """`signature`: 65 bytes 0x-hex by `registrar` over the enrolment's digest."""

    registrar: str
    signature: str


class Me(Wire):
    """The signed-in worker. `payout` is where their wages go; `paid_by_bank`: to the bank, which pays them out."""

    worker_no: str
    display_name: str
    phone_masked: str
    worker_id: str
    language: str
    payout: str | None
    paid_by_bank: bool
    enrolment: EnrolmentStatus
    offer: EnrolmentOffer


class OpeningView(Wire):
    """That somebody opened something sealed of the worker: name, phone, idNumber, bankAccount or contract."""

    opened_at: datetime
    address: str
    role: str
    firm: str
    project: str
    field: str
    reason: str


class MyOpenings(Wire):
    openings: list[OpeningView]
