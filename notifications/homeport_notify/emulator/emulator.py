"""The emulator: FCM, its OAuth and APNs on one port, for a test, a demo or a whole team.

async with Emulator() as emulator:
    phone = emulator.phones.register()
    ...  # send to phone.target, with emulator.account as the service account and emulator.url as FCM's URL
    async with phone.open() as inbox:
        push = await anext(inbox)
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from homeport_notify.emulator.behaviour import Behaviour, behaviour_of
from homeport_notify.emulator.http1 import Http1
from homeport_notify.emulator.http2 import Http2
from homeport_notify.emulator.keys import service_account
from homeport_notify.emulator.phones import Phones
from homeport_notify.emulator.provider import Provider
from homeport_notify.emulator.settings import EmulatorSettings
from homeport_notify.emulator.tally import Tally
from homeport_notify.http2.frames import PREFACE

_LINGER_NOT: Final = struct.pack("ii", 1, 0)  # closing says RST
_BACKLOG: Final = 4_096


def wall_ms() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


class Emulator:
    """Listens from `start` to `close`. Everything it does runs in the loop that started it."""

    def __init__(self, settings: EmulatorSettings | None = None, *, clock: Callable[[], int] = wall_ms) -> None:
        self.settings = settings or EmulatorSettings()
        self.provider = Provider(self.settings, clock)
        self._server: asyncio.Server | None = None
        self._doors: set[_Door] = set()

    @property
    def url(self) -> str:
        """Where it listens, such as http://127.0.0.1:8090."""
        return self.provider.url

    @property
    def account(self) -> dict[str, str]:
        """The service account, as its file has it."""
        return service_account(self.settings.project, self.settings.keys, self.url)

    @property
    def phones(self) -> Phones:
        """The phones that the providers know."""
        return self.provider.phones

    @property
    def tally(self) -> Tally:
        """What was counted. `tally.watch` may be set to be called with each message that is accepted."""
        return self.provider.tally

    @property
    def behaviour(self) -> Behaviour:
        """What the providers do at present."""
        return self.provider.behaviour

    def behave(self, **changes: object) -> None:
        """Change some of the behaviour. Raises `BadEmulation`."""
        self.provider.weather.behaviour = behaviour_of(changes, beside=self.behaviour)

    def expire(self) -> None:
        """All access tokens that were given end now."""
        self.provider.bearers.expire()

    def goaway(self) -> None:
        """Ask all HTTP/2 clients to connect anew, as providers do every now and then."""
        for door in tuple(self._doors):
            door.leave()

    def counts(self) -> Mapping[str, Any]:
        """All counts, as `GET /emulator/counts` has them."""
        return self.provider.counts()

    async def start(self) -> None:
        """Listen. Raises `OSError`."""
        settings, loop = self.settings, asyncio.get_running_loop()
        secure = _secured(settings)
        self._server = await loop.create_server(
            lambda: _Door(self.provider, self._doors), settings.host, settings.port, ssl=secure, backlog=_BACKLOG
        )
        port = self._server.sockets[0].getsockname()[1]
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        self.provider.url = settings.url or f"{'https' if secure else 'http'}://{host}:{port}"

    async def close(self) -> None:
        """Hang up on everybody."""
        if self._server is None:
            return
        self._server.close()
        for door in tuple(self._doors):
            door.hang_up()
        await self._server.wait_closed()
        self._server = None

    async def __aenter__(self) -> Emulator:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def _secured(settings: EmulatorSettings) -> ssl.SSLContext | None:
    if settings.certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(settings.certificate, settings.certificate_key)
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context


class _Door(asyncio.Protocol):
    """One connection. Its first bytes say which HTTP it speaks."""

    _transport: asyncio.Transport

    def __init__(self, provider: Provider, doors: set[_Door]) -> None:
        self._provider = provider
        self._doors = doors
        self._first = b""
        self._speaks: Http1 | Http2 | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody came in."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but its class
        self._doors.add(self)

    def data_received(self, data: bytes) -> None:
        """Bytes."""
        if self._speaks is None:
            data = self._first = self._first + data
            if PREFACE.startswith(data[: len(PREFACE)]) and len(data) < len(PREFACE):
                return
            is_http2 = data.startswith(PREFACE)
            self._speaks = (Http2 if is_http2 else Http1)(self._transport, self._provider.serve, self._break)
            data, self._first = (data[len(PREFACE) :] if is_http2 else data), b""
        self._speaks.received(data)

    def eof_received(self) -> bool | None:
        """No more bytes: the connection is closed."""
        if isinstance(self._speaks, Http1):
            self._speaks.received(b"")
        return None

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is there any more."""
        self._doors.discard(self)
        if self._speaks is not None:
            self._speaks.lost()

    def leave(self) -> None:
        """Ask the client to go, if its HTTP has a way to."""
        if isinstance(self._speaks, Http2):
            self._speaks.leave()

    def hang_up(self) -> None:
        """Close at once."""
        self._transport.abort()

    def _break(self) -> None:
        """End as a network does that breaks."""
        sock = self._transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        self._transport.abort()
