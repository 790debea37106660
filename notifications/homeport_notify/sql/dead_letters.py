"""Dead letters in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from homeport_notify import limits
from homeport_notify.chunk import DeadLetter, LeasedChunk
from homeport_notify.delivery import moved, pack
from homeport_notify.sql import rows
from homeport_notify.sql.chunk_rows import New, add_chunks
from homeport_notify.sql.dialect import Statement
from homeport_notify.sql.notifications import locked
from homeport_notify.sql.on_door import OnDoor, Work
from homeport_notify.steering import replayed

BURY: Final = Statement(
    """
    INSERT INTO dead_letters (tenant_id, notification_id, address_id, chunk, code, detail, failed_at, replayed,
      created_at, updated_at)
    VALUES (:tenant, :id, :address, :chunk, :code, :detail, :failed, :replayed, {now}, {now})
    ON CONFLICT (tenant_id, notification_id, address_id) DO UPDATE SET
      chunk = excluded.chunk, code = excluded.code, detail = excluded.detail, failed_at = excluded.failed_at,
      replayed = excluded.replayed, updated_at = excluded.updated_at"""
)
DEAD: Final = Statement(
    """
    SELECT address_id, code, detail, failed_at, replayed FROM dead_letters
    WHERE tenant_id = :tenant AND notification_id = :id AND address_id > :after ORDER BY address_id LIMIT :room"""
)
# Not of a chunk that is still worked on: whoever holds it would write its states over ours.
TO_REPLAY: Final = Statement(
    """
    SELECT address_id, chunk FROM dead_letters
    WHERE tenant_id = :tenant AND notification_id = :id AND NOT replayed AND failed_at <= :now AND NOT (
      SELECT is_open FROM chunks WHERE chunks.tenant_id = :tenant AND chunks.notification_id = :id
        AND chunks.number = dead_letters.chunk LIMIT 1)
    ORDER BY address_id LIMIT :room"""
)
REPLAYED: Final = Statement(
    """
    UPDATE dead_letters SET replayed = true, updated_at = {now}
    WHERE tenant_id = :tenant AND notification_id = :id AND address_id = :address"""
)
DELIVERIES: Final = Statement(
    """
    SELECT states, addresses FROM deliveries
    WHERE tenant_id = :tenant AND notification_id = :id AND number = :number"""
)
WRITE_STATES: Final = Statement(
    """
    UPDATE deliveries SET states = :states, updated_at = {now}
    WHERE tenant_id = :tenant AND notification_id = :id AND number = :number"""
)
RUN_AGAIN: Final = Statement(
    """
    UPDATE notifications SET state = :state, expires_at = :expires, ended_at = NULL, updated_at = {now}
    WHERE tenant_id = :tenant AND notification_id = :id"""
)


async def bury(work: Work, leased: LeasedChunk, letters: Sequence[DeadLetter]) -> None:
    """Keep them, each with the chunk where it was given up."""
    await work.execute_many(
        BURY,
        (
            {
                "id": each.notification,
                "address": each.address,
                "chunk": leased.chunk.number,
                "code": each.code,
                "detail": each.detail,
                "failed": each.failed_at_ms,
                "replayed": each.replayed,
            }
            for each in letters
        ),
    )


class SqlDeadLetters(OnDoor):
    """`DeadLetters` in SQL."""

    async def dead_letters(self, tenant: str, notification: str, after: str, limit: int) -> Sequence[DeadLetter]:
        """See `ports.DeadLetters`."""
        found = await self._read(tenant, DEAD, id=notification, after=after, room=limit)
        return [
            DeadLetter(
                notification=notification,
                address=address,
                code=code,
                detail=detail,
                failed_at_ms=failed_at,
                replayed=bool(again),
            )
            for address, code, detail, failed_at, again in found
        ]

    async def replay(self, tenant: str, notification: str, limit: int, now_ms: int) -> int:
        """See `ports.DeadLetters`."""
        async with self._work(tenant) as work:
            *row, _, _, _ = await locked(work, notification)
            running = replayed(rows.notification(row), now_ms)
            found = await work.fetch(TO_REPLAY, id=notification, room=limit, now=now_ms)
            if not found:
                return 0
            await _take_out(work, notification, [(address, number) for address, number in found])
            await work.execute_many(REPLAYED, ({"id": notification, "address": row[0]} for row in found))
            ids = [row[0] for row in found]
            some = [ids[at : at + limits.CHUNK_ADDRESSES_MAX] for at in range(0, len(ids), limits.CHUNK_ADDRESSES_MAX)]
            chunks = [New(addresses=pack(each), due_at_ms=now_ms) for each in some]
            runs = running.state == "running"
            await add_chunks(work, notification, running.lane, chunks, runs=runs)
            await work.execute(RUN_AGAIN, id=notification, state=running.state, expires=running.expires_at_ms)
        return len(found)


async def _take_out(work: Work, id: str, letters: Sequence[tuple[str, int]]) -> None:
    """In the chunks where they were given up they count no more."""
    by_chunk: dict[int, list[str]] = {}
    for address, number in letters:
        by_chunk.setdefault(number, []).append(address)
    for number, gone in by_chunk.items():
        ((states, addresses),) = await work.fetch(DELIVERIES, id=id, number=number)
        await work.execute(WRITE_STATES, id=id, number=number, states=moved(states, addresses, gone))
