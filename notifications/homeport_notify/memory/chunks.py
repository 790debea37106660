"""Chunks in memory: leased, worked through, and over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import replace

from homeport_notify import limits
from homeport_notify.chunk import ChunkWrites, LeasedChunk, Reachable
from homeport_notify.errors import ChunkLost
from homeport_notify.memory.space import NOBODY, KeptChunk, KeptNotification, OnMemory, Space
from homeport_notify.notification import Lane
from homeport_notify.preferences import NO_PREFERENCES


class MemoryChunks(OnMemory):
    """`Chunks` in memory."""

    async def lease(self, tenant: str, lane: Lane, holder: str, ttl_ms: int, now_ms: int) -> LeasedChunk | None:
        """See `ports.Chunks`."""
        clock = self._clock()
        due = [
            (kept, each)
            for kept, each in _open_chunks(self._spaces[tenant], lane)
            if each.chunk.due_at_ms <= now_ms and each.until_ms <= clock
        ]
        if not due:
            return None
        kept, first = min(due, key=lambda each: (each[1].chunk.due_at_ms, each[1].chunk.notification, _number(each[1])))
        first.holder, first.until_ms = holder, clock + ttl_ms
        first.fence += 1
        return _leased(tenant, kept, first)

    async def reachable(self, leased: LeasedChunk, addresses: Sequence[str]) -> Mapping[str, Reachable]:
        """See `ports.Chunks`."""
        space = self._spaces[leased.tenant]
        found = (space.addresses[each] for each in addresses if each in space.addresses)
        return {
            each.id: Reachable(
                address=each,
                preferences=space.preferences.get(each.user, NO_PREFERENCES),
                woken_at_ms=_woken_at_ms(space, each.id) if leased.notification.about else 0,
            )
            for each in found
        }

    async def commit(self, leased: LeasedChunk, writes: ChunkWrites, ttl_ms: int) -> LeasedChunk:
        """See `ports.Chunks`."""
        space = self._spaces[leased.tenant]
        found = _held(space, leased)
        if found is None:
            raise ChunkLost
        kept, chunk = found
        chunk.chunk = replace(chunk.chunk, states=writes.states)
        if chunk.open:
            chunk.until_ms = self._clock() + ttl_ms
        else:
            chunk.holder, chunk.until_ms = NOBODY, 0
        for later in writes.deferred:
            kept.add_chunk(later.addresses, later.due_at_ms, attempt=later.attempt, first_at_ms=later.first_at_ms)
        kept.dead |= {letter.address: (letter, leased.chunk.number) for letter in writes.dead}
        _learn(space, writes)
        kept.end_if_done(self._clock())
        return _leased(leased.tenant, kept, chunk, holder=leased.holder)

    async def give_back(self, leased: LeasedChunk, *, due_at_ms: int | None = None) -> None:
        """See `ports.Chunks`."""
        found = _held(self._spaces[leased.tenant], leased)
        if found is not None:
            chunk = found[1]
            chunk.holder, chunk.until_ms = NOBODY, 0
            if due_at_ms is not None:
                chunk.chunk = replace(chunk.chunk, due_at_ms=due_at_ms)

    async def next_due_ms(self, tenant: str, lane: Lane) -> int | None:
        """See `ports.Chunks`."""
        space, clock = self._spaces[tenant], self._clock()
        at_ms = [
            max(each.chunk.due_at_ms, each.until_ms if each.until_ms > clock else 0)
            for _, each in _open_chunks(space, lane)
        ]
        unexpanded = (each for each in space.of_lane(lane, "waiting", "running") if not each.expanded)
        at_ms += [each.notification.due_at_ms for each in unexpanded]
        return min(at_ms, default=None)


def _open_chunks(space: Space, lane: Lane) -> Iterator[tuple[KeptNotification, KeptChunk]]:
    for kept in space.of_lane(lane, "running"):
        yield from ((kept, each) for each in kept.chunks if each.open)


def _woken_at_ms(space: Space, address: str) -> int:
    kept = space.wakes.get(address)
    return max(kept.woken_ms, default=0) if kept else 0


def _number(kept: KeptChunk) -> int:
    return kept.chunk.number


def _held(space: Space, leased: LeasedChunk) -> tuple[KeptNotification, KeptChunk] | None:
    """The chunk, if nobody has leased it since."""
    kept = space.notifications.get(leased.notification.id)
    if kept is None:
        return None
    chunk = kept.chunks[leased.chunk.number]
    return (kept, chunk) if (chunk.holder, chunk.fence) == (leased.holder, leased.fence) else None


def _leased(tenant: str, kept: KeptNotification, chunk: KeptChunk, *, holder: str = "") -> LeasedChunk:
    return LeasedChunk(
        tenant=tenant,
        notification=kept.notification,
        chunk=chunk.chunk,
        holder=holder or chunk.holder,
        fence=chunk.fence,
        until_ms=chunk.until_ms,
    )


def _learn(space: Space, writes: ChunkWrites) -> None:
    """What became known of addresses, of those that are still as they were when they were sent to."""
    for sent, why in writes.retired:
        kept = space.addresses.get(sent.id)
        if kept is not None and kept.retired is None and kept.target == sent.target:
            space.retire(kept, why)
    for sent in writes.struck:
        kept = space.addresses.get(sent.id)
        if kept is not None and kept.retired is None and kept.target == sent.target:
            struck = replace(kept, strikes=kept.strikes + 1)
            space.keep_address(struck)
            if struck.strikes >= limits.STRIKES_MAX:
                space.retire(struck, "malformed")
