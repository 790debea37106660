"""Notifications at the edge: what devices say of themselves, and what a token with the right `notify` has told.

Everything may be sent again: an address and a preference are kept as they were told last, a notification by its key.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

import msgspec

from homeport_notify.address import ChannelName, Platform, TargetKind, make_address
from homeport_notify.message import Message
from homeport_notify.ports import Receipt
from homeport_notify.preferences import NO_PREFERENCES, Preferences, QuietHours
from homeport_server.edge.context import Call
from homeport_server.errors import Forbidden
from homeport_server.notify.notifier import Notifier
from homeport_server.rights import NOTIFY
from homeport_sync.errors import Malformed
from homeport_sync.telling import NotificationReceipt, RegisterAddress, SetPreferences


def notifier(call: Call) -> Notifier:
    """Who answers a device."""
    return call.rooms.notifier


def telling(call: Call) -> Notifier:
    """The same for what the right `notify` is for. Raises `Forbidden` without it."""
    if NOTIFY not in call.caller.may:
        raise Forbidden
    return call.rooms.notifier


async def register(call: Call, message: RegisterAddress) -> str:
    """The id of the address. Raises `BadAddress`, `Malformed`, `DeviceForeign`, and `Forbidden` for a webhook of who
    may not notify."""
    channel: ChannelName = _one_of("channel", message.channel, ChannelName)
    platform: Platform = _one_of("platform", message.platform, Platform)
    kind: TargetKind = _one_of("targetKind", message.target_kind, TargetKind)
    if channel == "webhook" and NOTIFY not in call.caller.may:
        raise Forbidden("A webhook makes this server call a URL: register it with a token that may notify.")
    address = make_address(
        user=call.caller.user,
        device=message.device,
        channel=channel,
        target=message.target,
        target_kind=kind,
        platform=platform,
        locale=message.locale,
        timezone=message.timezone,
        seen_at_ms=call.rooms.wall_ms(),
    )
    await notifier(call).register(call.caller.tenant, address)
    return address.id


def _one_of(name: str, said: str, values: Any) -> Any:  # noqa: ANN401  # a Literal, which has no type of its own
    if said not in get_args(values):
        raise Malformed(f"The {name} is {said[:40]!r}; expected one of {', '.join(get_args(values))}.")
    return said


async def prefer(call: Call, message: SetPreferences) -> bool:
    """Keep it in the place of what was. Raises `BadPreferences`."""
    quiet = message.quiet_hours
    preferences = Preferences(
        timezone=message.timezone,
        quiet=QuietHours(quiet.from_min, quiet.until_min) if quiet else NO_PREFERENCES.quiet,
        muted=frozenset(message.muted),
    )
    await notifier(call).prefer(call.caller.tenant, call.caller.user, preferences)
    return True


async def report(call: Call, device: str, receipts: object) -> int:
    """How many receipts were kept. Raises `Malformed`, `DeviceForeign`."""
    try:
        said = msgspec.convert(receipts, list[NotificationReceipt])
    except msgspec.ValidationError as wrong:
        raise Malformed(f"receipts do not have their shape: {wrong}. See NotificationReceipt in PROTOCOL.md.") from None
    read = [
        Receipt(notification=each.notification, received_at_ms=each.received_at_ms, opened_at_ms=each.opened_at_ms)
        for each in said
    ]
    return await notifier(call).report(call.caller.tenant, call.caller.user, device, read)


def message_of(said: Mapping[str, object]) -> Message:
    """The message with these fields. Raises `Malformed`, naming what does not have its shape."""
    names = {each.name: each.encode_name for each in msgspec.structs.fields(Message)}
    try:
        return msgspec.convert({names[name]: value for name, value in said.items()}, Message)
    except msgspec.ValidationError as wrong:
        raise Malformed(f"The message does not have its shape: {wrong}.") from None
