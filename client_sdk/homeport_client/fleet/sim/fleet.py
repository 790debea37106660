"""A simulated fleet: many phones, one server, one seed. It plays its story, heals, comes to rest, and is judged.

Everything runs in virtual time, so the same seed takes the same steps: `Played.fingerprint` is equal whenever they
were.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from typing import Any

from homeport_client.fleet.actor import Actor
from homeport_client.fleet.cast import deal, people
from homeport_client.fleet.check.collect import broken, holdings
from homeport_client.fleet.check.evidence import Evidence, Holding
from homeport_client.fleet.check.judge import judge
from homeport_client.fleet.check.reading import fresh
from homeport_client.fleet.clock import run
from homeport_client.fleet.improvise import Improvisation
from homeport_client.fleet.measure.recorder import SAMPLES_MAX, Recorder
from homeport_client.fleet.phone import Phone
from homeport_client.fleet.played import Played
from homeport_client.fleet.replay import play_again
from homeport_client.fleet.report.board import Now
from homeport_client.fleet.rescue import rescue_all
from homeport_client.fleet.script import Script
from homeport_client.fleet.seed import Seed
from homeport_client.fleet.sim.server import TENANT
from homeport_client.fleet.sim.world import SETUP, Setup, SimulatedWorld
from homeport_client.fleet.story import Handset, Story
from homeport_sync import App

# The longest pause after a failure, a request that gets no answer, and then the longest poll of somebody else.
HEAL_BOUND_S = 20.0 + 5.0 + 30.0 + 5.0
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
        own = [persona.network for persona in people(script, app.catalog).values()]
        named = {each.name: each for each in (*own, script.network) if each}
        self._setup = replace(setup, networks={**named, **(setup.networks or {})})
        self._show = show
        self._recorder: Recorder
        self._phase = "playing"
        self._story: Story | None = None
        self._unrest: list[str] = []

    @property
    def phones(self) -> list[Phone]:
        """All phones that are on."""
        return [phone for phone in self.world.stage.phones.values() if phone.on]

    def run(self) -> Played:
        """The script's story, improvised, in a virtual time of its own. Stopped by Ctrl-C it is what there is."""
        return run(self._whole(self._cast(), self._improvise, drawing=True))

    def replay(self, story: Story) -> Played:
        """Another story, step by step: nothing goes wrong but what stands in it."""
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
        self.world = SimulatedWorld(self.app, self.seed, self._setup, drawing=drawing)
        self.world.stage.enter(handsets)
        self._recorder = Recorder(self.world.stage, self.world.tally, lambda: self.world.server.head)
        await self.world.begin()
        watching = asyncio.create_task(self._watch())
        try:
            await play()
            healed_ms = await self._heal()
        except asyncio.CancelledError:  # Ctrl-C
            return self._played()
        finally:
            watching.cancel()
        evidence = await self._evidence()
        return self._played(evidence, healed_ms)

    async def _improvise(self) -> None:
        await Improvisation(self.world.stage, self.script).play()

    async def _watch(self) -> None:
        every_s = self.script.duration_s / SAMPLES_MAX
        while True:
            await asyncio.sleep(every_s)
            self._look()

    def _look(self) -> None:
        tally = self.world.tally
        sample = self._recorder.look()
        self._show(
            Now(
                phase=self._phase,
                sample=sample,
                incidents=tally.incidents.total(),
                crashes=self.world.server.lives - 1,
            )
        )

    async def _heal(self) -> dict[str, int]:
        """Whatever befell anybody is over; how many milliseconds each phone took then to come to rest."""
        self._look()
        self._phase = "healing"
        self.world.note("fleet", "heals")
        stage, began_ms = self.world.stage, self.world.true_ms()
        self.world.calm()
        self._story = stage.story
        await stage.end_all()
        await rescue_all(stage)
        await asyncio.sleep(HEAL_BOUND_S)
        self._look()
        moving = sum(line.busy for line in self.world.lines)
        self._unrest = [f"{moving} old requests are still on their way."] if moving else []
        return {phone.name: max(phone.meter.last_news_ms - began_ms, 0) for phone in self.phones}

    async def _evidence(self) -> Evidence:
        """Close all phones, and look at what they hold and at what a fresh one gets."""
        self._phase = "judging"
        held: list[Holding] = []
        wrong: list[str] = []
        for phone in self.phones:
            image = await phone.put_down()
            held += holdings(image, self.app, name=phone.name, user=phone.user, skew_ms=phone.wall.skew_ms)
            wrong += broken(image, self.app, self.script.invariants, name=phone.name, user=phone.user)
        for user in dict.fromkeys(phone.user for phone in self.phones):
            held.append(await fresh(self.world.fresh_line(user), user=user))
        server, stage = self.world.server, self.world.stage
        return Evidence(
            log=await server.store.read(TENANT, 0, LOG_MAX),
            written=tuple(stage.written),
            told=tuple(server.witness.told),
            holdings=held,
            flickers=[complaint for phone in self.phones if phone.eyes for complaint in phone.eyes.complaints],
            broken=wrong,
            unrest=[*self._unrest, *(misstep for phone in self.phones for misstep in phone.missteps)],
        )

    def _played(self, evidence: Evidence | None = None, healed_ms: dict[str, int] | None = None) -> Played:
        world = self.world
        for each in evidence.told if evidence else ():
            world.note(each.device, f"{each.change.number} {each.outcome.outcome} {each.stamp} {each.code}")
        return Played(
            world="simulated",
            story=self._story or world.stage.story,
            tally=world.tally,
            meters={phone.name: phone.meter for phone in self.phones},
            samples=tuple(self._recorder.samples),
            tracks={phone.name: phone.track.spans(world.now_ms()) for phone in self.phones if phone.track},
            written=len(world.stage.written),
            lives=world.server.lives + sum(phone.lives for phone in self.phones),
            left_out=dict(world.stage.left_out),
            evidence=evidence,
            verdict=judge(evidence) if evidence else None,
            healed_ms=healed_ms or {},
            trace=world.trace.tail,
            fingerprint=world.trace.fingerprint,
        )

    def _cast(self) -> tuple[Handset, ...]:
        return deal(self.script, self.seed, self.app.catalog)
