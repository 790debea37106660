"""The connections of this process as uvicorn keeps them, and what a stop has to know of them.

uvicorn closes idle connections the moment it stops, and says nothing on the busy ones: a client that is just sending
its next request over an idle one then sees it cut. Here every answer says `connection: close` from the moment the
process begins to leave, so that clients let go of their connections themselves, one request at a time.

uvicorn closes a socket whose client did not answer a ping in time with 1011, after which stock graphql-ws clients never
come back. Phones fall silent all day long; here they are told 1012, "reconnect".
"""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.http11 import Request

from homeport_server.edge.errors import CLOSE_RESTARTING
from homeport_server.edge.poke import WRITE_FRAME


class Connections(ServerState):
    """uvicorn's state, with a word for leaving."""

    def __init__(self) -> None:
        super().__init__()
        self.leaving = False

    def leave(self) -> None:
        """From now on every answer is the last one of its connection."""
        self.leaving = True
        for connection in self.http():
            connection.answer_last()

    def http(self) -> list[HttpConnection]:
        """The HTTP connections that are open, busy or not."""
        return [connection for connection in self.connections if isinstance(connection, HttpConnection)]

    def sockets(self) -> list[WebSocketsSansIOProtocol]:
        """The sockets that are open, or closing and not yet closed by their client."""
        return [connection for connection in self.connections if isinstance(connection, WebSocketsSansIOProtocol)]


class HttpConnection(HttpToolsProtocol):
    """A connection that says `connection: close` in its answers while the process leaves."""

    def on_headers_complete(self) -> None:
        """A request begins."""
        super().on_headers_complete()
        if isinstance(self.server_state, Connections) and self.server_state.leaving:
            self.answer_last()

    def answer_last(self) -> None:
        """Close after the request under way, if there is one."""
        # uvicorn's type forgets that there is no cycle before the first request.
        if self.cycle is not None and not self.cycle.response_complete:  # type: ignore[redundant-expr]
            self.cycle.keep_alive = False


class SocketConnection(WebSocketsSansIOProtocol):
    """A socket whose client may come again when it has been silent for too long, and which takes ready frames."""

    def handle_connect(self, event: Request) -> None:
        """A client asks for a socket: the application may write whole frames to it (`edge/poke.py`)."""
        super().handle_connect(event)
        if hasattr(self, "scope"):
            extensions: dict[str, Any] = self.scope.setdefault("extensions", {})
            extensions[WRITE_FRAME] = self.write_frame

    def write_frame(self, frame: bytes) -> bool:
        """Write a whole frame at once; False, and nothing written, if the socket takes none just now."""
        ready = self.handshake_complete and self.writable.is_set() and not self.close_sent
        if ready and not self.transport.is_closing():
            self.transport.write(frame)
            return True
        return False

    def keepalive_timeout(self) -> None:
        """No pong came in time."""
        if not self.close_sent and not self.transport.is_closing():
            # Only the first code is sent; uvicorn's comes after it.
            self.conn.fail(CLOSE_RESTARTING, "No pong came in time: reconnect.")
        super().keepalive_timeout()
