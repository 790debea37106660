"""What notifications need from outside: a store, and what only the server knows (who is a member, who has seen what).

Each adapter of the store (memory, SQLite, PostgreSQL) passes one contract suite, `tests/contract`. Every call names its
tenant, and no call can see past it. Times are milliseconds since 1970 and come in as arguments, but for leases, which
run by the store's own clock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from homeport_notify.address import Address, ChannelName, Retired
from homeport_notify.chunk import Chunk, ChunkWrites, DeadLetter, LeasedChunk, Reachable
from homeport_notify.delivery import DeliveryState
from homeport_notify.notification import Lane, Notification
from homeport_notify.preferences import Preferences
from homeport_notify.steering import Steering
from homeport_notify.wake import Wanted


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """Where a notification stands. `expanded`: all of its audience is in chunks. `counts` adds up over all chunks; what
    is deferred is counted where it waits, and what still waits of one that was cancelled or stopped as cancelled."""

    notification: Notification
    expanded: bool
    counts: Mapping[DeliveryState, int]


class Notifications(Protocol):
    """The notifications of a tenant, and how they are steered."""

    async def submit(self, notification: Notification) -> tuple[Notification, bool]:
        """Keep it, durably; whether it is new. With a key that is known it is the one that is kept, however often it is
        sent. Raises `KeyReused` if that one is another (all that its author says is compared, `id` and times are not).
        """

    async def progress(self, tenant: str, notification: str) -> Progress:
        """Where it stands, in one snapshot. Raises `NotificationUnknown`."""

    async def notifications(self, tenant: str, before: str, limit: int, *, lane: Lane | None) -> Sequence[Notification]:
        """Those with an id below `before` ("" for the newest), newest first (ids are UUIDv7), at most `limit`."""

    async def steer(self, tenant: str, notification: str, how: Steering, reason: str) -> Notification:
        """Pause, resume, cancel or stop it; the notification as it is then. Steering again the same way changes
        nothing. Raises `NotificationUnknown`, and `NotificationOver` for one that has ended."""

    async def forget(self, tenant: str, lane: Lane, ended_before_ms: int, limit: int) -> int:
        """Forget, with their chunks, receipts and dead letters, at most `limit` of the lane that had ended by then; how
        many. One that runs again meanwhile stays."""


class Expanding(msgspec.Struct, frozen=True, kw_only=True):
    """A notification whose audience is not yet all in chunks. `place` is after which user or address to go on."""

    notification: Notification
    place: str


class Expansion(Protocol):
    """Turning an audience into chunks, a page at a time. The place is kept in the transaction that makes the chunks, so
    that each address is in one chunk, whoever dies when. An address that is retired gets into none."""

    async def expanding(self, tenant: str, lane: Lane, now_ms: int) -> Expanding | None:
        """The first of the lane's notifications, oldest due first, that is due and not wholly expanded."""

    async def expand(self, expanding: Expanding, limit: int) -> int | None:
        """Put the next page of its own audience (users, topic, everyone, addresses) into chunks of at most
        `CHUNK_ADDRESSES_MAX`: about `limit` addresses (a user's are never split). How many there were; None when that
        was all, or another went on from this place meanwhile."""

    async def expand_users(
        self, expanding: Expanding, users: Sequence[str], *, last: bool, but: Sequence[str] = ()
    ) -> None:
        """The same for these users, who come next in a scope's order of names, without those in `but`; `last`: there
        are no more."""


