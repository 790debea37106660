"""Which channels the settings name, and building them: checked at start, with a sentence for what is wrong."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TypeAlias

from homeport_notify.address import ChannelName
from homeport_notify.channel import Channel
from homeport_notify.errors import ChannelMissing
from homeport_server.errors import BadSetting
from homeport_server.extras import APNS, FCM, needing
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
    """Those that are set up. Whoever makes them closes them. Opens no connection. Raises `BadSetting`."""
    makers: Mapping[ChannelName, Callable[[Settings, Callable[[], int]], Channel]] = {
        "fcm": _fcm,
        "apns": _apns,
        "webhook": _webhook,
        "console": _console,
    }
    try:
        return {name: makers[name](settings, wall_ms) for name in channel_names(settings)}
    except ChannelMissing as wrong:
        raise BadSetting(wrong.message) from wrong


def _fcm(settings: Settings, wall_ms: Callable[[], int]) -> Channel:
    with needing(FCM):
        from homeport_notify.channels.fcm import open_fcm
    base = f"{settings.fcm_url.rstrip('/')}/v1/projects" if settings.fcm_url else ""
    return open_fcm(Path(settings.fcm_service_account), wall_ms, base=base)


def _apns(settings: Settings, wall_ms: Callable[[], int]) -> Channel:
    with needing(APNS):
        from homeport_notify.channels.apns import open_apns
    return open_apns(
        Path(settings.apns_key),
        wall_ms,
        key_id=settings.apns_key_id,
        team=settings.apns_team_id,
        topic=settings.apns_topic,
        base=settings.apns_url,
    )


def _webhook(settings: Settings, wall_ms: Callable[[], int]) -> Channel:
    from homeport_notify.channels.webhook import WebhookChannel

    secrets = settings.webhook_secret.split(",")
    return WebhookChannel(secrets, wall_ms, private_allowed=settings.webhook_allow_private)


def _console(_settings: Settings, _wall_ms: Callable[[], int]) -> Channel:
    from homeport_notify.channels.console import ConsoleChannel

    def write(line: str) -> None:
        sys.stderr.write(f"{line}\n")  # what the server says of itself is on the other stream

    return ConsoleChannel(write)


async def close_all(channels: Channels) -> None:
    """Let go of all connections."""
    for channel in channels.values():
        await channel.close()
