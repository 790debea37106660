"""How nouns lie in rows, and come out of them."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from typing import Final

import msgspec
from msgspec.structs import replace

from homeport_notify.address import Address, ChannelName
from homeport_notify.notification import Notification
from homeport_notify.preferences import NO_PREFERENCES, Preferences
from homeport_notify.sql.door import Row

OF_NOTIFICATION: Final = "told, state, reason, expires_at"
OF_ADDRESS: Final = (
    "addresses.address_id, addresses.user_id, addresses.device_id, addresses.channel, addresses.target, "
    "addresses.target_kind, addresses.platform, addresses.locale, addresses.timezone, addresses.seen_at, "
    "addresses.strikes, addresses.retired"
)
ADDRESS_WIDTH: Final = 12
_json = msgspec.json.Encoder(order="deterministic")
_notification = msgspec.json.Decoder(Notification).decode
_times = msgspec.json.Decoder(tuple[int, ...]).decode
_preferences = msgspec.json.Decoder(Preferences).decode


def told(notification: Notification) -> str:
    """All that its author said, as it is kept."""
    return _json.encode(notification).decode()


def notification(row: Row) -> Notification:
    """Of `OF_NOTIFICATION`: as it was told, and where it stands."""
    said, state, reason, expires_at = row
    return replace(_notification(said), state=state, reason=reason, expires_at_ms=expires_at)


def address(row: Row) -> Address:
    """Of `OF_ADDRESS`."""
    id, user, device, channel, target, kind, platform, locale, timezone, seen_at, strikes, retired = row
    return Address(
        id=id,
        user=user,
        device=device,
        channel=channel,
        target=target,
        target_kind=kind,
        platform=platform,
        locale=locale,
        timezone=timezone,
        seen_at_ms=seen_at,
        strikes=strikes,
        retired=retired or None,
    )


def target_digest(channel: ChannelName, target: str) -> str:
    """What is the same for addresses with the same channel and target."""
    return blake2b(f"{channel}/{target}".encode(), digest_size=16).hexdigest()


def prefers(preferences: Preferences) -> str:
    """Preferences as they are kept."""
    return _json.encode(preferences).decode()


def times(text: str | None) -> tuple[int, ...]:
    """Of the column `woken`; None for an address that nobody ever wanted to wake."""
    return _times(text) if text else ()


@lru_cache(maxsize=4_096)
def preferences(text: str | None) -> Preferences:
    """Of the column `prefers`; None for a user who said nothing. Many users say the same."""
    return _preferences(text) if text else NO_PREFERENCES
