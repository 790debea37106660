"""One request on its way to the server and its answer on the way back.

A request to which nothing happens is a stream both ways, with bounded memory. One that suffers an incident is held
whole first, so that it can be cut in half, sent twice, or sent later.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import h11

from homeport_client.fleet.proxy.errors import ServerGone, TooLarge, TooMuch
from homeport_client.fleet.proxy.fate import Fate
from homeport_client.fleet.proxy.pages import Page
from homeport_client.fleet.proxy.peer import Peer
from homeport_client.fleet.proxy.race import first
from homeport_client.fleet.proxy.road import Road

# An extension would compress frames, and a poke could not be told from anything else.
_NOT_PASSED = frozenset({b"host", b"sec-websocket-extensions"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A whole message."""

    head: h11.Request | h11.Response
    body: bytes
    end: h11.EndOfMessage

    @property
    def events(self) -> tuple[h11.Event, ...]:
        """How HTTP says it."""
        return self.head, h11.Data(data=self.body), self.end


class Crossing:
    """`request` and what happens to it. `connect` gives the server's end of this client's connection."""

    def __init__(
        self, request: h11.Request, phone: Peer, fate: Fate, road: Road, connect: Callable[[], Awaitable[Peer]]
    ) -> None:
        self.request = request
        self.phone = phone
        self.fate = fate
        self.road = road
        self.connect = connect
        self._size = 0

    @property
    def about(self) -> str:
        """What is asked for, without the query, which may hold secrets."""
        return f"{self.request.method.decode()} {self.request.target.partition(b'?')[0].decode('latin-1')}"

    async def stream(self) -> None:
        """The request and its answer as they come, at the same time, as the server may answer early."""
        self._check_declared()
        server = await self.connect()
        await first(self._carry_back(server), self._carry_there(server))

    async def hold(self) -> Held:
        """The whole request, of which nothing has reached the server. Raises `TooMuch`."""
        self._check_declared()
        if self.phone.waits_to_go_ahead:
            await self.phone.say(h11.InformationalResponse(status_code=100, headers=[], reason="Continue"))
        return await _whole(self._addressed(), self._next_part, self.road.limits.held_bytes_max)

    async def ask(self, held: Held) -> Held:
        """Sends a request that is held whole; the server's whole answer."""
        server = await self.connect()
        await server.say(*held.events)
        return await _heard(server, self.road)

    async def answer(self, held: Held) -> None:
        """Brings the client a whole answer."""
        await self.road.sleep(self.fate.back_s)
        await self.phone.say(*held.events)

    async def refuse(self, page: Page) -> None:
        """Answers in the server's place, and ends the connection. Raises `ServerGone` if the answer has begun."""
        await refuse(self.phone, page, with_body=self.request.method != b"HEAD")

    def send_later(self, held: Held) -> None:
        """A copy comes to the server some time later, on a connection of its own; nobody hears the answer."""
        self.road.stray(_stray(held, self.fate.later_s, self.road))

    async def _carry_there(self, server: Peer) -> None:
        """The request; then the client is watched, and the server left alone when it goes."""
        with contextlib.suppress(ServerGone):  # it may have answered already, which the other way sees
            event: h11.Event = self._addressed()
            await server.say(event)
            while not isinstance(event, h11.EndOfMessage):
                event = await self._next_part()
                await server.say(event)
        await self.phone.watch()

    async def _carry_back(self, server: Peer) -> None:
        """The answer, to its end or to the switch to WebSocket."""
        event = await _next(server)
        await self.road.sleep(self.fate.back_s)
        await self.phone.say(event)
        while not (server.switched or isinstance(event, h11.EndOfMessage)):
            event = await _next(server)
            await self.phone.say(event)

    async def _next_part(self) -> h11.Event:
        """More of the body, or its end. Raises `TooLarge` when the network lets no body of this size through."""
        event = await self.phone.hear()
        self._size += len(event.data) if isinstance(event, h11.Data) else 0
        self._check(self._size)
        return event

    def _addressed(self) -> h11.Request:
        """The request as the server is asked it, by its own name."""
        kept = [(name, value) for name, value in self.request.headers.raw_items() if name.lower() not in _NOT_PASSED]
        headers = [(b"Host", self.road.server.authority.encode()), *kept]
        return h11.Request(method=self.request.method, target=self.request.target, headers=headers)

    def _check_declared(self) -> None:
        for name, value in self.request.headers:
            if name == b"content-length":
                self._check(int(value))

    def _check(self, size: int) -> None:
        if 0 < self.road.network.body_bytes_max < size:
            raise TooLarge


def wants_socket(request: h11.Request) -> bool:
    """Whether a client asks for a WebSocket."""
    return any(name == b"upgrade" and value.lower() == b"websocket" for name, value in request.headers)


async def refuse(phone: Peer, page: Page, *, with_body: bool = True) -> None:
    """Answers in the server's place, and ends the connection. Raises `ServerGone` if an answer has begun."""
    if not phone.silent:
        raise ServerGone("The answer has begun, and there will be no more of it.")
    await phone.say(*page.events(with_body=with_body))
    await phone.linger()


async def _stray(held: Held, later_s: float, road: Road) -> None:
    await road.sleep(later_s)
    server = await Peer.reach_server(road)
    try:
        await server.say(*held.events)
        await _heard(server, road)
        await server.close()
    finally:
        server.reset()


async def _heard(server: Peer, road: Road) -> Held:
    """The server's whole answer, without what it says before."""
    while not isinstance(head := await _next(server), h11.Response):
        pass
    return await _whole(head, lambda: _next(server), road.limits.held_bytes_max)


async def _whole(
    head: h11.Request | h11.Response, hear: Callable[[], Awaitable[h11.Event]], held_bytes_max: int
) -> Held:
    body = bytearray()
    while not isinstance(event := await hear(), h11.EndOfMessage):
        body += event.data if isinstance(event, h11.Data) else b""
        if len(body) > held_bytes_max:
            raise TooMuch(f"A message of more than {held_bytes_max:,} bytes cannot be held.")
    return Held(head=head, body=bytes(body), end=event)


async def _next(server: Peer) -> h11.Event:
    """What the server says next, as it can be said again, whatever HTTP it speaks. Raises `ServerGone` at its end."""
    event = await server.hear()
    if isinstance(event, h11.ConnectionClosed):
        raise ServerGone("The server has ended the connection instead of answering.")
    if isinstance(event, h11.Response):
        headers = event.headers.raw_items()
        return h11.Response(status_code=event.status_code, reason=event.reason, headers=headers)
    return event
