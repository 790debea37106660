"""Notifications and their steering, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from homeport_notify.chunk import Chunk
from homeport_notify.delivery import as_ended, tally
from homeport_notify.errors import KeyReused, NotificationUnknown
from homeport_notify.notification import EARLY_ENDS, Lane, Notification, says_the_same
from homeport_notify.ports import Progress
from homeport_notify.sql import rows
from homeport_notify.sql.dialect import Statement
from homeport_notify.sql.door import Row
from homeport_notify.sql.forgetting import forgotten
from homeport_notify.sql.on_door import OnDoor, Work
from homeport_notify.steering import Steering, steered

ADD: Final = Statement(
    """
    INSERT INTO notifications (tenant_id, notification_id, idempotency_key, lane, state, reason, told, due_at,
      expires_at, expand_at, expanded, place, chunks, created_at, updated_at)
    VALUES (:tenant, :id, :key, :lane, :state, '', :told, :due, :expires, :due, false, '', 0, :now, {now})
    ON CONFLICT (tenant_id, idempotency_key) WHERE created_at >= 0 DO NOTHING"""
)
BY_KEY: Final = Statement(
    """
    SELECT {of_notification} FROM notifications {by:notifications_by_key}
    WHERE tenant_id = :tenant AND idempotency_key >= :key AND idempotency_key <= :key AND created_at >= 0
    ORDER BY idempotency_key""",
    of_notification=rows.OF_NOTIFICATION,
)
# The first row is the notification, the others are its chunks' states.
PROGRESS: Final = Statement(
    """
    SELECT 0 AS part, {of_notification}, expanded AS flag, NULL AS states FROM notifications
    WHERE tenant_id = :tenant AND notification_id = :id
    UNION ALL
    SELECT 1, '', '', '', 0, chunks.leased_until > {now}, deliveries.states
    FROM chunks {found:deliveries|
      deliveries.notification_id = chunks.notification_id AND deliveries.number = chunks.number}
    WHERE chunks.tenant_id = :tenant AND chunks.notification_id = :id""",
    of_notification=rows.OF_NOTIFICATION,
)
CHUNKS: Final = Statement(
    """
    SELECT chunks.number, deliveries.addresses, deliveries.states, chunks.due_at, chunks.attempt, chunks.first_at,
      chunks.leased_until > {now}
    FROM chunks {found:deliveries|
      deliveries.notification_id = chunks.notification_id AND deliveries.number = chunks.number}
    WHERE chunks.tenant_id = :tenant AND chunks.notification_id = :id AND chunks.number > :after
    ORDER BY chunks.number LIMIT :room"""
)
STATE: Final = Statement(
    """
    SELECT state FROM notifications WHERE tenant_id = :tenant AND notification_id = :id"""
)
NEWEST: Final = Statement(
    """
    SELECT {of_notification} FROM notifications
    WHERE tenant_id = :tenant AND notification_id < :before ORDER BY notification_id DESC LIMIT :room""",
    of_notification=rows.OF_NOTIFICATION,
)
NEWEST_OF_LANE: Final = Statement(
    """
    SELECT {of_notification} FROM notifications {by:notifications_by_lane}
    WHERE tenant_id = :tenant AND lane >= :lane AND lane <= :lane AND notification_id < :before AND updated_at >= 0
    ORDER BY lane DESC, notification_id DESC LIMIT :room""",
    of_notification=rows.OF_NOTIFICATION,
)
LOCK: Final = Statement(
    """
    SELECT {of_notification}, expanded, place, chunks FROM notifications
    WHERE tenant_id = :tenant AND notification_id = :id {lock}""",
    of_notification=rows.OF_NOTIFICATION,
)
STEER: Final = Statement(
    """
    UPDATE notifications SET state = :state, reason = :reason, updated_at = {now},
      expand_at = CASE WHEN CAST(:goes_on AS boolean) AND NOT expanded THEN due_at END,
      ended_at = CASE WHEN CAST(:ends AS boolean) THEN {now} END
    WHERE tenant_id = :tenant AND notification_id = :id"""
)
# What waits while it does not run is out of the way of those who look for work.
STEER_CHUNKS: Final = Statement(
    """
    UPDATE chunks SET ready_at = CASE WHEN CAST(:goes_on AS boolean) THEN due_at END, updated_at = {now}
    WHERE tenant_id = :tenant AND notification_id = :id AND is_open"""
)
_AFTER_ALL = "~"  # above every id


async def submitted(work: Work, notification: Notification) -> tuple[Notification, bool]:
    """Keep it, unless it is there; whether it is new. Raises `KeyReused`."""
    added = await work.execute(
        ADD,
        id=notification.id,
        key=notification.key,
        lane=notification.lane,
        state=notification.state,
        told=rows.told(notification),
        due=notification.due_at_ms,
        expires=notification.expires_at_ms,
        now=notification.created_at_ms,
    )
    if added:
        return notification, True
    found = await work.first(BY_KEY, key=notification.key)
    if found is None:
        raise KeyReused(f"The id {notification.id} came before, with another key: use a new one.")
    kept = rows.notification(found)
    if not says_the_same(kept, notification):
        raise KeyReused
    return kept, False


async def locked(work: Work, id: str) -> Row:
    """The row of `LOCK`. Raises `NotificationUnknown`."""
    found = await work.first(LOCK, id=id)
    if found is None:
        raise unknown(id)
    return found


def unknown(id: str) -> NotificationUnknown:
    """What whoever names an id is told that is not there."""
    return NotificationUnknown(f"There is no notification {id[:40]!r}: `homeport notify list` shows the ids.")


class SqlNotifications(OnDoor):
    """`Notifications` in SQL."""

    async def submit(self, notification: Notification) -> tuple[Notification, bool]:
        """See `ports.Notifications`."""
        async with self._work(notification.tenant) as work:
            return await submitted(work, notification)

    async def progress(self, tenant: str, notification: str) -> Progress:
        """See `ports.Notifications`."""
        found = await self._read(tenant, PROGRESS, id=notification)
        first = next((row for row in found if row[0] == 0), None)
        if first is None:
            raise unknown(notification)
        kept = rows.notification(first[1:5])
        states = (_shown(row[6], kept.state, held=row[5]) for row in found if row[0] == 1)
        return Progress(notification=kept, expanded=bool(first[5]), counts=tally(states))

    async def notifications(self, tenant: str, before: str, limit: int, *, lane: Lane | None) -> Sequence[Notification]:
        """See `ports.Notifications`."""
        asked = {"before": before or _AFTER_ALL, "room": limit}
        if lane is None:
            found = await self._read(tenant, NEWEST, **asked)
        else:
            found = await self._read(tenant, NEWEST_OF_LANE, lane=lane, **asked)
        return [rows.notification(row) for row in found]

    async def steer(self, tenant: str, notification: str, how: Steering, reason: str) -> Notification:
        """See `ports.Notifications`."""
        async with self._work(tenant) as work:
            *row, expanded, _, chunks = await locked(work, notification)
            before = rows.notification(row)
            after = steered(before, how, reason, begun=bool(expanded or chunks))
            if after is not before:
                goes_on = after.state in {"waiting", "running"}
                await work.execute(
                    STEER, id=notification, state=after.state, reason=after.reason, goes_on=goes_on, ends=after.over
                )
                await work.execute(STEER_CHUNKS, id=notification, goes_on=goes_on)
            return after

    async def forget(self, tenant: str, lane: Lane, ended_before_ms: int, limit: int) -> int:
        """See `ports.Notifications`."""
        return await forgotten(self._door, tenant, lane, ended_before_ms, limit)

    async def chunks(self, tenant: str, notification: str, after: int, limit: int) -> Sequence[Chunk]:
        """See `ports.Chunks`."""
        states = await self._read(tenant, STATE, id=notification)
        if not states:
            raise unknown(notification)
        found = await self._read(tenant, CHUNKS, id=notification, after=after, room=limit)
        return [
            Chunk(
                notification=notification,
                number=number,
                addresses=addresses,
                states=_shown(packed, states[0][0], held=held),
                due_at_ms=due_at,
                attempt=attempt,
                first_at_ms=first_at,
            )
            for number, addresses, packed, due_at, attempt, first_at, held in found
        ]


def _shown(states: bytes, state: str, *, held: bool) -> bytes:
    """What waits in a notification that was ended is cancelled."""
    return as_ended(states, held=held) if state in EARLY_ENDS else states
