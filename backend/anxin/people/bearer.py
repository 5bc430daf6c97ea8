"""The token that a request carries."""

from typing import Any

from litestar import Request

AnyRequest = Request[Any, Any, Any]


def bearer_token(request: AnyRequest) -> str | None:
    """Return the token of the Authorization header; None without one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else None
