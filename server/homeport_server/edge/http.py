"""The HTTP side of `/api/v1/graphql`: POST, application/json, one operation a request.

A bare ASGI application, because its price is paid on every push: the headers are read once, the body is decoded
once, the answer is joined from ready text. Who calls is asked first, before the body is even read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.types import Receive, Scope, Send
from strawberry.exceptions import MissingQueryError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types.execution import ExecutionResult
from strawberry.types.graphql import OperationType

from homeport_server.edge.admission import Admission, bodies_admission
from homeport_server.edge.auth import caller_of_request
from homeport_server.edge.body import Bodies
from homeport_server.edge.context import TRACEPARENT, Call, Rooms, request_id_of
from homeport_server.edge.errors import expected, retry_after_s, shown, status
from homeport_server.edge.holds import Holds
from homeport_server.edge.operations import precompiled
from homeport_server.edge.schema import HomeportSchema
from homeport_server.edge.well_formed import well_formed
from homeport_server.errors import BodyNotJson, GraphqlInvalid, MediaTypeWrong, MethodWrong
from homeport_sync.errors import HomeportError, Overloaded
from homeport_sync.wire import UNREADABLE, why_unreadable

_JSON_TYPE = b"application/json"
_GRAPHQL_TYPE = b"application/graphql-response+json"
_OVER_HTTP = frozenset({OperationType.QUERY, OperationType.MUTATION})
_NO_VARIABLES = msgspec.Raw(b"{}")
_json = msgspec.json.Encoder().encode


class _Request(msgspec.Struct, rename="camel"):
    """A GraphQL request; `variables` are read by whoever runs it."""

    query: str
    variables: msgspec.Raw = _NO_VARIABLES
    operation_name: str | None = None


class _Executable(msgspec.Struct, rename="camel"):
    query: str
    variables: dict[str, object] | None = None
    operation_name: str | None = None


_read_request = msgspec.json.Decoder(_Request).decode
_read_executable = msgspec.json.Decoder(_Executable).decode


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back. `refused`: no operation ran, which `application/graphql-response+json` shows as a 400.

    `retry_after_s` is when to come again (None: not said).
    """

    body: bytes
    status: int = 200
    refused: bool = False
    retry_after_s: int | None = None


