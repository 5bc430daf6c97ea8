"""THE FLOW. Features do not call each other across: these tables say what follows from what.

    a request ──► rows + jobs ──► ON_JOB ──► `relay` ──► chain ──► ON_FINAL_EVENT ──► rows + jobs …
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial

from sqlalchemy.ext.asyncio import AsyncSession

from anxin.alerts import service as alerts
from anxin.alerts.sms import SmsSender
from anxin.chain import relayer
from anxin.chain.indexer import BlockHandler, EventHandler
from anxin.chain.relayer import OnRefused, OnSent
from anxin.core.jobs import Payload
from anxin.core.relayed import mark_refused, mark_sent
from anxin.ledger import service as ledger
from anxin.payroll import service as payroll
from anxin.payroll.models import WageSheet
from anxin.people import enrolment
from anxin.people.models import Enrolment
from anxin.projects import service as projects
from anxin.projects.models import Membership
from anxin.wages import releases
from anxin.wages.models import Confirmation, Contest

JobHandler = Callable[[AsyncSession, Payload], Awaitable[None]]


def on_job(sender: SmsSender) -> Mapping[str, JobHandler]:
    """Job → handler. Each handler runs in one transaction, at least once."""
    return {
        "release": releases.release_batch,
        "relay": relayer.accept,
        "sms": partial(alerts.send, sender=sender),
        "login_code": partial(alerts.send_login_code, sender=sender),
    }


# Final event → handlers, in order, in the transaction that makes the event final.
ON_FINAL_EVENT: Mapping[str, Sequence[EventHandler]] = {
    "EscrowCreated": (projects.record_escrow_created,),
    "Enrolled": (enrolment.record_enrolled,),
    "Joined": (projects.record_joined,),
    "Funded": (ledger.record_funding, releases.retry_after_funding),
    "SheetPosted": (ledger.record_sheet, payroll.record_sheet_posted, alerts.tell_posted),
    "Released": (ledger.record_release, releases.record_released, alerts.tell_released),
    "PayoutFailed": (releases.record_payout_failed,),
    "Contested": (ledger.record_contest, releases.record_contested, alerts.tell_contested),
    "Minted": (ledger.record_mint,),
    "Burned": (ledger.record_burn,),
}

# Once per stretch of blocks that became final, with the chain's own time.
ON_FINAL_BLOCK: Sequence[BlockHandler] = (releases.release_silent,)

# Contract function → what to tell the rows a call came from.
ON_SENT: Mapping[str, OnSent] = {
    "enrol": lambda session, key, tx: mark_sent(session, Enrolment, key, tx),
    "join": lambda session, key, tx: mark_sent(session, Membership, key, tx),
    "postSheet": lambda session, key, tx: mark_sent(session, WageSheet, key, tx),
    "release": lambda session, key, tx: mark_sent(session, Confirmation, key, tx),
    "contest": lambda session, key, tx: mark_sent(session, Contest, key, tx),
}
ON_REFUSED: Mapping[str, OnRefused] = {
    "enrol": lambda session, key, why: mark_refused(session, Enrolment, key, why),
    "join": lambda session, key, why: mark_refused(session, Membership, key, why),
    "postSheet": lambda session, key, why: mark_refused(session, WageSheet, key, why),
    "release": releases.mend_batch,
    "releaseUnsigned": releases.mend_silent,
    "contest": lambda session, key, why: mark_refused(session, Contest, key, why),
}