class Chunks(Protocol):
    """The chunks, which workers lease."""

    async def lease(self, tenant: str, lane: Lane, holder: str, ttl_ms: int, now_ms: int) -> LeasedChunk | None:
        """The chunk that has been due longest, of those nobody holds whose notification is running; None if there is
        none. Each lease raises the fence. Of many who ask at once, each gets another chunk."""

    async def reachable(self, leased: LeasedChunk, addresses: Sequence[str]) -> Mapping[str, Reachable]:
        """Those addresses (ids) as they are now, with what their users prefer; what is not there is absent."""

    async def commit(self, leased: LeasedChunk, writes: ChunkWrites, ttl_ms: int) -> LeasedChunk:
        """Write it all in one transaction, durably, and let the lease run anew; the chunk as it is then, with its
        notification as it is now. A chunk none of whose deliveries is open is over, and its lease ends; a notification
        that is expanded and all of whose chunks are over is done. Raises `ChunkLost`, and writes nothing, if there is a
        newer lease."""

    async def give_back(self, leased: LeasedChunk, *, due_at_ms: int | None = None) -> None:
        """Let another have it at once, or from `due_at_ms` on. Nothing, if there is a newer lease."""

    async def next_due_ms(self, tenant: str, lane: Lane) -> int | None:
        """When the tenant's next chunk of the lane can be leased, or its next notification expanded; None if nothing is
        open."""

    async def chunks(self, tenant: str, notification: str, after: int, limit: int) -> Sequence[Chunk]:
        """Its chunks after that number (-1: from the first), in order: who was told, delivery by delivery."""


class DeadLetters(Protocol):
    """Deliveries that were given up."""

    async def dead_letters(self, tenant: str, notification: str, after: str, limit: int) -> Sequence[DeadLetter]:
        """Those of a notification after an address's id ("" for the first), in the order of those ids."""

    async def replay(self, tenant: str, notification: str, limit: int, now_ms: int) -> int:
        """Try at most `limit` of those that failed by now and were not replayed yet once more, in new chunks, until a
        time of `RETRY_WITHIN_MS` from now; how many. Those of a chunk that is still worked on are left for later. A
        notification that was done runs again. Raises `NotificationUnknown`, and `NotificationOver` for one that was
        cancelled or stopped."""


class Addresses(Protocol):
    """Where users can be reached."""

    async def register(self, tenant: str, address: Address, now_ms: int) -> None:
        """Keep it as it is now, by its id: another user, target or zone than before takes the place of the former. An
        address of another id with the same channel and target is retired as `replaced`: a phone was installed again, or
        changed hands. Registered again, one that was retired lives again, without strikes. Raises `BadAddress` if the
        user has `ADDRESSES_A_USER_MAX` others that live."""

    async def retire(self, tenant: str, user: str, device: str, why: Retired) -> int:
        """Retire all addresses of a user's device, such as at signing out; how many lived."""

    async def addresses(self, tenant: str, user: str, after: str, limit: int) -> Sequence[Address]:
        """A user's addresses after an id, in the order of their ids, retired ones too."""

    async def of_devices(self, tenant: str, devices: Sequence[str]) -> Sequence[Address]:
        """The living addresses of these devices."""

    async def of_users(self, tenant: str, users: Sequence[str]) -> Sequence[Address]:
        """The living addresses of these users, who are a page of a scope's members."""

    async def age_out(self, tenant: str, unseen_since_ms: int, limit: int) -> int:
        """Retire at most `limit` that were seen last before that time; how many."""

    async def forget_addresses(self, tenant: str, unseen_since_ms: int, limit: int) -> int:
        """Forget at most `limit` retired ones that were seen last before that time, and how they were woken; how many.
        A delivery that still waits for one finds nobody there."""


class People(Protocol):
    """What users prefer, and to which topics they subscribe."""

    async def preferences(self, tenant: str, user: str) -> Preferences:
        """What the user prefers; `NO_PREFERENCES` if they said nothing."""

    async def prefer(self, tenant: str, user: str, preferences: Preferences, now_ms: int) -> None:
        """Keep it in the place of what was."""

    async def subscribe(self, tenant: str, user: str, topic: str, now_ms: int) -> None:
        """Have the user told what is told to the topic. Harmless a second time. Raises `BadPreferences` beyond
        `TOPICS_A_USER_MAX`."""

    async def unsubscribe(self, tenant: str, user: str, topic: str) -> None:
        """No longer. Harmless a second time."""

    async def topics(self, tenant: str, user: str, after: str, limit: int) -> Sequence[str]:
        """A user's topics after one, in order."""


