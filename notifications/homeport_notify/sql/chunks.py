"""Chunks in SQL: leased, worked through, and over.

Who writes to a chunk and its notification locks the notification first, so that nobody waits for each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from homeport_notify.chunk import Chunk, ChunkWrites, LeasedChunk, Reachable
from homeport_notify.delivery import has_open, pack
from homeport_notify.errors import ChunkLost
from homeport_notify.notification import Lane
from homeport_notify.sql import rows
from homeport_notify.sql.chunk_rows import New, add_chunks
from homeport_notify.sql.dead_letters import bury
from homeport_notify.sql.dialect import Statement, json_list
from homeport_notify.sql.learning import learn
from homeport_notify.sql.notifications import LOCK
from homeport_notify.sql.on_door import OnDoor, Work
from homeport_notify.sql.over import end_if_done

LEASE: Final = Statement(
    """
    WITH first AS (
      SELECT notification_id, number FROM chunks
      WHERE tenant_id = :tenant AND lane = :lane AND ready_at <= :now AND leased_until <= {now}
        AND 'running' = (
          SELECT state FROM notifications WHERE notifications.tenant_id = :tenant
            AND notifications.notification_id = chunks.notification_id LIMIT 1)
      ORDER BY ready_at, notification_id, number LIMIT 1 {lock_free}
    )
    UPDATE chunks SET holder = :holder, fence = fence + 1, leased_until = {now} + :ttl, updated_at = {now}
    FROM first
    WHERE chunks.tenant_id = :tenant AND chunks.notification_id = first.notification_id
      AND chunks.number = first.number
    RETURNING chunks.notification_id, chunks.number, due_at, attempt, first_at, fence, leased_until"""
)
LEASED: Final = Statement(
    """
    SELECT {of_notification}, (
      SELECT addresses FROM deliveries
      WHERE deliveries.tenant_id = :tenant AND deliveries.notification_id = :id AND deliveries.number = :number
    ), (
      SELECT states FROM deliveries
      WHERE deliveries.tenant_id = :tenant AND deliveries.notification_id = :id AND deliveries.number = :number
    ) FROM notifications WHERE tenant_id = :tenant AND notification_id = :id""",
    of_notification=rows.OF_NOTIFICATION,
)
REACHABLE: Final = Statement(
    """
    SELECT {of_address}, (
      SELECT prefers FROM preferences
      WHERE preferences.tenant_id = :tenant AND preferences.user_id = addresses.user_id)
    FROM {each:ids} {found:addresses|addresses.address_id = wanted.value}""",
    of_address=rows.OF_ADDRESS,
)
REACHABLE_AND_WOKEN: Final = Statement(
    """
    SELECT {of_address}, (
      SELECT prefers FROM preferences
      WHERE preferences.tenant_id = :tenant AND preferences.user_id = addresses.user_id), (
      SELECT woken FROM wakes
      WHERE wakes.tenant_id = :tenant AND wakes.address_id = addresses.address_id)
    FROM {each:ids} {found:addresses|addresses.address_id = wanted.value}""",
    of_address=rows.OF_ADDRESS,
)
_HELD = "tenant_id = :tenant AND notification_id = :id AND number = :number AND holder = :holder AND fence = :fence"
RENEW: Final = Statement(
    """
    UPDATE chunks SET leased_until = {now} + :ttl, updated_at = {now} WHERE {held}
    RETURNING leased_until""",
    held=_HELD,
)
OVER: Final = Statement(
    """
    UPDATE chunks SET leased_until = 0, holder = '', is_open = false, ready_at = NULL, updated_at = {now}
    WHERE {held} RETURNING leased_until""",
    held=_HELD,
)
WRITE_STATES: Final = Statement(
    """
    UPDATE deliveries SET states = :states, updated_at = {now}
    WHERE tenant_id = :tenant AND notification_id = :id AND number = :number"""
)
GIVE_BACK: Final = Statement(
    """
    UPDATE chunks SET leased_until = 0, holder = '', updated_at = {now} WHERE {held}""",
    held=_HELD,
)
# While the notification does not run, nobody is to look for it.
POSTPONE: Final = Statement(
    """
    UPDATE chunks SET leased_until = 0, holder = '', due_at = :due, updated_at = {now},
      ready_at = CASE WHEN ready_at IS NULL THEN NULL ELSE CAST(:due AS bigint) END
    WHERE {held}""",
    held=_HELD,
)
STANDING: Final = Statement(
    """
    SELECT state, reason, expires_at FROM notifications WHERE tenant_id = :tenant AND notification_id = :id"""
)
# Those that are held are among the first: what runs out next is found there, and what is free comes after them.
NEXT_DUE: Final = Statement(
    """
    SELECT min(CASE WHEN leased_until > {now} THEN {greatest}(ready_at, leased_until) ELSE ready_at END)
    FROM (
      SELECT ready_at, leased_until FROM chunks
      WHERE tenant_id = :tenant AND lane = :lane AND ready_at IS NOT NULL
      ORDER BY ready_at, notification_id, number LIMIT 100) AS first
    UNION ALL
    SELECT * FROM (
      SELECT ready_at FROM chunks
      WHERE tenant_id = :tenant AND lane = :lane AND ready_at IS NOT NULL AND leased_until <= {now}
      ORDER BY ready_at, notification_id, number LIMIT 1) AS free
    UNION ALL
    SELECT * FROM (
      SELECT expand_at FROM notifications
      WHERE tenant_id = :tenant AND lane = :lane AND expand_at IS NOT NULL
      ORDER BY expand_at, notification_id LIMIT 1) AS unexpanded"""
)


class SqlChunks(OnDoor):
    """`Chunks` in SQL."""

    async def lease(self, tenant: str, lane: Lane, holder: str, ttl_ms: int, now_ms: int) -> LeasedChunk | None:
        """See `ports.Chunks`."""
        async with self._work(tenant) as work:
            taken = await work.first(LEASE, lane=lane, holder=holder, ttl=ttl_ms, now=now_ms)
            if taken is None:
                return None
            id, number, due_at, attempt, first_at, fence, until = taken
            ((*row, addresses, states),) = await work.fetch(LEASED, id=id, number=number)
        chunk = Chunk(
            notification=id,
            number=number,
            addresses=addresses,
            states=states,
            due_at_ms=due_at,
            attempt=attempt,
            first_at_ms=first_at,
        )
        return LeasedChunk(
            tenant=tenant,
            notification=rows.notification(row),
            chunk=chunk,
            holder=holder,
            fence=fence,
            until_ms=until,
        )

    async def reachable(self, leased: LeasedChunk, addresses: Sequence[str]) -> Mapping[str, Reachable]:
        """See `ports.Chunks`."""
        asked = REACHABLE if leased.notification.about is None else REACHABLE_AND_WOKEN
        found = await self._read(leased.tenant, asked, ids=json_list(addresses))
        return {
            row[0]: Reachable(
                address=rows.address(row[: rows.ADDRESS_WIDTH]),
                preferences=rows.preferences(row[rows.ADDRESS_WIDTH]),
                woken_at_ms=max(rows.times(row[rows.ADDRESS_WIDTH + 1]), default=0) if asked is not REACHABLE else 0,
            )
            for row in found
        }

    async def commit(self, leased: LeasedChunk, writes: ChunkWrites, ttl_ms: int) -> LeasedChunk:
        """See `ports.Chunks`."""
        id, over = leased.notification.id, not has_open(writes.states)
        async with self._work(leased.tenant) as work:
            if over or writes.deferred:
                await work.fetch(LOCK, id=id)
            until_ms = await _move(work, leased, ttl_ms, over=over)
            await work.execute(WRITE_STATES, id=id, number=leased.chunk.number, states=writes.states)
            if writes.deferred:
                await _defer(work, leased, writes)
            await bury(work, leased, writes.dead)
            await learn(work, writes)
            if over:
                await end_if_done(work, id)
            ((state, reason, expires_at),) = await work.fetch(STANDING, id=id)
        return replace(
            leased,
            notification=replace(leased.notification, state=state, reason=reason, expires_at_ms=expires_at),
            chunk=replace(leased.chunk, states=writes.states),
            until_ms=until_ms,
        )

    async def give_back(self, leased: LeasedChunk, *, due_at_ms: int | None = None) -> None:
        """See `ports.Chunks`."""
        async with self._work(leased.tenant) as work:
            if due_at_ms is None:
                await work.execute(GIVE_BACK, **_held(leased))
            else:
                await work.execute(POSTPONE, **_held(leased), due=due_at_ms)

    async def next_due_ms(self, tenant: str, lane: Lane) -> int | None:
        """See `ports.Chunks`."""
        found = await self._read(tenant, NEXT_DUE, lane=lane)
        return min((row[0] for row in found if row[0] is not None), default=None)


def _held(leased: LeasedChunk) -> dict[str, object]:
    return {
        "id": leased.notification.id,
        "number": leased.chunk.number,
        "holder": leased.holder,
        "fence": leased.fence,
    }


async def _move(work: Work, leased: LeasedChunk, ttl_ms: int, *, over: bool) -> int:
    """Until when the lease runs now. Raises `ChunkLost`."""
    if over:
        moved = await work.fetch(OVER, **_held(leased))
    else:
        moved = await work.fetch(RENEW, **_held(leased), ttl=ttl_ms)
    if not moved:
        raise ChunkLost
    return int(moved[0][0])


async def _defer(work: Work, leased: LeasedChunk, writes: ChunkWrites) -> None:
    """Chunks of their own for what goes on later."""
    ((state, _, _),) = await work.fetch(STANDING, id=leased.notification.id)
    later = [
        New(
            addresses=pack(list(each.addresses)),
            due_at_ms=each.due_at_ms,
            attempt=each.attempt,
            first_at_ms=each.first_at_ms,
        )
        for each in writes.deferred
    ]
    await add_chunks(work, leased.notification.id, leased.notification.lane, later, runs=state == "running")
