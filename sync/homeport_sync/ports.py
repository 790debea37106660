"""What the core needs from outside: a store for the log and the records, and signals between tasks.

Each adapter (memory, SQLite, PostgreSQL) passes one contract suite, `tests/contract`. Every call names its tenant,
and no call can see past it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeAlias

import msgspec

from homeport_sync.change import Edits, Fields, Logged, Record, Verdict
from homeport_sync.choice import EVERYTHING, Choice
from homeport_sync.clock import NEVER, Stamp
from homeport_sync.cursor import Cursor
from homeport_sync.keys import CASCADE_MAX, Key, Link
from homeport_sync.lease import Lease
from homeport_sync.quarantine import Quarantined, Replayed
from homeport_sync.scope import Grant


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """One customer: the unit of isolation and of order."""

    id: str
    name: str
    created_at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The end of a tenant's log: its last `position` (0: empty) and its `epoch`."""

    position: int
    epoch: str


class KnownDevice(msgspec.Struct, frozen=True, kw_only=True):
    """What the server keeps of a device for ever, and of a write without one as long as its outcomes.

    `last_number` is its last decided number, `confirmed` the last whose outcome it has stored, `last_stamp` the
    newest stamp it was given; of a write without a device that under which it began.
    """

    id: str
    user: str
    last_number: int = 0
    confirmed: int = 0
    last_stamp: Stamp = NEVER


class StoredRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A record with who wrote it last: `author` a device; `foreign_position` where another than it last wrote. Or the
    word that it has `left` a scope: a tombstone there, for those who see it from there."""

    record: Record
    author: str
    foreign_position: int
    left: bool = False

    @property
    def row(self) -> str:
        """Under which name it is kept. That it left is kept beside it: nobody can ask for a name that is no UUID."""
        return f"{self.record.id}/{self.record.scope}" if self.left else self.record.id


class StoredOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """An outcome as it was given: `text` its JSON, `digest` of the change's body.

    `stamp` is that of the change as it was sent ("" if it could not be read): outcomes lie in the order of their
    stamps, so that those of many devices are neighbours.
    """

    device: str
    number: int
    stamp: Stamp
    digest: bytes
    text: str
    decided_at_ms: int


class LogEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One accepted change, once, for ever: what took effect (`fields`), what was there (`before`), who and when.

    `fields` are as they were written, as values or as edits; a superseded change has none. `request_id` is that of the
    push which brought it.
    """

    position: int
    op: Logged
    kind: str
    record: str
    scope: str
    fields: Edits
    before: Fields
    stamp: Stamp
    device: str
    number: int
    user: str
    outcome: Verdict
    request_id: str
    accepted_at_ms: int


