"""The networks that a phone on the page can be given: those of the fleet, in words, and as hasty as what one watches.

In the field a tunnel comes every few minutes and a flight lasts for hours. Nobody who chooses one here waits so long to
see what it does, so each begins to be gone within seconds, and comes back within a minute. All else is as it is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from homeport_client.fleet.networks import NETWORKS, Gaps, Network
from homeport_server.phones.sights import NetworkSight

WORDS: Final[Mapping[str, str]] = {
    "perfect": "Fast, and nothing goes wrong.",
    "rough": "Everything that can go wrong does, often.",
    "wifi": "Fast; hardly anything gets lost.",
    "mobile": "A little slow, and gone for some seconds now and then.",
    "tunnel": "Gone for a while, again and again.",
    "subway": "Gone for longer than it is there.",
    "lift": "Fine, until the doors close.",
    "flight": "Long without, then a captive portal.",
    "rural": "Very slow, and much gets lost.",
    "stadium": "Too many people: a quarter of all requests gets lost.",
    "hotel": "A captive portal that comes back.",
    "office": "A proxy that lets no sockets through.",
}
_HASTY: Final[Mapping[str, Gaps]] = {
    "mobile": Gaps(every_s=(20, 40), for_s=(3, 6)),
    "tunnel": Gaps(every_s=(5, 15), for_s=(10, 20)),
    "subway": Gaps(every_s=(4, 10), for_s=(10, 25)),
    "lift": Gaps(every_s=(8, 20), for_s=(6, 12)),
    "flight": Gaps(every_s=(3, 6), for_s=(30, 50)),
    "rural": Gaps(every_s=(15, 30), for_s=(8, 20)),
    "hotel": Gaps(every_s=(15, 30), for_s=(4, 8)),
}


def network(name: str) -> Network | None:
    """The network of that name as it is on the page; None if there is none."""
    known = NETWORKS.get(name)
    if known is None or known.gaps is None:
        return known
    return replace(known, gaps=_HASTY.get(name, known.gaps))


def networks() -> tuple[NetworkSight, ...]:
    """All of them, to choose from."""
    return tuple(NetworkSight(name=each, words=WORDS.get(each, each)) for each in NETWORKS)
