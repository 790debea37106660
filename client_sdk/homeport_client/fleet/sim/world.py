"""The simulated world of one seed: a server core on a store in memory, lines to it, and a clock that jumps."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from random import Random
from zlib import crc32

from homeport_client import DeviceLimits
from homeport_client.fleet.calm import calmed
from homeport_client.fleet.check.evidence import Holding, Revoked
from homeport_client.fleet.check.eyes import Eyes
from homeport_client.fleet.check.noticed import Noticed
from homeport_client.fleet.check.reading import fresh
from homeport_client.fleet.check.witness import Witness
from homeport_client.fleet.clock import now_ms
from homeport_client.fleet.inbox import Inbox
from homeport_client.fleet.measure.meter import Meter, Tally
from homeport_client.fleet.networks import LOSE_WAKE, NETWORKS, OF_DELIVERIES, PERFECT, Network
from homeport_client.fleet.seed import Seed
from homeport_client.fleet.sim.line import Line
from homeport_client.fleet.sim.notices import Notices
from homeport_client.fleet.sim.provider import Provider, ProviderFaults
from homeport_client.fleet.sim.server import TENANT, Server, ServerFaults
from homeport_client.fleet.stage import Stage
from homeport_client.fleet.story import SERVER, Handset, Step
from homeport_client.fleet.trace import Trace
from homeport_client.fleet.troubles import Troubles
from homeport_client.fleet.world import Target
from homeport_sync import App, Limits
from homeport_sync.memory import MemoryStore
from homeport_sync.receipts import Ended

# Small pages, every one of them cached, and short polls: what is rare in the field happens here in every run.
SERVER_LIMITS = Limits(page_size=3, page_cached_bytes_min=0)
DEVICE_LIMITS = DeviceLimits(poll_s=30.0, retry_max_ms=20_000)
PROVIDER = ProviderFaults()
SHAKY = ServerFaults(crash_rate=0.0005, store_delay_s=0.05)
ENDED_MAX = 1_000_000
FRESH_S = 300.0  # of virtual time, in which a page takes some milliseconds
_EPSILON_MS = 1e-3  # what the loop and floating point may take from a whole millisecond
_EPSILON_US = 0.1  # what floating point may take from a whole microsecond


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What a simulated world is made of. `networks` are those that are not in `NETWORKS`, by name."""

    server: ServerFaults = SHAKY
    device_limits: DeviceLimits = DEVICE_LIMITS
    server_limits: Limits = SERVER_LIMITS
    networks: Mapping[str, Network] | None = None
    provider: ProviderFaults = PROVIDER
    store: Callable[..., MemoryStore] = MemoryStore


SETUP = Setup()


