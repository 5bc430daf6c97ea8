"""Errors on their way out: every answer that is not a success is a problem document, in the asker's language."""

from typing import Any
from uuid import uuid4

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.status_codes import HTTP_413_REQUEST_ENTITY_TOO_LARGE
from litestar.types import ExceptionHandlersMap
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionLeft

from anxin.core.errors import AnxinError, Internal, Malformed, MethodNotAllowed, NotFound, TooLarge, Unavailable
from anxin.core.language import Language, preferred

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 5  # a database that is started again takes about as long
MAX_BODY_BYTES = 64 * 1024  # the largest signed word, a passkey's, is under 2 KB

log = structlog.get_logger()


def language_of(request: Request[Any, Any, Any]) -> Language:
    return preferred(request.headers.get("accept-language"))


def answer(request: Request[Any, Any, Any], error: AnxinError) -> Response[dict[str, Any]]:
    return Response(
        error.document(language_of(request)), status_code=error.status, media_type=MEDIA_TYPE, headers=headers_of(error)
    )


def headers_of(error: AnxinError) -> dict[str, str]:
    """What a problem says besides its document."""
    return {"retry-after": str(error.values["retry_after_seconds"])} if "retry_after_seconds" in error.values else {}


def answer_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[dict[str, Any]]:
    """What the framework refuses before a handler sees it."""
    if isinstance(error, NotFoundException):
        return answer(request, NotFound(what=request.url.path))
    if isinstance(error, MethodNotAllowedException):
        refused = answer(request, MethodNotAllowed(method=request.method))
        refused.headers.update(error.headers or {})  # `allow`, which RFC 9110 asks for
        return refused
    if error.status_code == HTTP_413_REQUEST_ENTITY_TOO_LARGE:
        return answer(request, TooLarge(max_bytes=_most_bytes(request)))
    if error.status_code >= 500:
        return answer_uncaught(request, error)
    return answer(request, Malformed(problem=_sentence(error)))


def answer_uncaught(request: Request[Any, Any, Any], error: Exception) -> Response[dict[str, Any]]:
    incident = uuid4().hex[:12]
    log.error("uncaught", incident=incident, path=request.url.path, exc_info=error)
    return answer(request, Internal(incident=incident))


def answer_cut_off(request: Request[Any, Any, Any], error: Exception) -> Response[dict[str, Any]]:
    """The database is gone, or has no connection left for us. What it refuses for its own reasons is our mistake."""
    if isinstance(error, DBAPIError) and not (error.connection_invalidated or isinstance(error, _CUT_OFF)):
        return answer_uncaught(request, error)
    log.error("the database is out of reach", path=request.url.path, reason=type(error).__name__)
    return answer(request, Unavailable(retry_after_seconds=RETRY_AFTER_SECONDS))


def answer_unreadable(request: Request[Any, Any, Any], _: Exception) -> Response[dict[str, Any]]:
    """What the JSON reader does not call a mistake of the sender: bytes that are no UTF-8, and nesting without end."""
    return answer(request, Malformed(problem="UTF-8, JSON"))


async def refuse_nul(request: Request[Any, Any, Any]) -> None:
    """Before any handler: neither a file's name nor a text column can hold U+0000. Raises NotFound, Malformed."""
    if "\0" in request.url.path or "\0" in request.scope["path"]:
        raise NotFound(what=request.url.path)
    if b"%00" in request.scope["query_string"]:
        raise Malformed(problem="%00")


def _most_bytes(request: Request[Any, Any, Any]) -> int:
    """What this address takes: files may be larger than words."""
    handler = request.scope.get("route_handler")
    limit = handler.resolve_request_max_body_size() if isinstance(handler, HTTPRouteHandler) else None
    return limit or MAX_BODY_BYTES


def _sentence(error: HTTPException) -> str:
    """Where and what, without repeating what was sent: it may be personal."""
    extra = error.extra if isinstance(error.extra, list) else []
    places = [f"{item.get('key', 'body')}: {item.get('message', '')}" for item in extra if isinstance(item, dict)]
    return "; ".join(places) or error.detail


_CUT_OFF = (InterfaceError, OperationalError)

HANDLERS: ExceptionHandlersMap = {
    AnxinError: answer,
    HTTPException: answer_http,
    RecursionError: answer_unreadable,
    UnicodeDecodeError: answer_unreadable,
    DBAPIError: answer_cut_off,
    NoConnectionLeft: answer_cut_off,
    ConnectionError: answer_cut_off,
    Exception: answer_uncaught,
}
