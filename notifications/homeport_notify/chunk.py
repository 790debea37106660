"""A chunk: up to a thousand deliveries of one notification, which one worker at a time leases and works through."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from homeport_notify.address import Address, Retired
from homeport_notify.notification import Notification
from homeport_notify.preferences import Preferences


class Chunk(msgspec.Struct, frozen=True, kw_only=True):
    """`number` is its place among the chunks of its notification, from 0. `addresses` are their ids, packed; `states`
    has a byte for each (`delivery.py`). It is not due before `due_at_ms`; `attempt` counts how often its deliveries
    were deferred because a provider failed. `first_at_ms` is when they were tried first, 0 for never."""

    notification: str
    number: int
    addresses: bytes
    states: bytes
    due_at_ms: int
    attempt: int = 0
    first_at_ms: int = 0


class LeasedChunk(msgspec.Struct, frozen=True, kw_only=True):
    """A chunk in the hands of `holder` until `until_ms`, by the store's clock. Only the newest `fence` may write.
    `notification` is as it was when the lease was had."""

    tenant: str
    notification: Notification
    chunk: Chunk
    holder: str
    fence: int
    until_ms: int


class Reachable(msgspec.Struct, frozen=True, kw_only=True):
    """An address, and what its user prefers, as both are at this moment. `woken_at_ms` is when it was woken last, 0 for
    never; it is looked up for notifications about a change."""

    address: Address
    preferences: Preferences
    woken_at_ms: int = 0


class Deferred(msgspec.Struct, frozen=True, kw_only=True):
    """Deliveries that go on in another chunk, from `due_at_ms` on. `addresses` are ids."""

    addresses: Sequence[str]
    due_at_ms: int
    attempt: int
    first_at_ms: int


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that was given up, and why, as the provider said."""

    notification: str
    address: str
    code: str
    detail: str
    failed_at_ms: int
    replayed: bool = False


class ChunkWrites(msgspec.Struct, frozen=True, kw_only=True):
    """All that a worker writes of its chunk at once: the `states` as they are now, what goes on elsewhere, what is
    given up, and what it has learnt of addresses: those to retire and why, and those with one more strike (retired as
    malformed when they have `STRIKES_MAX`), each as it was when it was sent to. One that has another target by now is
    left alone: the word was about the former."""

    states: bytes
    deferred: Sequence[Deferred] = ()
    dead: Sequence[DeadLetter] = ()
    retired: Sequence[tuple[Address, Retired]] = ()
    struck: Sequence[Address] = ()
