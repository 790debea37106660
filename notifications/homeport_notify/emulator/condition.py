"""FCM's conditions over topics: `'a' in topics && ('b' in topics || !('c' in topics))`, with five topics at most."""

from __future__ import annotations

import re
from collections.abc import Callable, Set
from typing import Final, TypeAlias

from homeport_notify.emulator import limits

# Whether somebody with these topics is meant.
Condition: TypeAlias = Callable[[Set[str]], bool]

_TOKEN: Final = re.compile(r"\s*(?:(&&|\|\||!|\(|\))|'([a-zA-Z0-9_.~%-]+)'\s+in\s+topics\b)")
_DEPTH_MAX: Final = 20


class BadCondition(ValueError):
    """It is none."""


def condition_of(text: str) -> Condition:
    """Read a condition; `&&` binds before `||`. Raises `BadCondition`."""
    reader = _Reader(text)
    condition = reader.either()
    if reader.next is not None or not 1 <= reader.topics <= limits.CONDITION_TOPICS_MAX:
        raise BadCondition(text)
    return condition


class _Reader:
    """Recursive descent, one word ahead: `next` is an operator, or ("in", topic)."""

    def __init__(self, text: str) -> None:
        self._words = _words(text)
        self._at = self._depth = self.topics = 0

    @property
    def next(self) -> str | tuple[str, str] | None:
        return self._words[self._at] if self._at < len(self._words) else None

    def either(self) -> Condition:
        left = self._both()
        while self.next == "||":
            self._at += 1
            left = _or(left, self._both())
        return left

    def _both(self) -> Condition:
        left = self._one()
        while self.next == "&&":
            self._at += 1
            left = _and(left, self._one())
        return left

    def _one(self) -> Condition:
        word = self.next
        self._at += 1
        self._depth += 1
        if self._depth > _DEPTH_MAX * limits.CONDITION_TOPICS_MAX:
            raise BadCondition("too deep")
        if isinstance(word, tuple):
            self.topics += 1
            return _in(word[1])
        if word == "!":
            return _not(self._one())
        if word != "(":
            raise BadCondition(f"{word}")
        inner = self.either()
        if self.next != ")":
            raise BadCondition("a parenthesis is left open")
        self._at += 1
        return inner


def _words(text: str) -> list[str | tuple[str, str]]:
    words: list[str | tuple[str, str]] = []
    at = 0
    while text[at:].strip():
        found = _TOKEN.match(text, at)
        if found is None:
            raise BadCondition(text[at : at + 20])
        words.append(found[1] or ("in", found[2]))
        at = found.end()
    return words


def _in(topic: str) -> Condition:
    return lambda topics: topic in topics


def _not(one: Condition) -> Condition:
    return lambda topics: not one(topics)


def _and(left: Condition, right: Condition) -> Condition:
    return lambda topics: left(topics) and right(topics)


def _or(left: Condition, right: Condition) -> Condition:
    return lambda topics: left(topics) or right(topics)
