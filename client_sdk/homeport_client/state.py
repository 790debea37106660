"""The syncer's states. The theory, then the table.

A device that syncs is in one of seven states:

- **offline**: the app said so (airplane mode), or it has just been started. Nothing is sent.
- **pushing**: one push is under way. It carries the first unanswered changes and the receipts that are owed (one of the
  two may be missing), and asks for a page if nothing is left after them.
- **pulling**: one pull is under way.
- **live**: caught up, every change answered, every receipt told that the server wants to hear. A poke, a write or the
  poll timer ends it. Here, and only from here, the poke socket is opened; it stays open until the device is offline,
  refused or closed.
- **backing_off**: an attempt failed. After a pause it begins again with a push: nobody knows what the server got, so
  the same is sent again, and the server knows it by its number (I2). Writes and pokes do not shorten the pause;
  `sync()` does, unless the server told how long it is.
- **refused**: the server does not accept the token. Only a new one helps; what a socket that was opened with the former
  one comes to is no news then.
- **closed**: the end.

What happens is told as events. `push` and `pull` end in one of `pushed` (every change is answered, no page came),
`wrote` (there is more to push), `more` (there is more to pull), `caught_up`, `failed` or `refused`; the app raises
`wrote`, `online`, `offline`, `renewed` and `close`; the poke socket `poked` and `refused`; the timer `due`.

The table is total: an event that means nothing in a state leads back to it, written out like all others, so that
whoever adds a state or an event has to decide each pair. There is no way to stay in a state for ever but `offline`,
`refused` and `closed`: pushing and pulling are bounded by the transport's time limits, live and backing_off by the
timer. That is I13: whatever is lost, the next poll heals it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final


class State(Enum):
    """Where the syncer is."""

    OFFLINE = "offline"
    PUSHING = "pushing"
    PULLING = "pulling"
    LIVE = "live"
    BACKING_OFF = "backing_off"
    REFUSED = "refused"
    CLOSED = "closed"


class Event(Enum):
    """What can happen. Of several that wait, the first in this order is taken."""

    CLOSE = "close"
    OFFLINE = "offline"
    RENEWED = "renewed"
    REFUSED = "refused"
    ONLINE = "online"
    WROTE = "wrote"
    POKED = "poked"
    DUE = "due"
    PUSHED = "pushed"
    MORE = "more"
    CAUGHT_UP = "caught_up"
    FAILED = "failed"


INTERRUPTS: Final = frozenset({Event.CLOSE, Event.OFFLINE})

TABLE: Final[Mapping[tuple[State, Event], State]] = {
    (State.OFFLINE, Event.CLOSE): State.CLOSED,
    (State.OFFLINE, Event.OFFLINE): State.OFFLINE,
    (State.OFFLINE, Event.RENEWED): State.OFFLINE,
    (State.OFFLINE, Event.REFUSED): State.OFFLINE,
    (State.OFFLINE, Event.ONLINE): State.PUSHING,
    (State.OFFLINE, Event.WROTE): State.OFFLINE,
    (State.OFFLINE, Event.POKED): State.OFFLINE,
    (State.OFFLINE, Event.DUE): State.OFFLINE,
    (State.OFFLINE, Event.PUSHED): State.OFFLINE,
    (State.OFFLINE, Event.MORE): State.OFFLINE,
    (State.OFFLINE, Event.CAUGHT_UP): State.OFFLINE,
    (State.OFFLINE, Event.FAILED): State.OFFLINE,
    (State.PUSHING, Event.CLOSE): State.CLOSED,
    (State.PUSHING, Event.OFFLINE): State.OFFLINE,
    (State.PUSHING, Event.RENEWED): State.PUSHING,
    (State.PUSHING, Event.REFUSED): State.REFUSED,
    (State.PUSHING, Event.ONLINE): State.PUSHING,
    (State.PUSHING, Event.WROTE): State.PUSHING,
    (State.PUSHING, Event.POKED): State.PUSHING,
    (State.PUSHING, Event.DUE): State.PUSHING,
    (State.PUSHING, Event.PUSHED): State.PULLING,
    (State.PUSHING, Event.MORE): State.PULLING,
    (State.PUSHING, Event.CAUGHT_UP): State.LIVE,
    (State.PUSHING, Event.FAILED): State.BACKING_OFF,
    (State.PULLING, Event.CLOSE): State.CLOSED,
    (State.PULLING, Event.OFFLINE): State.OFFLINE,
    (State.PULLING, Event.RENEWED): State.PULLING,
    (State.PULLING, Event.REFUSED): State.REFUSED,
    (State.PULLING, Event.ONLINE): State.PULLING,
    (State.PULLING, Event.WROTE): State.PUSHING,
    (State.PULLING, Event.POKED): State.PULLING,
    (State.PULLING, Event.DUE): State.PULLING,
    (State.PULLING, Event.PUSHED): State.PULLING,
    (State.PULLING, Event.MORE): State.PULLING,
    (State.PULLING, Event.CAUGHT_UP): State.LIVE,
    (State.PULLING, Event.FAILED): State.BACKING_OFF,
    (State.LIVE, Event.CLOSE): State.CLOSED,
    (State.LIVE, Event.OFFLINE): State.OFFLINE,
    (State.LIVE, Event.RENEWED): State.PULLING,
    (State.LIVE, Event.REFUSED): State.REFUSED,
    (State.LIVE, Event.ONLINE): State.LIVE,
    (State.LIVE, Event.WROTE): State.PUSHING,
    (State.LIVE, Event.POKED): State.PULLING,
    (State.LIVE, Event.DUE): State.PULLING,
    (State.LIVE, Event.PUSHED): State.LIVE,
    (State.LIVE, Event.MORE): State.PULLING,
    (State.LIVE, Event.CAUGHT_UP): State.LIVE,
    (State.LIVE, Event.FAILED): State.BACKING_OFF,
    (State.BACKING_OFF, Event.CLOSE): State.CLOSED,
    (State.BACKING_OFF, Event.OFFLINE): State.OFFLINE,
    (State.BACKING_OFF, Event.RENEWED): State.PUSHING,
    (State.BACKING_OFF, Event.REFUSED): State.REFUSED,
    (State.BACKING_OFF, Event.ONLINE): State.PUSHING,
    (State.BACKING_OFF, Event.WROTE): State.BACKING_OFF,
    (State.BACKING_OFF, Event.POKED): State.BACKING_OFF,
    (State.BACKING_OFF, Event.DUE): State.PUSHING,
    (State.BACKING_OFF, Event.PUSHED): State.BACKING_OFF,
    (State.BACKING_OFF, Event.MORE): State.BACKING_OFF,
    (State.BACKING_OFF, Event.CAUGHT_UP): State.BACKING_OFF,
    (State.BACKING_OFF, Event.FAILED): State.BACKING_OFF,
    (State.REFUSED, Event.CLOSE): State.CLOSED,
    (State.REFUSED, Event.OFFLINE): State.OFFLINE,
    (State.REFUSED, Event.RENEWED): State.PUSHING,
    (State.REFUSED, Event.REFUSED): State.REFUSED,
    (State.REFUSED, Event.ONLINE): State.REFUSED,
    (State.REFUSED, Event.WROTE): State.REFUSED,
    (State.REFUSED, Event.POKED): State.REFUSED,
    (State.REFUSED, Event.DUE): State.REFUSED,
    (State.REFUSED, Event.PUSHED): State.REFUSED,
    (State.REFUSED, Event.MORE): State.REFUSED,
    (State.REFUSED, Event.CAUGHT_UP): State.REFUSED,
    (State.REFUSED, Event.FAILED): State.REFUSED,
    (State.CLOSED, Event.CLOSE): State.CLOSED,
    (State.CLOSED, Event.OFFLINE): State.CLOSED,
    (State.CLOSED, Event.RENEWED): State.CLOSED,
    (State.CLOSED, Event.REFUSED): State.CLOSED,
    (State.CLOSED, Event.ONLINE): State.CLOSED,
    (State.CLOSED, Event.WROTE): State.CLOSED,
    (State.CLOSED, Event.POKED): State.CLOSED,
    (State.CLOSED, Event.DUE): State.CLOSED,
    (State.CLOSED, Event.PUSHED): State.CLOSED,
    (State.CLOSED, Event.MORE): State.CLOSED,
    (State.CLOSED, Event.CAUGHT_UP): State.CLOSED,
    (State.CLOSED, Event.FAILED): State.CLOSED,
}
