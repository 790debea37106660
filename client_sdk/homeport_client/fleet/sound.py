"""What scripts, people and networks must be, each with the sentence that says what was found instead.

They are looked at when they are made: a slip of the pen costs a second there, and a fleet that never ends later on.
"""

from __future__ import annotations

import inspect
import math
from collections import Counter
from collections.abc import Iterable

from homeport_client.fleet.errors import ScriptUnusable


def above_zero(owner: str, **values: float) -> None:
    """Raises `ScriptUnusable` for what is not a number above 0."""
    for name, value in values.items():
        if not 0 < value < math.inf:
            raise ScriptUnusable(f"{owner} has {name}={value!r}; expected a number above 0.")


def not_negative(owner: str, **values: float) -> None:
    """Raises `ScriptUnusable` for what is less than 0."""
    for name, value in values.items():
        if not 0 <= value < math.inf:
            raise ScriptUnusable(f"{owner} has {name}={value!r}; expected 0 or more.")


def shares(owner: str, **values: float) -> None:
    """Raises `ScriptUnusable` for what is not from 0 to 1."""
    for name, value in values.items():
        if not 0 <= value <= 1:
            raise ScriptUnusable(f"{owner} has {name}={value!r}; expected a share from 0 to 1.")


def ranges(owner: str, **values: tuple[float, float]) -> None:
    """Raises `ScriptUnusable` for what does not go from 0 or more upwards."""
    for name, (least, most) in values.items():
        if not 0 <= least <= most < math.inf:
            raise ScriptUnusable(f"{owner} has {name}={(least, most)!r}; expected the least and the most, from 0 on.")


def known(owner: str, what: str, names: Iterable[str], among: Iterable[str]) -> None:
    """Raises `ScriptUnusable` for a name that is none of those there are."""
    there = list(among)
    for name in names:
        if name not in there:
            raise ScriptUnusable(f"{owner} has the {what} {name!r}; expected one of {', '.join(there)}.")


def plain_functions(owner: str, what: str, found: Iterable[object]) -> None:
    """Raises `ScriptUnusable` for what cannot be called, or would have to be awaited."""
    for each in found:
        if not callable(each) or inspect.iscoroutinefunction(each):
            raise ScriptUnusable(f"{owner} has the {what} {each!r}; expected a plain function, without async.")


def different(owner: str, what: str, names: Iterable[str]) -> None:
    """Raises `ScriptUnusable` for a name that is there twice."""
    for name, times in Counter(names).items():
        if times > 1:
            raise ScriptUnusable(f"{owner} has {times} {what} called {name!r}; expected names that differ.")
