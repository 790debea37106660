"""What an app's functions watch in the log, and the checks that all that is declared to follow it shares.

What cannot work is refused at start, with the file and the line to change.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

from homeport_sync.errors import BadDeclaration
from homeport_sync.ports import LogEntry
from homeport_sync.source import Source

AFTERWARDS_MAX: Final = 100  # followers, schedules and notifications of one app, each of which asks for every tenant
_is_name = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,99}").fullmatch

# What entries are: a command's are those of what it did, and a move is two.
Effect: TypeAlias = Literal["create", "update", "delete", "restore", "leave", "move"]
_EFFECTS: Final[tuple[str, ...]] = get_args(Effect)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watches:
    """What something declared watches: the changes of these `kinds` and `ops` (None: of all). What failed
    `give_up_after` times is left out (None: never)."""

    name: str
    kinds: frozenset[str] | None = None
    ops: frozenset[str] | None = None
    give_up_after: int | None = None

    def wants(self, logged: LogEntry) -> bool:
        """Whether it is given this one. What lost on arrival changed nothing, so nobody is told."""
        return (
            (self.kinds is None or logged.kind in self.kinds)
            and (self.ops is None or logged.op in self.ops)
            and logged.outcome != "superseded"
        )

    def leaves_out(self, tries: int, _error: BaseException | None) -> bool:
        """Whether an entry that has failed so often, with this error the last time, is left out."""
        return self.give_up_after is not None and tries >= self.give_up_after


def check_async(function: Callable[..., object]) -> None:
    """Raises `BadDeclaration` unless the function is async."""
    if not inspect.iscoroutinefunction(function):
        own = getattr(function, "__name__", "")
        raise wrong(function, f"{own or repr(function)} is not async: write async def {own or 'it'}(…)")


def check_answers(function: Callable[..., object]) -> None:
    """Raises `BadDeclaration` for what answers later, or bit by bit."""
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise wrong(function, f"{function.__name__} is async; what it says is asked for at once: write def")
    if inspect.isgeneratorfunction(function):
        raise wrong(function, f"{function.__name__} yields; it returns a Tell, a list of them, or None")
    if not callable(function):
        raise wrong(function, f"{function!r} is no function")


def name_of(function: Callable[..., object], given: str | None, taken: Collection[str]) -> str:
    """The name of what is declared: the function's own unless one is `given`. Raises `BadDeclaration`."""
    name = getattr(function, "__name__", "") if given is None else given
    if not isinstance(name, str) or not _is_name(name):
        raise wrong(function, f"the name {name!r} is not one: at most 100 letters, digits, _ and -")
    if name in taken:
        raise wrong(
            function, f"there is a follower, schedule or notification {name} already: give this one another name="
        )
    if len(taken) >= AFTERWARDS_MAX:
        raise wrong(function, f"an app has at most {AFTERWARDS_MAX} followers, schedules and notifications")
    return name


def check_arguments(function: Callable[..., object], count: int) -> None:
    """Raises `BadDeclaration` unless the function can be called with so many arguments, one after the other."""
    try:
        inspect.signature(function).bind(*range(count))
    except TypeError:
        own, many = getattr(function, "__name__", ""), "one argument" if count == 1 else f"{count} arguments"
        raise wrong(function, f"{own}{inspect.signature(function)} is called with {many}") from None


def kinds_of(
    function: Callable[..., object], kinds: Sequence[type | str] | None, known: Collection[str]
) -> frozenset[str] | None:
    """The names of the kinds. Raises `BadDeclaration` for what is no list of kinds declared above."""
    if kinds is None:
        return None
    names = [] if isinstance(kinds, str | type) else [getattr(each, "__name__", each) for each in kinds]
    if not names:
        raise wrong(function, f"kinds={kinds!r}; it is a list of kinds, such as kinds=[Task]")
    for name in names:
        if name not in known:
            raise wrong(function, f"{name!r} is no kind declared above; there are {', '.join(known)}")
    return frozenset(map(str, names))


def ops_of(function: Callable[..., object], ops: Sequence[Effect] | None) -> frozenset[str] | None:
    """The operations. Raises `BadDeclaration` for what is no list of them."""
    if ops is None:
        return None
    if isinstance(ops, str) or not ops or not set(ops) <= set(_EFFECTS):
        raise wrong(function, f"ops={ops!r}; it is a list of some of {', '.join(_EFFECTS)}")
    return frozenset(ops)


def tries_of(function: Callable[..., object], tries: object) -> int | None:
    """The number of tries. Raises `BadDeclaration` for what is none."""
    if tries is None or (isinstance(tries, int) and tries >= 1):
        return tries
    raise wrong(function, f"give_up_after={tries!r}; it is a number of tries, 1 or more")


def wrong(function: Callable[..., object], what: str) -> BadDeclaration:
    """The refusal, with the function's file and line."""
    return Source.of_function(function).wrong(what)
