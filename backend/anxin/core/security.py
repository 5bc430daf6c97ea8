"""Headers on every answer, files and errors included, and the trailing slash that service workers need."""

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = [
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"geolocation=(self), microphone=(), camera=(self)"),
]


def with_security(app: ASGIApp, *, pages: frozenset[str]) -> ASGIApp:
    """Wrap `app`. `pages` are paths that belong to a folder: `/w` answers with a redirect to `/w/`."""

    async def secured(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [header for header in message.get("headers", []) if header[0].lower() != b"cache-control"]
                message["headers"] = [*kept, (b"cache-control", _cache(scope["path"], message["status"])), *HEADERS]
            await send(message)

        if scope["path"] in pages:
            location = (scope["path"] + "/").encode()
            await send_with_headers(
                {"type": "http.response.start", "status": 308, "headers": [(b"location", location)]}
            )
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        await app(scope, receive, send_with_headers)

    return secured


def _cache(path: str, status: int) -> bytes:
    """Assets carry their hash in their name; pages and the service worker must be asked for each time.

    That an asset is missing is not for ever: it may be on its way, while a new version is put in place.
    """
    if path.startswith("/api/"):
        return b"no-store"
    is_asset = path.startswith("/assets/") and status in (200, 304)
    return b"public, max-age=31536000, immutable" if is_asset else b"no-cache"
