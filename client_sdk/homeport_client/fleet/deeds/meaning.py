"""What somebody means by the values of a step, field by field: a number adds to a counter, elements come into a set,
and where there are none, those go that show."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field

from homeport_client import View, adding, increment, removing
from homeport_client.fleet.check.fields import added, removed
from homeport_client.intents import Meant
from homeport_sync.catalog import Field, Kind
from homeport_sync.change import Fields
from homeport_sync.rules import COUNTER, FIRST, SET
from homeport_sync.values import PythonValue


@dataclass(slots=True, kw_only=True)
class Meaning:
    """What is asked of the device (`meant`), what it must show then, and what the phone `says` it wrote."""

    meant: dict[str, Meant] = field(default_factory=dict)
    shows: dict[str, PythonValue] = field(default_factory=dict)
    says: Fields = field(default_factory=dict)


def meaning(kind: Kind, values: Mapping[str, PythonValue], seen: View) -> Meaning:
    """Of values for a record that is `seen`."""
    made = Meaning()
    for name, value in values.items():
        _mean(made, kind.field(name), value, seen[name])
    return made


def _mean(made: Meaning, known: Field, value: PythonValue, here: PythonValue) -> None:
    name, wire = known.name, known.type.to_wire(value)
    if known.rule == COUNTER and isinstance(value, int) and isinstance(here, int):
        made.meant[name], made.shows[name], made.says[name] = increment(value), here + value, value
    elif known.rule == SET and isinstance(value, Set) and isinstance(here, Set):
        if value:
            made.meant[name], made.shows[name], made.says[name] = adding(*sorted(value)), here | value, added(value)
        elif here:
            made.meant[name], made.shows[name], made.says[name] = removing(*sorted(here)), frozenset(), removed(here)
    else:
        kept = known.rule == FIRST and here is not None
        made.meant[name], made.shows[name], made.says[name] = value, here if kept else value, wire
