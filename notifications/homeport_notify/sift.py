"""Who of those in a chunk is told now: asked at the last moment, so that a "no", a pull, or a new phone counts.

Pure: what is known of the addresses comes in, what becomes of each delivery comes out.
"""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from homeport_notify import limits
from homeport_notify.chunk import Reachable
from homeport_notify.delivery import DeliveryState
from homeport_notify.errors import BadPreferences
from homeport_notify.notification import Notification, read_local
from homeport_notify.ports import Presence
from homeport_notify.preferences import local_ms, quiet_until_ms, zone

NOBODY = Presence()


def told_when(
    notification: Notification, reachable: Reachable | None, presence: Presence | None, now_ms: int
) -> DeliveryState | int | None:
    """None: now. A state: not at all, and why. A number: not before that time, in milliseconds since 1970."""
    if now_ms >= notification.expires_at_ms:
        return DeliveryState.EXPIRED
    if reachable is None or reachable.address.retired is not None:
        return DeliveryState.RETIRED
    if notification.message.silent:
        return None
    if unwanted := _unwanted(notification, reachable, presence or NOBODY):
        return unwanted
    at_ms = _not_before_ms(notification, reachable, now_ms)
    return DeliveryState.EXPIRED if at_ms is not None and at_ms >= notification.expires_at_ms else at_ms


def _unwanted(notification: Notification, reachable: Reachable, presence: Presence) -> DeliveryState | None:
    if reachable.preferences.mutes(notification.topic):
        return DeliveryState.MUTED
    return DeliveryState.SEEN if _has_seen(notification, reachable, presence) else None


def _has_seen(notification: Notification, reachable: Reachable, presence: Presence) -> bool:
    """A device that pulled by itself shows the change to somebody; one that was woken for it lies in a pocket."""
    about, device = notification.about, reachable.address.device
    if about is None or not device:
        return False
    was_woken = reachable.woken_at_ms > 0 and reachable.woken_at_ms >= about.accepted_at_ms - limits.WAKE_PULLS_MS
    return device == about.author or (presence.pulled_position >= about.position and not was_woken)


def _not_before_ms(notification: Notification, reachable: Reachable, now_ms: int) -> int | None:
    quiet = None if notification.urgent else reachable.preferences.quiet
    if not (notification.local_time or quiet):
        return None
    own = own_zone(reachable)
    at_ms = now_ms
    if notification.local_time:
        at_ms = max(at_ms, local_ms(read_local(notification.local_time), own))
    if quiet:
        at_ms = quiet_until_ms(quiet, own, at_ms) or at_ms
    return at_ms if at_ms > now_ms else None


def own_zone(reachable: Reachable) -> ZoneInfo:
    """The user's time zone: as they say, else the device's, else UTC. One that is known no more counts as not said."""
    for name in (reachable.preferences.timezone, reachable.address.timezone):
        if name:
            try:
                return zone(name)
            except BadPreferences:
                continue
    return zone("UTC")


def devices_of(notification: Notification, reachable: Mapping[str, Reachable]) -> list[str]:
    """Whose presence has to be known to tell: nobody's, if it is about no change."""
    if notification.about is None or notification.message.silent:
        return []
    return sorted({each.address.device for each in reachable.values() if each.address.device})
