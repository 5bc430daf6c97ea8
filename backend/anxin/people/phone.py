"""Mobile numbers of mainland China, as people write them and as carriers want them."""

import re

from anxin.core.errors import BadPhone

_MOBILE = re.compile(r"(?:\+?86)?(1[3-9]\d{9})")


def normal_phone(written: str) -> str:
    """Return +86 and 11 digits. Raises BadPhone."""
    match = _MOBILE.fullmatch(re.sub(r"[\s-]", "", written))
    if match is None:
        raise BadPhone()
    return f"+86{match[1]}"


def masked(phone: str) -> str:
    """138****0001, for screens that others may see."""
    return f"{phone[3:6]}****{phone[-4:]}"
