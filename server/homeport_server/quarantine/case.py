"""A case: one rejected change as an operator works with it, and those that go with it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Final

from homeport_sync.change import Change, Outcome, decode_change, decode_outcome
from homeport_sync.quarantine import QUARANTINE_START, Chosen, Held, Quarantine
from homeport_sync.refusal import with_dependents

PAGE: Final = 500
BEHIND_MAX: Final = 1_000  # of a device's rejected changes, how many are looked through while a server serves others


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """`change` is None if it could not be read when it came: then there is only the reason."""

    held: Held
    outcome: Outcome

    @property
    def name(self) -> str:
        """Its name, device/number."""
        return self.held.name

    @property
    def root(self) -> str:
        """The name that a replay of it names: that of the first, where it is a replay itself."""
        return self.held.change.replays or self.name

    @property
    def error(self) -> Mapping[str, object] | None:
        """Why it was rejected."""
        return self.outcome.error


@dataclass(frozen=True, slots=True, kw_only=True)
class Readable(Case):
    """A case whose change could be read: a `Refusal`."""

    change: Change

    @property
    def device(self) -> str:
        """See `Refusal`."""
        return self.held.change.device

    @property
    def number(self) -> int:
        """See `Refusal`."""
        return self.held.change.number


def case_of(held: Held) -> Case:
    """The case of what lies there; `Readable` unless the change could not be read."""
    outcome = decode_outcome(held.change.text)
    if not held.change.change:
        return Case(held=held, outcome=outcome)
    return Readable(held=held, outcome=outcome, change=decode_change(held.change.change))


async def every(store: Quarantine, tenant: str, chosen: Chosen) -> AsyncIterator[Case]:
    """All chosen cases of a tenant, in their order, read page by page."""
    after = QUARANTINE_START
    while page := await store.quarantine(tenant, chosen, after, PAGE):
        for held in page:
            yield case_of(held)
        after = page[-1].place


async def units_of(
    store: Quarantine, tenant: str, head: Readable, *, behind_max: int | None = None
) -> list[list[Readable]]:
    """What is replayed with `head`, unit by unit: of its device, and still open, found among the `behind_max` changes
    (None: all) that were rejected behind it."""
    waiting, _ = await waiting_behind(store, tenant, head, behind_max)
    return with_dependents(waiting, head)


async def waiting_behind(
    store: Quarantine, tenant: str, head: Readable, behind_max: int | None
) -> tuple[list[Readable], bool]:
    """What waits of the device of `head`, from the beginning of its group on, and whether there may be more of it
    behind the `behind_max` that were looked at."""
    first = head.number - (head.change.group.at - 1 if head.change.group else 0)
    waiting, looked, after = list[Readable](), 0, first - 1
    while behind_max is None or looked <= behind_max:
        room = PAGE if behind_max is None else min(PAGE, behind_max + 1 - looked)
        page = await store.held_later(tenant, head.device, after, room)
        if not page:
            return waiting, False
        cases = [head if held.name == head.name else case_of(held) for held in page]
        waiting += [each for each in cases if isinstance(each, Readable) and (each is head or each.held.open)]
        looked, after = looked + len(page), page[-1].change.number
    return waiting, True
