"""Quarantine: where rejected changes wait, each with all that is needed to mend it and to make it again (I7).

A **replay** is a new change that names the rejected one. When it is accepted, the rejected one is marked in the same
commit. One that is rejected in its turn lies beside the first, which stays open: a replay of a replay names the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

import msgspec

from homeport_sync.wire import Sent


class Quarantined(msgspec.Struct, frozen=True, kw_only=True):
    """A rejected change, kept for good, because it holds somebody's work.

    `change` is its JSON (empty if it could not be read), `text` its outcome's, `record` what it was about. `created`:
    it was a create, so others may depend on it. `replays` is the name of the rejected change that it was to make good
    ("" for none).
    """

    device: str
    number: int
    record: str
    created: bool
    change: str
    text: str
    rejected_at_ms: int
    replays: str = ""


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """A mark that a commit batch makes: the rejected change `device`/`number` of `user` was made good by `by`."""

    device: str
    number: int
    user: str
    by: str


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A rejected change as it lies in quarantine: whose it is, and by which change it was made good, and when."""

    change: Quarantined
    user: str
    replayed_by: str = ""
    replayed_at_ms: int | None = None

    @property
    def name(self) -> str:
        """Its name, by which a replay names it."""
        return change_name(self.change.device, self.change.number)

    @property
    def open(self) -> bool:
        """Whether it still waits: it was not made good, and is no replay itself."""
        return self.replayed_at_ms is None and not self.change.replays

    @property
    def place(self) -> QuarantinePlace:
        """Where it stands in the quarantine."""
        return self.change.rejected_at_ms, self.change.device, self.change.number


QuarantinePlace: TypeAlias = tuple[int, str, int]  # when it was rejected, its device and its number
QUARANTINE_START: Final[QuarantinePlace] = (-1, "", 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which of the rejected changes: of a user, a device, about a record ("": of all). Those that are open, unless
    `closed` asks for all: open is what was not made good, and is no replay itself."""

    user: str = ""
    device: str = ""
    record: str = ""
    closed: bool = False


class Quarantine(Protocol):
    """What a store tells of the changes that were rejected. Unknown tenants raise `Unavailable`."""

    async def quarantine(self, tenant: str, chosen: Chosen, after: QuarantinePlace, limit: int) -> Sequence[Held]:
        """The chosen ones after a place, in the order of their places, at most `limit`. The order never changes: new
        ones come last, as far as the server's clock does not go back."""

    async def held(self, tenant: str, device: str, number: int) -> Held | None:
        """The rejected change of that name, open or not; None if there is none."""

    async def held_later(self, tenant: str, device: str, number: int, limit: int) -> Sequence[Held]:
        """What was rejected of the device after that number, open or not, in the order of the numbers, at most
        `limit`."""

    async def held_of(self, tenant: str, record: str, limit: int) -> Sequence[Held]:
        """What was rejected of the record, open or not, in no order; of more than `limit`, any so many of them."""


def change_name(device: str, number: int) -> str:
    """The name of a change within its tenant."""
    return f"{device}/{number}"


def device_and_number(name: str) -> tuple[str, int]:
    """The parts of a change's name."""
    device, _, number = name.partition("/")
    return device, int(number)


def marks(accepted: Iterable[Sent], user: str, device: str) -> Iterator[Replayed]:
    """The marks of what was accepted, by `device` of that user. Only the user's own is ever marked."""
    for change in (sent.change for sent in accepted):
        if change is not None and change.replays:
            rejected, number = device_and_number(change.replays)
            yield Replayed(device=rejected, number=number, user=user, by=change_name(device, change.number))
