"""What a fleet leaves behind, as plain values: the checkers judge by nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from homeport_client.fleet.check.glimpse import Glimpse
from homeport_client.fleet.check.noticed import Noticed
from homeport_client.fleet.check.witness import Told, Written
from homeport_sync.catalog import Kind
from homeport_sync.change import Fields
from homeport_sync.ports import LogEntry
from homeport_sync.role import BUILT_IN, Role
from homeport_sync.tell import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One live record as somebody holds it."""

    kind: str
    scope: str
    fields: Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """All that one device holds. `waiting` counts the changes that are still in its outbox. `refused` are the changes,
    by device id and number, that it keeps as rejected for its app. `device` is its id, where that is looked at, and
    `owed` counts the receipts that the server has not acknowledged. `clock_off_ms` is how wrong the time is that it
    goes by. `fresh` marks a device that had nothing and pulled everything, after the others had come to rest."""

    name: str
    user: str
    records: Mapping[str, Held]
    waiting: int = 0
    device: str = ""
    owed: int = 0
    refused: frozenset[tuple[str, int]] = frozenset()
    clock_off_ms: int = 0
    fresh: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """How far the follower that counts changes had come in a tenant's log at one moment, and what it had counted."""

    tenant: str
    head: int
    place: int
    counted: int

    @property
    def at_rest(self) -> bool:
        """Whether it has read the whole log."""
        return self.place == self.head


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoked:
    """A grant that has ended and was not given again, and the devices whose receipt for this end the server has."""

    user: str
    scope: str
    position: int
    answered: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a fleet left behind: the server's log, what the phones wrote, what they were told, what they hold.

    `followed` is how followers stood, at any moments and in the end; None where there are none. `revoked` are the
    grants that have ended; None where nobody could ask. `flickers` are what those saw who never looked away, if anybody
    did, and `glimpses` what may be such. `broken` says which of the app's own invariants did not hold, and where; None
    where it has none. `raised` are the errors that devices may not raise. `fallen` says which processes ended though
    nobody ended them; None where none is ours. `unrest` says what still moved when the time to heal was over (nothing:
    all came to rest). `noticed` is what became of notifications; None where nobody is told of anything. `kinds`,
    `roles` and `rules` (whom to tell of a change) are what the app declares, whose
    `tenant` this is.
    """

    log: Sequence[LogEntry]
    written: Sequence[Written]
    told: Sequence[Told]
    holdings: Sequence[Holding]
    followed: Sequence[Followed] | None = None
    revoked: Sequence[Revoked] | None = None
    flickers: Sequence[str] = ()
    glimpses: Sequence[Glimpse] = ()
    broken: Sequence[str] | None = None
    raised: Sequence[str] = ()
    fallen: Sequence[str] | None = None
    unrest: Sequence[str] = ()
    noticed: Noticed | None = None
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    roles: Mapping[str, Role] = field(default_factory=lambda: BUILT_IN)
    rules: Sequence[Rule] = ()
    tenant: str = ""
