"""A store with doors: a test can hold a commit open, count batches, and make them fail before or after the write."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from homeport_sync.memory import MemoryStore, MemoryTransaction
from homeport_sync.ports import Loaded, Wanted, Writes

TENANT = "acme"


class Broken(Exception):
    """What a driver might raise."""


@dataclass(slots=True)
class Doors:
    """What happens at each commit. `batches` holds what each tried to write and `tenants` whose it was, `committing`
    is set once one began, `error` is what a door that breaks raises, and `takes_s` how long a commit lasts."""

    batches: list[Writes] = field(default_factory=list)
    tenants: list[str] = field(default_factory=list)
    committing: asyncio.Event = field(default_factory=asyncio.Event)
    open: asyncio.Event = field(default_factory=asyncio.Event)
    breaks_before: Callable[[Writes], bool] = lambda _: False
    breaks_after: Callable[[Writes], bool] = lambda _: False
    error: type[Exception] = Broken
    held: str = TENANT
    takes_s: float = 0.0

    @property
    def sizes(self) -> list[int]:
        """How many changes each batch decided."""
        return [len(writes.outcomes) for writes in self.batches]


class _Transaction:
    def __init__(self, inner: MemoryTransaction, doors: Doors, tenant: str) -> None:
        self._inner = inner
        self._doors = doors
        self._tenant = tenant

    async def load(self, wanted: Wanted) -> Loaded:
        return await self._inner.load(wanted)

    async def commit(self, writes: Writes) -> None:
        doors = self._doors
        doors.batches.append(writes)
        doors.tenants.append(self._tenant)
        doors.committing.set()
        if self._tenant == doors.held:
            await doors.open.wait()
        if doors.takes_s:
            await asyncio.sleep(doors.takes_s)
        if doors.breaks_before(writes):
            raise doors.error
        await self._inner.commit(writes)
        if doors.breaks_after(writes):
            raise doors.error


class DoorStore(MemoryStore):
    """The memory store behind doors; they stand open unless the test closes them."""

    def __init__(self) -> None:
        super().__init__()
        self.doors = Doors()
        self.doors.open.set()

    @asynccontextmanager
    async def transaction(self, tenant: str) -> AsyncIterator[MemoryTransaction]:
        async with super().transaction(tenant) as inner:
            yield _Transaction(inner, self.doors, tenant)  # type: ignore[misc]  # it has the same two verbs


async def opened() -> DoorStore:
    """A store with one tenant."""
    store = DoorStore()
    await store.create(TENANT, id=TENANT, epoch="first", now_ms=0)
    return store
