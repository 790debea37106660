"""The notifier: all that people and devices ask of notifications, behind GraphQL and the command line alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from random import Random
from typing import Final, Literal, TypeAlias, get_args

from homeport_notify.address import Address
from homeport_notify.audience import check_topic
from homeport_notify.errors import BadNotification, NotificationUnknown
from homeport_notify.notification import Lane, Notification
from homeport_notify.ports import NotifyStore, Progress, Receipt
from homeport_notify.preferences import Preferences, check_preferences
from homeport_server.notify.draft import Draft, drafted
from homeport_server.notify.nudges import nudge
from homeport_server.notify.submit import Submitter
from homeport_sync.clock import is_uuid, uuid7
from homeport_sync.errors import DeviceForeign, Malformed
from homeport_sync.ports import Signals
from homeport_sync.sightings import Sightings
from homeport_sync.telling import RECEIPTS_MAX

TOLD: Final[tuple[Lane, ...]] = ("transactional", "bulk")  # the lanes of what people are told
PAGE_MAX: Final = 100
REPLAYED_MAX: Final = 1_000  # dead letters in one transaction

How: TypeAlias = Literal["pause", "resume", "cancel"]
HOWS: Final[tuple[str, ...]] = get_args(How)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a notification stands, and what devices say came of it."""

    progress: Progress
    received: int
    opened: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Notifier:
    """Each call names its tenant. `random` makes ids, `wall_ms` is the clock."""

    store: NotifyStore
    sightings: Sightings
    submitter: Submitter
    signals: Signals
    wall_ms: Callable[[], int]
    random: Random

    async def notify(self, tenant: str, draft: Draft, *, author: str, request_id: str) -> tuple[Notification, bool]:
        """Have it told; the notification, and whether it is new. Raises `BadNotification` and `KeyReused`."""
        now_ms = self.wall_ms()
        made = drafted(draft, tenant=tenant, author=author, id=uuid7(now_ms, self.random), now_ms=now_ms)
        return await self.submitter.submit(made, request_id=request_id)

    async def steer(self, tenant: str, notification: str, how: str, reason: str) -> Notification:
        """Pause, resume or cancel it; the notification as it is then. Raises `NotificationUnknown`,
        `NotificationOver`, and `BadNotification` for what is no way to steer."""
        if how not in HOWS:
            raise BadNotification(f"It can be told to {', '.join(HOWS)}, and not to {how[:40]!r}.")
        _check_id(notification)
        steered = await self.store.steer(tenant, notification, how, reason)  # type: ignore[arg-type]  # one of them
        nudge(self.signals, tenant, steered.lane)
        return steered

    async def standing(self, tenant: str, notification: str) -> Standing:
        """Where it stands. Raises `NotificationUnknown`."""
        _check_id(notification)
        progress = await self.store.progress(tenant, notification)
        received, opened = await self.store.received(tenant, notification)
        return Standing(progress=progress, received=received, opened=opened)

    async def notifications(self, tenant: str, before: str, limit: int) -> Sequence[Notification]:
        """Those before that id, newest first, at most `PAGE_MAX`, without wakes, which nobody asked for and which are
        many. Raises `Malformed` for another limit, or no id."""
        if before and not is_uuid(before):
            raise Malformed(f"They are asked for before {before[:40]!r}: expected the id of the last one.")
        pages = [await self.store.notifications(tenant, before, _page(limit), lane=lane) for lane in TOLD]
        return sorted(chain(*pages), key=lambda each: each.id, reverse=True)[:limit]

    async def replay(self, tenant: str, notification: str) -> int:
        """Try all dead letters that were not replayed yet once more; how many. What fails again meanwhile is not
        replayed again. Raises `NotificationUnknown`, `NotificationOver`."""
        _check_id(notification)
        replayed, now_ms = 0, self.wall_ms()
        while some := await self.store.replay(tenant, notification, REPLAYED_MAX, now_ms):
            replayed += some
        if replayed:
            nudge(self.signals, tenant, (await self.store.progress(tenant, notification)).notification.lane)
        return replayed

    async def register(self, tenant: str, address: Address) -> None:
        """Keep where a user's device can be reached. Raises `BadAddress`, and `DeviceForeign` for another user's."""
        await self._check_own(tenant, address.user, address.device)
        await self.store.register(tenant, address, self.wall_ms())

    async def retire(self, tenant: str, user: str, device: str) -> int:
        """Send nothing more to the user's device; how many addresses it had."""
        _check_device(device)
        return await self.store.retire(tenant, user, device, "signed_out")

    async def prefer(self, tenant: str, user: str, preferences: Preferences) -> None:
        """Keep what the user prefers. Raises `BadPreferences`."""
        check_preferences(preferences)
        await self.store.prefer(tenant, user, preferences, self.wall_ms())

    async def subscribe(self, tenant: str, user: str, topic: str) -> None:
        """Have the user told what is told to the topic. Raises `BadNotification`, `BadPreferences`."""
        check_topic(topic)
        await self.store.subscribe(tenant, user, topic, self.wall_ms())

    async def unsubscribe(self, tenant: str, user: str, topic: str) -> None:
        """No longer. Raises `BadNotification`."""
        check_topic(topic)
        await self.store.unsubscribe(tenant, user, topic)

    async def topics(self, tenant: str, user: str, after: str, limit: int) -> Sequence[str]:
        """The user's topics after one, in order, at most `PAGE_MAX`."""
        return await self.store.topics(tenant, user, after, _page(limit))

    async def report(self, tenant: str, user: str, device: str, receipts: Sequence[Receipt]) -> int:
        """Keep what a device says came of what it was told; how many it said. Raises `Malformed` for too many,
        and `DeviceForeign` for another user's device."""
        await self._check_own(tenant, user, device)
        if len(receipts) > RECEIPTS_MAX:
            raise Malformed(f"{len(receipts):,} receipts come at once; {RECEIPTS_MAX} at most: send the rest later.")
        await self.store.keep_receipts(tenant, user, device, receipts, self.wall_ms())
        return len(receipts)

    async def _check_own(self, tenant: str, user: str, device: str) -> None:
        _check_device(device)
        facts = await self.sightings.device(tenant, device)
        if facts is not None and facts.known is not None and facts.known.user != user:
            raise DeviceForeign


def _page(limit: int) -> int:
    if not 1 <= limit <= PAGE_MAX:
        raise Malformed(f"The limit is {limit}; 1 to {PAGE_MAX} are possible.")
    return limit


def _check_id(notification: str) -> None:
    if not is_uuid(notification):
        raise NotificationUnknown(
            f"There is no notification {notification[:40]!r}: `homeport notify list` shows the ids."
        )


def _check_device(device: str) -> None:
    if not is_uuid(device):
        raise Malformed(f"The device is {device[:60]!r}; expected its UUID, as it pushes and pulls with.")
