"""How a call in the national real-name platform's form is signed: those we send to it, and those devices send to us.

The fields but `sign`, ascending by name, joined as `k=v&…`, then `&appsecret=` and the secret; all of it in lower case,
and of that the SHA-256 in hex. Source: 建办市函〔2018〕603号, annex on data exchange. Lower case makes two forms that differ
only in case sign alike: what a reader takes from a form must not hang on case.
"""

import hmac
from collections.abc import Mapping
from hashlib import sha256

SIGN = "sign"


def sign(form: Mapping[str, str], secret: str) -> str:
    """Return the signature of a form's fields, 64 lower-case hexadecimal digits. A `sign` among them is left out."""
    fields = "&".join(f"{name}={form[name]}" for name in sorted(form) if name != SIGN)
    return sha256(f"{fields}&appsecret={secret}".lower().encode()).hexdigest()


def verify(form: Mapping[str, str], secret: str) -> bool:
    """Whether the form's `sign` is by the holder of `secret`. Upper-case digits count too: devices differ."""
    return hmac.compare_digest(form.get(SIGN, "").lower().encode(), sign(form, secret).encode())
