"""What a fleet and the processes that drive its phones say to each other: frames of pickled nouns, on two pipes.

Pickle, because both ends are of one program, and nobody else can write to the pipes between them.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass

HEAD_BYTES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Do `verb`, a method of `Crew`, with what is given. `number` is said again in the answer."""

    number: int
    verb: str
    given: tuple[object, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of the order with that number."""

    number: int
    result: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Crash:
    """The story makes the server die now."""


def frame(noun: object) -> bytes:
    """The noun as it goes through a pipe."""
    text = pickle.dumps(noun, protocol=pickle.HIGHEST_PROTOCOL)
    return len(text).to_bytes(HEAD_BYTES, "big") + text


def length(head: bytes) -> int:
    """How many bytes follow, by the first `HEAD_BYTES` of a frame."""
    return int.from_bytes(head, "big")


def noun(text: bytes) -> object:
    """The noun in the bytes that followed."""
    return pickle.loads(text)  # noqa: S301  # see the module
