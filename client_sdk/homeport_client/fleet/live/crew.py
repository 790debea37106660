"""A crew: the phones that one process drives against a site, from the first moment to what they leave behind.

A fleet has one in its own process, or one in each of many; it tells all of them what to do, and waits for all of them
where nobody may go on before the others are there.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Protocol

from homeport_client.fleet.cast import own_networks
from homeport_client.fleet.improvise import Improvisation
from homeport_client.fleet.legacy import Legacy
from homeport_client.fleet.live.orders import Orders
from homeport_client.fleet.live.patience import AT_ONCE, until_answered
from homeport_client.fleet.live.process import allow_open_files
from homeport_client.fleet.live.provider import LiveProvider
from homeport_client.fleet.live.world import LiveWorld
from homeport_client.fleet.measure.standing import Standing
from homeport_client.fleet.replay import play_again
from homeport_client.fleet.script import Script
from homeport_client.fleet.troupe import Troupe
from homeport_sync import App

CLOSE_S = 0.5
RECEIPTS_S = 10.0  # so long phones may take to give their receipts


class Crew(Protocol):
    """All raise `ProcessFailed` if the process that does it has ended by itself."""

    async def begin(self, orders: Orders) -> None:
        """The phones are there, none of them on. Comes first."""

    async def play(self) -> None:
        """The story, from its first moment, which is now, to its last."""

    async def stand(self) -> Standing:
        """How the phones stand. May be asked at any moment after `begin`."""

    async def heal(self) -> None:
        """Whatever befell phones is over."""

    async def catch_up(self, within_s: float) -> bool:
        """Every phone pushes and pulls until nothing is left; whether all have, in that time."""

    async def put_down(self) -> None:
        """Close all phones, and see what they hold."""

    async def legacy(self) -> Legacy:
        """What is known by now. May be asked at any moment after `begin`."""

    async def close(self) -> None:
        """The end of it, whatever it does. Harmless when it has ended."""


class OwnCrew:
    """A `Crew` in this process. `crash` is called when the story makes the server die, `provider` reaches phones."""

    def __init__(
        self, app: App, script: Script, crash: Callable[[], None], provider: LiveProvider | None = None
    ) -> None:
        self._app = app
        self._script = script
        self._crash = crash
        self._provider = provider
        self._ends = contextlib.AsyncExitStack()
        self._orders: Orders
        self._world: LiveWorld
        self._troupe: Troupe

    async def begin(self, orders: Orders) -> None:
        """See `Crew`."""
        allow_open_files()
        self._orders = orders
        self._world = LiveWorld(
            self._app,
            orders,
            networks=own_networks(self._script, self._app),
            crash=self._crash if orders.lot.is_first else lambda: None,
            provider=self._provider,
        )
        self._world.stage.enter(orders.lot.phones(orders.cast), orders.cast)
        self._troupe = Troupe(self._world.stage, self._world, self._script)
        self._ends.push_async_callback(self._close)

    async def play(self) -> None:
        """See `Crew`."""
        orders, stage = self._orders, self._world.stage
        self._world.begin()
        if orders.story is None:
            await Improvisation(stage, self._script, orders.lot).play()
        else:
            await play_again(stage, orders.lot.part(orders.story))

    async def stand(self) -> Standing:
        """See `Crew`."""
        return self._troupe.stand()

    async def heal(self) -> None:
        """See `Crew`."""
        await self._troupe.heal()

    async def catch_up(self, within_s: float) -> bool:
        """See `Crew`. A few at a time."""
        turns = asyncio.Semaphore(AT_ONCE)
        try:
            async with asyncio.timeout(within_s):
                await asyncio.gather(*(until_answered(phone.device.sync, turns) for phone in self._troupe.phones))
        except TimeoutError:
            return False
        return True

    async def put_down(self) -> None:
        """See `Crew`. Before, phones get what the provider still has for them."""
        if self._provider is not None:
            await self._provider.rest()
            await self.catch_up(RECEIPTS_S)
        await self._troupe.put_down()

    async def legacy(self) -> Legacy:
        """See `Crew`."""
        return self._troupe.legacy()

    async def close(self) -> None:
        """See `Crew`. Phones that were not put down yet are closed as far as that can be done at once."""
        await self._ends.aclose()

    async def _close(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await asyncio.gather(*(phone.device.close() for phone in self._troupe.phones), return_exceptions=True)
        await self._world.close()
