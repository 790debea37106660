"""Who attends to the site while phones use it: what befalls its parts, who has fallen, how far its followers are."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from homeport_client.fleet.check.evidence import Followed
from homeport_client.fleet.live.patience import RETRY_S
from homeport_client.fleet.live.process import ProcessFailed
from homeport_client.fleet.live.site import Part, Site
from homeport_client.fleet.live.trouble import DOWN_S, Trouble, kill, revive

SERVING = "server"


class Attendants:
    """Of one site, while `tenant` works there. `followed` is how its followers stood at any moment they were looked
    at."""

    def __init__(self, site: Site, trouble: Trouble) -> None:
        self.tenant = ""
        self.crashes = 0
        self.followed: list[Followed] = []
        self._site = site
        self._trouble = trouble
        self._fell: list[str] = []
        self._crashes: list[asyncio.Task[None]] = []

    @property
    def fallen(self) -> list[str]:
        """Which parts ended though nobody ended them, with their last words."""
        return [*self._fell, *filter(None, (part.fallen for part in self._site.parts.values()))]

    def crash(self) -> None:
        """The first process that serves dies, if it is ours and runs; it is back after `DOWN_S`."""
        name = next((name for name in self._site.parts if name.startswith(SERVING)), None)
        if name is not None and self._site.parts[name].running:
            self.crashes += 1
            self._crashes.append(asyncio.create_task(self._crash(self._site.parts[name])))

    async def suffer(self, for_s: float) -> None:
        """The trouble, which is over when it meets a process that has ended by itself."""
        try:
            await self._trouble(self._site, for_s)
        except ProcessFailed as failed:
            self._fell.append(str(failed))

    async def raise_parts(self) -> None:
        """All parts run. One that has ended by itself is noted for the verdict, and started again, so that the rest can
        be judged."""
        await asyncio.gather(*self._crashes)
        for part in self._site.parts.values():
            try:
                if part.fallen:
                    await kill(part)
            except ProcessFailed as failed:
                self._fell.append(str(failed))
            await revive(part)

    async def look(self) -> int:
        """See how the followers stand, and how long the log is."""
        await self._look_at_followers()
        return await self._site.head(self.tenant)

    async def followers_catch_up(self, within_s: float) -> bool:
        """Until all have read the whole log; whether they have, in that time."""
        try:
            async with asyncio.timeout(within_s):
                while self._site.follows:
                    seen = await self._look_at_followers()
                    if seen and all(each.at_rest for each in seen):
                        break
                    await asyncio.sleep(RETRY_S)
        except TimeoutError:
            return False
        return True

    async def all_told(self, within_s: float) -> None:
        """Until all is told that is to be told, but no longer: some of it may have to wait."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while await self._site.to_tell(self.tenant):  # noqa: ASYNC110  # other processes work on it
                    await asyncio.sleep(RETRY_S)

    async def close(self) -> None:
        """Nothing befalls the site any more; what was killed is not started again."""
        for crash in self._crashes:
            crash.cancel()
        await asyncio.gather(*self._crashes, return_exceptions=True)

    async def _crash(self, part: Part) -> None:
        try:
            await kill(part)
            await asyncio.sleep(DOWN_S)
            await revive(part)
        except ProcessFailed as failed:
            self._fell.append(str(failed))

    async def _look_at_followers(self) -> Sequence[Followed]:
        seen = await self._site.followed(self.tenant)
        self.followed += seen
        return seen
