"""What worker, contractor and bureau see of messages."""

from datetime import datetime

from anxin.core.wire import Wire


class Notice(Wire):
    """A message that did not reach the worker's phone. because: stopped (they want none), limit, unreachable."""

    id: int
    kind: str
    text: str
    at: datetime
    because: str


class Notices(Wire):
    """`sms_stopped`: the worker's number wants no messages, so that notices are shown here alone."""

    sms_stopped: bool
    notices: list[Notice]


class MonthCost(Wire):
    """`month` is YYYY-MM. `priced` messages cost `price_micros` millionths of `price_unit`; the others' price is unknown."""

    month: str
    messages: int
    segments: int
    priced: int
    price_micros: int
    price_unit: str | None


class Costs(Wire):
    """Newest month first."""

    months: list[MonthCost]


class DeskNoticeView(Wire):
    """A worker of this project wrote that something is wrong."""

    worker_id: str
    written_at: datetime


class DeskNotices(Wire):
    """Newest first."""

    notices: list[DeskNoticeView]
