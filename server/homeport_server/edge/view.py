"""The socket side of `/api/v1/graphql`: Strawberry's view, narrowed to graphql-transport-ws with text frames."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from json import JSONDecodeError
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect
from strawberry.asgi import ASGIWebSocketAdapter, GraphQL
from strawberry.http.exceptions import WebSocketDisconnected
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL

from homeport_server.edge.admission import Admission, handshakes_admission
from homeport_server.edge.context import Rooms, request_id_of
from homeport_server.edge.departures import Departures
from homeport_server.edge.poke import WRITE_FRAME
from homeport_server.edge.schema import HomeportSchema
from homeport_server.edge.seats import Seats
from homeport_server.edge.socket import Opening, SocketHandler
from homeport_server.edge.visit import Visit
from homeport_server.edge.well_formed import well_formed
from homeport_sync.wire import UNREADABLE, why_unreadable

_json = msgspec.json.Encoder().encode
_SEND = "homeport.send"
_VISIT = "homeport.visit"


class TextFrames(ASGIWebSocketAdapter):
    """Sends text, whatever the encoder returns: stock clients do not read binary frames."""

    async def send_json(self, message: Mapping[str, object]) -> None:
        """One message as one frame."""
        try:
            await self.ws.send_text(_json(message).decode())
        except WebSocketDisconnect as gone:
            raise WebSocketDisconnected from gone


class SocketView(GraphQL[Any, None]):
    """Opens sockets; HTTP never comes here."""

    graphql_transport_ws_handler_class = SocketHandler
    websocket_adapter_class = TextFrames

    def __init__(self, schema: HomeportSchema, rooms: Rooms, requests: Admission, departures: Departures) -> None:
        super().__init__(
            schema,
            graphql_ide=None,
            allow_queries_via_get=False,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL,),
            connection_init_wait_timeout=timedelta(seconds=rooms.settings.socket_init_s),
            max_subscriptions_per_connection=None,  # SocketHandler counts them
        )
        self._rooms = rooms
        self._streams = schema.streams()
        self._requests = requests
        self._departures = departures
        self._handshakes = handshakes_admission(rooms)
        self._seats = Seats(rooms.settings.sockets_per_user_max)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """An ASGI application for the scope "websocket"."""
        visit = Visit(self._rooms, request_id_of(dict(scope["headers"])), receive, send)
        scope[_SEND], scope[_VISIT] = send, visit
        try:
            await self.run(WebSocket(scope, receive=visit.receive, send=visit.send))
        finally:
            visit.ended()

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Opening:
        """What the handler starts from."""
        return Opening(
            rooms=self._rooms,
            seats=self._seats,
            handshakes=self._handshakes,
            requests=self._requests,
            departures=self._departures,
            send=request.scope[_SEND],
            write=request.scope.get("extensions", {}).get(WRITE_FRAME),
            visit=request.scope[_VISIT],
            streams=self._streams,
            request_id=request.scope[_VISIT].request_id,
        )

    def decode_json(self, data: str | bytes) -> object:
        """A frame's JSON. What is none is reported as the standard library would, because Strawberry asks for it.

        Half an emoji is mended as it is in a body: stock clients never come back from the 4400 that would follow.
        """
        try:
            return msgspec.json.decode(data)
        except UNREADABLE as wrong:
            if (mended := well_formed(data.encode() if isinstance(data, str) else data)) is not None:
                return msgspec.json.decode(mended)
            raise JSONDecodeError(why_unreadable(wrong), "", 0) from wrong