class SimulatedWorld:
    """A `World`. With `drawing` the networks and the server get their troubles by chance, and each becomes a step of
    the story; without, they get those that are armed."""

    def __init__(self, app: App, seed: Seed, setup: Setup, *, drawing: bool) -> None:
        self.app = app
        self.seed = seed
        self.limits = setup.device_limits
        self.trace = Trace()
        self.tally = Tally()
        self.lines: list[Line] = []
        self.stage = Stage(self)
        self._networks = {**NETWORKS, **(setup.networks or {})}
        self._drawing = drawing
        self._calm = False
        self._troubles: dict[str, Troubles] = {}
        self._store = setup.store(setup.server_limits, new_epoch=lambda: "another epoch")
        faults = setup.server if drawing else replace(setup.server, crash_rate=0.0)
        self.server = Server(
            self._store, app.catalog, seed, now_ms, faults=faults, limits=setup.server_limits, armed=self._of(SERVER)
        )
        self._provider = setup.provider
        self.provider: Provider | None = None
        self._chances: dict[str, Random] = {}
        if app.notifications:
            salt = seed.stream("provider").getrandbits(32)
            self.provider = Provider(setup.provider, self._befalls, now_ms, salt=salt)
            self.server.notices = Notices(app, TENANT, self._store, self.provider, self.server.listening)
        self.server.note = self.note
        self.server.struck = lambda crossing: self._step(SERVER, "crash", at=crossing)

    async def begin(self) -> None:
        """The server has its tenant, and serves."""
        await self._store.create(TENANT, id=TENANT, epoch="epoch", now_ms=now_ms())
        self.server.start()

    def calm(self) -> None:
        """From now on nothing goes wrong any more, but lost pokes stay lost."""
        self._calm = True
        self.server.heal()
        for troubles in self._troubles.values():
            troubles.clear()
        for line in self.lines:
            line.network = self._network(line.network.name)

    def now_ms(self) -> int:
        """See `World`. Rounded down, so that what is armed for a moment is armed when it comes."""
        return int(asyncio.get_running_loop().time() * 1_000 + _EPSILON_MS)

    def true_ms(self) -> int:
        """See `World`."""
        return now_ms()

    def note(self, who: str, what: str) -> None:
        """See `World`."""
        self.trace.note(asyncio.get_running_loop().time() * 1_000, who, what)

    def chance(self, handset: Handset, life: int) -> Random:
        """See `World`. A stream of its own."""
        return self.seed.stream("device", handset.name, life)

    def target(self, inbox: Inbox) -> Target | None:
        """See `World`. Half of the phones are of each system, by their names."""
        if self.provider is None or self.server.notices is None:
            return None
        platform = ("android", "ios")[crc32(inbox.name.encode()) % 2]
        token = f"{platform}-{inbox.name}"
        self.server.notices.registry.inboxes[token] = inbox
        self.provider.reach(token, inbox)
        return Target(channel="fcm", token=token, platform=platform)

    def meter(self) -> Meter:
        """See `World`."""
        return Meter(self.tally, now_ms, self.server.accepted)

    def eyes(self, handset: Handset, meter: Meter) -> Eyes:
        """See `World`."""
        return self.stage.eyes(handset, meter, self.witness.told)

    async def way(self, handset: Handset, user: str, life: int, meter: Meter) -> Line:
        """See `World`."""
        line = Line(
            self.server,
            user,
            self.seed.stream("line", handset.name, life),
            self._network(handset.network),
            meter,
            salt=self.seed.stream("line", handset.name).getrandbits(32),
            armed=self._of(handset.name),
            struck=lambda incident, drawn: self._struck(handset.name, incident, drawn=drawn),
        )
        self.lines.append(line)
        return line

    @property
    def witness(self) -> Witness:
        """See `Ending`. It stands at the server's door."""
        return self.server.witness

    async def fresh(self, users: Iterable[str]) -> list[Holding]:
        """See `Ending`. One after the other, for at most `FRESH_S` seconds each, on a line on which nothing happens."""
        holdings = []
        for user in users:
            with suppress(TimeoutError):
                async with asyncio.timeout(FRESH_S):
                    holdings.append(await fresh(self._fresh_line(user), user=user))
        return holdings

    async def revoked(self) -> list[Revoked]:
        """The grants that have ended, and which devices have answered that."""
        return [
            Revoked(user=each.user, scope=each.scope, position=each.position, answered=await self._answered(each))
            for each in await self._store.ended_grants(TENANT, ("", ""), ENDED_MAX)
        ]

    async def _answered(self, ended: Ended) -> frozenset[str]:
        holders = await self._store.holders(TENANT, ended, "", ENDED_MAX)
        return frozenset(each.device for each in holders if each.received_at_ms is not None)

    async def noticed(self) -> Noticed | None:
        """What became of notifications; None where nobody is told of anything."""
        return await self.server.notices.noticed() if self.server.notices else None

    async def end_deliveries(self) -> None:
        """Nothing more is brought to phones. Raises what failed in it."""
        if self.provider is not None:
            await self.provider.end()

    async def until(self, at_ms: int) -> None:
        """See `World`."""
        if at_ms > self.now_ms():
            await asyncio.sleep(at_ms / 1_000 - asyncio.get_running_loop().time())

    async def crash(self) -> None:
        """See `World`."""
        self.server.crash("for no reason")

    def arm(self, step: Step) -> None:
        """See `World`."""
        self._of(step.who).add(step.at_ms * 1_000 + step.us, str(step.what.get("at", step.do)))

    def _fresh_line(self, user: str) -> Line:
        chance = self.seed.stream("fresh", user)
        return Line(self.server, user, chance, PERFECT, self.meter(), salt=chance.getrandbits(32))

    def _of(self, who: str) -> Troubles:
        return self._troubles.setdefault(who, Troubles(self._now_us))

    def _network(self, name: str) -> Network:
        """The network of that name, as it is now."""
        network = self._networks.get(name, PERFECT)
        if self._calm:
            return calmed(network)
        return network if self._drawing else replace(network, rates={}, lose_poke=0.0)

    def _befalls(self, who: str, wake: bool) -> str:
        """What befalls a delivery to this phone; one is drawn in any case. Wakes and what is to be seen often come at
        one moment: what befalls the one never befalls the other, or a replay could not tell which it was."""
        chance = self._chances.setdefault(who, self.seed.stream("deliveries", who))
        left, named = chance.random(), ""
        for incident, rate in self._provider.rates.items():
            fits = self._drawing and not self._calm and wake == (incident == LOSE_WAKE)
            if 0 <= left < rate and fits:
                named = incident
            left -= rate
        drawn = bool(named)
        named = named or self._of(who).take(lambda name: name in OF_DELIVERIES and wake == (name == LOSE_WAKE))
        if named:
            self._struck(who, named, drawn=drawn)
        return named

    def _struck(self, who: str, incident: str, *, drawn: bool) -> None:
        self.tally.incidents[incident] += 1
        self.note(who, f"meets {incident}")
        if drawn:
            self._step(who, incident)

    def _step(self, who: str, do: str, **what: str) -> None:
        """A step that nobody performed: it was drawn, and happens now."""
        at_ms, us = divmod(self._now_us(), 1_000)
        self.stage.write_down(Step(at_ms=at_ms, us=us, who=who, do=do, what=dict(what)))

    def _now_us(self) -> int:
        now_us = int(asyncio.get_running_loop().time() * 1_000_000 + _EPSILON_US)
        return max(now_us, self.now_ms() * 1_000)
