"""Pay periods and paydays. Pure."""

from calendar import monthrange
from datetime import date, timedelta
from typing import Final

from anxin.payroll.calendar import Calendar
from anxin.payroll.errors import BadPeriod

MOST_DAYS: Final = 32  # bits of a line's day mask
DEFAULT_PAYDAY_DAY: Final = 15


def check_period(first_day: date, last_day: date) -> None:
    """Raises BadPeriod."""
    if not 0 <= (last_day - first_day).days < MOST_DAYS:
        raise BadPeriod(first_day=first_day.isoformat(), last_day=last_day.isoformat(), most_days=MOST_DAYS)


def month_end(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


def is_whole_month(first_day: date, last_day: date) -> bool:
    return first_day.day == 1 and last_day == month_end(first_day)


def days_of(first_day: date, last_day: date) -> set[date]:
    return {first_day + timedelta(days=n) for n in range((last_day - first_day).days + 1)}


def payday_after(last_day: date, day_of_month: int | None, calendar: Calendar) -> date:
    """Return the payday of a period: that day of the month after it, or the last working day before
    (工资支付暂行规定 Art. 7).

    Args:
        day_of_month: as the notice board says; the 15th where it says nothing. Too short a month pays on its last day.
    """
    following = month_end(last_day) + timedelta(days=1)
    nominal = following.replace(day=min(day_of_month or DEFAULT_PAYDAY_DAY, month_end(following).day))
    return calendar.last_working_day(nominal)
