"""Intents: what an update means by a field whose rule needs to know more than a value.

    await phone.update(task, votes=increment(), tags=adding("urgent"), place=after(other))

A value says what there shall be; an intent says what shall be done to what there is, by then: two people who vote
offline are two votes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from homeport_client.ids import Id, text_id
from homeport_sync.values import PythonValue


@dataclass(frozen=True, slots=True)
class Incrementing:
    """Adds `by` to a counter."""

    by: int


@dataclass(frozen=True, slots=True)
class Adding:
    """Puts elements into a set."""

    elements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Removing:
    """Takes elements out of a set."""

    elements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Altering:
    """Puts elements into a set, and takes others out: what writing a whole set means."""

    added: tuple[str, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Placing:
    """Moves a record in the order of its rank: `behind` another, or before it; to an end, where `other` is ""."""

    other: str
    behind: bool


Intent: TypeAlias = Incrementing | Adding | Removing | Altering | Placing
Meant: TypeAlias = PythonValue | Intent


def increment(by: int = 1) -> Incrementing:
    """Adds to a counter; takes from it where `by` is negative."""
    return Incrementing(by)


def adding(*elements: str) -> Adding:
    """Puts these into a set, and leaves the others."""
    return Adding(elements)


def removing(*elements: str) -> Removing:
    """Takes these out of a set, and leaves the others. What somebody else adds at the same time stays."""
    return Removing(elements)


def after(record_id: Id) -> Placing:
    """Behind that record of the same kind and scope."""
    return Placing(text_id(record_id), behind=True)


def before(record_id: Id) -> Placing:
    """Before that record of the same kind and scope."""
    return Placing(text_id(record_id), behind=False)


def at_start() -> Placing:
    """Before all others of the scope."""
    return Placing("", behind=False)


def at_end() -> Placing:
    """Behind all others of the scope."""
    return Placing("", behind=True)
