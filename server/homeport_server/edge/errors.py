"""The one place where an error becomes GraphQL's, an HTTP status or a socket's close code.

An expected error (`HomeportError`) shows its message, its code and whether to retry. Anything else is masked as
INTERNAL: the caller gets the request id, the log gets the cause. What GraphQL itself refuses (unknown document,
field or variable) is GRAPHQL_INVALID with GraphQL's own words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from graphql import GraphQLError, GraphQLSyntaxError

from homeport_server.errors import (
    BodyNotJson,
    BodyTooLarge,
    BodyTooSlow,
    GraphqlInvalid,
    Internal,
    MediaTypeWrong,
    MethodWrong,
    NotAcceptable,
    RequestInvalid,
    ServerRestarting,
    TokenExpired,
    Unauthenticated,
    UrlTooLong,
    WriteByGet,
)
from homeport_server.observe.troubles import Troubles
from homeport_sync import LIMITS
from homeport_sync.errors import HomeportError, Overloaded, Unavailable

_NEXT_STEP = "Compare the request with /api/v1/schema.graphql."
_NEXT_STEP_OF_SYNTAX = "Mend the document there."
_WORDS_MAX = 400  # of GraphQL's own, which repeat the value that is wrong
_STATUS: Mapping[type[HomeportError], int] = {
    BodyNotJson: 400,
    RequestInvalid: 400,
    MethodWrong: 405,
    WriteByGet: 405,
    NotAcceptable: 406,
    BodyTooSlow: 408,
    BodyTooLarge: 413,
    UrlTooLong: 414,
    MediaTypeWrong: 415,
    Overloaded: 503,
}
CLOSE_EXPIRED = 4403
CLOSE_NEVER_VALID = 4401
CLOSE_RESTARTING = 1012
CLOSE_TRY_LATER = 1013
_CLOSE_REASON_BYTES_MAX = 123


def expected(error: BaseException) -> HomeportError:
    """The error as a caller may see it. A store that did not answer may be asked again, but not at once."""
    if isinstance(error, Unavailable) and "retryAfterMs" not in error.values:
        return Unavailable(error.message, retryAfterMs=LIMITS.unavailable_retry_ms, **error.values)
    return error if isinstance(error, HomeportError) else Internal()


def shown(error: BaseException, request_id: str) -> dict[str, object]:
    """The error as GraphQL's: message and extensions, the request id among them."""
    told = expected(error)
    extensions = {"code": told.code, "retryable": told.retryable, **told.values, "requestId": request_id}
    return {"message": told.message, "extensions": extensions}


def status(error: HomeportError) -> int:
    """The HTTP status of a request that was refused before any operation ran."""
    return 401 if isinstance(error, Unauthenticated) else _STATUS.get(type(error), 200)


def retry_after_s(error: HomeportError) -> int | None:
    """Whole seconds after which to come again, for the header of that name; None if the error does not say."""
    after_ms = error.values.get("retryAfterMs")
    return -(-int(after_ms) // 1_000) if after_ms is not None else None


def close_code(error: HomeportError) -> int:
    """The code a socket is closed with: come again at once, later, or with another token."""
    if isinstance(error, ServerRestarting):
        return CLOSE_RESTARTING
    if error.retryable:
        return CLOSE_TRY_LATER
    return CLOSE_EXPIRED if isinstance(error, TokenExpired) else CLOSE_NEVER_VALID


def close_reason(error: HomeportError) -> str:
    """What fits into a close frame: the code, as much of the message as there is room for, and when to come again."""
    text = f"{error.code}: {error.message}".encode()
    after_ms = error.values.get("retryAfterMs")
    again = b"" if after_ms is None else f" retryAfterMs={after_ms}".encode()
    return (text[: _CLOSE_REASON_BYTES_MAX - len(again)].decode(errors="ignore").encode() + again).decode()


def settle(errors: Sequence[GraphQLError], request_id: str, troubles: Troubles) -> None:
    """Give each of GraphQL's errors its public form, in place, and log those that nobody expected."""
    for error in errors:
        cause = error.original_error
        while isinstance(cause, GraphQLError):
            cause = cause.original_error
        if cause is None or (error.path is None and not isinstance(cause, HomeportError)):
            cause = GraphqlInvalid(_words(error))
        troubles.failed(cause, request_id)
        public = shown(cause, request_id)
        error.message = str(public["message"])
        error.extensions = public["extensions"]  # type: ignore[assignment]


def _words(error: GraphQLError) -> str:
    """GraphQL's own words as sentences, and what to do next. Some of them end with a question."""
    words = error.message if len(error.message) <= _WORDS_MAX else f"{error.message[:_WORDS_MAX]}…"
    end = "" if words.endswith((".", "?", "…")) else "."
    return f"{words}{end} {_NEXT_STEP_OF_SYNTAX if isinstance(error, GraphQLSyntaxError) else _NEXT_STEP}"
