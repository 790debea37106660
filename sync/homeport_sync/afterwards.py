"""What an app does after a write: its followers, schedules and notifications, declared above the functions that do it.

    @app.follower(kinds=[Task], ops=["create", "update"])
    async def tell_assignee(entry: Entry) -> None: ...

    @app.schedule(every=timedelta(days=1))
    async def remind(moment: Moment) -> None: ...

    @app.notification(kinds=[Task])
    def assigned(entry: Entry, task: Mapping[str, object] | None) -> Tell | None: ...

All run on the server, never on a device. A name is for ever: the place in each log is kept under it. What cannot work
is refused here, at start, with the file and the line to change.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Never, TypeAlias, TypeVar, overload

from homeport_sync.catalog import Catalog
from homeport_sync.entry import Entry
from homeport_sync.schedule import EVERY_MAX, EVERY_MIN, OnMoment, Schedule
from homeport_sync.source import Source
from homeport_sync.tell import TRIES_MAX, Rule, Tells
from homeport_sync.watching import (
    Effect,
    Watches,
    check_answers,
    check_arguments,
    check_async,
    kinds_of,
    name_of,
    ops_of,
    tries_of,
    wrong,
)

OnEntry: TypeAlias = Callable[[Entry], Awaitable[None]]
Follows = TypeVar("Follows", bound=OnEntry)
Runs = TypeVar("Runs", bound=OnMoment)
Says = TypeVar("Says", bound=Tells)


@dataclass(frozen=True, slots=True, kw_only=True)
class AppFollower(Watches):
    """As declared: `function` is given the changes that it watches. It begins with what is accepted after it began, or
    at the log's start."""

    function: OnEntry
    from_start: bool = False

    @property
    def place_name(self) -> str:
        """What its place in each log is kept under: no name of Homeport's own followers."""
        return f"app:{self.name}"


class Afterwards:
    """The part of an app that declares followers, schedules and notifications."""

    def __init__(self) -> None:
        self._followers: dict[str, AppFollower] = {}
        self._schedules: dict[str, Schedule] = {}
        self._notifications: dict[str, Rule] = {}

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

    @property
    def notifications(self) -> Sequence[Rule]:
        """Those declared so far."""
        return tuple(self._notifications.values())

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
                name=self._name_of_async(declared, name),
                function=declared,
                kinds=kinds_of(declared, kinds, self.catalog.kinds),
                ops=ops_of(declared, ops),
                from_start=from_start,
                give_up_after=tries_of(declared, give_up_after),
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
                name=self._name_of_async(declared, name),
                every=_interval_of(declared, every),
                function=declared,
            )
            self._schedules[schedule.name] = schedule
            return declared

        return declare

    def notification(
        self,
        *bare: Never,
        kinds: Sequence[type | str] = (),
        ops: Sequence[Effect] | None = None,
        name: str | None = None,
        give_up_after: int = TRIES_MAX,
    ) -> Callable[[Says], Says]:
        """Declares the function below as a rule that says, for each accepted change of these `kinds` that took effect,
        whom to tell of it: it is given the `Entry` and the record as it is by now (None: deleted), and returns a `Tell`
        (`tell.py`), a list of them, or None. `ops` and `name` are as a follower's.

        What it says of a change is told once, however often it is asked. A change that it fails at `give_up_after`
        times is left out. Raises `BadDeclaration`.
        """
        if bare or not kinds:
            how = "say which kinds: @app.notification(kinds=[Task])"
            raise (Source.of(bare[0]) if bare else Source.of_caller()).wrong(how)

        def declare(declared: Says) -> Says:
            check_answers(declared)
            check_arguments(declared, 2)
            rule = Rule(
                name=name_of(declared, name, self._taken),
                function=declared,
                kinds=kinds_of(declared, kinds, self.catalog.kinds),
                ops=ops_of(declared, ops),
                give_up_after=tries_of(declared, give_up_after),
            )
            self._notifications[rule.name] = rule
            return declared

        return declare

    @property
    def _taken(self) -> set[str]:
        return {*self._followers, *self._schedules, *self._notifications}

    def _name_of_async(self, function: Callable[..., object], given: str | None) -> str:
        check_async(function)
        check_arguments(function, 1)
        return name_of(function, given, self._taken)


def _interval_of(function: Callable[..., object], every: object) -> timedelta:
    if isinstance(every, timedelta) and EVERY_MIN <= every <= EVERY_MAX and every.microseconds % 1_000 == 0:
        return every
    raise wrong(function, f"every={every!r}; it is a timedelta of 1 minute to 366 days, in whole milliseconds")
