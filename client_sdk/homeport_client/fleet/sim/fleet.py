"""A simulated fleet: many phones, one server, one seed. It plays its story, heals, comes to rest, and is judged.

Everything runs in virtual time, so the same seed takes the same steps: `Played.fingerprint` is equal whenever they
were.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import replace
from typing import Any

from homeport_client.fleet.actor import Actor
from homeport_client.fleet.beside import beside
from homeport_client.fleet.cast import deal, own_networks
from homeport_client.fleet.check.evidence import Evidence
from homeport_client.fleet.clock import run
from homeport_client.fleet.improvise import Improvisation
from homeport_client.fleet.measure.recorder import HEALING_MAX, PLAYING_MAX, Recorder
from homeport_client.fleet.networks import Network
from homeport_client.fleet.phone import Phone
from homeport_client.fleet.played import Played
from homeport_client.fleet.replay import play_again
from homeport_client.fleet.report.board import Now
from homeport_client.fleet.script import Script
from homeport_client.fleet.seed import Seed
from homeport_client.fleet.sim.server import TENANT
from homeport_client.fleet.sim.world import SETUP, Setup, SimulatedWorld
from homeport_client.fleet.story import Handset, Story
from homeport_client.fleet.troupe import Troupe
from homeport_client.limits import DeviceLimits
from homeport_sync import App

SLACK_S = 5.0
SCRIPT = Script()
LOG_MAX = 10_000_000


class Fleet:
    """One app in the simulated world of one seed. `show` is told how it stands, now and then."""

    def __init__(
        self,
        app: App,
        seed: int,
        *,
        script: Script = SCRIPT,
        setup: Setup = SETUP,
        show: Callable[[Now], None] = lambda now: None,
    ) -> None:
        self.app = app
        self.seed = Seed(seed)
        self.script = script
        self.world: SimulatedWorld
        networks = {**own_networks(script, app), **(setup.networks or {})}
        server = setup.server if script.crashes else replace(setup.server, crash_rate=0.0)
        self._setup = replace(setup, networks=networks, server=server)
        self._show = show
        self._troupe: Troupe
        self._recorder: Recorder
        self._phase = ""
        self._now: Now
        self._bound_s = 0.0

    @property
    def phones(self) -> list[Phone]:
        """All phones that are on."""
        return [phone for phone in self.world.stage.phones.values() if phone.on]

    def run(self) -> Played:
        """The script's story, improvised, in a virtual time of its own. Stopped by Ctrl-C it is what there is."""
        return run(self._whole(self._cast(), self._improvise, drawing=True))

    def replay(self, story: Story) -> Played:
        """Another story, step by step: nothing goes wrong but what stands in it."""
        self.seed = Seed(story.seed, story.luck)
        return run(self._whole(story.handsets, lambda: play_again(self.world.stage, story), drawing=False))

    def rehearse(self, plot: Callable[[Fleet], Awaitable[None]]) -> Played:
        """What `plot` does with the script's phones, all of which are on when it begins."""

        async def play() -> None:
            for phone in self.world.stage.phones.values():
                await phone.switch_on()
            await plot(self)

        return run(self._whole(self._cast(), play, drawing=True))

    @property
    def actors(self) -> list[Actor]:
        """Somebody for each phone, who may share with everybody."""
        users = dict.fromkeys(phone.user for phone in self.phones)
        return [
            Actor(
                self.world.stage,
                phone,
                self.seed.stream("actor", phone.name),
                tuple(user for user in users if user != phone.user),
            )
            for phone in self.phones
        ]

    async def _whole(
        self, handsets: tuple[Handset, ...], play: Callable[[], Coroutine[Any, Any, None]], *, drawing: bool
    ) -> Played:
        """Build, play, heal, collect; then judge."""
        self._recorder, self._phase = Recorder(), "playing"
        self.world = SimulatedWorld(self.app, self.seed, self._setup, drawing=drawing)
        self.world.stage.enter(handsets)
        self._troupe = Troupe(self.world.stage, self.world, self.script)
        await self.world.begin()
        try:
            async with beside(self._watch()):
                await play()
                unrest = await self._heal()
        except asyncio.CancelledError:  # Ctrl-C
            return self._played()
        self._show(replace(self._now, phase="judging"))
        await self._troupe.put_down()
        log = await self.world.server.store.read(TENANT, 0, LOG_MAX)
        declared = self.app.catalog
        evidence = self._troupe.legacy().evidence(
            log,
            revoked=await self.world.revoked(),
            unrest=unrest,
            kinds=declared.kinds,
            roles=declared.roles,
            noticed=await self.world.noticed(),
            rules=self.app.notifications,
            tenant=TENANT,
        )
        return self._played(evidence)

    async def _improvise(self) -> None:
        await Improvisation(self.world.stage, self.script).play()

    async def _watch(self) -> None:
        while True:
            playing = self._phase == "playing"
            await asyncio.sleep(self.script.duration_s / PLAYING_MAX if playing else self._bound_s / HEALING_MAX)
            self._look()

    def _look(self) -> None:
        world, standing = self.world, self._troupe.stand()
        sample = self._recorder.look(standing, at_ms=world.now_ms(), logged=world.server.head)
        crashes = world.server.lives - 1
        self._now = Now(phase=self._phase, sample=sample, incidents=standing.incidents, crashes=crashes)
        self._show(self._now)

    async def _heal(self) -> list[str]:
        """Whatever befell anybody is over, for as long as it may take all to come to rest; what moves even then."""
        self._look()
        networks, down_s = [line.network for line in self.world.lines], self._setup.server.down_s
        self._bound_s = heal_bound_s(self._setup.device_limits, networks, down_s=down_s)
        self._phase = "healing"
        self.world.note("fleet", "heals")
        await self._troupe.heal()
        await asyncio.sleep(self._bound_s)
        self._look()
        for failure in filter(None, (line.failure for line in self.world.lines)):
            raise failure
        await self.world.end_deliveries()
        moving = sum(line.busy for line in self.world.lines)
        return [f"{moving} old requests are still on their way."] if moving else []

    def _played(self, evidence: Evidence | None = None) -> Played:
        world = self.world
        for each in evidence.told if evidence else ():
            world.note(each.device, f"{each.change.number} {each.outcome.outcome} {each.stamp} {each.code}")
        return Played.of(
            self._troupe.legacy(),
            "simulated",
            self._recorder.samples,
            lives=world.server.lives,
            evidence=evidence,
            trace=world.trace.tail,
            fingerprint=world.trace.fingerprint,
        )

    def _cast(self) -> tuple[Handset, ...]:
        return deal(self.script, self.seed, self.app)


def heal_bound_s(limits: DeviceLimits, networks: Iterable[Network], *, down_s: float) -> float:
    """How long a phone may take that nothing befalls any more: a request under way that gets no answer, gets it late,
    or meets a server that is down; the longest pause after that failure; and then the longest poll of somebody else.
    """
    under_way_s = max((down_s, *(max(each.patience_s, each.late_s) for each in networks)))
    return under_way_s + limits.retry_max_ms / 1_000 + limits.poll_s + SLACK_S
