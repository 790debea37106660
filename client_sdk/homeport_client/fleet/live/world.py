"""The real world of one seed: real processes, real sockets, real seconds.

What goes wrong on a phone's network happens to real bytes, in a proxy of its own; on a perfect network there is none,
and phones share a few connections. What can go wrong is drawn from the seed, but when it meets what is up to the
machine: only the simulated world replays.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from random import Random, SystemRandom

from homeport_client import DeviceLimits, HttpTransport, Uplink
from homeport_client.fleet.calm import calmed
from homeport_client.fleet.check.evidence import Holding
from homeport_client.fleet.check.eyes import Eyes
from homeport_client.fleet.check.reading import fresh
from homeport_client.fleet.check.witness import Witness
from homeport_client.fleet.inbox import Inbox
from homeport_client.fleet.live.orders import Orders
from homeport_client.fleet.live.patience import AT_ONCE, until_answered
from homeport_client.fleet.live.provider import LiveProvider
from homeport_client.fleet.live.radio import Radio
from homeport_client.fleet.measure.meter import Meter, Tally
from homeport_client.fleet.networks import INCIDENTS, LOSE_POKE, NETWORKS, PERFECT, Network
from homeport_client.fleet.proxy.proxy import Proxy
from homeport_client.fleet.proxy.tally import Happened
from homeport_client.fleet.seed import Seed
from homeport_client.fleet.stage import Stage
from homeport_client.fleet.story import Handset, Step
from homeport_client.fleet.world import Target
from homeport_client.limits import UplinkLimits
from homeport_sync import App

POLL_S = (2.0, 30.0)
POLLS_PER_S = 50.0  # of a whole fleet whose phones do nothing: a server on the same machine has other work
RETRY_MAX_MS = 2_000
FRESH_S = 60.0
UPLINK_LIMITS = UplinkLimits(connections_max=40)  # each weighs as much as half a phone
ARMABLE = frozenset((*INCIDENTS, LOSE_POKE))  # the others follow from what else is in the story


class LiveWorld:
    """A `World` as it is ordered. `networks` are those that are not in `NETWORKS`; `crash` makes the server die, and
    with a `provider` phones can be told and woken."""

    def __init__(
        self,
        app: App,
        orders: Orders,
        *,
        networks: Mapping[str, Network],
        crash: Callable[[], None],
        provider: LiveProvider | None = None,
    ) -> None:
        self.app = app
        self.seed = Seed(orders.seed)
        self.limits = device_limits(len(orders.cast))
        self.tally = Tally()
        self.witness = Witness()
        self.stage = Stage(self)
        self._orders = orders
        self._networks = {**NETWORKS, **networks}
        self._drawing = orders.story is None
        self._crash = crash
        self._provider = provider
        self._random = SystemRandom()
        self._uplink = Uplink(UPLINK_LIMITS)
        self._calm = False
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

    def chance(self, handset: Handset, life: int) -> Random:
        """See `World`. The system's, for all: nobody could draw the same ids again here, and a stream weighs 2.5 KB."""
        return self._random

    def target(self, inbox: Inbox) -> Target | None:
        """See `World`."""
        return self._provider.target(inbox) if self._provider is not None else None

    def meter(self) -> Meter:
        """See `World`. When a change was accepted stands in the log, which is read in the end."""
        return Meter(self.tally, self.true_ms, None)

    def eyes(self, handset: Handset, meter: Meter) -> Eyes:
        """See `World`."""
        return self.stage.eyes(handset, meter, self.witness.told)

    async def way(self, handset: Handset, user: str, life: int, meter: Meter) -> Radio:
        """See `World`. Whoever has a network of their own has connections of their own, for as long as it keeps them
        waiting."""
        network, token = self._networks.get(handset.network, PERFECT), self._orders.tokens[user]
        if network == PERFECT:
            transport = HttpTransport(self._orders.url, token, self.limits, uplink=self._uplink)
        else:
            patient = replace(self.limits, answer_s=network.patience_s)
            transport = HttpTransport(await self._proxied(handset.name, network), token, patient)
        return Radio(transport, user, token, self.witness, meter, provider=self._provider)

    async def fresh(self, users: Iterable[str]) -> list[Holding]:
        """See `Ending`. A few at a time, by the way that nothing happens on, for at most `FRESH_S` seconds."""
        turns, until_s = asyncio.Semaphore(AT_ONCE), asyncio.get_running_loop().time() + FRESH_S

        async def one(user: str) -> Holding | None:
            try:
                async with asyncio.timeout_at(until_s):
                    return await until_answered(lambda: fresh(self._direct(user), user=user), turns)
            except TimeoutError:
                return None

        return [each for each in await asyncio.gather(*map(one, users)) if each is not None]

    async def until(self, at_ms: int) -> None:
        """See `World`."""
        await asyncio.sleep(max(at_ms - self.now_ms(), 0) / 1_000)

    def arm(self, step: Step) -> None:
        """See `World`. Where there is no proxy, nothing strikes; nor can a real server be made to die at a crossing."""
        self.stage.later(self._arm(step))

    async def crash(self) -> None:
        """See `World`. It is back a while later."""
        self._crash()

    def calm(self) -> None:
        """See `Ending`."""
        self._calm = True
        for proxy in self._proxies.values():
            proxy.network = calmed(proxy.network)
            proxy.disarm()

    async def close(self) -> None:
        """The end of all connections and proxies."""
        await self._uplink.close()
        for proxy in self._proxies.values():
            await proxy.close()

    def _direct(self, user: str) -> HttpTransport:
        return HttpTransport(self._orders.url, self._orders.tokens[user], self.limits, uplink=self._uplink)

    async def _proxied(self, name: str, network: Network) -> str:
        """What the phone of that name calls: a proxy that is its network."""
        proxy = self._proxies.get(name)
        if proxy is None:
            seed = Seed(self.seed.stream("proxy", name).getrandbits(32))
            proxy = Proxy(self._now(network), self._orders.url, seed, gaps=False, told=self._told(name))
            self._proxies[name] = proxy
            await proxy.start()
        return proxy.url

    def _now(self, network: Network) -> Network:
        """The network as it is at this moment of the story."""
        if self._calm:
            return calmed(network)
        return network if self._drawing else replace(network, rates={}, lose_poke=0.0)

    def _told(self, who: str) -> Callable[[Happened], None]:
        def told(happened: Happened) -> None:
            self.tally.incidents[happened.incident] += 1
            if self._drawing and happened.incident in ARMABLE:
                self.stage.write_down(Step(at_ms=self.now_ms(), who=who, do=happened.incident))

        return told

    async def _arm(self, step: Step) -> None:
        await self.until(step.at_ms)
        if step.who in self._proxies:
            self._proxies[step.who].arm(step.do)


def device_limits(devices: int) -> DeviceLimits:
    """Hasty for a few, so that what is rare in the field happens here; for many as hasty as a server can bear."""
    poll_s = min(max(devices / POLLS_PER_S, POLL_S[0]), POLL_S[1])
    return DeviceLimits(poll_s=poll_s, retry_max_ms=RETRY_MAX_MS)
