"""What a declaration may say of keys: which field can be unique, and which can refer to what. Pure.

Each function says what is wrong with the field, to be read after its name; "" for what is right.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType
from typing import get_args
from uuid import UUID

from homeport_sync.catalog import CASCADE, KEEP, RESTRICT, Field, Kind
from homeport_sync.change import Value
from homeport_sync.rules import COUNTER, RANK, SET
from homeport_sync.scope import MEMBER

ON_DELETE = (KEEP, CASCADE, RESTRICT)


def name_of(refers_to: type | str | None) -> str:
    """The name of the kind that a field refers to; "" for one that refers to none."""
    return refers_to.__name__ if isinstance(refers_to, type) else refers_to or ""


def why_no_key(
    annotation: object, rule: str, default: Value, *, unique: bool, refers_to: str, on_delete: str | None
) -> str:
    """Of a field by itself."""
    if unique and rule in (COUNTER, RANK, SET):
        return f"is a {rule} and cannot be unique"
    if on_delete and not refers_to:
        return "says on_delete, and not what it refers_to"
    if on_delete and on_delete not in ON_DELETE:
        return f"has on_delete={on_delete!r}; it is one of {', '.join(ON_DELETE)}"
    if refers_to and annotation is not UUID and {*get_args(annotation)} != {UUID, NoneType}:
        return "refers to a record, so declare it UUID or UUID | None"
    if (unique or refers_to) and default is not None:
        return f"has the default {default!r}, which every record would have: leave it out, or default to None"
    return ""


def why_no_target(field: Field, kind: Kind, kinds: Mapping[str, Kind]) -> str:
    """Of a field in its `kind`, among the `kinds` that were declared before it."""
    if kind.is_root:
        return f"is of a root kind, and a {kind.name} is the only one in its scope: a key of one says nothing"
    if not field.refers_to or field.refers_to == kind.name:
        return ""
    target = kinds.get(field.refers_to)
    if target is None:
        return f"refers to {field.refers_to}, which is no kind of this app: declare it before it is named here"
    if target.name == MEMBER:
        return "refers to Member; who is in a scope is known by name: keep the user in a str"
    if kind.within not in (target.name, target.within):
        return f"refers to {target.name}, which does not live within a {kind.within}: what it names is in its own scope"
    return ""
