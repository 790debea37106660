"""A body that is the same for many but for a few values: made once, cut where they stand, and put together for each.

The values are written as JSON strings, so whatever a target contains stays inside its quotes.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence

import msgspec

_encode = msgspec.json.Encoder().encode


class Template:
    """`write` makes the body with marks in the place of `count` values, each as a whole JSON string, any number of
    times. Marks are random, so no message can contain one."""

    __slots__ = ("_pieces", "_places")

    def __init__(self, count: int, write: Callable[[Sequence[str]], bytes]) -> None:
        marks = [secrets.token_hex(16) for _ in range(count)]
        pieces: list[bytes] = [write(marks)]
        places: list[int] = []
        for place, mark in enumerate(marks):
            quoted = b'"%s"' % mark.encode()
            at = 0
            while at < len(pieces):
                before, found, after = pieces[at].partition(quoted)
                if found:
                    pieces[at : at + 1] = [before, after]
                    places.insert(at, place)
                at += 1
        self._pieces = pieces
        self._places = places

    def fill(self, values: Sequence[str]) -> bytes:
        """The body with these values."""
        coded = [_encode(value) for value in values]
        parts = [self._pieces[0]]
        for place, piece in zip(self._places, self._pieces[1:], strict=True):
            parts.append(coded[place])
            parts.append(piece)
        return b"".join(parts)
