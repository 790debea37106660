"""One client's connection and its own connection to the server: request after request, each with its fate."""

from __future__ import annotations

import contextlib

import h11

from homeport_client.fleet.proxy.crossing import Crossing, refuse, wants_socket
from homeport_client.fleet.proxy.errors import PhoneGone, ServerGone, TooLarge, Trouble
from homeport_client.fleet.proxy.fate import Fates
from homeport_client.fleet.proxy.incidents import HAPPEN
from homeport_client.fleet.proxy.pages import NO_SOCKET, NOT_HTTP, TOO_LARGE
from homeport_client.fleet.proxy.peer import Peer
from homeport_client.fleet.proxy.road import Road
from homeport_client.fleet.proxy.sockets import carry_socket
from homeport_client.fleet.proxy.tally import SOCKET_REFUSED, UNREACHABLE


class Line:
    """Serves one client until one side ends it. When it is cancelled, both sides are reset."""

    def __init__(self, phone: Peer, fates: Fates, road: Road) -> None:
        self._phone = phone
        self._fates = fates
        self._road = road
        self._server: Peer | None = None

    async def run(self) -> None:
        """All requests. Ends in good order where the client did, else by a reset."""
        try:
            with contextlib.suppress(PhoneGone):
                await self._serve()
            await self._phone.close()
            if self._server is not None:
                await self._server.close()
        except (Trouble, h11.ProtocolError):
            pass  # what is left is reset
        finally:
            self._phone.reset()
            if self._server is not None:
                self._server.reset()

    async def _serve(self) -> None:
        try:
            while isinstance(request := await self._phone.hear(), h11.Request):
                await self._take(request)
                if not self._phone.turn():
                    if self._phone.answered:  # and has not been heard out
                        await self._phone.linger()
                    return
        except h11.RemoteProtocolError:
            await refuse(self._phone, NOT_HTTP)

    async def _take(self, request: h11.Request) -> None:
        upgrade = wants_socket(request)
        fate = self._fates.draw(self._road.network, upgrade=upgrade)
        crossing = Crossing(request, self._phone, fate, self._road, self._connect)
        self._road.tally.requests += 1
        await self._road.sleep(fate.there_s)
        if upgrade and not self._road.network.sockets:
            self._road.tally.happen(SOCKET_REFUSED, crossing.about)
            await crossing.refuse(NO_SOCKET)
            return
        try:
            await self._happen(crossing)
        except TooLarge:
            self._drop_server()
            if crossing.fate.incident:  # one request counts once
                self._road.tally.take_back(crossing.fate.incident)
            self._road.tally.happen("too_large", crossing.about)
            await crossing.refuse(TOO_LARGE)
        if self._phone.switched and self._server is not None:
            await carry_socket(self._phone, self._server, self._fates, self._road)

    async def _happen(self, crossing: Crossing) -> None:
        if crossing.fate.incident:
            self._road.tally.happen(crossing.fate.incident, crossing.about)
            await HAPPEN[crossing.fate.incident](crossing)
        else:
            await crossing.stream()

    async def _connect(self) -> Peer:
        """The connection to the server that was kept, or a new one."""
        if self._server is None or not self._server.turn():
            self._drop_server()
            try:
                self._server = await Peer.reach_server(self._road)
            except ServerGone as gone:
                self._road.tally.happen(UNREACHABLE, str(gone))
                raise
        return self._server

    def _drop_server(self) -> None:
        if self._server is not None:
            self._server.reset()
            self._server = None
