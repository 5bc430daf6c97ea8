"""THE FLOW. Features do not call each other across: these tables say what follows from what.

    a request ──► rows + jobs ──► ON_JOB ──► `relay` ──► chain ──► ON_FINAL_EVENT ──► rows + jobs …
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial

from sqlalchemy.ext.asyncio import AsyncSession

from anxin.alerts import attendance as attendance_notices
from anxin.alerts import changes, costs, delivery, parties, reminders
from anxin.alerts import service as alerts
from anxin.alerts.limits import Policy
from anxin.alerts.retention import shred_messages
from anxin.alerts.sms import SmsSender
from anxin.attendance import countersigning, roots, witnesses
from anxin.attendance import reversed as unanchored
from anxin.attendance.models import AttendanceRoot
from anxin.attendance.retention import shred_attendance
from anxin.bank import balances, payouts
from anxin.bank.adapter import Adapter
from anxin.bank.desk import Desk
from anxin.bank.retention import shred_bank_files
from anxin.chain import alarms, relayer, reversal
from anxin.chain.finality import BlockHandler, EventHandler
from anxin.chain.lane import OnRefused, OnSent
from anxin.core.calls import Refusal
from anxin.core.database import Sessions
from anxin.core.deployment import Deployment
from anxin.core.jobs import Payload
from anxin.core.relayed import Relayed, mark_refused, mark_sent
from anxin.disputes import again, notices, progress
from anxin.disputes import reversed as undecided
from anxin.disputes.models import Answer, Claim, Resolution
from anxin.disputes.retention import disputed_lines
from anxin.ledger import service as ledger
from anxin.payroll import reversed as unposted
from anxin.payroll import sign as sheets
from anxin.payroll.models import WageSheet
from anxin.payroll.retention import shred_payslips
from anxin.people import enrolment, numbers
from anxin.people import reversed as unenrolled
from anxin.people.models import Enrolment
from anxin.projects import retention
from anxin.projects import reversed as unjoined
from anxin.projects import service as projects
from anxin.projects.models import Membership
from anxin.realname import plan
from anxin.realname.client import Platform
from anxin.realname.retention import shred_uploads
from anxin.realname.upload import upload
from anxin.wages import outcomes, releases
from anxin.wages import reversed as unpaid
from anxin.wages.models import Confirmation, Contest

JobHandler = Callable[[AsyncSession, Payload], Awaitable[None]]
OutsideJobHandler = Callable[[Sessions, Payload], Awaitable[None]]


def on_job(sender: SmsSender, deployment: Deployment) -> Mapping[str, JobHandler]:
    """Job → handler. Each handler runs in one transaction, at least once."""
    return {
        "release": partial(releases.release_batch, deployment=deployment),
        "relay": relayer.accept,
        "login_code": partial(alerts.send_login_code, sender=sender),
        "number_code": partial(alerts.send_number_code, sender=sender),
        numbers.DUE_JOB: numbers.effect,
        "number_notice": changes.tell_number_notice,
        "phone_changed": changes.tell_phone_changed,
        "correction_notice": attendance_notices.tell_correction,
        "attendance_roots": partial(roots.build_roots, deployment=deployment),
        plan.PLAN_JOB: plan.plan_project,
        retention.JOB: partial(_shred, deployment=deployment),
    }


def on_outside_job(
    sender: SmsSender, policy: Policy, platform: Platform | None = None
) -> Mapping[str, OutsideJobHandler]:
    """Job → handler that asks somebody outside: it commits before and after, and keeps no transaction open meanwhile."""
    return {
        "sms": partial(delivery.deliver, sender=sender, policy=policy),
        "sms_price": partial(costs.ask_price, sender=sender),
        plan.UPLOAD_JOB: partial(upload, platform=platform),
    }


def on_final_event(deployment: Deployment) -> Mapping[str, Sequence[EventHandler]]:
    """Final event → handlers, in order, in the transaction that makes the event final."""
    book_release = partial(ledger.record_release, deployment=deployment)
    grant_paid = partial(progress.record_paid, deployment=deployment)
    tell_released = partial(alerts.tell_released, deployment=deployment)
    tell_grant_paid = partial(alerts.tell_grant_paid, deployment=deployment)
    retry = (outcomes.retry_after_funding, progress.retry_after_funding)
    to_bank = partial(payouts.record_released, deployment=deployment)
    tell_escrow_low = partial(parties.tell_escrow_low, read_books=ledger.books_of)
    return {
        # people and projects
        "EscrowCreated": (projects.record_escrow_created,),
        "Enrolled": (enrolment.record_enrolled, outcomes.retry_once_enrolled),
        "KeyChanged": (enrolment.record_key_changed, changes.tell_key_changed),
        "PayoutChanged": (
            enrolment.record_payout_changed, outcomes.retry_at_new_payout, progress.retry_at_new_payout,
            changes.tell_payout_changed,
        ),
        "PayoutChangeProposed": (changes.tell_payout_proposed,),
        "PayoutChangeWithdrawn": (changes.tell_payout_withdrawn,),
        "RecoveryProposed": (changes.tell_recovery_proposed,),
        "RecoveryCancelled": (changes.tell_recovery_cancelled,),
        "Joined": (projects.record_joined,),
        "Anchored": (witnesses.record_anchored,),
        # money
        "Funded": (ledger.record_funding, *retry),
        "BondDeposited": (ledger.record_bond_deposit,),
        "BondDrawn": (ledger.record_bond_draw, *retry),
        "BondReturned": (ledger.record_bond_return,),
        "Closed": (ledger.record_closing, projects.record_closed),
        "Minted": (ledger.record_mint,),
        "Burned": (ledger.record_burn,),
        # posted lines
        "SheetPosted": (
            ledger.record_sheet, sheets.record_sheet_posted, outcomes.release_waiting, alerts.tell_posted, tell_escrow_low,
        ),
        "Released": (book_release, outcomes.record_released, to_bank, tell_released),
        "PayoutFailed": (outcomes.record_payout_failed, tell_escrow_low),
        "LineSettled": (ledger.record_settlement, outcomes.record_settled, payouts.record_settled, alerts.tell_settled),
        "LineReturned": (ledger.record_return, outcomes.record_returned, payouts.record_returned, alerts.tell_returned),
        # disputes
        "Contested": (
            ledger.record_dispute, outcomes.record_contested, again.give_way, progress.record_contested, again.send_waiting,
            alerts.tell_contested,
        ),
        "Claimed": (
            ledger.record_dispute, again.give_way, progress.record_claimed, again.send_waiting, alerts.tell_claimed,
            parties.tell_claim_to_contractor,
        ),
        "Answered": (ledger.record_answer, progress.record_answered, again.send_waiting, notices.tell_answered),
        "ClaimStood": (ledger.record_standing, progress.record_stood, notices.tell_stood),
        "Resolved": (ledger.record_resolution, progress.record_resolved, notices.tell_resolved),
        "DisputePaid": (book_release, grant_paid, to_bank, tell_grant_paid),
        "DisputePayoutFailed": (progress.record_payout_failed, tell_escrow_low),
        "DisputeSettled": (ledger.record_settlement, progress.record_settled, payouts.record_settled, alerts.tell_settled),
        "DisputeReturned": (ledger.record_return, progress.record_returned, payouts.record_returned, alerts.tell_returned),
    }


def on_reversed_event(deployment: Deployment) -> Mapping[str, Sequence[EventHandler]]:
    """Event that was final and is not on the chain → what sets back the rows it had set, so that the same event coming
    again, or another, is recorded as if it were the first. The ledger reverses by itself; what is not here stays:

    - Funded, BondDeposited, BondDrawn, BondReturned, Minted, Burned: entries of the ledger and nothing else. A release that
      was tried again because money had come is asked of the chain, and waits again where the money is gone.
    - PayoutFailed, DisputePayoutFailed: the wage is owed with the event and without it; its signature waits for money, and
      whatever brings money or the transaction itself pays it.
    - PayoutChangeProposed, PayoutChangeWithdrawn, RecoveryProposed, RecoveryCancelled: messages alone.
    - All messages: what was said cannot be unsaid. The alarm says that people must be told, by people.
    """
    earlier = reversal.earlier
    key_or_payout = partial(unenrolled.unrecord_key_or_payout, earlier=earlier)
    payment = partial(unpaid.unrecord_payment, earlier=earlier)
    step = partial(undecided.unrecord_step, earlier=earlier, deployment=deployment)
    not_to_bank = partial(payouts.unrecord_released, deployment=deployment)
    return {
        "EscrowCreated": (unjoined.unrecord_escrow_created,),
        "Enrolled": (key_or_payout,),
        "KeyChanged": (key_or_payout,),
        "PayoutChanged": (key_or_payout,),
        "Joined": (unjoined.unrecord_joined,),
        "Anchored": (unanchored.unrecord_anchored,),
        "Closed": (unjoined.unrecord_closed,),
        "SheetPosted": (unposted.unrecord_sheet_posted,),
        "Released": (payment, not_to_bank),
        "LineSettled": (payment, payouts.unrecord_closed),
        "LineReturned": (payment, payouts.unrecord_closed),
        "Contested": (unpaid.unrecord_contested, undecided.unrecord_opened),
        "Claimed": (undecided.unrecord_opened,),
        "Answered": (step,),
        "ClaimStood": (step,),
        "Resolved": (step,),
        "DisputePaid": (step, not_to_bank),
        "DisputeSettled": (step, payouts.unrecord_closed),
        "DisputeReturned": (step, payouts.unrecord_closed),
    }


async def read_supply(session: AsyncSession, until: datetime | None) -> balances.Supply:
    """The ledger's answer, for the bank's attested balances."""
    return balances.Supply(*await ledger.supply(session, until))


# Once per stretch of blocks that became final, with the chain's own time.
ON_FINAL_BLOCK: Sequence[BlockHandler] = (
    releases.release_silent, progress.release_standing,
    partial(reminders.remind_unconfirmed, signed=(Confirmation, Contest)), roots.close_days,
    plan.plan_each_hour,
    partial(countersigning.effect_silent, told_at=attendance_notices.told_at), retention.schedule,
    partial(balances.check_balance, read_supply=read_supply, raise_alarm=alarms.raise_alarm, clear_alarm=alarms.clear_alarm),
)  # fmt: skip

# Contract function → the table of the rows a call came from.
ROWS: Mapping[str, type[Relayed]] = {
    "enrol": Enrolment,
    "join": Membership,
    "postSheet": WageSheet,
    "release": Confirmation,
    "releaseLine": Confirmation,
    "contest": Contest,
    "claim": Claim,
    "answer": Answer,
    "resolve": Resolution,
    "anchor": AttendanceRoot,
}


def on_refused(deployment: Deployment) -> Mapping[str, OnRefused]:
    """Contract function → what to do when the chain will not take the call."""
    return {function: partial(_refused, table) for function, table in ROWS.items()} | {
        "release": partial(releases.mend_batch, deployment=deployment),
        "releaseLine": releases.mend_alone,
        "releaseUnsigned": releases.mend_silent,
        "releaseStanding": progress.mend_standing,
        "answer": partial(again.mend, Answer),
        "resolve": partial(again.mend, Resolution),
        "anchor": witnesses.mend_root,
    }


def bank_desk(sessions: Sessions, bank: Adapter, *, wait: timedelta, resend: timedelta) -> Desk:
    """What orders payments of one bank and reads its answers; its alarms are those of /api/health."""
    return Desk(sessions, bank, alarms.raise_alarm, alarms.clear_alarm, wait=wait, resend=resend)


async def _shred(session: AsyncSession, payload: Payload, *, deployment: Deployment) -> None:
    """Shred what has been kept long enough on the job's day, and keep count."""
    today = date.fromisoformat(payload["day"])
    payslips = await shred_payslips(
        session, retention.kept_since(today), bank=deployment.bank, disputed=disputed_lines()
    )
    await shred_messages(session, retention.kept_since(today))
    await shred_uploads(session, retention.kept_since(today))
    await shred_bank_files(session, retention.kept_since(today))
    await shred_attendance(session, [project.id for project in await retention.due(session, today)])
    await retention.keep_count(session, today, await retention.shred_employment(session, today), payslips)


async def _sent(table: type[Relayed], session: AsyncSession, key: str, tx_hash: str) -> None:
    await mark_sent(session, table, key, tx_hash)


async def _refused(table: type[Relayed], session: AsyncSession, key: str, refusal: Refusal) -> None:
    await mark_refused(session, table, key, refusal)


# Contract function → what to tell those rows when their transaction goes out.
ON_SENT: Mapping[str, OnSent] = {function: partial(_sent, table) for function, table in ROWS.items()}
