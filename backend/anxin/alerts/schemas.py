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


class KindCost(Wire):
    """`kind` is what the messages told. `priced` of them cost `price_micros` millionths of the month's `price_unit`."""

    kind: str
    messages: int
    segments: int
    priced: int
    price_micros: int


class MonthCost(Wire):
    """`month` is YYYY-MM. `priced` messages cost `price_micros` millionths of `price_unit`; the others' price is unknown."""

    month: str
    messages: int
    segments: int
    priced: int
    price_micros: int
    price_unit: str | None
    kinds: list[KindCost]


class Costs(Wire):
    """Newest month first."""

    months: list[MonthCost]


class DeskNoticeView(Wire):
    """A worker of this project wrote that something is wrong. `done_by` has seen to it; null while it is open."""

    id: int
    worker_id: str
    worker_no: str
    written_at: datetime
    done_at: datetime | None
    done_by: str | None


class DeskNotices(Wire):
    """Newest first. `next` is the cursor of the page that follows; `open` and `done` count all."""

    notices: list[DeskNoticeView]
    next: int | None
    open: int
    done: int
