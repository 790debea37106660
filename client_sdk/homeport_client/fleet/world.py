"""What a phone and a story need of the world they are in. There are two: `sim`, in virtual time, and `live`."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Protocol

from homeport_client import DeviceLimits
from homeport_client.fleet.check.eyes import Eyes
from homeport_client.fleet.inbox import Inbox
from homeport_client.fleet.measure.meter import Meter
from homeport_client.fleet.networks import Network
from homeport_client.fleet.seed import Seed
from homeport_client.fleet.story import Handset, Step
from homeport_client.transport import Transport
from homeport_sync import App


class Way(Transport, Protocol):
    """A phone's way to the server, with switches that the device does not know of."""

    network: Network

    @property
    def reachable(self) -> bool:
        """Whether the phone has a network at all."""

    @property
    def valid(self) -> bool:
        """Whether the token it has is accepted."""

    def connect(self) -> None:
        """There is a network again."""

    def disconnect(self) -> None:
        """There is none: answers on their way do not arrive, and sockets end."""

    def drop(self) -> None:
        """What is under way ends, and the next connection may be made at once."""

    def expire(self) -> None:
        """The token is not accepted any more, until the device gets another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a provider calls a phone."""

    channel: str
    token: str
    platform: str


class World(Protocol):
    """One of the two worlds."""

    app: App
    seed: Seed
    limits: DeviceLimits

    def now_ms(self) -> int:
        """Milliseconds since the fleet began."""

    def true_ms(self) -> int:
        """What the clock of the server shows."""

    def note(self, who: str, what: str) -> None:
        """One line of the trace."""

    def chance(self, handset: Handset, life: int) -> Random:
        """What the device draws its ids and pauses from, for one life of a phone."""

    def target(self, inbox: Inbox) -> Target | None:
        """Where a provider of notifications reaches the phone that has this inbox, from now on; None if nobody is told
        of anything here."""

    def meter(self) -> Meter:
        """A meter for one more phone."""

    def eyes(self, handset: Handset, meter: Meter) -> Eyes:
        """Whoever uses this phone. The meter tells what came over its line."""

    async def way(self, handset: Handset, user: str, life: int, meter: Meter) -> Way:
        """A way to the server as this user, for one life of a phone."""

    async def until(self, at_ms: int) -> None:
        """Wait for a moment of the fleet's time. It may be over already."""

    def arm(self, step: Step) -> None:
        """The step's incident strikes at the first occasion after its moment: at the phone's next request (or poke, for
        `lose_poke`), at the server's next crossing of the name that it has as `at`."""

    async def crash(self) -> None:
        """The server's process dies now, and starts again."""
