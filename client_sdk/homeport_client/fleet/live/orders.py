"""What one process is told to play, as plain values that travel to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from homeport_client.fleet.lot import Lot
from homeport_client.fleet.story import Handset, Story


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """`url` is where phones call, `tokens` are those of all users, `cast` are the phones of the whole fleet, of which
    those of `lot` are played here: `story`, or what the script makes up (None)."""

    seed: int
    url: str
    tokens: Mapping[str, str]
    cast: tuple[Handset, ...]
    lot: Lot
    story: Story | None
