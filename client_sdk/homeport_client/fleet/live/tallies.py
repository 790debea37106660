"""Three tallies of the same notifications, each by somebody else: what the provider counted, what the database says of
each delivery, and what phones gave receipts for. Where two of them differ, one is wrong.

What the database declares as unknown may be on either side, and is told apart.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from homeport_client.fleet.live.notified import Account
from homeport_notify.delivery import DeliveryState
from homeport_notify.emulator import Push
from homeport_sync.telling import DELIVERY, NOTIFICATION, WAKE

GONE = "UNREGISTERED"
UNKNOWN = frozenset({DeliveryState.UNKNOWN, DeliveryState.STARTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Tallies:
    """How many visible deliveries each of the three knows. `taken` are those the provider accepted (each once, however
    often it came), `gone` how often it said that nobody is there; `sent`, `unknown` and `retired` (because the provider
    said so) are the database's; `received` are the receipts, and `delivered` what phones were brought."""

    taken: int
    gone: int
    sent: int
    unknown: int
    retired: int
    delivered: int
    received: int

    def differ(self) -> Iterator[str]:
        """A sentence for each two that do not agree; none if all do."""
        if not self.sent <= self.taken <= self.sent + self.unknown:
            perhaps = f", and {self.unknown} more or fewer" if self.unknown else ""
            yield f"The provider took {self.taken}, and by the database it was sent {self.sent}{perhaps}."
        if self.gone != self.retired:
            yield f"The provider called {self.gone} gone, and the database knows of {self.retired}."
        if self.delivered != self.taken:
            yield f"The provider took {self.taken}, and phones were brought {self.delivered}."
        if self.received != self.delivered:
            yield f"Phones were brought {self.delivered}, and gave {self.received} receipts."


def tallies(
    accepted: Iterable[Push], refused: Mapping[str, int], account: Account, delivered: Collection[str]
) -> Tallies:
    """Count. `accepted` and `refused` (by code) are the provider's, `delivered` the names of the visible deliveries
    that phones were brought, `account` is the database's."""
    taken = {each.data[DELIVERY] for each in accepted if WAKE not in each.data and NOTIFICATION in each.data}
    states = account.visible
    visible = {each.notification for each in account.deliveries if each.visible}
    return Tallies(
        taken=len(taken),
        gone=refused.get(GONE, 0),
        sent=states.get(DeliveryState.SENT, 0),
        unknown=sum(states.get(each, 0) for each in UNKNOWN),
        retired=states.get(DeliveryState.GONE, 0),
        delivered=len(taken & set(delivered)),
        received=sum(notification in visible for notification, _ in account.receipts),
    )
