"""How many segments a message takes: what a carrier charges for, and what the smallest phones put together again.

GSM-7 (3GPP TS 23.038, 6.2.1) holds 160 characters in one segment and 153 in each of several; a character of its extension
table counts for two. One character outside it, a Chinese one for instance, and the whole message is UCS-2: 70, or 67 each.
Neither an escaped character nor a surrogate pair is ever cut in two.
"""

from typing import Final, NamedTuple

GSM_7: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_7_EXTENSION: Final = frozenset("\f^{}\\[~]|€")
ALONE: Final = {"GSM-7": 160, "UCS-2": 70}
TOGETHER: Final = {"GSM-7": 153, "UCS-2": 67}


class Size(NamedTuple):
    """`units` are septets in GSM-7 and 16-bit units in UCS-2."""

    encoding: str
    units: int
    segments: int


def size_of(text: str) -> Size:
    """Return how a text travels. An empty one takes one segment."""
    encoding = "GSM-7" if set(text) <= GSM_7 | GSM_7_EXTENSION else "UCS-2"
    widths = [_width(character, encoding) for character in text]
    units = sum(widths)
    if units <= ALONE[encoding]:
        return Size(encoding, units, 1)
    segments, used = 1, 0
    for width in widths:
        if used + width > TOGETHER[encoding]:
            segments, used = segments + 1, 0
        used += width
    return Size(encoding, units, segments)


def _width(character: str, encoding: str) -> int:
    if encoding == "GSM-7":
        return 2 if character in GSM_7_EXTENSION else 1
    return 2 if ord(character) > 0xFFFF else 1
