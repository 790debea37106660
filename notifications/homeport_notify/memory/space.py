"""What one tenant has, in memory: the parts of the store in memory all work on it.

No method of theirs waits for anything between its first look and its last write, so each is a transaction.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from msgspec.structs import replace

from homeport_notify.address import Address, Retired
from homeport_notify.chunk import Chunk, DeadLetter
from homeport_notify.delivery import DeliveryState, has_open, pack
from homeport_notify.errors import NotificationUnknown
from homeport_notify.gating import Share
from homeport_notify.notification import Lane, Notification
from homeport_notify.ports import Gate
from homeport_notify.preferences import Preferences

NOBODY: Final = ""
Clock = Callable[[], int]


@dataclass(slots=True)
class KeptChunk:
    """A chunk, and who holds it until when, by the store's clock."""

    chunk: Chunk
    holder: str = NOBODY
    fence: int = 0
    until_ms: int = 0

    @property
    def open(self) -> bool:
        """Whether anything is left to do in it."""
        return has_open(self.chunk.states)


@dataclass(slots=True)
class KeptNotification:
    """A notification and all that belongs to it. `place` is up to where its audience is in chunks; `dead` are its dead
    letters by address, each with the number of the chunk where it was given up; `receipts` are by device: when it was
    received, and when opened."""

    notification: Notification
    place: str = ""
    expanded: bool = False
    ended_at_ms: int | None = None
    chunks: list[KeptChunk] = field(default_factory=list)
    dead: dict[str, tuple[DeadLetter, int]] = field(default_factory=dict)
    receipts: dict[str, tuple[int, int | None]] = field(default_factory=dict)

    def add_chunk(self, addresses: Sequence[str], due_at_ms: int, *, attempt: int = 0, first_at_ms: int = 0) -> None:
        """One more chunk, with the next number, whose deliveries all wait."""
        chunk = Chunk(
            notification=self.notification.id,
            number=len(self.chunks),
            addresses=pack(list(addresses)),
            states=bytes([DeliveryState.WAITING]) * len(addresses),
            due_at_ms=due_at_ms,
            attempt=attempt,
            first_at_ms=first_at_ms,
        )
        self.chunks.append(KeptChunk(chunk=chunk))

    def end_if_done(self, now_ms: int) -> None:
        """It is done when its audience is in chunks and all of those are over."""
        if self.expanded and not self.notification.over and not any(each.open for each in self.chunks):
            self.notification = replace(self.notification, state="done", reason="")
            self.ended_at_ms = now_ms


@dataclass(slots=True)
class KeptWake:
    """Up to where there is something for an address, when it is looked at (None: not), and when it was woken lately."""

    position: int
    due_at_ms: int | None
    woken_ms: Sequence[int] = ()


@dataclass(slots=True)
class KeptGate:
    """A gate, and what was taken of the last second."""

    gate: Gate = field(default_factory=Gate)
    share: Share = field(default_factory=Share)


@dataclass(slots=True)
class Space:
    """All that one tenant has. `ids` are those of its addresses in order, retired ones too."""

    notifications: dict[str, KeptNotification] = field(default_factory=dict)
    by_key: dict[str, str] = field(default_factory=dict)
    addresses: dict[str, Address] = field(default_factory=dict)
    ids: list[str] = field(default_factory=list)
    of_user: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    by_target: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    preferences: dict[str, Preferences] = field(default_factory=dict)
    in_topic: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    wakes: dict[str, KeptWake] = field(default_factory=dict)

    def kept(self, notification: str) -> KeptNotification:
        """The notification of that id. Raises `NotificationUnknown`."""
        found = self.notifications.get(notification)
        if found is None:
            raise NotificationUnknown(
                f"There is no notification {notification[:40]!r}: `homeport notify list` shows the ids."
            )
        return found

    def of_lane(self, lane: Lane, *states: str) -> Iterator[KeptNotification]:
        """The lane's notifications that are in one of these states."""
        for each in self.notifications.values():
            if each.notification.lane == lane and each.notification.state in states:
                yield each

    def living(self, ids: Iterable[str]) -> list[Address]:
        """Those of these addresses that live, in the order of their ids."""
        found = (self.addresses.get(each) for each in sorted(set(ids)))
        return [each for each in found if each is not None and each.retired is None]

    def ids_after(self, after: str, limit: int) -> Sequence[str]:
        """Living addresses after that one, in their order, at most `limit`."""
        found: list[str] = []
        for at in range(bisect_right(self.ids, after), len(self.ids)):
            if len(found) == limit:
                break
            if self.addresses[self.ids[at]].retired is None:
                found.append(self.ids[at])
        return found

    def keep_address(self, address: Address) -> None:
        """Put it in the place of what was, and into all indexes."""
        former = self.addresses.get(address.id)
        if former is None:
            insort(self.ids, address.id)
        else:
            self.of_user[former.user].discard(former.id)
            self.by_target[former.channel, former.target].discard(former.id)
        self.addresses[address.id] = address
        self.of_user[address.user].add(address.id)
        self.by_target[address.channel, address.target].add(address.id)

    def forget_address(self, address: Address) -> None:
        """Take it out of all indexes."""
        del self.addresses[address.id]
        self.ids.remove(address.id)
        self.of_user[address.user].discard(address.id)
        self.by_target[address.channel, address.target].discard(address.id)
        self.wakes.pop(address.id, None)

    def retire(self, address: Address, why: Retired) -> None:
        """Nothing is sent to it any more, nor is it woken."""
        self.keep_address(replace(address, retired=why))
        if (wake := self.wakes.get(address.id)) is not None:
            wake.due_at_ms = None  # if it lives again within the hour, it was woken as often as before


class OnMemory:
    """What each part of the store in memory is made of. `clock` is that of leases, in milliseconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._spaces: dict[str, Space] = defaultdict(Space)
        self._gates: dict[str, KeptGate] = defaultdict(KeptGate)
