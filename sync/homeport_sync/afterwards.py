"""What an app does after a write: its followers and schedules, declared above the functions that do it.

    @app.follower(kinds=[Task], ops=["create", "update"])
    async def tell_assignee(entry: Entry) -> None: ...

    @app.schedule(every=timedelta(days=1))
    async def remind(moment: Moment) -> None: ...

Both run on the server, never on a device. A name is for ever: the place in each log is kept under it. What cannot work
is refused here, at start, with the file and the line to change.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Literal, Never, TypeAlias, TypeVar, get_args, overload

from homeport_sync.catalog import Catalog
from homeport_sync.entry import Entry
from homeport_sync.errors import BadDeclaration
from homeport_sync.ports import LogEntry
from homeport_sync.schedule import EVERY_MAX, EVERY_MIN, OnMoment, Schedule
from homeport_sync.source import Source

AFTERWARDS_MAX: Final = 100  # followers and schedules of one app, each of which asks for every tenant
_is_name = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,99}").fullmatch

# What entries are: a command's are those of what it did, and a move is two.
Effect: TypeAlias = Literal["create", "update", "delete", "restore", "leave", "move"]
_EFFECTS: Final[tuple[str, ...]] = get_args(Effect)
OnEntry: TypeAlias = Callable[[Entry], Awaitable[None]]
Follows = TypeVar("Follows", bound=OnEntry)
Runs = TypeVar("Runs", bound=OnMoment)


@dataclass(frozen=True, slots=True, kw_only=True)
class AppFollower:
    """As declared: `function` is given the changes of these `kinds` and `ops` (None: of all). It begins with what is
    accepted after it began, or at the log's start. What failed `give_up_after` times is left out (None: never)."""

    name: str
    function: OnEntry
    kinds: frozenset[str] | None = None
    ops: frozenset[str] | None = None
    from_start: bool = False
    give_up_after: int | None = None

    @property
    def place_name(self) -> str:
        """What its place in each log is kept under: no name of Homeport's own followers."""
        return f"app:{self.name}"

    def wants(self, logged: LogEntry) -> bool:
        """Whether it is given this one. What lost on arrival changed nothing, so nobody is told."""
        return (
            (self.kinds is None or logged.kind in self.kinds)
            and (self.ops is None or logged.op in self.ops)
            and logged.outcome != "superseded"
        )


class Afterwards:
    """The part of an app that declares followers and schedules."""

    def __init__(self) -> None:
        self._followers: dict[str, AppFollower] = {}
        self._schedules: dict[str, Schedule] = {}

    @property
    def catalog(self) -> Catalog:
        """What was declared so far, as values."""
        raise NotImplementedError

    @property
    def followers(self) -> Sequence[AppFollower]:
        """Those declared so far."""
        return tuple(self._followers.values())

    @property
    def schedules(self) -> Sequence[Schedule]:
        """Those declared so far."""
        return tuple(self._schedules.values())

    @overload
    def follower(self, function: Follows, /) -> Follows: ...

    @overload
    def follower(
        self,
        *,
        kinds: Sequence[type | str] | None = None,
        ops: Sequence[Effect] | None = None,
        name: str | None = None,
        from_start: bool = False,
        give_up_after: int | None = None,
    ) -> Callable[[Follows], Follows]: ...

    def follower(
        self,
        function: Any = None,
        *,
        kinds: Sequence[type | str] | None = None,
        ops: Sequence[Effect] | None = None,
        name: str | None = None,
        from_start: bool = False,
        give_up_after: int | None = None,
    ) -> Any:
        """Declares the async function below as a follower: it is given each accepted change that took effect, in the
        order of the log, at least once, after the write is over.

        `kinds` are the kinds' classes (or "Member"), `ops` some of create, update, delete, restore, leave and move;
        `name` is the function's own unless given. It begins with what is accepted after it first ran, or with
        `from_start` at each log's start. An entry that fails is tried again for ever, unless `give_up_after` so many
        tries. Raises `BadDeclaration`.
        """

        def declare(declared: Follows) -> Follows:
            follower = AppFollower(
                name=_name_of(declared, name, {*self._followers, *self._schedules}),
                function=declared,
                kinds=_kinds_of(declared, kinds, self.catalog.kinds),
                ops=_ops_of(declared, ops),
                from_start=from_start,
                give_up_after=_tries_of(declared, give_up_after),
            )
            self._followers[follower.name] = follower
            return declared

        return declare if function is None else declare(function)

    def schedule(
        self, *bare: Never, every: timedelta = timedelta(0), name: str | None = None
    ) -> Callable[[Runs], Runs]:
        """Declares the async function below as a schedule: it is called for each tenant at the whole multiples of
        `every` (a minute to 366 days) since 1970 in UTC, at least once each, and once for all that were missed.

        `name` is the function's own unless given. Raises `BadDeclaration`.
        """
        if bare or not every:
            how = "say how often: @app.schedule(every=timedelta(hours=1))"
            raise (Source.of(bare[0]) if bare else Source.of_caller()).wrong(how)

        def declare(declared: Runs) -> Runs:
            schedule = Schedule(
                name=_name_of(declared, name, {*self._followers, *self._schedules}),
                every=_interval_of(declared, every),
                function=declared,
            )
            self._schedules[schedule.name] = schedule
            return declared

        return declare


