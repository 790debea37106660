"""Delivering: a worker leases a chunk, and works through it in windows.

That a window is about to be sent is committed before its first byte leaves (`STARTED`), and what its providers said
after: with the next window's start, so that both are one commit. A worker that dies leaves at most one window of which
nobody knows what became; whoever has the chunk next follows the notification's class: at most once counts them as
unknown, at least once sends them again under the same collapse id. Nothing is begun in the last third of a lease, so
that two workers never send the same delivery because one of them was slow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Protocol

from homeport_notify import limits
from homeport_notify.address import ChannelName
from homeport_notify.channel import Channel
from homeport_notify.in_hand import InHand
from homeport_notify.means import Means, Told
from homeport_notify.notification import Lane
from homeport_notify.passage import Passage
from homeport_notify.ports import Chunks, Gates, Notifications, Presences


class DelivererStore(Notifications, Chunks, Gates, Protocol):
    """What a deliverer works on."""


class Deliverer:
    """Of one worker, whose name is `holder`. `wall_ms` is the clock, `ttl_ms` how long a lease is; `rates` are the
    messages a second that a channel may send over all workers (a channel without one: as many as it takes)."""

    def __init__(
        self,
        store: DelivererStore,
        channels: Mapping[ChannelName, Channel],
        presences: Presences,
        told: Told,
        *,
        holder: str,
        wall_ms: Callable[[], int],
        random: Random,
        rates: Mapping[ChannelName, int] | None = None,
        ttl_ms: int = limits.CHUNK_LEASE_MS,
    ) -> None:
        self._store = store
        self._holder = holder
        self._means = Means(
            store=store,
            channels=channels,
            presences=presences,
            passage=Passage(store, rates or {}, wall_ms),
            told=told,
            wall_ms=wall_ms,
            random=random,
            ttl_ms=ttl_ms,
        )

    async def take(self, tenant: str, lane: Lane) -> InHand | None:
        """Lease the chunk that has been due longest, to be worked through; None if there is none. Raises what the store
        raises."""
        leased = await self._store.lease(tenant, lane, self._holder, self._means.ttl_ms, self._means.wall_ms())
        return None if leased is None else InHand(self._means, leased)

    async def step(self, tenant: str, lane: Lane) -> bool:
        """Take one and work it through; whether there was one."""
        hand = await self.take(tenant, lane)
        if hand is not None:
            await hand.work()
        return hand is not None

    def stop(self) -> None:
        """Begin no more windows: what is in hand comes to its end, and the rest is given back."""
        self._means.stopping.set()
