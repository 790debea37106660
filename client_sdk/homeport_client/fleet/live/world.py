"""The real world of one seed: real processes, real sockets, real seconds.

What goes wrong on a phone's network happens to real bytes, in a proxy of its own; on a perfect network there is none.
What can go wrong is drawn from the seed, but when it meets what is up to the machine: only the simulated world replays.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from homeport_client import DeviceLimits, HttpTransport
from homeport_client.fleet.check.eyes import Eyes
from homeport_client.fleet.check.witness import Witness
from homeport_client.fleet.live.radio import Radio
from homeport_client.fleet.live.site import Site
from homeport_client.fleet.measure.meter import Meter, Tally
from homeport_client.fleet.networks import NETWORKS, PERFECT, Network
from homeport_client.fleet.proxy.proxy import Proxy
from homeport_client.fleet.proxy.tally import Happened
from homeport_client.fleet.seed import Seed
from homeport_client.fleet.stage import Stage
from homeport_client.fleet.story import Handset, Step
from homeport_sync import App
from homeport_sync.scope import MEMBER

DEVICE_LIMITS = DeviceLimits(poll_s=2.0, retry_max_ms=2_000)
DOWN_S = 1.5
SERVING = "server"


class LiveWorld:
    """A `World` at a site. `tokens` are those of its users, `networks` those that are not in `NETWORKS`."""

    def __init__(self, app: App, seed: Seed, site: Site, *, networks: Mapping[str, Network], drawing: bool) -> None:
        self.app = app
        self.seed = seed
        self.limits = DEVICE_LIMITS
        self.tally = Tally()
        self.witness = Witness()
        self.tokens: dict[str, str] = {}
        self.crashes = 0
        self.stage = Stage(self)
        self._site = site
        self._networks = {**NETWORKS, **networks}
        self._drawing = drawing
        self._proxies: dict[str, Proxy] = {}
        self._began_s = time.monotonic()

    def begin(self) -> None:
        """The fleet's time begins."""
        self._began_s = time.monotonic()

    def now_ms(self) -> int:
        """See `World`."""
        return int((time.monotonic() - self._began_s) * 1_000)

    def true_ms(self) -> int:
        """See `World`."""
        return time.time_ns() // 1_000_000

    def note(self, who: str, what: str) -> None:
        """Nobody keeps the trace of the real world."""

    def meter(self) -> Meter:
        """See `World`. When a change was accepted stands in the log, which is read in the end."""
        return Meter(self.tally, self.true_ms, None)

    def eyes(self, handset: Handset, meter: Meter) -> Eyes:
        """See `World`."""
        kinds = [kind for kind in self.app.catalog.kinds if kind != MEMBER]
        return Eyes(handset.name, kinds, meter, self.stage.written, self.witness.told)

    async def way(self, handset: Handset, user: str, life: int, meter: Meter) -> Radio:
        """See `World`."""
        transport = HttpTransport(await self._address(handset), self.tokens[user], self.limits)
        return Radio(transport, user, self.tokens[user], self.witness, meter)

    def transport(self, user: str) -> HttpTransport:
        """A way to the server for a device that nobody holds."""
        return HttpTransport(self._site.url, self.tokens[user], self.limits)

    async def until(self, at_ms: int) -> None:
        """See `World`."""
        await asyncio.sleep(max(at_ms - self.now_ms(), 0) / 1_000)

    def arm(self, step: Step) -> None:
        """See `World`. Where there is no proxy, nothing strikes; nor can a real server be made to die at a crossing."""
        self.stage.later(self._arm(step))

    async def crash(self) -> None:
        """See `World`. The first process that serves, if it runs; it is back after `DOWN_S`."""
        name = next((name for name in self._site.parts if name.startswith(SERVING)), None)
        if name is not None and self._site.parts[name].running:
            self.crashes += 1
            await self._site.parts[name].kill()
            await asyncio.sleep(DOWN_S)
            await self._site.parts[name].start()

    def calm(self) -> None:
        """From now on nothing goes wrong any more, but lost pokes stay lost."""
        for proxy in self._proxies.values():
            proxy.network = _calmed(proxy.network)

    async def close(self) -> None:
        """The end of all proxies."""
        for proxy in self._proxies.values():
            await proxy.close()

    async def _address(self, handset: Handset) -> str:
        """What the phone calls: its proxy, if its network does anything."""
        network = self._networks.get(handset.network, PERFECT)
        if network == PERFECT:
            return self._site.url
        proxy = self._proxies.get(handset.name)
        if proxy is None:
            now = network if self._drawing else replace(network, rates={}, lose_poke=0.0)
            seed = Seed(self.seed.stream("proxy", handset.name).getrandbits(32))
            told = self._told(handset.name)
            proxy = self._proxies[handset.name] = Proxy(now, self._site.url, seed, gaps=False, told=told)
            await proxy.start()
        return proxy.url

    def _told(self, who: str) -> Callable[[Happened], None]:
        def told(happened: Happened) -> None:
            self.tally.incidents[happened.incident] += 1
            if self._drawing:
                self.stage.write_down(Step(at_ms=self.now_ms(), who=who, do=happened.incident))

        return told

    async def _arm(self, step: Step) -> None:
        await self.until(step.at_ms)
        if step.who in self._proxies:
            self._proxies[step.who].arm(step.do)


def _calmed(network: Network) -> Network:
    return Network(name=network.name, lose_poke=network.lose_poke, sockets=network.sockets)
