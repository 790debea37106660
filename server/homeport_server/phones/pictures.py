"""How a field is shown and edited: a widget for each type and rule, with its value as text for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Final

from homeport_server.phones.labels import is_long, label, plural, rank_field
from homeport_server.phones.sights import ITEMS_MAX, OPTIONS_MAX, FieldSight, KindSight, OptionSight, Widget
from homeport_server.phones.typed import expected
from homeport_server.phones.words import HINTS, NOTHING, value_words
from homeport_server.titles import title_field
from homeport_sync.catalog import Field, Kind
from homeport_sync.rules import COUNTER, RANK
from homeport_sync.values import Shape

_WIDGETS: Final[Mapping[Shape, Widget]] = {
    "text": "text",
    "choice": "choice",
    "int": "number",
    "float": "decimal",
    "bool": "flag",
    "datetime": "moment",
    "date": "day",
    "uuid": "id",
    "set": "tags",
}


def widget_of(field: Field) -> Widget:
    """What edits it. A rank has none: its records are dragged."""
    if field.rule == COUNTER:
        return "counter"
    if field.refers_to:
        return "choice"
    return "long" if is_long(field) else _WIDGETS.get(field.type.shape, "text")


def field_sight(
    field: Field, value: object, *, pending: bool = False, others: Sequence[OptionSight] = ()
) -> FieldSight:
    """The field as it holds this Python value. `others` are the records that it may refer to."""
    named = next((each.label for each in others if each.value == str(value)), "")
    words = named or value_words(field, value)
    return FieldSight(
        name=field.name,
        label=label(field.name),
        widget=widget_of(field),
        rule=field.rule,
        value=_edited(value),
        text="" if words == NOTHING else words,
        checked=value is True,
        items=tuple(sorted(map(str, value))[:ITEMS_MAX]) if isinstance(value, set | frozenset) else (),
        options=_options(field, others),
        hint=HINTS.get(field.rule, ""),
        expected=expected(field),
        nullable=field.type.nullable,
        required=field.required,
        pending=pending,
    )


def kind_sight(kind: Kind, others: Mapping[str, Sequence[OptionSight]] | None = None) -> KindSight:
    """The kind, as one of it is made. `others` are the records that each of its fields may refer to."""
    there = others or {}
    return KindSight(
        name=kind.name,
        label=label(kind.name),
        plural=plural(kind),
        fields=tuple(_unmade(each, there.get(each.name, ())) for each in shown_fields(kind)),
        ordered=rank_field(kind) is not None,
    )


def argument_sights(arguments: Kind) -> tuple[FieldSight, ...]:
    """What a command is to be given."""
    return tuple(_unmade(each) for each in arguments.fields.values())


def shown_fields(kind: Kind) -> list[Field]:
    """All fields but its place in an order, the title first."""
    title = title_field(kind)
    rest = [each for each in kind.fields.values() if each.rule != RANK and each is not title]
    return [title, *rest] if title else rest


def _unmade(field: Field, others: Sequence[OptionSight] = ()) -> FieldSight:
    return field_sight(field, None if field.required else field.type.from_wire(field.default), others=others)


def _edited(value: object) -> str:
    """The text that `typed.read` reads as this value."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return value.strftime("%Y-%m-%dT%H:%M:%S")
        case date():
            return value.isoformat()
        case set() | frozenset():
            return ", ".join(sorted(map(str, value)))
        case _:
            return str(value)


def _options(field: Field, others: Sequence[OptionSight]) -> tuple[OptionSight, ...]:
    if field.refers_to:
        return tuple(others[:OPTIONS_MAX])
    return tuple(OptionSight(value=each, label=label(each)) for each in field.type.options[:OPTIONS_MAX])
