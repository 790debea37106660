"""A device's socket: graphql-transport-ws as Strawberry speaks it, with our rules at its doors.

Who opens it is decided at `connection_init`, and it closes when their token expires. What a client gets wrong in
one operation ends that operation and not the socket.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import msgspec
from graphql import GraphQLError
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler
from strawberry.subscriptions.protocols.graphql_transport_ws.types import (
    ConnectionInitMessage,
    Message,
    SubscribeMessage,
    SubscribeMessagePayload,
)

from homeport_server.edge.admission import Admission, Handshake
from homeport_server.edge.admitted import AdmittedOperation
from homeport_server.edge.auth import caller_of_socket
from homeport_server.edge.context import Call, Rooms
from homeport_server.edge.departures import Departures
from homeport_server.edge.errors import close_code, close_reason, expected, shown
from homeport_server.edge.guarded import GuardedSchema
from homeport_server.edge.poke import POKED, FastPoke, Send, WriteFrame, fast_message
from homeport_server.edge.rxdb.stream import Streams
from homeport_server.edge.seats import Seats
from homeport_server.edge.visit import Visit
from homeport_server.errors import ServerRestarting, TokenExpired, TooManySubscriptions
from homeport_server.tokens import Caller
from homeport_sync.errors import HomeportError, Overloaded


class _Subscribe(msgspec.Struct, rename="camel"):
    """What asks for an operation: by a text, or by the name of one."""

    query: str | None = None
    variables: dict[str, object] | None = None
    operation_name: str | None = None
    extensions: dict[str, object] | None = None
    document_id: str | None = None

    def __post_init__(self) -> None:
        """Raises `ValueError` for one that asks for nothing."""
        if self.query is None and self.document_id is None and self.extensions is None:
            raise ValueError("Object missing required field `query`")


class _Frame(msgspec.Struct):
    type: str
    id: str = ""


_PAYLOADS: Mapping[str, Any] = {"subscribe": _Subscribe, "connection_init": dict[str, object] | None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What is known of a socket before it has said who it is. `send` is the server's own."""

    rooms: Rooms
    seats: Seats
    handshakes: Admission
    requests: Admission
    departures: Departures
    send: Send
    write: WriteFrame | None
    visit: Visit
    streams: Streams
    request_id: str


