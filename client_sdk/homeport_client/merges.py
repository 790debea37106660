"""Merges that explain themselves: what this device had seen, what it wrote, what it met, and what came of both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from homeport_client.intents import Meant
from homeport_client.meant import meaning, value_in
from homeport_sync.catalog import Catalog
from homeport_sync.change import Change, Fields, Outcome
from homeport_sync.rules import REGISTER
from homeport_sync.values import PythonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """One field of a change that met what another device had written.

    `base` is the value that this device showed when it wrote, `mine` what it wrote (a value or an intent), `theirs`
    what it met on the server, and `result` what the field held then, by its `rule`. `lost`: what was written did not
    take effect. Of values that are `long`, `theirs` and `result` are not told.
    """

    field: str
    rule: str
    base: PythonValue
    mine: Meant
    theirs: PythonValue
    result: PythonValue
    lost: bool
    long: bool


def merges(change: Change, outcome: Outcome, base: Fields, catalog: Catalog) -> Iterator[Merge]:
    """Those of a change. A field that held what this device had seen met nothing."""
    kind = catalog.kinds.get(change.kind)
    for name, met in outcome.met.items():
        field = kind.fields.get(name) if kind else None
        lost = name in outcome.lost
        if lost or met.long or met.theirs != base.get(name):
            yield Merge(
                field=name,
                rule=field.rule if field else REGISTER,
                base=value_in(field, base.get(name)),
                mine=meaning(field, change.fields.get(name)),
                theirs=value_in(field, met.theirs),
                result=value_in(field, met.result),
                lost=lost,
                long=met.long,
            )
