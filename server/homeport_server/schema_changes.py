"""What of a schema's changes clients feel: apps in people's hands keep asking as their schema of then allowed.

What is told apart is graphql-core's: a breaking change refuses a document that was valid, or breaks what was generated
from it; a risky one answers it with what its maker has not seen, such as a new value of an enum.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from graphql import (
    BreakingChange,
    DangerousChange,
    GraphQLError,
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
    found = find_schema_changes(_read(before), _read(after))

    def sentences(kind: type[BreakingChange] | type[DangerousChange] | type[SafeChange]) -> Sequence[str]:
        return sorted({each.description for each in found if isinstance(each, kind)})

    return Changes(breaking=sentences(BreakingChange), risky=sentences(DangerousChange), safe=sentences(SafeChange))


def _read(text: str) -> GraphQLSchema:
    try:
        schema = build_schema(text)
    except (GraphQLError, TypeError) as wrong:
        raise ValueError(str(wrong).partition("\n")[0]) from wrong
    if schema.query_type is None:
        raise ValueError("it has no type Query")
    return schema
