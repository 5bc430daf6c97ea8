"""What a correction says, as it is shown and signed: old → new, in one canonical text; and the same in a sentence."""

from datetime import date, datetime
from typing import Any

import msgspec

from anxin.core.clock import SITE_ZONE
from anxin.core.language import Language

DIRECTIONS: dict[str, dict[Language, str]] = {"01": {"zh": "进", "en": "in"}, "02": {"zh": "出", "en": "out"}}


def punch_text(at: datetime, direction: str, device: str) -> dict[str, str]:
    """A punch as a person reads it, on the site's clock."""
    return {"at": at.astimezone(SITE_ZONE).isoformat(timespec="seconds"), "direction": direction, "device": device}


def content(*, action: str, escrow: str, worker_no: str, day: date, old: Any, new: Any, reason: str) -> str:
    """Return the text that is shown and signed: JSON, members in order, `old` and `new` a punch, a quantity or null."""
    members = {
        "action": action, "escrow": escrow, "workerNo": worker_no, "day": day.isoformat(), "old": old, "new": new,
        "reason": reason,
    }  # fmt: skip
    return msgspec.json.encode(members, order="sorted").decode()


# What is left of a correction's text once its time has run out (retention.py).
SHREDDED = content(action="", escrow="", worker_no="", day=date.min, old=None, new=None, reason="")


def old_and_new(text: str, language: Language) -> tuple[str, str]:
    """Return what a correction's text says was, and is to be, short enough for a message."""
    members = msgspec.json.decode(text)
    return _said(members["old"], language), _said(members["new"], language)


def _said(value: Any, language: Language) -> str:
    if value is None:
        return {"zh": "无", "en": "none"}[language]
    if isinstance(value, int):
        return {"zh": f"{value}件", "en": f"{value} pieces"}[language]
    way = DIRECTIONS[value["direction"]][language]
    return f"{value['at'][5:16].replace('T', ' ')} {way}"
