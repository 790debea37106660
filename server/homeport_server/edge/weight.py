"""What an operation costs, known before it runs: a field costs 1, and what stands in a list counts as often as the
list may be long.

The length of a list is what `first`, `last` or `limit` asks for, or how many `ids` are given; what takes such an
argument and is no list, as a connection, gives it to the lists in it. Fields of one name are one field, as they are
when it runs. What is asked about the schema (`__schema`, `__type`) costs nothing: graphql-core's own rule bounds it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from homeport_server.errors import PageTooLarge

PAGE_ARGUMENTS: Final = ("first", "last", "limit")
IDS_ARGUMENT: Final = "ids"


@dataclass(frozen=True, slots=True, kw_only=True)
class Length:
    """How long a list may be: as long as the longest of what is `given` in the document and what `variables` give,
    numbers or lists; if there is neither, `otherwise`. `paged` if it is a page, which has a limit of its own."""

    otherwise: int
    given: int | None = None
    variables: Mapping[str, int | None]  # and what each is if the request does not give it
    paged: bool = False

    def of(self, variables: Mapping[str, object]) -> int:
        """With these variables; of a value that is no length nothing is said: the executor refuses it."""
        told = [_length(variables.get(name, default)) for name, default in self.variables.items()]
        lengths = [each for each in (self.given, *told) if each is not None]
        return max(lengths, default=self.otherwise)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """`fields` cost 1 each, and each of `lists` as often as it is long. `depth` counts fields within fields."""

    fields: int
    lists: tuple[tuple[Length, Weight], ...] = ()

    def cost(self, variables: Mapping[str, object], page_max: int) -> int:
        """The cost of an operation. Raises `PageTooLarge`."""
        cost = self.fields
        for length, inside in self.lists:
            longest = length.of(variables)
            if length.paged and longest > page_max:
                raise PageTooLarge(
                    f"A page of {longest:,} is asked for; {page_max:,} is the largest: ask for the next one then.",
                    limit=page_max,
                )
            cost += max(longest, 0) * inside.cost(variables, page_max)
        return cost


def _length(value: object) -> int | None:
    if isinstance(value, list):
        return len(value)
    return value if isinstance(value, int) else None
