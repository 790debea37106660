"""A fleet in the real world: the same phones, the same stories, the same checkers as in the simulated one.

What cannot be simulated shows here: that a server survives SIGKILL on a real disk, and that real transports lose
nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from homeport_client import ServerError, Unreachable
from homeport_client.fleet.cast import deal, people
from homeport_client.fleet.check.collect import broken, holdings
from homeport_client.fleet.check.evidence import Evidence, Followed, Holding
from homeport_client.fleet.check.judge import judge
from homeport_client.fleet.check.reading import fresh
from homeport_client.fleet.improvise import Improvisation
from homeport_client.fleet.live.process import ProcessFailed
from homeport_client.fleet.live.site import Site
from homeport_client.fleet.live.trouble import Trouble, nothing
from homeport_client.fleet.live.world import LiveWorld
from homeport_client.fleet.measure.recorder import SAMPLES_MAX, Recorder
from homeport_client.fleet.phone import Phone
from homeport_client.fleet.played import Played
from homeport_client.fleet.replay import play_again
from homeport_client.fleet.report.board import Now
from homeport_client.fleet.rescue import rescue_all
from homeport_client.fleet.script import Script
from homeport_client.fleet.seed import Seed
from homeport_client.fleet.story import Handset, Story
from homeport_sync import App
from homeport_sync.ports import LogEntry

TENANT = "demo"
REST_S = 60.0
RETRY_S = 0.1
SHOW_S = 0.25


class LiveFleet:
    """One app at one site. `trouble` happens to the site while the phones write, and is over when it returns; `show` is
    told how it stands, now and then."""

    def __init__(
        self,
        app: App,
        site: Site,
        seed: int,
        *,
        script: Script,
        trouble: Trouble = nothing,
        tenant: str = TENANT,
        show: Callable[[Now], None] = lambda now: None,
    ) -> None:
        self.app = app
        self.seed = Seed(seed)
        self.script = script
        self.world: LiveWorld
        self._site = site
        self._trouble = trouble
        self._tenant = tenant
        self._show = show
        self._phase = "starting"
        self._recorder: Recorder
        self._head = 0
        self._followed: list[Followed] = []
        self._fallen: list[str] = []
        self._story: Story | None = None

    @property
    def phones(self) -> list[Phone]:
        """All phones that are on."""
        return [phone for phone in self.world.stage.phones.values() if phone.on]

    async def run(self) -> Played:
        """The script's story, improvised. Raises `ProcessFailed` if the site does not start."""
        return await self._whole(deal(self.script, self.seed, self.app.catalog), None)

    async def replay(self, story: Story) -> Played:
        """Another story, step by step, as far as the machine allows."""
        return await self._whole(story.handsets, story)

    async def _whole(self, handsets: tuple[Handset, ...], story: Story | None) -> Played:
        personas = people(self.script, self.app.catalog).values()
        own = {each.name: each for each in (*(persona.network for persona in personas), self.script.network) if each}
        self.world = LiveWorld(self.app, self.seed, self._site, networks=own, drawing=story is None)
        self.world.stage.enter(handsets)
        self._recorder = Recorder(self.world.stage, self.world.tally, lambda: self._head)
        watching = asyncio.create_task(self._watch())
        try:
            await self._begin(handsets)
            await self._play(story)
            healed_ms, unrest = await self._heal()
        except asyncio.CancelledError:  # Ctrl-C
            return self._played()
        finally:
            watching.cancel()
            await self.world.close()
        return self._played(await self._evidence(unrest), healed_ms)

    async def _begin(self, handsets: Sequence[Handset]) -> None:
        """The tenant, its tokens, and all that serves."""
        await self._site.make_tenant(self._tenant)
        users = list(dict.fromkeys(handset.user for handset in handsets))
        tokens = await asyncio.gather(*(self._site.token(user, self._tenant) for user in users))
        self.world.tokens.update(zip(users, tokens, strict=True))
        await self._site.start()
        self.world.begin()

    async def _play(self, story: Story | None) -> None:
        """The story, and whatever happens to the site meanwhile."""
        self._phase = "playing"
        stage = self.world.stage
        playing = play_again(stage, story) if story else Improvisation(stage, self.script).play()
        await asyncio.gather(playing, self._suffer())

    async def _heal(self) -> tuple[dict[str, int], list[str]]:
        """Everything online, until phones and followers have caught up with each other; how many milliseconds each
        phone took, and who has not.

        A process that has ended by itself is noted for the verdict, and started again, so that the rest can be judged.
        """
        self._phase = "healing"
        stage, began_ms = self.world.stage, self.world.true_ms()
        self.world.calm()
        self._story = stage.story
        await stage.end_all()
        await self._raise_parts()
        await rescue_all(stage)
        unrest = []
        try:
            async with asyncio.timeout(REST_S):
                for phone in self.phones * 2:  # twice: who was first could not yet see what the last one pushed
                    await _catch_up(phone)
                await self._followers_catch_up()
        except TimeoutError:
            unrest.append(f"Not every phone or follower had caught up after {REST_S:.0f} s.")
        return {phone.name: max(phone.meter.last_news_ms - began_ms, 0) for phone in self.phones}, unrest

    async def _evidence(self, unrest: Sequence[str]) -> Evidence:
        """Close all phones, and look at what they hold, at the database's own rows, and at what fresh devices get."""
        self._phase = "judging"
        held: list[Holding] = []
        wrong: list[str] = []
        for phone in self.phones:
            image = await phone.put_down()
            held += holdings(image, self.app, name=phone.name, user=phone.user, skew_ms=phone.wall.skew_ms)
            wrong += broken(image, self.app, self.script.invariants, name=phone.name, user=phone.user)
        for user in dict.fromkeys(phone.user for phone in self.phones):
            transport = self.world.transport(user)
            held.append(await fresh(transport, user=user))
            await transport.close()
        log = await self._site.log()
        self.world.tally.settle(_accepted(log))
        return Evidence(
            log=log,
            written=self.world.stage.written,
            told=self.world.witness.told,
            holdings=held,
            followed=self._followed if self._site.follows else None,
            flickers=[complaint for phone in self.phones if phone.eyes for complaint in phone.eyes.complaints],
            broken=wrong,
            fallen=[*self._fallen, *filter(None, (part.fallen for part in self._site.parts.values()))],
            unrest=[*unrest, *(misstep for phone in self.phones for misstep in phone.missteps)],
        )

    def _played(self, evidence: Evidence | None = None, healed_ms: dict[str, int] | None = None) -> Played:
        world = self.world
        return Played(
            world="real",
            story=self._story or world.stage.story,
            tally=world.tally,
            meters={phone.name: phone.meter for phone in self.phones},
            samples=tuple(self._recorder.samples),
            tracks={phone.name: phone.track.spans(world.now_ms()) for phone in self.phones if phone.track},
            written=len(world.stage.written),
            lives=sum(phone.lives for phone in self.phones),
            left_out=dict(world.stage.left_out),
            evidence=evidence,
            verdict=judge(evidence) if evidence else None,
            healed_ms=healed_ms or {},
        )

    async def _watch(self) -> None:
        """Show how it stands now and then, and keep a sample of it more seldom."""
        keep_s = max(self.script.duration_s / SAMPLES_MAX, SHOW_S)
        while True:
            await self._look_at_followers()
            self._head = await self._site.head()
            self._show(
                Now(
                    phase=self._phase,
                    sample=self._recorder.look(),
                    incidents=self.world.tally.incidents.total(),
                    crashes=self.world.crashes,
                    parts={name: part.running for name, part in self._site.parts.items()},
                )
            )
            await asyncio.sleep(keep_s)

    async def _suffer(self) -> None:
        """The trouble, which is over when it meets a process that has ended by itself."""
        try:
            await self._trouble(self._site, self.script.duration_s)
        except ProcessFailed as failed:
            self._fallen.append(str(failed))

    async def _raise_parts(self) -> None:
        for part in self._site.parts.values():
            try:
                if part.fallen:
                    await part.kill()
            except ProcessFailed as failed:
                self._fallen.append(str(failed))
            if not part.running:
                await part.start()

    async def _followers_catch_up(self) -> None:
        while self._site.follows:
            seen = await self._look_at_followers()
            if seen and all(each.at_rest for each in seen):
                return
            await asyncio.sleep(RETRY_S)

    async def _look_at_followers(self) -> Sequence[Followed]:
        seen = await self._site.followed()
        self._followed += seen
        return seen


async def _catch_up(phone: Phone) -> None:
    while True:
        try:
            await phone.device.sync()
        except (Unreachable, ServerError):
            await asyncio.sleep(RETRY_S)
        else:
            return


def _accepted(log: Sequence[LogEntry]) -> Callable[[int], tuple[int, str] | None]:
    by_position = {entry.position: (entry.accepted_at_ms, entry.device) for entry in log}
    return by_position.get
