"""A wake: a silent notification that makes a sleeping device pull, at most so many in an hour.

Kept is one row an address: up to where there is something for it, and when it was woken lately. However many changes
come meanwhile, it is woken once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from homeport_notify import limits
from homeport_notify.address import Platform

HOUR_MS: Final = 3_600_000
AN_HOUR_MAX: Final[Mapping[Platform, int]] = {
    "ios": limits.WAKES_AN_HOUR_IOS_MAX,
    "android": limits.WAKES_AN_HOUR_ANDROID_MAX,
    "web": limits.WAKES_AN_HOUR_ANDROID_MAX,
    "other": limits.WAKES_AN_HOUR_ANDROID_MAX,
}


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A device of `user` that may have to be woken, because the log has something for it at `position`."""

    address: str
    device: str
    platform: Platform
    position: int
    woken_ms: Sequence[int] = ()


def may_wake_ms(platform: Platform, woken_ms: Sequence[int], now_ms: int) -> int:
    """When it may be woken next: now, or when the oldest wake within the last hour is an hour old."""
    lately = sorted(each for each in woken_ms if each > now_ms - HOUR_MS)
    allowed = AN_HOUR_MAX[platform]
    return now_ms if len(lately) < allowed else lately[-allowed] + HOUR_MS


def woken(woken_ms: Sequence[int], now_ms: int) -> Sequence[int]:
    """The wakes within the last hour, this one included."""
    return (*(each for each in woken_ms if each > now_ms - HOUR_MS), now_ms)
