"""Which rule a field merges by, from what its declaration says: the type decides for a set and a rank, else `merge`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from homeport_sync.change import Value
from homeport_sync.rank import Rank
from homeport_sync.rejections import ResolverFailed
from homeport_sync.rules import (
    COUNTER,
    FIRST,
    GUARDED,
    RANK,
    REGISTER,
    RESOLVER,
    SET,
    Rule,
    counter,
    elements,
    first,
    guarded,
    resolved_by,
)
from homeport_sync.signature import why_not_called
from homeport_sync.values import PythonValue, ValueType, is_set

Resolver: TypeAlias = Callable[[PythonValue, PythonValue, PythonValue], PythonValue]
NAMED: Final[Mapping[str, Callable[[Value], Rule]]] = {
    COUNTER: counter,
    GUARDED: guarded,
    FIRST: lambda default: first,
}
NAMES: Final = (REGISTER, *NAMED)


def rule_of(merge: str | Resolver, annotation: object, holds: ValueType, default: Value) -> tuple[str, Rule | None]:
    """The rule's name, and the rule (None: a register). Raises `ValueError`, with what is wrong with the field."""
    if is_set(annotation) or annotation is Rank:
        if merge != REGISTER:
            raise ValueError("merges as its type says: leave merge out")
        return (RANK, None) if annotation is Rank else (SET, elements(default))
    if callable(merge):
        if wrong := why_not_called(merge, "base", "mine", "theirs"):
            raise ValueError(f"merges by a function, and {wrong}")
        return RESOLVER, resolved_by(_on_wire(merge, holds), default)
    if merge not in NAMES:
        raise ValueError(f"merges by {merge!r}; the rules are {', '.join(NAMES)}, or a function")
    if merge == COUNTER and annotation is not int:
        raise ValueError("is a counter, so declare it int")
    return merge, NAMED[merge](default) if merge in NAMED else None


def _on_wire(resolver: Resolver, holds: ValueType) -> Callable[[Value, Value, Value], Value]:
    """The app's function on wire values. Whatever it raises, or returns that the field cannot hold, refuses the change
    as `ResolverFailed`."""

    def resolve(base: Value, mine: Value, theirs: Value) -> Value:
        try:
            value = holds.to_wire(resolver(*map(holds.from_wire, (base, mine, theirs))))
        except Exception as error:
            raise ResolverFailed(f"The app's function raised {error.__class__.__name__}: {error}.") from error
        if not holds.fits(value):
            raise ResolverFailed(f"The app's function returned {value!r}; the field holds {holds.expected}.")
        return value

    return resolve
