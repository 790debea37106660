"""A law: whoever expands, leases, writes, defers, dies and is too late, in whatever order, each address of the audience
is accounted for once."""

from __future__ import annotations

import random

import pytest

from homeport_notify.chunk import ChunkWrites, DeadLetter, Deferred, LeasedChunk
from homeport_notify.delivery import DeliveryState, unpack
from homeport_notify.errors import ChunkLost
from homeport_notify.ports import Expanding, NotifyStore
from tests.contract.notify.samples import LONG_MS, NOW, OVER_MS, TENANT, S, W, crowd, notification, notification_id

AUDIENCE = 23
ENDS = (S, DeliveryState.GONE, DeliveryState.FAILED, DeliveryState.UNKNOWN, DeliveryState.EXPIRED)


class World:
    """Workers that do things at random, some of which come too late."""

    def __init__(self, notify: NotifyStore, seed: int) -> None:
        self.notify = notify
        self.random = random.Random(seed)
        self.places: list[Expanding] = []
        self.held: list[LeasedChunk] = []
        self.now_ms = NOW

    async def step(self) -> None:
        await self.random.choice(
            [self.look, self.expand, self.expand, self.lease, self.lease, self.write, self.write, self.replay]
        )()

    async def look(self) -> None:
        found = await self.notify.expanding(TENANT, "bulk", self.now_ms)
        self.places += [found] if found else []

    async def expand(self) -> None:
        """From a place that may be long past."""
        if self.places:
            await self.notify.expand(self.random.choice(self.places), self.random.randint(1, 5))

    async def lease(self) -> None:
        ttl_ms = self.random.choice([OVER_MS, OVER_MS, LONG_MS])
        found = await self.notify.lease(TENANT, "bulk", f"worker {self.random.random()}", ttl_ms, self.now_ms)
        self.held += [found] if found else []

    async def write(self) -> None:
        """By any who ever held a chunk: some died meanwhile, and another goes on."""
        if not self.held:
            return
        at = self.random.randrange(len(self.held))
        try:
            self.held[at] = await self.notify.commit(self.held[at], self.written(self.held[at]), OVER_MS)
        except ChunkLost:
            self.held.pop(at)

    def written(self, held: LeasedChunk) -> ChunkWrites:
        states, later, dead = bytearray(held.chunk.states), list[str](), list[DeadLetter]()
        for at, address in enumerate(unpack(held.chunk.addresses)):
            if states[at] not in {W, DeliveryState.STARTED} or self.random.random() < 0.4:
                continue
            states[at] = self.random.choice([*ENDS, DeliveryState.STARTED, DeliveryState.DEFERRED])
            if states[at] == DeliveryState.DEFERRED:
                later.append(address)
            if states[at] == DeliveryState.FAILED:
                told = held.notification.id
                dead.append(DeadLetter(notification=told, address=address, code="X", detail="", failed_at_ms=NOW))
        self.now_ms += 1
        deferred = [Deferred(addresses=later, due_at_ms=self.now_ms, attempt=1, first_at_ms=NOW)] if later else []
        return ChunkWrites(states=bytes(states), deferred=deferred, dead=dead)

    async def replay(self) -> None:
        if self.random.random() < 0.3:
            await self.notify.replay(TENANT, notification_id(1), self.random.randint(1, 5), self.now_ms)


async def placed(notify: NotifyStore) -> list[str]:
    """Each address as often as it is in a chunk where it was not deferred from."""
    chunks = await notify.chunks(TENANT, notification_id(1), -1, 1_000)
    pairs = [pair for each in chunks for pair in zip(unpack(each.addresses), each.states, strict=True)]
    return sorted(address for address, state in pairs if state != DeliveryState.DEFERRED)


@pytest.mark.parametrize("seed", range(4))
async def test_every_address_is_accounted_for_once_whoever_dies_when(notify: NotifyStore, seed: int) -> None:
    phones = await crowd(notify, AUDIENCE)
    await notify.submit(notification())
    world = World(notify, seed)
    for _ in range(120):
        await world.step()
        found = await placed(notify)
        assert len(found) == len(set(found)), "an address is in two places"
        progress = await notify.progress(TENANT, notification_id(1))
        assert sum(progress.counts.values()) == len(found)
        assert not progress.expanded or len(found) == AUDIENCE
    while (place := await notify.expanding(TENANT, "bulk", world.now_ms)) is not None:
        await notify.expand(place, 5)
    world.now_ms += LONG_MS
    assert await placed(notify) == sorted(each.id for each in phones)
