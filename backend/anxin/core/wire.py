"""What travels over HTTP: camelCase, nothing unknown accepted. Digests and hashes are 0x-hex, money is integer fen."""

from datetime import timedelta
from functools import lru_cache
from typing import Annotated

import msgspec
from eth_abi.exceptions import EncodingError

from anxin.core.clock import now
from anxin.core.errors import DeadlineTooFar, DigestMismatch, HighS, Malformed, SignatureExpired
from anxin.core.signing import Domain, Value, WorkerSignature, digest, from_hex, has_low_s

# What a column can hold: a larger number is told as malformed, and never gets as far as the database.
Count = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
Amount = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]  # fen, masks, Unix seconds

MAX_DEADLINE_DAYS = 400

Text = Annotated[str, msgspec.Meta(pattern=r"\A[^\x00]*\Z")]


class Wire(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """Base of every request and answer."""


class Kept(Wire):
    """The server has stored what was signed; the rest follows without the sender."""

    digest: str
    state: str


def hex_bytes(text: str, length: int, where: str) -> bytes:
    """Return `length` bytes of 0x-hex. Raises Malformed, naming `where`."""
    try:
        raw = from_hex(text)
    except ValueError:
        raw = b""
    if len(raw) != length:
        raise Malformed(problem=f"{where}: 0x and {2 * length} hexadecimal digits")
    return raw


@lru_cache(maxsize=1024)  # a site's thousand people send one address
def hex_address(text: str, where: str) -> str:
    """Return an address in lower case: mixed case is a checksum, which not every sender has right."""
    return "0x" + hex_bytes(text, 20, where).hex()


def signed_digest(path_digest: str, domain: Domain, type_name: str, message: dict[str, Value]) -> bytes:
    """Return the digest of `message`, which is the address it was sent to. Raises Malformed, DigestMismatch."""
    given = hex_bytes(path_digest, 32, "digest")
    try:
        expected = digest(domain, type_name, message)
    except (ValueError, TypeError, EncodingError) as error:
        raise Malformed(problem=f"{type_name}: {error}") from error
    if given != expected:
        raise DigestMismatch(expected="0x" + expected.hex())
    return expected


def check_deadline(deadline: int) -> None:
    """Raises SignatureExpired or DeadlineTooFar for the Unix second until which a signature may be used."""
    here = now()
    if deadline < here.timestamp():
        raise SignatureExpired()
    if deadline > (here + timedelta(days=MAX_DEADLINE_DAYS)).timestamp():
        raise DeadlineTooFar(max_days=MAX_DEADLINE_DAYS)


def check_form(signature: WorkerSignature) -> None:
    """Raises Malformed or HighS: what can be said of a signature before knowing whose it should be."""
    try:
        low = has_low_s(signature)
    except ValueError as error:
        raise Malformed(problem="signature: not 0x-hex") from error
    if not low:
        raise HighS()
