"""Time. Instants are UTC; a site's calendar is Asia/Shanghai; contracts count days since 1970-01-01."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

SITE_ZONE = ZoneInfo("Asia/Shanghai")
EPOCH = date(1970, 1, 1)


def now() -> datetime:
    return datetime.now(UTC)


def day_number(day: date) -> int:
    """Days since 1970-01-01, as contracts count them."""
    return (day - EPOCH).days


def days_in(mask: int, first_day: date) -> list[date]:
    """The days whose bits are set in a line's mask; bit 0 is `first_day`."""
    return [first_day + timedelta(days=bit) for bit in range(mask.bit_length()) if mask >> bit & 1]


def mask_of(days: list[date], first_day: date) -> int:
    return sum(1 << (day - first_day).days for day in set(days))
