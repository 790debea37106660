"""The proxy: listens for clients on one port, and gives each connection its line to the server.

What happens is drawn from the seed, one stream a connection; when it happens is up to real clients and real time. No
network at all is `disconnect`: new connections are reset, open ones fall silent and are reset a while later.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable

from homeport_client.fleet.live.process import free_port
from homeport_client.fleet.networks import Network
from homeport_client.fleet.proxy.address import Address
from homeport_client.fleet.proxy.fate import Fates
from homeport_client.fleet.proxy.limits import PROXY_LIMITS, ProxyLimits
from homeport_client.fleet.proxy.line import Line
from homeport_client.fleet.proxy.peer import Peer
from homeport_client.fleet.proxy.road import Road, Sleep
from homeport_client.fleet.proxy.tally import GAP, Happened, Tally
from homeport_client.fleet.proxy.wire import reset
from homeport_client.fleet.seed import Seed


class Proxy:
    """Stands before the server at the URL `to`, on `host` and `port` (0: a free one). Raises `ValueError` for `to`.

    `gaps` says whether the network's gaps come by themselves, `told` hears of every incident, `tls` is for an https
    server that Python does not trust by itself, and `sleep` and `now_s` are the network's time.
    """

    def __init__(
        self,
        network: Network,
        to: str,
        seed: Seed,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        gaps: bool = True,
        told: Callable[[Happened], None] | None = None,
        limits: ProxyLimits = PROXY_LIMITS,
        sleep: Sleep = asyncio.sleep,
        now_s: Callable[[], float] = time.monotonic,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.tally = Tally(told=told) if told else Tally()
        self._road = Road(
            network=network, server=Address.of(to), limits=limits, tls=tls, sleep=sleep, now_s=now_s, tally=self.tally
        )
        self._road.air.set()
        self._seed = seed
        self._host = host
        self._port = port or free_port()
        self._gaps = gaps
        self._gap: asyncio.Task[None] | None = None
        self._gone: set[str] = set()  # why there is no network: a gap, or somebody said so
        self._silence: asyncio.Task[None] | None = None
        self._listening: asyncio.Server | None = None
        self._lines: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """What clients call."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    @property
    def network(self) -> Network:
        """May be changed at any time; requests that are on their way keep the fate they have."""
        return self._road.network

    @network.setter
    def network(self, network: Network) -> None:
        self._road.network = network
        if self._listening is not None:
            self._begin_gaps()

    @property
    def connected(self) -> bool:
        """Whether there is a network at all."""
        return self._road.air.is_set()

    @property
    def busy(self) -> bool:
        """Whether copies of old requests are still on their way."""
        return bool(self._road.strays)

    def arm(self, incident: str) -> None:
        """The next request that asks for no WebSocket suffers this for certain; `lose_poke`: the next poke gets lost.

        Raises `ValueError` for what is no incident.
        """
        self._road.armed.arm(incident)

    def disarm(self) -> None:
        """What was armed and has not struck never does."""
        armed = self._road.armed
        while armed.take() or armed.take_poke():
            pass

    async def start(self) -> None:
        """Take connections from now on. Raises `OSError` if the port is taken."""
        limits = self._road.limits
        self._listening = await asyncio.start_server(
            self._take, self._host, self._port, limit=limits.read_bytes, backlog=limits.backlog
        )
        self._begin_gaps()

    async def close(self) -> None:
        """Reset every connection, drop what is on its way, and take no more. Harmless when it has not started."""
        if self._listening is None:
            return
        self._listening.close()
        ending = {*self._lines, *self._road.strays, *filter(None, (self._gap, self._silence))}
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)
        await self._listening.wait_closed()
        self._listening = None

    def connect(self) -> None:
        """The network is back, unless there is a gap in it; what has been silent goes on, if it has not ended."""
        self._come_back("told")

    def disconnect(self) -> None:
        """No network at all, until `connect`."""
        self._go("told")

    @property
    def _takes(self) -> bool:
        """Whether whoever connects is let through. Who was just coming in when it closed is not: nobody would end
        their line any more."""
        return self.connected and self._listening is not None and self._listening.is_serving()

    def _come_back(self, why: str) -> None:
        self._gone.discard(why)
        if self._gone:
            return
        if self._silence is not None:
            self._silence.cancel()
            self._silence = None
        self._road.air.set()

    def _go(self, why: str) -> None:
        self._gone.add(why)
        if self.connected:
            self._road.air.clear()
            self._silence = asyncio.create_task(self._end_after_silence())

    async def _end_after_silence(self) -> None:
        await self._road.sleep(self._road.limits.silence_s)
        for line in self._lines:
            line.cancel()

    def _begin_gaps(self) -> None:
        if self._gap is not None:
            self._gap.cancel()
            self._gap = None
        if self._gaps and self.network.gaps is not None:
            self._gap = asyncio.create_task(self._come_and_go(self.network.gaps.every_s, self.network.gaps.for_s))

    async def _come_and_go(self, every_s: tuple[float, float], for_s: tuple[float, float]) -> None:
        chance = self._seed.stream("proxy", "gaps")
        while True:
            await self._road.sleep(chance.uniform(*every_s))
            gone_s = chance.uniform(*for_s)
            self.tally.happen(GAP, f"no network for {gone_s:.0f} s")
            self._go(GAP)
            try:
                await self._road.sleep(gone_s)
            finally:
                self._come_back(GAP)

    def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._takes or len(self._lines) >= self._road.limits.connections_max:
            reset(writer)
            return
        self.tally.connections += 1
        fates = Fates(self._seed.stream("proxy", self.tally.connections), self._road.armed)
        phone = Peer(reader, writer, self._road)
        line = asyncio.create_task(Line(phone, fates, self._road).run())
        self._lines.add(line)
        line.add_done_callback(self._lines.discard)
        line.add_done_callback(lambda _: phone.reset())  # also of one that was cancelled before it began
