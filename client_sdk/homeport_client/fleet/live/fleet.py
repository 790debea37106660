"""A fleet in the real world: the same phones, the same stories, the same checkers as in the simulated one.

What cannot be simulated shows here: that a server survives SIGKILL on a real disk, and that real transports lose
nothing. The phones are driven by this process, or by many; the site, what befalls it, and the verdict are its own.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from homeport_client.fleet.beside import beside
from homeport_client.fleet.cast import deal
from homeport_client.fleet.check.evidence import Evidence
from homeport_client.fleet.legacy import Legacy, blank, whole
from homeport_client.fleet.live.accounts import fleet_tenant
from homeport_client.fleet.live.attendants import Attendants
from homeport_client.fleet.live.crew import Crew, OwnCrew
from homeport_client.fleet.live.hired import HiredCrew
from homeport_client.fleet.live.orders import Orders
from homeport_client.fleet.live.process import ProcessFailed
from homeport_client.fleet.live.provider import LiveProvider
from homeport_client.fleet.live.site import Site
from homeport_client.fleet.live.trouble import Trouble, nothing
from homeport_client.fleet.lot import lots
from homeport_client.fleet.measure.meter import Accepted
from homeport_client.fleet.measure.recorder import HEALING_MAX, PLAYING_MAX, Recorder
from homeport_client.fleet.measure.standing import together
from homeport_client.fleet.played import Played
from homeport_client.fleet.report.board import Now
from homeport_client.fleet.script import Script
from homeport_client.fleet.seed import Seed
from homeport_client.fleet.sources import Sources
from homeport_client.fleet.story import Handset, Story
from homeport_sync import App
from homeport_sync.ports import LogEntry

Result = TypeVar("Result")
REST_S = 60.0
TOLD_S = 20.0  # a worker that died holds what it was sending for some seconds
SHOW_S = (0.25, 1.0)
STOPPED_S = 0.6  # so long a fleet that is stopped waits for what its processes know


class LiveFleet:
    """One app at one site. `trouble` happens to the site while the phones write, and is over when it returns; `show` is
    told how it stands, now and then. `sources` are needed for more than one of `processes`.
    With a `provider`, to which the site sends, phones of one process are told and woken."""

    def __init__(
        self,
        app: App,
        site: Site,
        seed: int,
        *,
        script: Script,
        trouble: Trouble = nothing,
        tenant: str = "",
        show: Callable[[Now], None] = lambda now: None,
        processes: int = 1,
        sources: Sources | None = None,
        provider: LiveProvider | None = None,
    ) -> None:
        self.app = app
        self.seed = Seed(seed)
        self.script = script
        self.tenant = tenant or fleet_tenant(seed, time.time())
        self._site = site
        self._attendants = Attendants(site, trouble)
        self._show = show
        self._processes = processes
        self._sources = sources
        self._provider = provider if processes == 1 else None
        self._hired: Sequence[Crew] = ()
        self._crews: Sequence[Crew] = ()  # those that have begun
        self._cast: tuple[Handset, ...] = ()
        self._recorder: Recorder
        self._phase = ""
        self._now: Now | None = None
        self._began_s = time.monotonic()

    async def run(self) -> Played:
        """The script's story, improvised. Raises `ProcessFailed` if the site does not start or a process fails, and
        `FleetError` where a fleet may not play, or cannot. Cancelled, as by Ctrl-C, it is what there is."""
        return await self._whole(deal(self.script, self.seed, self.app), None)

    async def replay(self, story: Story) -> Played:
        """Another story, step by step, as far as the machine allows."""
        return await self._whole(story.handsets, story)

    async def _whole(self, cast: tuple[Handset, ...], story: Story | None) -> Played:
        self._cast = cast
        self._recorder, self._phase = Recorder(), "starting"
        try:
            await self._begin(story)
            async with beside(self._watch()):
                await self._play()
                unrest = await self._heal()
            return await self._judged(unrest)
        except asyncio.CancelledError:  # Ctrl-C
            return await self._unfinished()
        finally:
            await self._attendants.close()
            await asyncio.gather(*(crew.close() for crew in self._hired))

    async def _begin(self, story: Story | None) -> None:
        """All that serves, the tenant and its tokens, and who drives the phones."""
        await self._site.start()
        self.tenant = await self._site.make_tenant(self.tenant)
        self._attendants.tenant = self.tenant
        tokens = await self._site.tokens(list(dict.fromkeys(each.user for each in self._cast)), self.tenant)
        dealt = lots(self._cast, self._processes)
        self._hired = crews = [self._crew(len(dealt)) for _ in dealt]
        orders = [
            Orders(seed=self.seed.number, url=self._site.url, tokens=tokens, cast=self._cast, lot=lot, story=story)
            for lot in dealt
        ]
        await asyncio.gather(*(crew.begin(told) for crew, told in zip(crews, orders, strict=True)))
        self._crews = crews

    def _crew(self, of: int) -> Crew:
        """Raises `ValueError` where there are to be many, and nobody said where they find what they play."""
        if of == 1:
            return OwnCrew(self.app, self.script, self._attendants.crash, self._provider)
        if self._sources is None:
            raise ValueError("Several processes need `sources`: each loads the app and the script from their files.")
        return HiredCrew(self._sources, self._attendants.crash)

    async def _play(self) -> None:
        """The story, and whatever happens to the site meanwhile."""
        self._phase, self._began_s = "playing", time.monotonic()
        await asyncio.gather(self._all(lambda crew: crew.play()), self._attendants.suffer(self.script.duration_s))

    async def _heal(self) -> list[str]:
        """Everything online, until phones and followers have caught up with each other; who has not.

        Nobody catches up before all have healed, and then all do it twice: who was first could not yet see what the
        last one pushed, in whichever process.
        """
        self._phase, bound_s = "healing", time.monotonic() + REST_S
        await self._attendants.raise_parts()
        await self._all(lambda crew: crew.heal())
        for _ in range(2):
            if not await self._catch_up(bound_s - time.monotonic()):
                return [f"Not every phone had caught up after {REST_S:.0f} s."]
        if not await self._attendants.followers_catch_up(bound_s - time.monotonic()):
            return [f"Not every follower had caught up after {REST_S:.0f} s."]
        if self._provider is not None:
            await self._attendants.all_told(min(TOLD_S, bound_s - time.monotonic()))
        return []

    async def _catch_up(self, within_s: float) -> bool:
        return all(await self._all(lambda crew: crew.catch_up(within_s)))

    async def _judged(self, unrest: Sequence[str]) -> Played:
        """Close all phones, and look at what they hold, at the database's own rows, and at what fresh devices get."""
        if self._now:
            self._show(replace(self._now, phase="judging"))
        await self._all(lambda crew: crew.put_down())
        legacy = whole(await self._all(lambda crew: crew.legacy()), self._cast)
        log = await self._site.log(self.tenant)
        legacy.tally.settle(_accepted(log))
        attendants = self._attendants
        evidence = legacy.evidence(
            log,
            followed=attendants.followed if self._site.follows else None,
            revoked=await self._site.revoked(self.tenant),
            fallen=attendants.fallen if self._site.parts else None,
            unrest=unrest,
            kinds=self.app.catalog.kinds,
            roles=self.app.catalog.roles,
            noticed=self._provider.noticed(await self._site.notified(self.tenant), log) if self._provider else None,
            rules=self.app.notifications,
            tenant=self.tenant,
        )
        return self._played(legacy, evidence)

    async def _unfinished(self) -> Played:
        """What is known when everything is stopped in the middle, of the processes that say it in time."""
        asked = [asyncio.create_task(_in_time(crew)) for crew in self._crews]
        known = [legacy for each in asked if (legacy := await each)]
        return self._played(whole(known or [blank(self.seed.number, self._cast)], self._cast), None)

    def _played(self, legacy: Legacy, evidence: Evidence | None) -> Played:
        return Played.of(legacy, "real", self._recorder.samples, evidence=evidence)

    async def _watch(self) -> None:
        """Show how it stands now and then, and keep a sample of it more seldom."""
        due_s = 0.0
        while True:
            keep_s = max(self._kept_every_s(), SHOW_S[0])
            standing = together(await self._all(lambda crew: crew.stand()))
            logged = await self._attendants.look()
            at_s = time.monotonic() - self._began_s
            sample = self._recorder.look(standing, at_ms=int(at_s * 1_000), logged=logged, keep=at_s >= due_s)
            due_s = max(due_s, at_s) + keep_s if at_s >= due_s else due_s
            self._now = Now(
                phase=self._phase,
                sample=sample,
                incidents=standing.incidents,
                crashes=self._attendants.crashes,
                parts={name: part.running for name, part in self._site.parts.items()},
            )
            self._show(self._now)
            await asyncio.sleep(min(keep_s, SHOW_S[1]))

    def _kept_every_s(self) -> float:
        return REST_S / HEALING_MAX if self._phase == "healing" else self.script.duration_s / PLAYING_MAX

    async def _all(self, what: Callable[[Crew], Awaitable[Result]]) -> list[Result]:
        """The same of every crew, at once."""
        return await asyncio.gather(*(what(crew) for crew in self._crews))


async def _in_time(crew: Crew) -> Legacy | None:
    """What a crew knows; None if it does not say so in time."""
    try:
        async with asyncio.timeout(STOPPED_S):
            return await crew.legacy()
    except (TimeoutError, ProcessFailed):
        return None


def _accepted(log: Sequence[LogEntry]) -> Accepted:
    by_position = {entry.position: (entry.accepted_at_ms, entry.device) for entry in log}
    return by_position.get
