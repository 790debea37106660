"""Receipts: a device's word that nothing is left on it of what a grant gave that has ended.

Where a grant ended is its **ending**: the scope and the position of the change that ended it. A page names the endings
that are news to its reader; a device drops what it held, and answers each with a receipt. Whoever is invited again and
removed again has another ending, which only another receipt answers.

A receipt is believed of the device and the user it comes from, and of nobody else, and only where that user's grant has
really ended at that position. That the data is gone is the device's word: no server can see into a phone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Final, Protocol, TypeAlias

import msgspec

from homeport_sync.change import Number, Uuid

DEVICES_MAX: Final = 100  # of one user that answer one ending: ids are made by devices, and must not fill a disk
KNOWN_LATE_MS: Final = 60_000  # a sighting is kept now and then, and so up to this much later

Time: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799_999)]  # up to the year 9999


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """Where a grant ended: `position` is that of the change that ended it."""

    scope: str
    position: int


class Receipt(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a device says of an ending: since `dropped_ms`, by its clock as the server corrected it, nothing is left."""

    scope: Uuid
    position: Number
    dropped_ms: Time

    @property
    def ending(self) -> Ending:
        """What it answers."""
        return Ending(scope=self.scope, position=self.position)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A grant that has ended, at `position` and `ended_at_ms` (the server's clock), and has not been given again."""

    user: str
    scope: str
    position: int
    ended_at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A device that may have held what an ended grant gave.

    `seen_at_ms` is when it was last heard of, as far as that is kept. `dropped_at_ms` (its own word) and
    `received_at_ms` are those of its receipt for this ending; None: it has given none.
    """

    device: str
    seen_at_ms: int | None = None
    dropped_at_ms: int | None = None
    received_at_ms: int | None = None


class TakesReceipts(Protocol):
    """What takes receipts in."""

    async def keep_receipts(
        self, tenant: str, user: str, device: str, receipts: Sequence[Receipt], now_ms: int
    ) -> None:
        """Keep, durably, those that answer where a grant of the user has ended; the first for an ending stays as it is,
        and takes the place of the device's receipt for an earlier one.

        Passed over without a word: a receipt for a grant that never was, holds, or ended elsewhere; of a device that
        pushes as another user; and of one more device where `DEVICES_MAX` have answered the same
        ending.
        """


class Receipts(TakesReceipts, Protocol):
    """Who has given a receipt, and who has not."""

    async def ended_grants(
        self, tenant: str, after: tuple[str, str], limit: int, *, user: str = "", scope: str = ""
    ) -> Sequence[Ended]:
        """Grants that have ended, after a (user, scope) and in that order, at most `limit`; of one user or one scope if
        it is named."""

    async def holders(self, tenant: str, ended: Ended, after: str, limit: int) -> Sequence[Holder]:
        """The devices that have given a receipt for this ending, and those of its user that were sighted before it
        (`KNOWN_LATE_MS` later at most), after a device and in the order of their ids, at most `limit`."""


def first_of_each(receipts: Iterable[Receipt]) -> list[Receipt]:
    """The first receipt for each ending, in the order of the scopes: two processes then never wait for each other."""
    first: dict[tuple[str, int], Receipt] = {}
    for each in receipts:
        first.setdefault((each.scope, each.position), each)
    return [first[name] for name in sorted(first)]


def merged(answered: Iterable[Holder], known: Iterable[tuple[str, int | None]], limit: int) -> list[Holder]:
    """The first `limit` of those that have `answered` and of the `known` devices, which may be named several times,
    each with when it was heard of."""
    given = {holder.device: holder for holder in answered}
    seen: dict[str, int | None] = {device: holder.seen_at_ms for device, holder in given.items()}
    for device, at_ms in known:
        seen[device] = max(filter(None, (seen.get(device), at_ms)), default=None)
    return [replace(given.get(each) or Holder(device=each), seen_at_ms=seen[each]) for each in sorted(seen)[:limit]]
