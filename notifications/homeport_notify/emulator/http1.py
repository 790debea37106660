"""HTTP/1.1 as the emulator speaks it: one connection, one request after the other, by h11."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import h11

from homeport_notify.emulator import limits
from homeport_notify.emulator.exchange import Ending, Outcome, Reply, Request, Serve

TOO_LARGE: Final = Reply(413, b"The body is too large.\n", "text/plain; charset=utf-8")


class Http1:
    """One connection. `broken` ends it at once, as a network does."""

    def __init__(self, transport: asyncio.Transport, serve: Serve, broken: Callable[[], None]) -> None:
        self._transport = transport
        self._serve = serve
        self._broken = broken
        self._loop = asyncio.get_running_loop()
        self._h11 = h11.Connection(h11.SERVER)
        self._request: h11.Request | None = None
        self._body = bytearray()
        self._gone: Callable[[], None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def received(self, data: bytes) -> None:
        """Bytes of the client; b"" when it sends no more."""
        try:
            self._h11.receive_data(data)
            self._read()
        except h11.RemoteProtocolError as error:
            self._refuse(error)

    def lost(self) -> None:
        """The connection is no more."""
        if self._timer is not None:
            self._timer.cancel()
        gone, self._gone = self._gone, None
        if gone is not None:
            gone()

    def begin(self, content_type: str) -> None:
        """`Wire`: an answer in pieces, chunked."""
        headers = [("content-type", content_type), ("transfer-encoding", "chunked")]
        self._send(h11.Response(status_code=200, headers=headers))

    def write(self, piece: bytes) -> None:
        """`Wire`: a piece of it; who does not read is hung up on."""
        if self._transport.get_write_buffer_size() > limits.UNREAD_BYTES_MAX:
            self._transport.abort()
        elif not self._transport.is_closing():
            self._send(h11.Data(data=piece))

    def end(self) -> None:
        """`Wire`: the end of it."""
        self._gone = None
        self._finish()

    def when_gone(self, call: Callable[[], None]) -> None:
        """`Wire`."""
        self._gone = call

    def _read(self) -> None:
        while True:
            event = self._h11.next_event()
            if isinstance(event, h11.Request):
                self._request, self._body = event, bytearray()
                if self._h11.they_are_waiting_for_100_continue:
                    self._send(h11.InformationalResponse(status_code=100, headers=[]))
            elif isinstance(event, h11.Data):
                self._body += event.data
                if len(self._body) > limits.BODY_BYTES_MAX:
                    self._reply(TOO_LARGE, last=True)
                    return
            elif isinstance(event, h11.EndOfMessage):
                self._asked()
            elif isinstance(event, h11.ConnectionClosed):
                self._transport.close()
                return
            else:  # more bytes are needed, or the answer to this request is
                return

    def _asked(self) -> None:
        asked = self._request
        if asked is None:
            return
        path, _, query = asked.target.decode("latin-1").partition("?")
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in asked.headers}
        served = self._serve(Request(asked.method.decode("latin-1"), path, query, headers, bytes(self._body)))
        if not isinstance(served, Outcome):
            served(self)
        elif served.delay_s:
            self._timer = self._loop.call_later(served.delay_s, self._answer_later, served)
        else:
            self._answer(served)

    def _answer_later(self, outcome: Outcome) -> None:
        self._timer = None
        self._answer(outcome)
        self.received_more()

    def received_more(self) -> None:
        """Go on with what the client sent meanwhile."""
        try:
            self._read()
        except h11.RemoteProtocolError as error:
            self._refuse(error)

    def _answer(self, outcome: Outcome) -> None:
        if outcome.ending is Ending.ANSWERED:
            self._reply(outcome.reply)
        elif outcome.ending is Ending.RESET:
            self._transport.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-le")
            self._broken()

    def _reply(self, reply: Reply, *, last: bool = False) -> None:
        headers = [*reply.headers, ("content-length", str(len(reply.body)))]
        if reply.content_type:
            headers.append(("content-type", reply.content_type))
        if last:
            headers.append(("connection", "close"))
        self._send(h11.Response(status_code=reply.status, headers=headers))
        if reply.body:
            self._send(h11.Data(data=reply.body))
        self._finish()

    def _finish(self) -> None:
        self._send(h11.EndOfMessage())
        if self._h11.our_state is h11.DONE and self._h11.their_state is h11.DONE:
            self._h11.start_next_cycle()
            self._request = None
        else:
            self._transport.close()

    def _send(self, event: h11.Event) -> None:
        sent = self._h11.send(event)
        if sent and not self._transport.is_closing():
            self._transport.write(sent)

    def _refuse(self, error: h11.RemoteProtocolError) -> None:
        if self._h11.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            words = b"This is no HTTP that can be read.\n"
            self._reply(Reply(error.error_status_hint, words, "text/plain; charset=utf-8"), last=True)
        self._transport.close()
