"""Which devices listen for pokes at this process: whoever does needs no wake.

Where several processes share a database they tell each other through it: when a device comes and leaves, and once a
minute that it is still there, which a process that dies says no more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from homeport_sync.sightings import Sighting

RENEW_MS: Final = 60_000
CONNECTED_MS: Final = 150_000  # so long after it was said a device is taken to be connected: one renewal may be late


@dataclass(slots=True)
class _Here:
    user: str
    listeners: int
    since_ms: int
    told_ms: int = 0  # 0: never


class Listening:
    """Counts the listeners of each device. One that does not say which device it is counts for none."""

    def __init__(self, wall_ms: Callable[[], int]) -> None:
        self._wall_ms = wall_ms
        self._here: dict[tuple[str, str], _Here] = {}
        self._gone: dict[tuple[str, str], Sighting] = {}

    def came(self, tenant: str, user: str, device: str | None) -> None:
        """A listener of the device came."""
        if device is not None:
            here = self._here.setdefault((tenant, device), _Here(user, 0, self._wall_ms()))
            here.user, here.listeners = user, here.listeners + 1

    def left(self, tenant: str, user: str, device: str | None) -> None:
        """A listener of the device left."""
        if device is None or (here := self._here.get((tenant, device))) is None:
            return
        here.listeners -= 1
        if not here.listeners:
            del self._here[tenant, device]
            if here.told_ms:
                self._gone[tenant, device] = self._said(device, user, connected=False)

    def listens(self, tenant: str, device: str) -> bool:
        """Whether the device listens here, now."""
        return (tenant, device) in self._here

    def since_ms(self, tenant: str, device: str) -> int | None:
        """Since when the device listens here, in milliseconds since 1970; None if it does not."""
        here = self._here.get((tenant, device))
        return here.since_ms if here else None

    def news(self) -> Iterator[tuple[str, Sighting]]:
        """What other processes do not know yet, by tenant: who came and left since it was asked last, and whose word is
        a minute old."""
        gone, self._gone = self._gone, {}
        for (tenant, _), said in gone.items():
            yield tenant, said
        now_ms = self._wall_ms()
        for (tenant, device), here in tuple(self._here.items()):
            if now_ms - here.told_ms >= RENEW_MS:
                here.told_ms = now_ms
                yield tenant, self._said(device, here.user, connected=True)

    def _said(self, device: str, user: str, *, connected: bool) -> Sighting:
        return Sighting(device=device, user=user, connected_at_ms=self._wall_ms(), connected=connected)
