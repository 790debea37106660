"""Notifications and their steering, in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from homeport_notify.chunk import Chunk
from homeport_notify.delivery import as_ended, tally
from homeport_notify.errors import KeyReused
from homeport_notify.memory.space import KeptNotification, OnMemory, Space
from homeport_notify.notification import EARLY_ENDS, ENDS, Lane, Notification, says_the_same
from homeport_notify.ports import Progress
from homeport_notify.steering import Steering, steered


def submitted(space: Space, notification: Notification) -> tuple[Notification, bool]:
    """Keep it, unless it is there; whether it is new. Raises `KeyReused`."""
    known = space.by_key.get(notification.key)
    if known is not None:
        kept = space.notifications[known].notification
        if not says_the_same(kept, notification):
            raise KeyReused
        return kept, False
    space.by_key[notification.key] = notification.id
    space.notifications[notification.id] = KeptNotification(notification=notification)
    return notification, True


class MemoryNotifications(OnMemory):
    """`Notifications` in memory."""

    async def submit(self, notification: Notification) -> tuple[Notification, bool]:
        """See `ports.Notifications`."""
        return submitted(self._spaces[notification.tenant], notification)

    async def progress(self, tenant: str, notification: str) -> Progress:
        """See `ports.Notifications`."""
        kept = self._spaces[tenant].kept(notification)
        return Progress(
            notification=kept.notification,
            expanded=kept.expanded,
            counts=tally(chunk.states for chunk in self._shown(kept)),
        )

    async def notifications(self, tenant: str, before: str, limit: int, *, lane: Lane | None) -> Sequence[Notification]:
        """See `ports.Notifications`."""
        found = (each.notification for each in self._spaces[tenant].notifications.values())
        fitting = [each for each in found if lane in {None, each.lane} and (not before or each.id < before)]
        return sorted(fitting, key=lambda each: each.id, reverse=True)[:limit]

    async def steer(self, tenant: str, notification: str, how: Steering, reason: str) -> Notification:
        """See `ports.Notifications`."""
        kept = self._spaces[tenant].kept(notification)
        kept.notification = steered(kept.notification, how, reason, begun=kept.expanded or bool(kept.chunks))
        if kept.notification.over and kept.ended_at_ms is None:
            kept.ended_at_ms = self._clock()
        return kept.notification

    async def forget(self, tenant: str, lane: Lane, ended_before_ms: int, limit: int) -> int:
        """See `ports.Notifications`."""
        space = self._spaces[tenant]
        of_lane = space.of_lane(lane, *ENDS)
        ended = [(each.ended_at_ms, each.notification.id) for each in of_lane if each.ended_at_ms is not None]
        gone = [id for at_ms, id in sorted(ended) if at_ms < ended_before_ms][:limit]
        for id in gone:
            del space.by_key[space.notifications.pop(id).notification.key]
        return len(gone)

    async def chunks(self, tenant: str, notification: str, after: int, limit: int) -> Sequence[Chunk]:
        """See `ports.Chunks`."""
        kept = self._spaces[tenant].kept(notification)
        return [each for each in self._shown(kept) if each.number > after][:limit]

    def _shown(self, kept: KeptNotification) -> Iterator[Chunk]:
        """Its chunks as others see them: what waits in one that was ended is cancelled."""
        ended = kept.notification.state in EARLY_ENDS
        for each in kept.chunks:
            held = each.until_ms > self._clock()
            yield replace(each.chunk, states=as_ended(each.chunk.states, held=held)) if ended else each.chunk
