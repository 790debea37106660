"""Refusals: what a rejected change was told, and what could not be accepted without it. Pure.

Device and server ask the same: who replays a change, replays with it what cannot stand without it (I7).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Protocol, TypeVar

from homeport_sync.change import Change
from homeport_sync.rules import written_value


class Refusal(Protocol):
    """A rejected change with its name and what it was told, wherever it waits."""

    @property
    def device(self) -> str:
        """The device under whose id it was sent."""

    @property
    def number(self) -> int:
        """Its number there."""

    @property
    def change(self) -> Change:
        """As it was sent."""

    @property
    def error(self) -> Mapping[str, object] | None:
        """The error of its outcome."""


Refused = TypeVar("Refused", bound=Refusal)


def with_dependents(waiting: Sequence[Refused], head: Refused) -> list[list[Refused]]:
    """What is replayed with `head`, unit by unit (a change alone, or what waits of a group): its own unit, then each
    later one with a change in it that names a record which one of those before was to make.

    `waiting` are a device's refusals in the order of writing, `head` one of them. What each was told does not matter:
    behind a refused create nothing that names its record could be accepted, but whoever may not write there is told so.
    """
    made: set[str] = set()
    found: list[list[Refused]] = []
    for _, each in groupby(waiting, key=_unit):
        unit = list(each)
        if any(one is head or (found and _builds_on(one, made)) for one in unit):
            found.append(unit)
            made |= {one.change.id for one in unit if one.change.op == "create"}
    return found


def code_of(error: Mapping[str, object] | None) -> str:
    """The code of an outcome's error; "" where there is none."""
    extensions = (error or {}).get("extensions")
    return str(extensions.get("code", "")) if isinstance(extensions, dict) else ""


def message_of(error: Mapping[str, object] | None) -> str:
    """What an outcome's error says; "" where there is none."""
    return str((error or {}).get("message", ""))


def flat(units: Iterable[Iterable[Refused]]) -> list[Refused]:
    """The changes of all units, in their order."""
    return [each for unit in units for each in unit]


def _unit(refusal: Refusal) -> tuple[str, int]:
    group = refusal.change.group
    return refusal.device, refusal.number - (group.at - 1 if group else 0)


def _builds_on(refusal: Refusal, made: set[str]) -> bool:
    """Whether it is about one of these records, within one, goes into one or refers to one."""
    change = refusal.change
    values = map(written_value, change.fields.values())
    named = (change.id, change.scope, change.into, *(value for value in values if isinstance(value, str)))
    return not made.isdisjoint(named)