class Receipt(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A device's word that a delivery came, and when somebody opened it (by the device's own clock)."""

    notification: str
    received_at_ms: int
    opened_at_ms: int | None = None


class NotificationReceipts(Protocol):
    """What devices say came of it."""

    async def keep_receipts(
        self, tenant: str, user: str, device: str, receipts: Sequence[Receipt], now_ms: int
    ) -> None:
        """Keep them, once a notification and device; the first word of each sort counts. What is told of a notification
        that is not there is passed over."""

    async def received(self, tenant: str, notification: str) -> tuple[int, int]:
        """How many devices received it, and how many opened it."""


class Wakes(Protocol):
    """Which devices have to be woken (`wake.py`)."""

    async def want(self, tenant: str, wanted: Mapping[str, int], due_at_ms: int) -> None:
        """There is something for these addresses (id to position), so look at them at `due_at_ms`, or when they are
        looked at anyway. A place never goes back. Addresses that do not live are passed over."""

    async def due(self, tenant: str, now_ms: int, limit: int) -> Sequence[Wanted]:
        """Those to look at now, longest due first, of addresses that live."""

    async def settle(
        self,
        tenant: str,
        now_ms: int,
        *,
        caught_up: Sequence[Wanted],
        later: Sequence[tuple[Wanted, int]],
        woken: Sequence[Wanted],
        notification: Notification | None,
    ) -> bool:
        """What became of them, in one transaction: those that have all need nothing more, unless there is more by now;
        those for `later` are due at their times; those `woken` are to be told by the `notification`, which is submitted
        with them, and remember this wake. Nothing is written, and it returns False, if one of them was woken by another
        worker since it was looked at, or lives no more."""

    async def next_wake_ms(self, tenant: str) -> int | None:
        """When the next is due; None if none is wanted."""


class Gate(msgspec.Struct, frozen=True, kw_only=True):
    """How a provider's account may be used by all workers together: nothing before `closed_until_ms`, `reason` says why
    ("" if it is open). After a closing its speed grows from a tenth to the whole in `RAMP_MS`."""

    closed_until_ms: int = 0
    opened_at_ms: int = 0
    reason: str = ""


class Gates(Protocol):
    """The gates of the channels, which belong to no tenant: all use the same account."""

    async def gate(self, channel: ChannelName) -> Gate:
        """As it is now."""

    async def close_gate(self, channel: ChannelName, until_ms: int, reason: str) -> None:
        """Nothing goes out before `until_ms`, unless it is closed for longer already."""

    async def open_gate(self, channel: ChannelName, now_ms: int) -> None:
        """Somebody mended what was wrong."""

    async def take(self, channel: ChannelName, wanted: int, a_second: int, now_ms: int) -> int:
        """Of the messages `a_second` that the account may send, a share of at most `wanted` for this worker, 0 if
        nothing is left of this second. What is taken and not used is lost."""


class Members(Protocol):
    """The members of a scope, as sync knows them."""

    async def members(self, tenant: str, scope: str, after: str, limit: int) -> Sequence[str]:
        """The users with a grant that holds in the scope, after that one, in the order of their names (by bytes)."""


class Presence(msgspec.Struct, frozen=True, kw_only=True):
    """`pulled_position` is up to where the device has pulled; `listens_until_ms` until when it is known to be connected
    (0: it is not)."""

    pulled_position: int = 0
    listens_until_ms: int = 0


class Presences(Protocol):
    """How far devices are, as well as the servers know it. What they do not know is absent."""

    async def presences(self, tenant: str, devices: Sequence[str]) -> Mapping[str, Presence]:
        """Of these devices."""


class NotifyStore(
    Notifications, Expansion, Chunks, DeadLetters, Addresses, People, NotificationReceipts, Wakes, Gates, Protocol
):
    """What every adapter is."""
