"""What of a schema's changes clients feel: apps in people's hands keep asking as their schema of then allowed.

What is told apart is graphql-core's: a breaking change refuses a document that was valid, or breaks what was generated
from it; a risky one answers it with what its maker has not seen, such as a new value of an enum.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from graphql import (
    BreakingChange,
    DangerousChange,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLError,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    SafeChange,
    build_schema,
    find_schema_changes,
)

BREAKING = "Breaks clients"
RISKY = "May surprise clients"
SAFE = "Breaks nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """The sentences about each, sorted."""

    breaking: Sequence[str]
    risky: Sequence[str]
    safe: Sequence[str]

    def told(self) -> Iterator[str]:
        """For people: the worst first, and at the end what it comes to."""
        for title, sentences in ((BREAKING, self.breaking), (RISKY, self.risky), (SAFE, self.safe)):
            if sentences:
                yield f"{title}:"
                yield from (f"  {sentence}" for sentence in sentences)
        yield self._verdict()

    def _verdict(self) -> str:
        if self.breaking:
            return (
                f"Changes that break clients: {len(self.breaking)}. Keep what they ask for beside what is new, "
                "deprecated, until no app that asks for it is left."
            )
        return "No change breaks clients." if self.risky or self.safe else "Nothing changed."


def changes_between(before: str, after: str) -> Changes:
    """What changed from one schema's text to the other's. Raises `ValueError` unless both are schemas."""
    old, new = _read(before), _read(after)
    found = find_schema_changes(old, new)

    def sentences(kind: type[BreakingChange] | type[DangerousChange] | type[SafeChange]) -> Sequence[str]:
        return sorted({each.description for each in found if isinstance(each, kind)})

    safe = sorted({*sentences(SafeChange), *_deprecated_since(old, new)})
    return Changes(breaking=sentences(BreakingChange), risky=sentences(DangerousChange), safe=safe)


def _deprecated_since(old: GraphQLSchema, new: GraphQLSchema) -> Iterator[str]:
    """What is to be let go, or is not any more, which graphql-core does not compare."""
    before, after = _reasons(old), _reasons(new)
    for name, reason in after.items():
        if name in before and reason != before[name]:
            yield f"{name} is deprecated: {reason.rstrip('.')}." if reason else f"{name} is deprecated no more."


def _reasons(schema: GraphQLSchema) -> Mapping[str, str]:
    """Of each field, argument and value of an enum why it is deprecated; "" if it is not."""
    found = dict[str, str]()
    for name, type_ in schema.type_map.items():
        for part, each in _parts(type_).items():
            found[f"{name}.{part}"] = each.deprecation_reason or ""
            if isinstance(each, GraphQLField):
                arguments = each.args.items()
                found |= {f"{name}.{part}({arg}:)": given.deprecation_reason or "" for arg, given in arguments}
    return found


def _parts(type_: GraphQLNamedType) -> Mapping[str, GraphQLField | GraphQLInputField | GraphQLEnumValue]:
    if isinstance(type_, GraphQLEnumType):
        return dict(type_.values)
    if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
        return dict(type_.fields)
    return {}


def _read(text: str) -> GraphQLSchema:
    try:
        schema = build_schema(text)
    except (GraphQLError, TypeError) as wrong:
        raise ValueError(str(wrong).partition("\n")[0]) from wrong
    if schema.query_type is None:
        raise ValueError("it has no type Query")
    return schema
