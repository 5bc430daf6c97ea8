"""The characters that messages may hold.

ISO 20022 takes all of Unicode; most clearing systems outside China take a Latin set only, and references are held to it by
all (EPC230-15, "Requirements for an extended character set").
"""

import re

_LATIN = re.compile(r"[A-Za-z0-9/\-?:().,'+ ]*")
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

MAX_REFERENCE = 35
MAX_NAME = 140


def has_only_xml(text: str) -> bool:
    """Whether XML 1.0 can hold it, on one line."""
    return not _NOT_XML.search(text) and not set(text) & set("\t\n\r")


def check_reference(text: str) -> str:
    """Return what is wrong with an identification, or nothing."""
    if not 1 <= len(text) <= MAX_REFERENCE:
        return f"1 to {MAX_REFERENCE} characters, not {len(text)}"
    if not _LATIN.fullmatch(text) or text != text.strip():
        return "only A-Z a-z 0-9 / - ? : ( ) . , ' +"
    if text.startswith("/") or text.endswith("/") or "//" in text:
        return "no slash first, last or doubled"
    return ""


def check_name(text: str, *, latin_only: bool) -> str:
    """Return what is wrong with a name, or nothing."""
    if not 1 <= len(text) <= MAX_NAME or text != text.strip():
        return f"1 to {MAX_NAME} characters, no space around them"
    if not has_only_xml(text):
        return "no control characters"
    if latin_only and not _LATIN.fullmatch(text):
        return "this bank takes Latin letters only: give the name as the account has it"
    return ""
