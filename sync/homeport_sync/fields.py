"""The fields of a kind: what its class says of them, and what `field(...)` adds.

A class attribute with an annotation is a field; its value is the default; a field without one must be given on create.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from homeport_sync import values
from homeport_sync.catalog import KEEP, Field
from homeport_sync.keying import name_of, why_no_key
from homeport_sync.rank import FIRST_RANK, Rank
from homeport_sync.rules import RANK, REGISTER, SET
from homeport_sync.ruling import Resolver, rule_of
from homeport_sync.source import Source
from homeport_sync.values import TEXT_LENGTH_MAX, PythonValue, holds_text, is_set, value_type

FIELDS_MAX = 100
RESERVED = ("id", "kind", "scope", "dependents")  # what a device calls something else beside an app's fields
IMPLIED: Mapping[str, PythonValue] = {SET: frozenset[str](), RANK: FIRST_RANK}  # defaults that need not be said


class Blob:
    """Reserved: a field of this type will refer to a file, by its hash, size and media type."""


class _Missing:
    """The default of a field that has none."""


_MISSING: Final = _Missing()


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldOptions:
    """What `field(...)` said; `App.kind` turns it into a `Field`."""

    default: PythonValue | _Missing
    indexed: bool
    merge: str | Resolver
    max_length: int
    unique: bool
    refers_to: type | str | None
    on_delete: str | None
    doc: str
    deprecated: str


def field(
    *,
    default: PythonValue | _Missing = _MISSING,
    indexed: bool = False,
    merge: str | Resolver = REGISTER,
    max_length: int = TEXT_LENGTH_MAX,
    unique: bool = False,
    refers_to: type | str | None = None,
    on_delete: str | None = None,
    doc: str = "",
    deprecated: str = "",
) -> Any:  # noqa: ANN401  # stands where the class declares a value of the field's own type
    """More about a field than its type and default.

    Without `default` the field must be given on create. Only an `indexed` field can be filtered and ordered by.
    `merge` is the rule for concurrent writes: `register` (the later stamp wins), `counter` (an int that adds up),
    `guarded` (what was written for another value than is there is refused), `first` (the first that arrives stays), or
    a function of base, mine and theirs that returns the value, the same for the same wherever it runs. `max_length`
    bounds text, in characters. Of the live records of a scope only one has the value of a `unique` field; None is no
    value. A UUID that `refers_to` a kind (the class; the name of the one being declared) is the id of a record of it,
    which must be there; `on_delete` says what becomes of that when it is deleted: `keep` (nothing), `cascade` (what
    refers to it is deleted with it) or `restrict` (it cannot be deleted). The app's API shows `doc` with the field, and
    marks it as `deprecated` for the reason that this gives, such as "use due instead".
    """
    return FieldOptions(
        default=default,
        indexed=indexed,
        merge=merge,
        max_length=max_length,
        unique=unique,
        refers_to=refers_to,
        on_delete=on_delete,
        doc=doc,
        deprecated=deprecated,
    )


def fields_of(cls: type, where: Source) -> Mapping[str, Field]:
    """The fields that the class declares, in their order. Raises `BadDeclaration`."""
    try:
        annotations = typing.get_type_hints(cls)
    except Exception as error:
        raise where.wrong(f"an annotation of {cls.__name__} cannot be read: {error}") from error
    own = {name: annotations[name] for name in inspect.get_annotations(cls)}
    for name, value in vars(cls).items():
        if isinstance(value, FieldOptions) and name not in own:
            raise where.wrong(
                f"{cls.__name__}.{name} is a field without a type: write {name}: <type> = field(...)", name
            )
    if not 1 <= len(own) <= FIELDS_MAX:
        raise where.wrong(f"{cls.__name__} has {len(own)} fields; a kind has 1 to {FIELDS_MAX}")
    return {name: _field_of(cls, name, annotation, where) for name, annotation in own.items()}


def _field_of(cls: type, name: str, annotation: object, where: Source) -> Field:
    given = cls.__dict__.get(name, _MISSING)
    options = given if isinstance(given, FieldOptions) else field(default=given)
    full = f"{cls.__name__}.{name}"
    if name.startswith("_") or name in RESERVED:
        told = ", ".join(RESERVED)
        raise where.wrong(f"{full} cannot be a field's name: it must be none of {told}, nor begin with _", name)
    if not isinstance(options.max_length, int) or options.max_length < 1:
        raise where.wrong(
            f"{full} has max_length={options.max_length!r}; it is a number of characters, 1 or more", name
        )
    if annotation is Blob:
        raise where.wrong(f"{full} is a Blob, which is reserved and not there yet: keep a link to the file", name)
    kind_of_value = value_type(annotation, options.max_length)
    if kind_of_value is None:
        shown = cls.__annotations__[name]
        raise where.wrong(f"{full} is declared {shown}; a field is one of {values.NAMES}", name)
    if options.max_length != TEXT_LENGTH_MAX and not holds_text(annotation):
        raise where.wrong(f"{full} has a max_length, which only a text and a set have: leave it out", name)
    implied = IMPLIED.get(SET if is_set(annotation) else RANK if annotation is Rank else "", _MISSING)
    chosen = implied if isinstance(options.default, _Missing) else options.default
    required = isinstance(chosen, _Missing)
    default = None if isinstance(chosen, _Missing) else kind_of_value.to_wire(chosen)
    if not required and not kind_of_value.fits(default):
        raise where.wrong(f"{full} has the default {options.default!r}; it holds {kind_of_value.expected}", name)
    try:
        rule, merges = rule_of(options.merge, annotation, kind_of_value, default)
    except ValueError as wrong:
        raise where.wrong(f"{full} {wrong}", name) from wrong
    if is_set(annotation) and options.indexed:
        raise where.wrong(f"{full} is a set and cannot be indexed", name)
    refers_to, on_delete = name_of(options.refers_to), options.on_delete or KEEP
    wrong_key = why_no_key(
        annotation, rule, default, unique=options.unique, refers_to=refers_to, on_delete=options.on_delete
    )
    if wrong_key:
        raise where.wrong(f"{full} {wrong_key}", name)
    return Field(
        name=name,
        type=kind_of_value,
        default=default,
        required=required,
        indexed=options.indexed or rule == RANK,
        rule=rule,
        merges=merges,
        unique=options.unique,
        refers_to=refers_to,
        on_delete=on_delete,
        says=options.doc,
        deprecated=options.deprecated,
    )