OutcomeName: TypeAlias = tuple[Stamp, str, int]  # the stamp of the change as it was sent, its device and its number
KIND_RECORDS_MAX: Final = 1_001  # one more than a command may read, so that it can be told
FORMER_IDS_MAX: Final = 20  # of one stamp as many outcomes are looked at: a phone that was cloned again and again
BEFORE_ALL_OUTCOMES: Final[OutcomeName] = (NEVER, "", 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a commit batch must know before it decides. `outcomes` are those of what was sent; `stamps` are those of
    changes that may have been sent under another device's name, and at most `FORMER_IDS_MAX` of each are wanted;
    `creates` are (device, record): whether the device's create of the record was refused; `kinds` are (scope, kind)
    whose records are all wanted, but at most `KIND_RECORDS_MAX` of each; `keys` are those whose holders are wanted. Of
    the `targets` all links are wanted, and those of what goes with them, all the way down: at most `links_max` for
    each."""

    devices: frozenset[str]
    outcomes: frozenset[OutcomeName]
    stamps: frozenset[Stamp] = frozenset()
    grants: frozenset[tuple[str, str]]
    records: frozenset[str]
    creates: frozenset[tuple[str, str]] = frozenset()
    kinds: frozenset[tuple[str, str]] = frozenset()
    keys: frozenset[Key] = frozenset()
    targets: frozenset[str] = frozenset()
    links_max: int = CASCADE_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What the store knows of what was wanted; what it does not know is absent.

    `outcomes` by (device, number), and those of the wanted stamps with them; `grants` by (user, scope);
    `rejected_creates` are those of the wanted `creates` that were rejected and whose record is not there. `of_kind`
    has, for each of the wanted kinds, the ids of its live records in their order; they are among `records`. `keys` says
    who holds them. `links` has, for each of the wanted targets and for all that goes with it, its links in their order,
    and what goes is among `records`; `overfull` are the targets that have too many. `wanted` is what was asked (None:
    all that there is).
    """

    head: Head
    devices: Mapping[str, KnownDevice] = field(default_factory=dict)
    outcomes: Mapping[tuple[str, int], StoredOutcome] = field(default_factory=dict)
    grants: Mapping[tuple[str, str], Grant] = field(default_factory=dict)
    records: Mapping[str, StoredRecord] = field(default_factory=dict)
    rejected_creates: frozenset[tuple[str, str]] = frozenset()
    of_kind: Mapping[tuple[str, str], Sequence[str]] = field(default_factory=dict)
    keys: Mapping[Key, str] = field(default_factory=dict)
    links: Mapping[str, Sequence[Link]] = field(default_factory=dict)
    overfull: frozenset[str] = frozenset()
    wanted: Wanted | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Writes:
    """All that a commit batch changes; `head` is the log's new last position, `now_ms` the server's time.

    `replayed` marks what an earlier batch put into quarantine, if it is that user's and has no mark yet; what is not
    there is passed over. `keys` names who holds them then (None: nobody), `links` whether they are there then.
    """

    head: int
    now_ms: int
    log: Sequence[LogEntry] = ()
    records: Sequence[StoredRecord] = ()
    outcomes: Sequence[StoredOutcome] = ()
    quarantined: Sequence[Quarantined] = ()
    replayed: Sequence[Replayed] = ()
    devices: Sequence[KnownDevice] = ()
    grants: Sequence[Grant] = ()
    keys: Sequence[tuple[Key, str | None]] = ()
    links: Sequence[tuple[Link, bool]] = ()


class Transaction(Protocol):
    """One commit batch of one tenant, from the lock on its head to the commit."""

    async def load(self, wanted: Wanted) -> Loaded:
        """Lock the tenant's head, then read. Called first, and again for what only deciding shows to be wanted, too. No
        other transaction of the tenant passes the lock before this one ends."""

    async def commit(self, writes: Writes) -> None:
        """Write everything and commit, durably. Called at most once, last. If it raises, nothing is written; if
        the process dies in it, everything is or nothing is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a device stands, in one snapshot: the head, all grants its user ever had, its last decided number.

    There is one grant a scope, in the order of the scopes: the user's own or everybody's, as `scope.grant_of` says.
    """

    head: Head
    grants: Sequence[Grant]
    last_number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRows:
    """The rows of a page, in one snapshot with `standing`: for each range of the plan, in its order, the
    (position, record JSON) pairs read; a range that was not reached is missing. `full` tells that the page ended
    because it had no room left."""

    standing: Standing
    ranges: Sequence[Sequence[tuple[int, str]]]
    full: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What one step of pruning came to: how many outcomes were forgotten, and the last that was looked at, after which
    the next step goes on (None: there are no more)."""

    forgotten: int
    last: OutcomeName | None


class LogStore(Protocol):
    """A tenant's log and records. Unknown tenants raise `Unavailable`: callers check the tenant first."""

    def transaction(self, tenant: str) -> AbstractAsyncContextManager[Transaction]:
        """One commit batch; leaving without `commit` writes nothing."""

    async def standing(self, tenant: str, user: str, device: str) -> Standing:
        """Where the device stands now."""

    async def page(
        self,
        tenant: str,
        user: str,
        device: str,
        cursor: Cursor | None,
        limit: int,
        *,
        choice: Choice = EVERYTHING,
    ) -> PageRows:
        """The rows that `pull.plan` names for the standing at this moment and the choice, at most `limit` of them and
        at most `Limits.page_bytes_max` bytes (one row always fits), all in one snapshot."""

    async def begin_epoch(self, tenant: str, former: str) -> None:
        """Start a new epoch, unless it is not `former` any more."""

    async def read(self, tenant: str, after: int, limit: int) -> Sequence[LogEntry]:
        """The log after a position, in order, without gaps, at most `limit` entries."""

    async def prune_outcomes(self, tenant: str, before_ms: int, after: OutcomeName, upto: Stamp, limit: int) -> Pruned:
        """Look at the next `limit` outcomes after that one, in the order of their names, with stamps before `upto`, and
        forget those that are confirmed, or of a device that is not known any more, and were decided before `before_ms`.
        With the outcome of its last number goes
        the device of a write without one (`writer_ids.py`), if nothing of it lies in quarantine."""


class Places(Protocol):
    """Where followers have got to, and which worker may move them on. A place never goes back."""

    async def place(self, tenant: str, follower: str) -> int:
        """The position up to which the follower has done its work; 0 if it never began."""

    async def begin(self, tenant: str, follower: str, position: int) -> int:
        """The follower's place in that log, which is `position` from now on if it had none there; durable. Of many who
        come first at once, one wins, and all are told the same."""

    async def began_ms(self, follower: str, now_ms: int) -> int:
        """When the follower began in this store, for all tenants, in milliseconds since 1970: `now_ms` if it never did.
        Durable, and the same for all, as above."""

    async def lease(self, tenant: str, follower: str, holder: str, ttl_ms: int) -> Lease | None:
        """The follower's place, for `ttl_ms` milliseconds by the database's clock; None while another holds it.

        It is had when it is free, has run out, or is the holder's already, and then runs anew. Each change of holder,
        and each taking after it was given back, raises its fence.
        """

    async def keep_place(self, lease: Lease, position: int) -> Lease:
        """Keep the place, durably, and let the lease run anew; the lease as it is then. A lower place than is kept is
        ignored. Raises `LeaseLost`, and writes nothing, if there is a newer lease or it was given back."""

    async def give_back(self, lease: Lease) -> None:
        """Let another have it at once. Nothing, if there is a newer lease."""


class Tenants(Protocol):
    """The tenants of this store."""

    async def create(self, name: str, *, id: str, epoch: str, now_ms: int) -> Tenant:
        """The tenant of that name, made with `id` and a first log `epoch` unless there is one already."""

    async def find(self, id_or_name: str) -> Tenant | None:
        """The tenant with that id or name, if there is one."""

    async def tenants(self, after: str, limit: int) -> Sequence[Tenant]:
        """Tenants in the order of their ids, after an id ("" is the start), at most `limit`."""


EVERY_TENANT: Final = ""  # published for it: signals may have been lost, so look at every tenant


class Signals(Protocol):
    """ "There is more", between the parts of a process and between processes. May be lost; the log is the truth."""

    def publish(self, tenant: str, position: int) -> None:
        """Tell every listener of every process that the tenant's log has reached `position`; called after the
        commit. Never waits, never fails. Listeners of this process are told at once."""

    def listen(self) -> AbstractAsyncContextManager[AsyncIterator[tuple[str, int]]]:
        """What is published from now on. A slow listener gets only the newest position of each tenant; one that may
        have missed something, because other processes could not be heard for a while, gets `EVERY_TENANT`."""

    def connected(self) -> bool:
        """Whether signals go to and come from other processes now. If not, the slow polls find what they would
        have told, later."""
