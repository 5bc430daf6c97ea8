"""When a message may go: not in the night where it can wait, and not too many to one number. Pure arithmetic."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final

from anxin.core.clock import SITE_ZONE
from anxin.settings import Settings

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FIRST_RETRY_SECONDS: Final = 10
LONGEST_RETRY_SECONDS: Final = 900
GIVE_UP_AFTER: Final = timedelta(days=3)

# Whoever lost a phone or a number must hear of it now, whatever the hour, and though somebody has used up the day's share.
URGENT: Final = frozenset(
    {
        "payout_change_announced", "payout_changed", "payout_change_withdrawn", "recovery_announced",
        "recovery_cancelled", "key_changed", "phone_changed_old", "phone_changed_new",
        "phone_change_announced", "phone_change_withdrawn",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Policy:
    """`quiet`: the hours of the site's day from and to which only what is urgent is sent; None: there are none."""

    quiet: tuple[int, int] | None = (21, 8)
    per_hour: int = 10
    per_day: int = 20
    lookup_seconds: float = 60

    @classmethod
    def of(cls, settings: Settings) -> "Policy":
        """Raises ValueError for hours that are none."""
        quiet = None
        if settings.quiet_hours:
            start, end = (int(part) for part in settings.quiet_hours.split("-"))
            quiet = (time(start).hour, time(end).hour)
        return cls(quiet, settings.sms_per_hour, settings.sms_per_day, settings.sms_lookup_seconds)


def after_quiet(at: datetime, quiet: tuple[int, int] | None) -> datetime:
    """Return `at`, or the end of the quiet hours it lies in."""
    if quiet is None or quiet[0] == quiet[1]:
        return at
    start, end = quiet
    local = at.astimezone(SITE_ZONE)
    is_quiet = start <= local.hour < end if start < end else local.hour >= start or local.hour < end
    if not is_quiet:
        return at
    day = local.date() + (timedelta(days=1) if start > end and local.hour >= start else timedelta())
    return datetime.combine(day, time(end), SITE_ZONE).astimezone(at.tzinfo)


def when_free(at: datetime, earlier: Sequence[datetime], policy: Policy) -> datetime | None:
    """Return when one more may go to a number that was written to at `earlier`; None where the day's are used up."""
    today = [each for each in earlier if each > at - DAY]
    if len(today) >= policy.per_day:
        return None
    lately = sorted(each for each in today if each > at - HOUR)
    return at if len(lately) < policy.per_hour else lately[-policy.per_hour] + HOUR


def retry_seconds(attempts: int, retry_after_seconds: float | None = None) -> float:
    """How long to wait after so many attempts: twice as long each time, within half of it by chance, never less than asked.

    By chance, so that the messages of a payday do not all come back in the same second.
    """
    longest = min(FIRST_RETRY_SECONDS << min(attempts - 1, 10), LONGEST_RETRY_SECONDS)
    waits = longest * (500 + secrets.randbelow(501)) / 1000
    return max(waits, retry_after_seconds or 0)