class SocketHandler(BaseGraphQLTransportWSHandler[Any, None]):
    """One socket, from its handshake to its end: its context is an `Opening`, and a `Call` once it is known."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  # as the view calls it
        super().__init__(*args, **kwargs)
        self._opening: Opening = self.context
        self._caller: Caller | None = None
        self._handshake: Handshake | None = None
        self._expiry: asyncio.TimerHandle | None = None
        self._closing: asyncio.Task[None] | None = None

    async def handle(self) -> None:
        """From the handshake to the end."""
        self._opening.departures.enter(self)
        await super().handle()

    async def go_away(self, within_ms: int) -> None:
        """See `Departing`."""
        await self.send_message(cast(Message, {"type": "ping", "payload": {"goAwayMs": within_ms}}))

    async def restart(self) -> None:
        """See `Departing`."""
        error = ServerRestarting()
        await self.websocket.close(code=close_code(error), reason=close_reason(error))

    def busy(self) -> bool:
        """See `Departing`."""
        return any(isinstance(each, AdmittedOperation) and each.under_way for each in self.operations.values())

    async def handle_message(self, message: Message) -> None:
        """Close on what is no message at all, where Strawberry would break off without a close code.

        Nothing is done for an expired token, even if a client that does not read cannot be told so.
        """
        if self._caller is not None and self._left_ms(self._caller) <= 0:
            self._expire()
            return
        try:
            frame = msgspec.convert(message, _Frame)
            if frame.type in _PAYLOADS:
                msgspec.convert(message.get("payload"), _PAYLOADS[frame.type])
        except msgspec.ValidationError as wrong:
            await self.websocket.close(code=4400, reason=f"Message without its shape: {wrong}"[:120])
            return
        await super().handle_message(message)
        if frame.type == "subscribe" and self._handshake is not None:
            self._handshake.over()

    async def handle_connection_init(self, message: ConnectionInitMessage) -> None:
        """Find out who it is, before anything is acknowledged."""
        opening, payload = self._opening, message.get("payload") or {}
        if not self.connection_init_received:
            try:
                caller = await caller_of_socket(payload, opening.rooms.accounts)
                within_s = opening.rooms.settings.socket_init_s
                self._handshake = Handshake(opening.handshakes, caller.tenant, within_s)
                opening.seats.enter(caller)
            except Exception as error:  # noqa: BLE001  # a store that fails must not tear the socket
                told = self._told(error)
                opening.visit.refused(told)
                await self.websocket.close(code=close_code(told), reason=close_reason(told))
                return
            opening.visit.known(caller)
            self._caller = caller
            self.context = Call(rooms=opening.rooms, caller=caller, request_id=opening.request_id)
            self._watch_expiry(caller)
        await super().handle_connection_init(cast(ConnectionInitMessage, {**message, "payload": payload}))

    async def handle_subscribe(self, message: SubscribeMessage) -> None:
        """The poke our devices ask for, and RxDB's streams, run without an executor; all else is Strawberry's."""
        id, payload = message["id"], message["payload"]
        most = self._opening.rooms.settings.subscriptions_per_socket_max
        if not self.connection_acknowledged or id in self.operations:
            await super().handle_subscribe(message)
        elif len(self.operations) >= most:
            await self._refuse(id, _too_many(most))
        else:
            try:
                meant = cast(SubscribeMessagePayload, {**payload, "query": self._text_of(payload)})
            except HomeportError as unknown:
                await self._refuse(id, unknown)
            else:
                await self._begin(id, meant)

    async def _begin(self, id: str, payload: SubscribeMessagePayload) -> None:
        if (asked := fast_message(payload["query"], payload.get("variables"))) is not None:
            await self._poke(id, payload["query"], asked.device)
        elif (data := self._streamed(payload)) is not None:
            await self._poke(id, payload["query"], None, data)
        else:
            await self._run(id, {"type": "subscribe", "id": id, "payload": payload})

    def _text_of(self, payload: Mapping[str, Any]) -> str:
        """The document that is meant. Raises as `Persisted.text_of`."""
        schema, call = cast(GuardedSchema, self.schema), cast(Call, self.context)
        return schema.persisted.text_of(
            payload.get("query"), payload.get("documentId"), payload.get("extensions"), call.caller.tenant
        )

    async def cleanup_operation(self, operation_id: str) -> None:
        """End an operation, ours or Strawberry's."""
        operation = self.operations.get(operation_id)
        if isinstance(operation, FastPoke):
            del self.operations[operation_id]
            operation.stop()
        else:
            await super().cleanup_operation(operation_id)

    async def shutdown(self) -> None:
        """Give back everything the socket held."""
        self._opening.departures.leave(self)
        if self._handshake is not None:
            self._handshake.over()
        if self._expiry is not None:
            self._expiry.cancel()
        if self._caller is not None:
            self._opening.seats.leave(self._caller)
            self._caller = None
        await super().shutdown()

    @staticmethod
    def _get_pre_execution_close_reason(error: GraphQLError) -> str | None:
        """None: a syntax error or an unknown operation name ends its operation, not its neighbours' socket."""
        del error
        return None

    def _streamed(self, payload: SubscribeMessagePayload) -> Mapping[str, object] | None:
        call: Call = self.context
        return self._opening.streams.data(payload["query"], payload.get("operationName"), call.caller)

    async def _poke(self, id: str, query: str, device: str | None, data: Mapping[str, object] = POKED) -> None:
        call: Call = self.context
        subscription = FastPoke(
            self, id, query, call=call, send=self._opening.send, write=self._opening.write, data=data
        )
        self.operations[id] = subscription
        try:
            await call.rooms.pokes.join(call.caller.tenant, call.caller.user, subscription, device)
        except Exception as error:  # noqa: BLE001  # as above
            await self.cleanup_operation(id)
            await self._refuse(id, self._told(error))

    async def _run(self, id: str, message: SubscribeMessage) -> None:
        call: Call = self.context
        try:
            operation = AdmittedOperation(self, message, self._opening.requests, call.caller.tenant)
        except Overloaded as full:
            await self._refuse(id, full)
            return
        call.rooms.metrics.admitted()
        self.operations[id] = operation
        operation.start().add_done_callback(self._task_done)

    def _told(self, error: Exception) -> HomeportError:
        """What the client may know of it; the rest is logged."""
        self._opening.rooms.troubles.failed(error, self._opening.request_id)
        return expected(error)

    async def _refuse(self, id: str, error: HomeportError) -> None:
        told: Any = {"id": id, "type": "error", "payload": [shown(error, self._opening.request_id)]}
        await self.send_message(told)

    def _left_ms(self, caller: Caller) -> int:
        return caller.expires_at_ms - self._opening.rooms.wall_ms()

    def _watch_expiry(self, caller: Caller) -> None:
        """Close once the token has expired by the server's clock, whatever the loop's clock says."""
        left_ms = self._left_ms(caller)
        if left_ms > 0:
            loop = asyncio.get_running_loop()
            self._expiry = loop.call_later(left_ms / 1_000, self._watch_expiry, caller)
        else:
            self._expire()

    def _expire(self) -> None:
        if self._closing is None:
            error = TokenExpired()
            closing = self.websocket.close(code=close_code(error), reason=close_reason(error))
            self._closing = asyncio.get_running_loop().create_task(closing)


def _too_many(most: int) -> TooManySubscriptions:
    return TooManySubscriptions(
        f"This socket has {most} operations running, and may have no more: complete one, then subscribe again.",
        limit=most,
    )
