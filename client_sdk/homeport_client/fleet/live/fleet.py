"""A fleet in the real world: real processes, real sockets, real seconds, and the same phones and checkers.

What cannot be simulated shows here: that a server survives SIGKILL on a real disk, and that real transports lose
nothing. What can go wrong is drawn from the seed, but when it meets what is up to the machine: only the simulated
world replays.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from homeport_client import DeviceLimits, ServerError, Unreachable
from homeport_client.fleet.check import Evidence, Followed, Holding, Verdict, judge
from homeport_client.fleet.holding import fresh
from homeport_client.fleet.live.process import ProcessFailed
from homeport_client.fleet.live.radio import Radio
from homeport_client.fleet.live.site import Site
from homeport_client.fleet.live.trouble import Trouble
from homeport_client.fleet.phone import Phone
from homeport_client.fleet.script import Script, play, set_stage
from homeport_client.fleet.seed import Seed
from homeport_client.fleet.witness import Witness, Written
from homeport_client.http import HttpTransport
from homeport_sync import App, Outcome

TENANT = "demo"
REST_S = 60.0
RETRY_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """How a live fleet stands: phones in all and online, changes written, waiting in outboxes and in the log.

    `up` and `down` name the processes that serve them; `fallen` those of the latter that nobody ended.
    """

    phase: str
    up: Sequence[str]
    down: Sequence[str]
    fallen: Sequence[str]
    phones: int
    online: int
    written: int
    waiting: int
    logged: int


class LiveFleet:
    """The real world of one seed. The directory holds the phones' replicas; it starts empty.

    `trouble` happens to the site while the phones write, and is over when it returns.
    """

    def __init__(self, app: App, site: Site, directory: Path, seed: int, script: Script, *, trouble: Trouble) -> None:
        self.app = app
        self.seed = Seed(seed)
        self.directory = directory
        self.limits = DeviceLimits(poll_s=2.0, retry_max_ms=2_000)
        self.written: list[Written] = []
        self.phones: list[Phone] = []
        self.phase = "starting"
        self._site = site
        self._script = script
        self._trouble = trouble
        self._witness = Witness()
        self._tokens: dict[str, str] = {}
        self._followed: list[Followed] = []
        self._fallen: list[str] = []

    def note(self, who: str, what: str) -> None:
        """Nobody keeps the trace of the real world."""

    def true_ms(self) -> int:
        """What the clock of the server shows."""
        return time.time_ns() // 1_000_000

    def line(self, user: str, chance: Random) -> Radio:
        """A way to the server for this user."""
        return Radio(self._transport(user), user, self._witness)

    def eyes(self, name: str, user: str) -> None:
        """Nobody looks all the time: at real speed that would cost more than all the rest."""

    async def build(self) -> None:
        """The tenant, its tokens, the server, the phones and the lists that everybody shares."""
        await self._site.make_tenant(TENANT)
        users = self._script.user_names
        tokens = await asyncio.gather(*(self._site.token(user, TENANT) for user in users))
        self._tokens = dict(zip(users, tokens, strict=True))
        await self._site.start()
        self.phones = await set_stage(self, self._script)

    async def play(self) -> None:
        """Every phone's story at once, and whatever happens to the site meanwhile."""
        self.phase = "writing"
        about_s = self._script.actions * self._script.pause_s
        stories = (play(phone, self._script, self.seed) for phone in self.phones)
        await asyncio.gather(*stories, self._suffer(about_s))

    async def heal(self) -> str:
        """Everything online, until phones and followers have caught up with each other; who has not, if any.

        A process that has ended by itself is noted for the verdict, and started again, so that the rest can be judged.
        """
        self.phase = "catching up"
        await self._raise_parts()
        for phone in self.phones:
            phone.leave_tunnel()
            await phone.device.go_online()
        try:
            async with asyncio.timeout(REST_S):
                for phone in self.phones * 2:  # twice: who was first could not yet see what the last one pushed
                    await _catch_up(phone)
                await self._followers_catch_up()
        except TimeoutError:
            return f"Not every phone or follower had caught up after {REST_S:.0f} s."
        return ""

    async def judge(self, unrest: str) -> Verdict:
        """What the phones hold and were told, against the database's own rows and against fresh devices."""
        self.phase = "judging"
        holdings: list[Holding] = []
        for phone in self.phones:
            holdings += await phone.put_down()
        for user in self._script.user_names:
            transport = self._transport(user)
            holdings.append(await fresh(transport, user=user))
            await transport.close()
        return judge(
            Evidence(
                log=await self._site.log(),
                written=self.written,
                told=self._witness.told,
                holdings=holdings,
                followed=self._followed if self._site.follows else None,
                fallen=[*self._fallen, *filter(None, (part.fallen for part in self._site.parts.values()))],
                unrest=unrest,
            )
        )

    def told(self) -> Counter[str]:
        """How many changes got each outcome."""
        final = {(each.device, each.change.number): each.outcome.outcome for each in self._witness.told}
        return Counter(final.values())

    def refusals(self) -> Counter[str]:
        """How many changes were rejected, by the code of the reason."""
        final = {(each.device, each.change.number): each.outcome for each in self._witness.told}
        return Counter(str(_code(outcome)) for outcome in final.values() if outcome.error is not None)

    async def snapshot(self) -> Snapshot:
        """How it stands at this moment."""
        await self._look_at_followers()
        parts, serving = self._site.parts, self._site.serving
        return Snapshot(
            phase=self.phase,
            up=[name for name, part in parts.items() if part.running],
            down=[name for name, part in parts.items() if not part.running],
            fallen=[name for name, part in parts.items() if part.fallen],
            phones=len(self.phones),
            online=sum(serving and phone.line.reachable and phone.device.online for phone in self.phones),
            written=len(self.written),
            waiting=sum(phone.device.pending for phone in self.phones),
            logged=await self._site.head(),
        )

    async def _suffer(self, for_s: float) -> None:
        """The trouble, which is over when it meets a process that has ended by itself."""
        try:
            await self._trouble(self._site, for_s)
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

    def _transport(self, user: str) -> HttpTransport:
        return HttpTransport(self._site.url, self._tokens[user], self.limits)


async def run_live(fleet: LiveFleet, show: Callable[[Snapshot], None], *, every_s: float) -> Verdict:
    """The whole story, and a snapshot to `show` now and then."""
    showing = asyncio.create_task(_show(fleet, show, every_s))
    try:
        await fleet.build()
        await fleet.play()
        unrest = await fleet.heal()
        show(await fleet.snapshot())
        showing.cancel()
        return await fleet.judge(unrest)
    finally:
        showing.cancel()


async def _show(fleet: LiveFleet, show: Callable[[Snapshot], None], every_s: float) -> None:
    while True:
        await asyncio.sleep(every_s)
        show(await fleet.snapshot())


async def _catch_up(phone: Phone) -> None:
    while True:
        try:
            await phone.device.sync()
        except (Unreachable, ServerError):
            await asyncio.sleep(RETRY_S)
        else:
            return


def _code(outcome: Outcome) -> object:
    extensions = (outcome.error or {}).get("extensions")
    return extensions.get("code") if isinstance(extensions, dict) else None
