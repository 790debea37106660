"""Keys and links: what is known of a record beside it, so that the others need not be searched. Pure.

A **key** is the value of a unique field in a scope; the one record that has it holds it. A **link** leads from a record
to one that refers to it, and says what becomes of that one when it is deleted. Both follow from the state of the record
that has the field: a tombstone has none.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import islice
from typing import Final, NamedTuple

from homeport_sync.catalog import CASCADE, Field, Kind
from homeport_sync.change import Record, Value
from homeport_sync.rules import text_of

CASCADE_MAX: Final = 1_000


class Key(NamedTuple):
    """A value of a unique field: of long ones, too, only 16 bytes in hexadecimal digits."""

    scope: str
    kind: str
    field: str
    digest: str


class Link(NamedTuple):
    """`record`, of a `kind`, refers by its `field` to the record `target`; it is deleted with it if it `cascades`."""

    target: str
    record: str
    kind: str
    field: str
    cascades: bool


def key_of(scope: str, kind: str, field: str, value: Value) -> Key:
    """The key of a value. A number is one, however it is written."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = float(value) + 0.0  # which makes -0.0 the same as 0.0
    return Key(scope, kind, field, blake2b(text_of(value), digest_size=16).hexdigest())


def keys_of(record: Record | None, kind: Kind) -> set[Key]:
    """The keys that the record holds."""
    return {key_of(record.scope, kind.name, name, value) for record, name, value in _values(record, kind.unique)}


def links_of(record: Record | None, kind: Kind) -> set[Link]:
    """The links to the record."""
    return {
        Link(str(value), record.id, kind.name, name, kind.fields[name].on_delete == CASCADE)
        for record, name, value in _values(record, kind.binding)
    }


def news(fields: Iterable[Field], before: Record | None, after: Record) -> Iterator[tuple[Field, Value]]:
    """Those of the fields that have a value now which they had not, with that."""
    was = before.fields if before is not None and not before.deleted else {}
    for field in fields:
        value = after.fields.get(field.name, field.default)
        if value is not None and (field.name not in was or was[field.name] != value):
            yield field, value


def reach(targets: Iterable[str], referring: Callable[[str], Iterable[Link]]) -> Iterator[Link]:
    """The links of the targets, and of all that goes with them, the nearest first."""
    waiting = deque(targets)
    seen = set(waiting)
    while waiting:
        for link in referring(waiting.popleft()):
            yield link
            if link.cascades and link.record not in seen:
                seen.add(link.record)
                waiting.append(link.record)


def reached(target: str, links: Iterable[Link], links_max: int) -> Mapping[str, Sequence[Link]] | None:
    """The links of the target and of all that goes with it, by what they lead from; None for more than `links_max`."""
    found = sorted(islice(links, links_max + 1))
    if len(found) > links_max:
        return None
    by_target: dict[str, list[Link]] = {target: [], **{link.record: [] for link in found if link.cascades}}
    for link in found:
        by_target[link.target].append(link)
    return by_target


def _values(record: Record | None, fields: Iterable[Field]) -> Iterator[tuple[Record, str, Value]]:
    if record is not None and not record.deleted:
        for field in fields:
            value = record.fields.get(field.name, field.default)
            if value is not None:
                yield record, field.name, value
