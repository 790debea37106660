"""The socket under a conversation: one connection of a sender, its timer and its end."""

from __future__ import annotations

import asyncio
import ssl
from typing import Protocol, cast

from homeport_notify.http2 import limits
from homeport_notify.http2.batch import Batch
from homeport_notify.http2.conversation import Conversation
from homeport_notify.http2.frames import BrokenFrame, ErrorCode


class Owner(Protocol):
    """Who gives a connection its work."""

    def roomy(self, connection: Connection) -> None:
        """There may be room for more."""

    def over(self, connection: Connection) -> None:
        """It takes nothing new from now on. Told once or more."""


class Connection(asyncio.Protocol):
    """`ready` is done when the peer's settings are there, and fails if they will never be."""

    def __init__(self, conversation: Conversation, owner: Owner, *, secure: bool, answer_s: float) -> None:
        self._loop = asyncio.get_running_loop()
        self.ready: asyncio.Future[None] = self._loop.create_future()
        self.conversation = conversation
        self._owner = owner
        self._secure = secure
        self._answer_s = answer_s
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._paused = False
        self._read_at_s = self._loop.time()

    # What its owner does.

    @property
    def alive(self) -> bool:
        """Whether it takes requests, now or when there is room."""
        return self._transport is not None and not self.conversation.leaving

    @property
    def room(self) -> int:
        """How many requests may begin now."""
        return 0 if self._paused or self._transport is None else self.conversation.room

    def send(self, batch: Batch, most: int) -> int:
        """Begin with some of the batch's next posts, at most so many; how many. They leave with `flush`."""
        return self.conversation.send(batch, most, self._loop.time() + self._answer_s)

    def flush(self) -> None:
        """Write what has come together."""
        written = self.conversation.take()
        if written and self._transport is not None and not self._transport.is_closing():
            self._transport.write(written)

    def close(self, code: ErrorCode = ErrorCode.NO_ERROR) -> None:
        """Let go of it, whatever is on its way: at once for us, and within `CLOSE_S` for the socket."""
        self.conversation.end(code)
        self.flush()
        self._fail(ConnectionError("The connection was closed before it began."))
        self._owner.over(self)
        if self._transport is not None and not self._transport.is_closing():
            self._transport.close()
            self._stop_timer()
            self._timer = self._loop.call_later(limits.CLOSE_S, self._transport.abort)

    # What the loop tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is there, and TLS if it is asked for."""
        self._transport = cast("asyncio.Transport", transport)
        tls: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
        if self._secure and (tls is None or tls.selected_alpn_protocol() != "h2"):
            self._fail(ConnectionError("The server speaks no HTTP/2: its TLS does not offer h2."))
            self._transport.abort()
            return
        self._timer = self._loop.call_later(limits.TICK_S, self._tick)
        self.flush()

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone."""
        self._stop_timer()
        self._transport = None
        self.conversation.cut()
        self._fail(exc or ConnectionError("The server closed the connection before it began."))
        self._owner.over(self)

    def pause_writing(self) -> None:
        """The peer does not read as fast as we write."""
        self._paused = True
        self.conversation.controls = 0

    def resume_writing(self) -> None:
        """It has caught up."""
        self._paused = False
        self._owner.roomy(self)

    def data_received(self, data: bytes) -> None:
        """Whatever came."""
        conversation = self.conversation
        self._read_at_s = self._loop.time()
        if not self._paused:
            conversation.controls = 0
        try:
            conversation.receive(data)
        except BrokenFrame as broken:
            self.close(broken.code)
            return
        if conversation.settled and not self.ready.done():
            self.ready.set_result(None)
        elif conversation.leaving:
            self._leave()
        elif conversation.settled:
            self._owner.roomy(self)
        self.flush()

    def _leave(self) -> None:
        self._owner.over(self)
        if not self.conversation.busy:
            self.close()

    def _tick(self) -> None:
        """Look at the deadlines. A peer of whom nothing at all came for as long is not there any more; of one that is
        there, only the late answers are given up."""
        conversation, now_s = self.conversation, self._loop.time()
        silent_s = now_s - self._read_at_s
        late = conversation.late(now_s)
        if late and silent_s >= self._answer_s:
            self._abort()
            return
        if late:
            conversation.give_up(now_s)
        if not conversation.busy and (conversation.leaving or silent_s >= limits.IDLE_S):
            self.close()
            return
        self._timer = self._loop.call_later(limits.TICK_S, self._tick)
        if late and not conversation.leaving:
            self._owner.roomy(self)
        self.flush()

    def _abort(self) -> None:
        self.conversation.cut()
        self._owner.over(self)
        if self._transport is not None:
            self._transport.abort()

    def _fail(self, error: Exception) -> None:
        if not self.ready.done():
            self.ready.set_exception(error)
            self.ready.exception()  # known from here on: nobody may be waiting for it any more

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
