"""What the proxy counts, and how it tells of an incident as it happens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

GAP, SOCKET_REFUSED, UNREACHABLE = "gap", "socket_refused", "unreachable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """One incident: its name, and to what it happened, such as `POST /api/v1/graphql`."""

    incident: str
    about: str


@dataclass(slots=True)
class Meter:
    """Bytes of one side: those that came from it, and those that went to it."""

    came: int = 0
    went: int = 0


def _nobody(_: Happened) -> None:
    """Nobody is told."""


@dataclass(slots=True, kw_only=True)
class Tally:
    """What has happened so far. `incidents` also counts `lose_poke` and what is not drawn: `gap`, `socket_refused`,
    and `unreachable` (the server was not there, which is no doing of the network).
    """

    connections: int = 0
    requests: int = 0
    incidents: Counter[str] = field(default_factory=Counter)
    phones: Meter = field(default_factory=Meter)
    servers: Meter = field(default_factory=Meter)
    told: Callable[[Happened], None] = _nobody

    @property
    def bytes_up(self) -> int:
        """What clients sent."""
        return self.phones.came

    @property
    def bytes_down(self) -> int:
        """What clients were sent."""
        return self.phones.went

    def happen(self, incident: str, about: str) -> None:
        """Counts an incident and tells of it."""
        self.incidents[incident] += 1
        self.told(Happened(incident=incident, about=about))

    def take_back(self, incident: str) -> None:
        """One that was told did not happen after all, as another came before it."""
        self.incidents[incident] -= 1
        self.incidents += Counter()  # without those that are none any more