class GraphqlOverHttp:
    """The endpoint, for one schema."""

    def __init__(self, schema: HomeportSchema, rooms: Rooms, requests: Admission, holds: Holds) -> None:
        self._schema = schema
        self._rooms = rooms
        self._precompiled = precompiled()
        self._admission = requests
        self._holds = holds
        self._bodies = Bodies(
            bodies_admission(rooms), bytes_max=rooms.settings.body_bytes_max, within_s=rooms.settings.body_s
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """An ASGI application for the scope "http"."""
        headers: Mapping[bytes, bytes] = dict(scope["headers"])
        request_id = request_id_of(headers)
        try:
            _check_form(scope["method"], headers)
            caller = await caller_of_request(headers, self._rooms.accounts)
            self._admission.check(caller.tenant)  # now, because a body that is not read costs no memory
            body = await self._bodies.read(receive, headers, caller.tenant)
            if body is None:
                return
            traceparent = headers.get(TRACEPARENT, b"").decode("latin-1")
            call = Call(rooms=self._rooms, caller=caller, request_id=request_id, traceparent=traceparent)
            self._admission.enter(caller.tenant)
            self._rooms.metrics.admitted()
            try:
                answer = await self._answer(body, call)
            finally:
                self._admission.leave(caller.tenant)
        except Exception as error:  # noqa: BLE001  # the edge answers everything; what is unexpected is logged
            self._rooms.troubles.failed(error, request_id)
            self._rooms.metrics.refused(expected(error).code)
            told = await self._holds.hold(error) if isinstance(error, Overloaded) else error
            answer = _refusal(told, request_id)
        await _send(send, headers, answer, request_id)

    async def _answer(self, body: bytes, call: Call) -> Answer:
        request = _request_of(body)
        if request is None and (mended := well_formed(body)) is not None:
            body, request = mended, _request_of(mended)
        known = self._precompiled.get(request.query) if request is not None else None
        if request is not None and known is not None and request.operation_name in (None, known.name):
            ready = await known.answer(request.variables, call)
            if ready is not None:
                return Answer(ready)
        return await self._execute(body, call)

    async def _execute(self, body: bytes, call: Call) -> Answer:
        """The ordinary way. Raises `BodyNotJson` or `GraphqlInvalid` for what is no request."""
        request = _executable(body)
        try:
            result = await self._schema.execute(
                request.query,
                variable_values=request.variables,
                context_value=call,
                operation_name=request.operation_name,
                allowed_operation_types=_OVER_HTTP,
            )
        except MissingQueryError:
            raise GraphqlInvalid("The query is empty: send a GraphQL document.") from None
        except CannotGetOperationTypeError as wrong:
            raise GraphqlInvalid(f"{wrong.as_http_error_reason()} Name one that is in the document.") from None
        except InvalidOperationTypeError:
            raise GraphqlInvalid("Subscriptions run over WebSocket: connect to this path with one.") from None
        return _answer_of(result)


def _answer_of(result: ExecutionResult) -> Answer:
    """A result as a body; without `data` if nothing was executed (GraphQL, section 7.1)."""
    if not result.errors:
        return Answer(_json({"data": result.data}))
    errors = [error.formatted for error in result.errors]
    if result.data is None and all(error.path is None for error in result.errors):
        return Answer(_json({"errors": errors}), refused=True)
    return Answer(_json({"data": result.data, "errors": errors}))


def _refusal(error: Exception, request_id: str) -> Answer:
    told: HomeportError = expected(error)
    return Answer(
        _json({"errors": [shown(told, request_id)]}),
        status=status(told),
        refused=True,
        retry_after_s=retry_after_s(told),
    )


def _check_form(method: str, headers: Mapping[bytes, bytes]) -> None:
    """Raises `MethodWrong` or `MediaTypeWrong`: no page of another site can send application/json unasked."""
    if method != "POST":
        raise MethodWrong
    media_type = headers.get(b"content-type", b"")
    if media_type != _JSON_TYPE and media_type.partition(b";")[0].strip().lower() != _JSON_TYPE:
        raise MediaTypeWrong


def _request_of(body: bytes) -> _Request | None:
    try:
        return _read_request(body)
    except UNREADABLE:
        return None


def _executable(body: bytes) -> _Executable:
    try:
        return _read_executable(body)
    except msgspec.ValidationError as wrong:
        raise GraphqlInvalid(f"{wrong}: send one object with query, variables and operationName.") from None
    except UNREADABLE as wrong:
        raise BodyNotJson(
            f"The body is not JSON ({why_unreadable(wrong)}): send an object with query and variables."
        ) from None


async def _send(send: Send, headers: Mapping[bytes, bytes], answer: Answer, request_id: str) -> None:
    code, media_type = answer.status, _JSON_TYPE
    if _GRAPHQL_TYPE in headers.get(b"accept", b""):
        media_type = _GRAPHQL_TYPE
        if answer.refused and code == 200:
            code = 400
    sent: list[tuple[bytes, bytes]] = [
        (b"content-type", media_type),
        (b"content-length", b"%d" % len(answer.body)),
        (b"x-request-id", request_id.encode()),
    ]
    if code == 401:
        sent.append((b"www-authenticate", b"Bearer"))
    elif code == 405:
        sent.append((b"allow", b"POST"))
    elif code == 408:
        sent.append((b"connection", b"close"))  # or the rest of the body would still be taken, and thrown away
    elif answer.retry_after_s is not None:
        sent.append((b"retry-after", b"%d" % answer.retry_after_s))
    start: dict[str, Any] = {"type": "http.response.start", "status": code, "headers": sent}
    await send(start)
    await send({"type": "http.response.body", "body": answer.body})
