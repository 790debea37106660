"""What will happen to a request, drawn before it is on its way.

One number decides which incident it is, so that each happens to exactly its share of the requests; every request draws
equally many numbers, so that whatever happens to one leaves the others of its connection as they were.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from random import Random

from homeport_client.fleet.networks import INCIDENTS, LOSE_POKE, Network
from homeport_client.fleet.seed import happens

_OF_UPGRADES = frozenset({"lose_request", "portal", "bad_gateway"})  # the others need a body or an answer to its end


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """The `incident` of a request (empty: none), its delays one way and the other, and when a late copy comes."""

    incident: str
    there_s: float
    back_s: float
    later_s: float


class Armed:
    """Incidents that are to happen for certain, in the order in which they were asked for."""

    def __init__(self) -> None:
        self._waiting: deque[str] = deque()
        self._pokes = 0

    def arm(self, incident: str) -> None:
        """To the next request that no other waits for; `lose_poke` to the next poke. Raises `ValueError`."""
        if incident == LOSE_POKE:
            self._pokes += 1
        elif incident in INCIDENTS:
            self._waiting.append(incident)
        else:
            raise ValueError(f"The incident is {incident!r}; expected one of {', '.join((*INCIDENTS, LOSE_POKE))}.")

    def take(self) -> str:
        """What the request that is here must suffer; empty: whatever chance says."""
        return self._waiting.popleft() if self._waiting else ""

    def take_poke(self) -> bool:
        """Whether the poke that is here must get lost."""
        self._pokes -= (taken := self._pokes > 0)
        return taken


class Fates:
    """What happens on one connection, drawn from its stream."""

    def __init__(self, chance: Random, armed: Armed) -> None:
        self._chance = chance
        self._armed = armed

    def draw(self, network: Network, *, upgrade: bool) -> Fate:
        """The fate of the next request. An armed incident passes one that asks for a WebSocket."""
        chance = self._chance
        there_s, back_s = self.delay_s(network), self.delay_s(network)
        later_s = chance.uniform(0, network.late_s)
        incident = _incident(network, chance.random())
        if not upgrade:
            incident = self._armed.take() or incident
        elif incident not in _OF_UPGRADES:
            incident = ""
        return Fate(incident=incident, there_s=there_s, back_s=back_s, later_s=later_s)

    def delay_s(self, network: Network) -> float:
        """The time of one way."""
        return self._chance.uniform(*network.delay_s)

    def loses_poke(self, network: Network) -> bool:
        """Whether the next poke gets lost."""
        return happens(self._chance, network.lose_poke) or self._armed.take_poke()


def _incident(network: Network, drawn: float) -> str:
    for name in INCIDENTS:
        drawn -= network.rates.get(name, 0.0)
        if drawn < 0:
            return name
    return ""
