"""How an answer goes back over HTTP: its media type, its status and its headers, as GraphQL over HTTP has them.

Who asks for `application/graphql-response+json` reads from the status whether an operation ran; for everybody else,
as long as old clients live, a well-formed request is answered 200 and its errors stand in the body. No answer is
stored by anybody on the way: each depends on who asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec
from starlette.types import Send
from strawberry.types.execution import ExecutionResult

from homeport_server.edge.errors import expected, retry_after_s, shown, status
from homeport_server.edge.guarded import Ended
from homeport_server.errors import NotAcceptable, PersistedQueryNotFound, WriteByGet
from homeport_sync.errors import HomeportError

JSON = b"application/json"
GRAPHQL = b"application/graphql-response+json"
METHODS = b"GET, POST"
_OFFERED = {  # media ranges to the type that each is answered with
    GRAPHQL: GRAPHQL,
    JSON: JSON,
    b"application/*": JSON,
    b"*/*": JSON,
}
_CHARSET = b"; charset=utf-8"
_ACCEPTS_KEPT = 256
_STANDING = (
    (b"vary", b"Accept, Accept-Encoding, Authorization"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
)
_json = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back. `refused`: no operation ran, which `application/graphql-response+json` shows as a 400.

    `retry_after_s` is when to come again (None: not said); `allow` which methods would do, where one did not;
    `encoding` how the body is encoded, if it is.
    """

    body: bytes
    status: int = 200
    refused: bool = False
    retry_after_s: int | None = None
    allow: bytes = METHODS
    encoding: bytes = b""


@lru_cache(maxsize=_ACCEPTS_KEPT)
def negotiated(accept: bytes) -> bytes | None:
    """The media type for this `Accept` (empty: none came); None if it takes neither of ours.

    The highest q wins; between equals the one that GraphQL made for this, if it is named.
    """
    if not accept:
        return JSON
    wanted: dict[bytes, float] = {}
    for each in accept.lower().split(b","):
        range_, *parameters = (part.strip() for part in each.split(b";"))
        if range_ in _OFFERED:
            wanted[range_] = quality(parameters)
    taken = [(q, _OFFERED[range_]) for range_, q in wanted.items() if q > 0 and wanted.get(_OFFERED[range_], q) > 0]
    return max(taken, key=lambda each: (each[0], each[1] == GRAPHQL))[1] if taken else None


def quality(parameters: list[bytes]) -> float:
    """The q among the parameters of what a client accepts: 1 if there is none, 0 if it is no number."""
    for name, _, value in (parameter.partition(b"=") for parameter in parameters):
        if name == b"q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def answer_of(result: ExecutionResult) -> Answer:
    """A result as a body; without `data` if nothing was executed (GraphQL, section 7.1)."""
    more = {"extensions": result.extensions} if result.extensions else {}
    if not result.errors:
        return Answer(_json({"data": result.data, **more}))
    errors = [error.formatted for error in result.errors]
    began = isinstance(result, Ended) or any(error.path is not None for error in result.errors)
    if result.data is None and not began:
        return Answer(_json({"errors": errors, **more}), refused=True)
    return Answer(_json({"data": result.data, "errors": errors, **more}))


def refusal(error: Exception, request_id: str) -> Answer:
    """The answer to what was refused before any operation ran."""
    told: HomeportError = expected(error)
    return Answer(
        _json({"errors": [shown(told, request_id)]}),
        status=status(told),
        refused=not isinstance(told, PersistedQueryNotFound),  # Apollo's clients read it in a 200 alone
        retry_after_s=retry_after_s(told),
        allow=b"POST" if isinstance(told, WriteByGet) else METHODS,
    )


def media_type_of(headers: Mapping[bytes, bytes]) -> bytes:
    """What the answer to these headers is to be. Raises `NotAcceptable`."""
    media_type = negotiated(headers.get(b"accept", b""))
    if media_type is None:
        raise NotAcceptable
    return media_type


async def send_answer(send: Send, media_type: bytes, answer: Answer, request_id: str) -> None:
    """Send it all."""
    code = answer.status
    if answer.refused and code == 200 and media_type is GRAPHQL:
        code = 400
    headers: list[tuple[bytes, bytes]] = [
        (b"content-type", media_type + _CHARSET),
        (b"content-length", b"%d" % len(answer.body)),
        (b"x-request-id", request_id.encode()),
        *_STANDING,
    ]
    if answer.encoding:
        headers.append((b"content-encoding", answer.encoding))
    if code == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    elif code == 405:
        headers.append((b"allow", answer.allow))
    elif code == 408:
        headers.append((b"connection", b"close"))  # or the rest of the body would still be taken, and thrown away
    elif answer.retry_after_s is not None:
        headers.append((b"retry-after", b"%d" % answer.retry_after_s))
    start: dict[str, Any] = {"type": "http.response.start", "status": code, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": answer.body})
