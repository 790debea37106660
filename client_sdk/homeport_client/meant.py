"""What was written, as an app means it: values as Python knows them, and edits as intents."""

from __future__ import annotations

from collections.abc import Mapping

from homeport_client.intents import Adding, Altering, Incrementing, Meant, Removing
from homeport_sync.catalog import Catalog, Field
from homeport_sync.change import Change, Elements, Increment, Swap, Value, Written
from homeport_sync.values import PythonValue


def meant_by(change: Change, catalog: Catalog) -> Mapping[str, Meant]:
    """What a change was to write, field by field."""
    command = catalog.commands.get(change.kind) if change.op == "command" else None
    kind = command.arguments if command else catalog.kinds.get(change.kind)
    declared = kind.fields if kind else {}
    return {name: meaning(declared.get(name), written) for name, written in change.fields.items()}


def meaning(field: Field | None, written: Written) -> Meant:
    """What an app meant that wrote this."""
    match written:
        case Increment(by=by):
            return Incrementing(by)
        case Elements(add=add, remove=remove):
            if add and remove:
                return Altering(tuple(add), tuple(remove))
            return Adding(tuple(add)) if add else Removing(tuple(remove))
        case Swap(to=to):
            return value_in(field, to)
        case _:
            return value_in(field, written)


def value_in(field: Field | None, value: Value) -> PythonValue:
    """As the app knows values; as it was sent where this version of the app declares no such field, or another type."""
    if field is not None and field.type.fits(value):
        return field.type.from_wire(value)
    return frozenset(value) if isinstance(value, list) else value
