"""Sightings: when a device was last heard of, and all that a store knows when somebody asks why it is stuck.

A sighting is a hint, kept beside the promises: it is written now and then, and may be lost in a crash. People read it,
and whoever would wake a device that is up already.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from homeport_sync.ports import KnownDevice
from homeport_sync.quarantine import Quarantined

REFUSED_SHOWN_MAX: Final = 10
REFUSED_COUNTED_MAX: Final = 100  # of one device, where many are listed
LISTED_ANEW_MS: Final = 60_000  # so long a device that is heard of again and again keeps its place in the list
DevicePlace: TypeAlias = tuple[int, str]  # in the list of devices: when it was heard of, to a minute, and its id
DEVICES_START: Final[DevicePlace] = (2**63 - 1, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """The last that was heard of a device, in milliseconds since 1970 by the server's clock; None for never.

    `pulled_position` is how far the last page it was given reaches; `refused_code` what the last request that was
    refused as a whole was answered with ("" for none). `connected_at_ms` is when it was known last whether it listens,
    and `connected` whether it did. `introduced_at_ms` is when it spoke of itself last (`introduction.py`): `outbox` is
    how many of its changes still waited for an outcome once that request was answered; `app_version` and `sdk` are what
    it runs (None and "" for what it did not say).
    """

    device: str
    user: str
    pushed_at_ms: int | None = None
    pulled_at_ms: int | None = None
    pulled_position: int | None = None
    refused_at_ms: int | None = None
    refused_code: str = ""
    connected_at_ms: int | None = None
    connected: bool = False
    introduced_at_ms: int | None = None
    outbox: int | None = None
    app_version: int | None = None
    sdk: str = ""

    @property
    def heard_at_ms(self) -> int:
        """When it was heard of last, in whatever way; 0 for never."""
        times = (self.pushed_at_ms, self.pulled_at_ms, self.refused_at_ms, self.connected_at_ms)
        return max(each or 0 for each in times)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceFacts:
    """What is known of a device, in one snapshot.

    `known` is None until its first change was decided; then `first_push_ms` and `last_push_ms` are when a push of it
    was committed, and `last_decided_ms` when its last number was decided, if that outcome is still kept. `refused` are
    its quarantined changes that wait, newest first, at most `REFUSED_SHOWN_MAX` of `refused_count`. `grants` counts the
    scopes its user is in, `head` is the end of the log.
    """

    known: KnownDevice | None
    first_push_ms: int | None
    last_push_ms: int | None
    last_decided_ms: int | None
    sighting: Sighting | None
    refused: Sequence[Quarantined]
    refused_count: int
    grants: int
    head: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedDevice:
    """A device in the list: what was heard of it, `known` as in `DeviceFacts`, and how many of its changes wait in
    quarantine, counted up to `REFUSED_COUNTED_MAX`. `place` is where it stands."""

    sighting: Sighting
    known: KnownDevice | None
    refused_count: int
    place: DevicePlace


@dataclass(frozen=True, slots=True, kw_only=True)
class DevicePage:
    """A part of the list, in one snapshot: the devices, the one heard of last first; `head` is the end of the log.

    `next` is the place after which the list goes on; None: there are no more.
    """

    devices: Sequence[ListedDevice]
    head: int
    next: DevicePlace | None


class Sightings(Protocol):
    """What a store keeps of the devices it hears of."""

    async def keep_sightings(self, tenant: str, sightings: Sequence[Sighting], now_ms: int) -> None:
        """Add what was heard to what is kept: what a sighting says nothing of stays, times never go back. Several
        of one device are added one after the other."""

    async def device(self, tenant: str, device: str) -> DeviceFacts | None:
        """What is known of a device; None for one that never pushed and was never sighted."""

    async def devices(self, tenant: str, after: DevicePlace, limit: int) -> DevicePage:
        """The devices that were sighted, after a place (`DEVICES_START` is the start), at most `limit` (1 or more).

        They are sorted by when they were heard of last: exactly within a page, and from page to page to
        `LISTED_ANEW_MS`, so that a device that speaks all the time is not written anew into the list each time. Writes
        without a device (`writer_ids.py`) are none.
        """


def user_of(known: KnownDevice | None, sighting: Sighting | None) -> str:
    """Whose device it is: as it pushes, else as it was last heard of."""
    return known.user if known else sighting.user if sighting else ""


def joined(kept: Sighting | None, heard: Sighting) -> Sighting:
    """What is kept after `heard`."""
    if kept is None:
        return heard
    pulled = heard if _later(heard.pulled_at_ms, kept.pulled_at_ms) else kept
    refused = heard if _later(heard.refused_at_ms, kept.refused_at_ms) else kept
    pushed = heard if _later(heard.pushed_at_ms, kept.pushed_at_ms) else kept
    connected = heard if _later(heard.connected_at_ms, kept.connected_at_ms) else kept
    introduced = heard if _later(heard.introduced_at_ms, kept.introduced_at_ms) else kept
    return Sighting(
        device=heard.device,
        user=heard.user,
        pushed_at_ms=pushed.pushed_at_ms,
        pulled_at_ms=pulled.pulled_at_ms,
        pulled_position=pulled.pulled_position,
        refused_at_ms=refused.refused_at_ms,
        refused_code=refused.refused_code,
        connected_at_ms=connected.connected_at_ms,
        connected=connected.connected,
        introduced_at_ms=introduced.introduced_at_ms,
        outbox=introduced.outbox,
        app_version=introduced.app_version,
        sdk=introduced.sdk,
    )


def listed_at_ms(kept: int | None, now_ms: int) -> int:
    """Where in the list stands what is heard of now, and stood at `kept` (None: it is new)."""
    return now_ms if kept is None or now_ms >= kept + LISTED_ANEW_MS else kept


def page_of(devices: Sequence[ListedDevice], limit: int, head: int) -> DevicePage:
    """The page that these devices are, which stand side by side in the list."""
    shown = sorted(devices, key=lambda each: (each.sighting.heard_at_ms, each.place), reverse=True)
    shown_to = min((each.place for each in devices), default=None)
    return DevicePage(devices=shown, head=head, next=shown_to if len(devices) == limit else None)


def _later(one: int | None, other: int | None) -> bool:
    return one is not None and (other is None or one >= other)