def _name_of(function: Callable[..., object], given: str | None, taken: Collection[str]) -> str:
    """The name, once the function is one that can be called and the name one that is free."""
    own = getattr(function, "__name__", "")
    name = own if given is None else given
    if not inspect.iscoroutinefunction(function):
        raise _wrong(function, f"{own or repr(function)} is not async: write async def {own or 'it'}(…)")
    if not isinstance(name, str) or not _is_name(name):
        raise _wrong(function, f"the name {name!r} is not one: at most 100 letters, digits, _ and -")
    try:
        inspect.signature(function).bind(None)
    except TypeError:
        raise _wrong(function, f"{own}{inspect.signature(function)} is called with one argument") from None
    if name in taken:
        raise _wrong(function, f"there is a follower or schedule {name} already: give this one another name=")
    if len(taken) >= AFTERWARDS_MAX:
        raise _wrong(function, f"an app has at most {AFTERWARDS_MAX} followers and schedules")
    return name


def _kinds_of(
    function: Callable[..., object], kinds: Sequence[type | str] | None, known: Collection[str]
) -> frozenset[str] | None:
    if kinds is None:
        return None
    names = [] if isinstance(kinds, str | type) else [getattr(each, "__name__", each) for each in kinds]
    if not names:
        raise _wrong(function, f"kinds={kinds!r}; it is a list of kinds, such as kinds=[Task]")
    for name in names:
        if name not in known:
            raise _wrong(function, f"{name!r} is no kind declared above; there are {', '.join(known)}")
    return frozenset(map(str, names))


def _ops_of(function: Callable[..., object], ops: Sequence[Effect] | None) -> frozenset[str] | None:
    if ops is None:
        return None
    if isinstance(ops, str) or not ops or not set(ops) <= set(_EFFECTS):
        raise _wrong(function, f"ops={ops!r}; it is a list of some of {', '.join(_EFFECTS)}")
    return frozenset(ops)


def _tries_of(function: Callable[..., object], tries: object) -> int | None:
    if tries is None or (isinstance(tries, int) and tries >= 1):
        return tries
    raise _wrong(function, f"give_up_after={tries!r}; it is a number of tries, 1 or more")


def _interval_of(function: Callable[..., object], every: object) -> timedelta:
    if isinstance(every, timedelta) and EVERY_MIN <= every <= EVERY_MAX and every.microseconds % 1_000 == 0:
        return every
    raise _wrong(function, f"every={every!r}; it is a timedelta of 1 minute to 366 days, in whole milliseconds")


def _wrong(function: Callable[..., object], what: str) -> BadDeclaration:
    return Source.of_function(function).wrong(what)
