"""One socket's visit as its operator sees it: counted while it lasts, a line when it is known and one at its end."""

from __future__ import annotations

from collections.abc import MutableMapping
from time import perf_counter
from typing import Any

from starlette.types import Receive, Send

from homeport_server.edge.context import Rooms
from homeport_server.tokens import Caller
from homeport_sync.errors import HomeportError

_NO_CODE = 1006  # what the protocol calls a connection that was just gone


class Visit:
    """Stands between a socket and its server only to see with which code it closes, whoever closes it."""

    def __init__(self, rooms: Rooms, request_id: str, receive: Receive, send: Send) -> None:
        self.request_id = request_id
        self._metrics = rooms.metrics
        self._samples = rooms.samples
        self._log = rooms.log
        self._receive = receive
        self._send = send
        self._began = perf_counter()
        self._code: int | None = None
        self._who: dict[str, str] = {}
        self._metrics.socket_opened()

    async def receive(self) -> MutableMapping[str, Any]:
        """The server's `receive`."""
        message = await self._receive()
        if message["type"] == "websocket.disconnect" and self._code is None:
            self._code = message.get("code", _NO_CODE)
        return message

    async def send(self, message: MutableMapping[str, Any]) -> None:
        """The server's `send`."""
        if message["type"] == "websocket.close" and self._code is None:
            self._code = message.get("code", 1000)
        await self._send(message)

    def known(self, caller: Caller) -> None:
        """It has said who it is, and may stay."""
        self._who = {"tenant": caller.tenant, "user": caller.user}
        self._samples.socket_opened(caller.tenant)
        self._log.info("socket opened", request_id=self.request_id, **self._who)

    def refused(self, error: HomeportError) -> None:
        """It may not stay."""
        self._metrics.socket_refused(error.code)
        self._log.info("socket refused", request_id=self.request_id, error=error.code)

    def ended(self) -> None:
        """It is gone."""
        code = _NO_CODE if self._code is None else self._code
        self._metrics.socket_closed(code)
        if self._who:
            self._samples.socket_closed(self._who["tenant"])
        seconds = round(perf_counter() - self._began, 3)
        self._log.info("socket closed", request_id=self.request_id, **self._who, code=code, seconds=seconds)
