"""The HTTP side of `/api/v1/graphql`: one operation a request, by POST as application/json or, for queries, by GET.

A bare ASGI application, because its price is paid on every push: the headers are read once, the body is decoded
once, the answer is joined from ready text. Who calls is asked first, before the body is even read.

No page of another site can have anything done here: the token comes in a header, never in a cookie or the URL, so no
browser sends it unasked; and a page that sets that header, or a JSON content type, has to ask first (a preflight),
which nobody answers.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

from starlette.types import Receive, Scope, Send
from strawberry.exceptions import MissingQueryError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types.graphql import OperationType

from homeport_server.edge.admission import Admission, bodies_admission
from homeport_server.edge.auth import caller_of_request
from homeport_server.edge.body import Bodies
from homeport_server.edge.compression import compressed
from homeport_server.edge.context import INTRODUCTION, TRACEPARENT, Call, Rooms, request_id_of
from homeport_server.edge.errors import expected
from homeport_server.edge.holds import Holds
from homeport_server.edge.operations import precompiled
from homeport_server.edge.reply import JSON, Answer, answer_of, media_type_of, refusal, send_answer
from homeport_server.edge.request import Request, fast, request_of_body, request_of_url
from homeport_server.edge.schema import HomeportSchema
from homeport_server.edge.well_formed import well_formed
from homeport_server.errors import GraphqlInvalid, MediaTypeWrong, MethodWrong, WriteByGet
from homeport_sync.errors import Overloaded

_BY_POST = frozenset({OperationType.QUERY, OperationType.MUTATION})
_BY_GET = frozenset({OperationType.QUERY})
_UTF_8 = frozenset({b"utf-8", b"utf8"})


class GraphqlOverHttp:
    """The endpoint, for one schema."""

    def __init__(self, schema: HomeportSchema, rooms: Rooms, requests: Admission, holds: Holds) -> None:
        self._schema = schema
        self._rooms = rooms
        self._precompiled = precompiled()
        self._admission = requests
        self._holds = holds
        self._gzip_bytes_min = rooms.settings.gzip_bytes_min or sys.maxsize
        self._bodies = Bodies(
            bodies_admission(rooms), bytes_max=rooms.settings.body_bytes_max, within_s=rooms.settings.body_s
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """An ASGI application for the scope "http"."""
        headers: Mapping[bytes, bytes] = dict(scope["headers"])
        request_id = request_id_of(headers)
        media_type = JSON
        try:
            by_post = _check_form(scope["method"], headers)
            media_type = media_type_of(headers)
            caller = await caller_of_request(headers, self._rooms.accounts)
            self._admission.check(caller.tenant)  # now, because a body that is not read costs no memory
            body = await self._bodies.read(receive, headers, caller.tenant) if by_post else scope["query_string"]
            if body is None:
                return
            traceparent = headers.get(TRACEPARENT, b"").decode("latin-1")
            call = Call(
                rooms=self._rooms,
                caller=caller,
                request_id=request_id,
                traceparent=traceparent,
                introduction=headers.get(INTRODUCTION, b""),
            )
            self._admission.enter(caller.tenant)
            self._rooms.metrics.admitted()
            try:
                answer = await (self._answer(body, call) if by_post else self._answer_url(body, call))
            finally:
                self._admission.leave(caller.tenant)
        except Exception as error:  # noqa: BLE001  # the edge answers everything; what is unexpected is logged
            answer = await self._refusal(error, request_id)
        if len(answer.body) >= self._gzip_bytes_min:
            answer = await compressed(answer, headers)
        await send_answer(send, media_type, answer, request_id)

    async def _refusal(self, error: Exception, request_id: str) -> Answer:
        """By itself, so that no name keeps the error, its traceback and with it the whole request."""
        self._rooms.troubles.failed(error, request_id)
        self._rooms.metrics.refused(expected(error).code)
        told = await self._holds.hold(error) if isinstance(error, Overloaded) else error
        return refusal(told, request_id)

    async def _answer(self, body: bytes, call: Call) -> Answer:
        request = fast(body)
        if request is None and (mended := well_formed(body)) is not None:
            body, request = mended, fast(mended)
        if request is not None and request.plain:
            known = self._precompiled.get(request.query or "")
            if known is not None and request.operation_name in (None, known.name):
                ready = await known.answer(request.variables, call)
                if ready is not None:
                    return Answer(ready)
        return await self._execute(request_of_body(body), call, _BY_POST)

    async def _answer_url(self, query_string: bytes, call: Call) -> Answer:
        return await self._execute(request_of_url(query_string), call, _BY_GET)

    async def _execute(self, request: Request, call: Call, allowed: frozenset[OperationType]) -> Answer:
        """The ordinary way. Raises as `Persisted.text_of`, `GraphqlInvalid` or `WriteByGet` for what cannot run."""
        text = self._schema.persisted.text_of(
            request.query, request.document_id, request.extensions, call.caller.tenant
        )
        try:
            result = await self._schema.execute(
                text,
                variable_values=request.variables,
                context_value=call,
                operation_name=request.operation_name,
                allowed_operation_types=allowed,
                operation_extensions=request.extensions,
            )
        except MissingQueryError:
            raise GraphqlInvalid("The query is empty: send a GraphQL document.") from None
        except CannotGetOperationTypeError as wrong:
            raise GraphqlInvalid(f"{wrong.as_http_error_reason()} Name one that is in the document.") from None
        except InvalidOperationTypeError as wrong:
            if wrong.operation_type is OperationType.MUTATION:
                raise WriteByGet from None
            raise GraphqlInvalid("Subscriptions run over WebSocket: connect to this path with one.") from None
        return answer_of(result)


def _check_form(method: str, headers: Mapping[bytes, bytes]) -> bool:
    """Whether it came by POST, or by GET. Raises `MethodWrong` or `MediaTypeWrong`.

    No form of a page of another site can send application/json."""
    if method != "POST":
        if method != "GET":
            raise MethodWrong
        return False
    content_type = headers.get(b"content-type", b"")
    if content_type != JSON:
        media_type, *parameters = (part.strip() for part in content_type.lower().split(b";"))
        charsets = {
            value.strip(b'"') for name, _, value in (each.partition(b"=") for each in parameters) if name == b"charset"
        }
        if media_type != JSON or not charsets <= _UTF_8:
            raise MediaTypeWrong
    return True
