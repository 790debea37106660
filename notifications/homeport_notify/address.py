"""Where somebody can be reached: one device over one channel, or a URL.

An address keeps its id while its target changes: a phone that gets a new registration token goes on being the same
address, so nobody is told twice or not at all because of it.
"""

from __future__ import annotations

import uuid
from typing import Final, Literal, TypeAlias, get_args
from urllib.parse import urlsplit

import msgspec

from homeport_notify import limits
from homeport_notify.errors import BadAddress
from homeport_sync.scope import is_name

ChannelName: TypeAlias = Literal["fcm", "apns", "webhook", "console"]
TargetKind: TypeAlias = Literal["token", "fid", "url"]
Platform: TypeAlias = Literal["android", "ios", "web", "other"]
# Why nothing is sent to an address any more: the provider said so; it was unseen for too long; its device signed out;
# another address has its target now; or its target was refused as malformed too often.
Retired: TypeAlias = Literal["gone", "aged", "signed_out", "replaced", "malformed"]

CHANNELS: Final[tuple[str, ...]] = get_args(ChannelName)
_NAMESPACE = uuid.UUID("6f1c5b0e-8f0b-5d0e-9a55-0f6f6d657031")


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """`target` is what the provider calls the device: a registration token, an installation id (`fid`), a device token,
    or a URL. `device` is the device's id, "" for a webhook. `timezone` is its own (IANA, "" if it did not say).
    `seen_at_ms` is when it last said that it is there; `strikes` how often the provider called the target malformed."""

    id: str
    user: str
    device: str
    channel: ChannelName
    target: str
    target_kind: TargetKind
    platform: Platform = "other"
    locale: str = ""
    timezone: str = ""
    seen_at_ms: int
    strikes: int = 0
    retired: Retired | None = None


def address_id(channel: ChannelName, owner: str) -> str:
    """The id of the address that `owner` has on the channel: a device's id, or `user url` of a webhook."""
    return str(uuid.uuid5(_NAMESPACE, f"{channel}/{owner}"))


def make_address(
    *,
    user: str,
    device: str,
    channel: ChannelName,
    target: str,
    target_kind: TargetKind = "token",
    platform: Platform = "other",
    locale: str = "",
    timezone: str = "",
    seen_at_ms: int,
) -> Address:
    """An address with its id. Raises `BadAddress` for a target that its channel could never reach."""
    if channel not in CHANNELS:
        raise BadAddress(f"There is no channel {channel!r}: there are {', '.join(CHANNELS)}.")
    if (
        not is_name(target)
        or len(target) > limits.TARGET_LENGTH_MAX
        or not target.isascii()
        or not target.isprintable()
    ):
        raise BadAddress(
            f"The target of {channel} is {target[:40]!r}; expected 1 to {limits.TARGET_LENGTH_MAX:,} plain"
            " characters: register what its provider gave the phone."
        )
    if (channel == "webhook") != (target_kind == "url") or (channel == "apns" and target_kind != "token"):
        expected = {"webhook": "url", "apns": "token"}.get(channel, "token, or fid for an installation id of Firebase")
        raise BadAddress(f"The target of {channel} cannot be a {target_kind}: expected targetKind {expected}.")
    if channel == "webhook" and urlsplit(target).scheme not in {"http", "https"}:
        raise BadAddress(f"The webhook {target[:80]!r} is no URL: expected https://….")
    if channel == "apns" and not (len(target) % 2 == 0 and all(each in "0123456789abcdefABCDEF" for each in target)):
        raise BadAddress("The device token of APNs is not hexadecimal: send the bytes that iOS gave as hex digits.")
    for each in (locale, timezone):
        if len(each) > limits.LOCALE_LENGTH_MAX or not each.isprintable():
            raise BadAddress(f"{each[:40]!r} is no locale and no time zone: expected such as it-IT and Europe/Rome.")
    owner = f"{user} {target}" if channel == "webhook" else device
    if not owner:
        raise BadAddress(f"An address of {channel} belongs to a device: send its id.")
    return Address(
        id=address_id(channel, owner),
        user=user,
        device=device,
        channel=channel,
        target=target,
        target_kind=target_kind,
        platform=platform,
        locale=locale,
        timezone=timezone,
        seen_at_ms=seen_at_ms,
    )


def too_many(user: str) -> BadAddress:
    """What whoever registers one more is told."""
    return BadAddress(
        f"{user[:40]!r} can be reached at {limits.ADDRESSES_A_USER_MAX} addresses already: retire one that is unused.",
        limit=limits.ADDRESSES_A_USER_MAX,
    )
