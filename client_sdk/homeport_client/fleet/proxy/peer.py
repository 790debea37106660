"""One end of a proxied connection as HTTP/1.1, in h11's events. Both ends are the same but for their role."""

from __future__ import annotations

import asyncio

import h11

from homeport_client.fleet.proxy.errors import ServerGone
from homeport_client.fleet.proxy.road import Road
from homeport_client.fleet.proxy.wire import Wire


class Peer(Wire):
    """A wire that speaks HTTP: with the client as its server, with the server as its client."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, road: Road, *, server: bool = False
    ) -> None:
        super().__init__(reader, writer, road, server=server)
        self._http = h11.Connection(h11.CLIENT if server else h11.SERVER, road.limits.head_bytes_max)

    @classmethod
    async def reach_server(cls, road: Road) -> Peer:
        """A new connection to the server. Raises `ServerGone`."""
        try:
            streams = await road.server.connect(
                road.tls, read_bytes=road.limits.read_bytes, within_s=road.limits.connect_s
            )
        except OSError as error:
            raise ServerGone(f"{road.server.authority} cannot be reached ({error}).") from error
        return cls(*streams, road, server=True)

    @property
    def silent(self) -> bool:
        """Whether nothing has been said yet of the answer that is due."""
        return self._http.our_state in (h11.IDLE, h11.SEND_RESPONSE)

    @property
    def answered(self) -> bool:
        """Whether all of the answer is said, and not all of the request is heard: an early one, such as a 401."""
        return self._http.our_state in (h11.DONE, h11.MUST_CLOSE) and self._http.their_state is h11.SEND_BODY

    @property
    def switched(self) -> bool:
        """Whether WebSocket is spoken from now on."""
        return self._http.our_state is h11.SWITCHED_PROTOCOL

    @property
    def waits_to_go_ahead(self) -> bool:
        """Whether the client keeps its body back until it is told `100 Continue`."""
        return self._http.they_are_waiting_for_100_continue

    def turn(self) -> bool:
        """Makes ready for the next request; False if there can be none on this connection."""
        if (self._http.our_state, self._http.their_state) != (h11.DONE, h11.DONE):
            return False
        self._http.start_next_cycle()
        return not (self.ended or self._reader.at_eof())

    def rest(self) -> bytes:
        """What was heard already and is no HTTP any more."""
        return self._http.trailing_data[0]

    async def hear(self) -> h11.Event:
        """The next event. Raises `h11.RemoteProtocolError` for a client that speaks no HTTP."""
        try:
            while (event := self._http.next_event()) is h11.NEED_DATA:
                self._http.receive_data(await self.read())
            if isinstance(event, type):
                raise h11.RemoteProtocolError("More was said than asked for.")
        except h11.RemoteProtocolError as wrong:
            if self.ended or self._gone is ServerGone:
                raise self._gone(str(wrong)) from wrong
            raise
        return event

    async def say(self, *events: h11.Event) -> None:
        """Events, in one write."""
        await self.write(b"".join(map(self.spell, events)))

    def spell(self, event: h11.Event) -> bytes:
        """The bytes of an event, which must be written next."""
        return self._http.send(event) or b""

    async def watch(self) -> None:
        """Until it is gone. What it says before its turn is kept, up to a limit; over that it must wait."""
        ahead = 0
        while ahead <= self._road.limits.ahead_bytes_max:
            data = await self.read()
            if not data:
                self.go(None)
            ahead += len(data)
            self._http.receive_data(data)
        await asyncio.Event().wait()  # until this is cancelled
