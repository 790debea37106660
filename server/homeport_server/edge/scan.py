"""A document's text, looked over before it is parsed: by far the cheapest way to say no.

Parsing costs 6 µs a token and validating may cost the square of what there is, while this stops at the first token too
many and recurses nowhere. It judges size and shape alone; whether it is GraphQL is the parser's to say.
"""

from __future__ import annotations

import re
from typing import Final

from homeport_server.edge.limits import (
    BRACES_A_FIELD_MAX,
    FRAGMENTS_MAX,
    INTROSPECTION_DEPTH,
    VALUE_DEPTH_MAX,
    GraphqlLimits,
)
from homeport_server.errors import QueryTooDeep, QueryTooLong, TooManyAliases, too_deep

_token = re.compile(
    r"""
      "{3} (?: \\"{3} | (?!"{3}) . )*+ (?: "{3} )?   # a block string, closed or not
    | " (?: \\. | [^"\\\n\r] )*+ "?                  # a string
    | \#[^\n\r]*+                                    # a comment
    | [_A-Za-z][_0-9A-Za-z]*+                        # a name
    | -?[0-9][-+.0-9A-Za-z]*+                        # a number
    | \.{3}
    | [^\s,\ufeff]                                   # one character: punctuation, or nothing that GraphQL has
    """,
    re.VERBOSE | re.DOTALL,
).finditer
_OPEN: Final = frozenset("{[(")
_CLOSE: Final = frozenset("}])")
_SHAPING: Final = _OPEN | _CLOSE | {":", "fragment"}


def scan(text: str, limits: GraphqlLimits) -> int:
    """How many tokens it has. Raises `QueryTooLong`, `QueryTooDeep` or `TooManyAliases`."""
    if len(text) > limits.length_max:
        raise QueryTooLong(
            f"The document has {len(text):,} characters; {limits.length_max:,} at most: ask for less, "
            "or give values as variables.",
            limit=limits.length_max,
        )
    tokens, shape = 0, _Shape(limits)
    for match in _token(text):
        word = match[0]
        if word[0] != "#":
            tokens += 1
            if tokens > limits.tokens_max:
                raise QueryTooLong(limit=limits.tokens_max)
            if word in _SHAPING:
                shape.take(word)
    return tokens


class _Shape:
    """What stands within what: selections within selections, and in parentheses values within values."""

    def __init__(self, limits: GraphqlLimits) -> None:
        self._limits = limits
        self._depth = 0
        self._in_values = 0
        self._aliases = 0
        self._fragments = 0

    def take(self, word: str) -> None:
        """The next word that shapes the document."""
        if word in _OPEN:
            self._open(word)
        elif word in _CLOSE:
            if self._in_values:
                self._in_values -= 1
            else:
                self._depth -= 1
        elif word == ":":
            self._alias()
        elif not self._depth:
            self._fragments += 1
            if self._fragments > FRAGMENTS_MAX:
                raise QueryTooLong(f"The document has over {FRAGMENTS_MAX} fragments: join some.", limit=FRAGMENTS_MAX)

    def _open(self, word: str) -> None:
        if self._in_values or word == "(":
            self._in_values += 1
            if self._in_values > VALUE_DEPTH_MAX:
                raise QueryTooDeep(
                    f"Values are nested over {VALUE_DEPTH_MAX} deep: give them as variables.", limit=VALUE_DEPTH_MAX
                )
        else:
            self._depth += 1
            if self._depth > BRACES_A_FIELD_MAX * self._limits.depth_max + INTROSPECTION_DEPTH:
                raise too_deep(self._limits.depth_max)

    def _alias(self) -> None:
        """Outside of values a colon makes an alias; there it stands between a name and its value."""
        self._aliases += not self._in_values
        if self._aliases > self._limits.aliases_max:
            most = self._limits.aliases_max
            raise TooManyAliases(f"The document has over {most} aliases: ask in several requests.", limit=most)
