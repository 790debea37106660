"""Sightings: when a device was last heard of, and all that a store knows when somebody asks why it is stuck.

A sighting is a hint, kept beside the promises: it is written now and then, and may be lost in a crash. People read it,
and whoever would wake a device that is up already.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from homeport_sync.ports import KnownDevice
from homeport_sync.quarantine import Quarantined

REFUSED_SHOWN_MAX: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """The last that was heard of a device, in milliseconds since 1970 by the server's clock; None for never.

    `pulled_position` is how far the last page it was given reaches; `refused_code` what the last request that was
    refused as a whole was answered with ("" for none). `connected_at_ms` is when it was known last whether it listens,
    and `connected` whether it did.
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


class Sightings(Protocol):
    """What a store keeps of the devices it hears of."""

    async def keep_sightings(self, tenant: str, sightings: Sequence[Sighting], now_ms: int) -> None:
        """Add what was heard to what is kept: what a sighting says nothing of stays, times never go back. Several
        of one device are added one after the other."""

    async def device(self, tenant: str, device: str) -> DeviceFacts | None:
        """What is known of a device; None for one that never pushed and was never sighted."""


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
    )


def _later(one: int | None, other: int | None) -> bool:
    return one is not None and (other is None or one >= other)
