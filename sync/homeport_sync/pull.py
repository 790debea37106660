"""Pull: what a device has not seen yet, as pages of ready text.

A page is one snapshot: head, grants and rows are read together, permission narrows before the limit does (I4, I8).
It holds the **tail**, rows after the cursor in every granted scope, then the **backfills**, older rows of scopes
that were granted since. A device may take some of its scopes only (`choice.py`): one that it takes in again is filled
like one that was granted. The decision which rows those are (`plan`) and where they lead (`advance`) is pure; the
store only reads ranges.

Rows move: a record that changes again leaves its old position and appears at a new one. So a page may have to be
read past rows that are gone, but nothing that a device must see is ever behind its cursor.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence, Set
from dataclasses import dataclass, replace
from typing import TypeAlias

from homeport_sync.choice import EVERYTHING, Choice
from homeport_sync.cursor import Backfill, Cursor
from homeport_sync.limits import Limits
from homeport_sync.ports import Standing
from homeport_sync.receipts import Ending
from homeport_sync.scope import Grant

Row: TypeAlias = tuple[int, str]
BACKFILLS_MAX = 500  # more would not fit into a cursor
ENDINGS_MAX = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Rows of some scopes, after one position and up to another."""

    scopes: tuple[str, ...]
    after: int
    upto: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What of a range may be read: that many rows, and of those no more than `enough` says of `bytes`, which is what
    the page has left."""

    rows: int
    bytes: int


Gathered: TypeAlias = tuple[list[Sequence[Row]], bool]
Gathering: TypeAlias = Generator[tuple[Range, Room], Sequence[Row], Gathered]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Which rows a page is made of: `ranges[0]` is the tail, the others are the backfills in their order.

    `reset`: the cursor was of another life of the log, and the device starts again. `lost`: scopes to drop.
    """

    reset: bool
    lost: tuple[str, ...]
    ranges: tuple[Range, ...]


def plan(standing: Standing, cursor: Cursor | None, choice: Choice = EVERYTHING) -> Plan:
    """The rows for a device that has everything up to its cursor, and takes these scopes now. Pure.

    A grant newer than the cursor has looked at means that the scope's rows behind the cursor were never sent: they
    are backfilled, from their start. A cursor of another epoch, or ahead of the head, can only start again; what
    counts is the head it has seen (`granted`), which is never behind its position. So does one that would need
    more than `BACKFILLS_MAX` backfills. Of a scope that the cursor's choice left out nothing was sent, wherever it was.
    """
    epoch, head = standing.head.epoch, standing.head.position
    reset = cursor is not None and (cursor.epoch != epoch or cursor.granted > head)
    held = [grant.scope for grant in standing.grants if grant.holds]
    taken = choice.among(held)
    if cursor is None or reset:
        scopes = tuple(scope for scope in held if scope in taken)
        return Plan(reset=reset, lost=(), ranges=(Range(scopes=scopes, after=0, upto=head),))
    had = cursor.choice.among(held)
    seen = cursor.position
    under_way = {backfill.scope: backfill for backfill in cursor.backfills}
    lost: list[str] = []
    backfills: list[Range] = []
    for grant in standing.grants:
        if not grant.holds:
            if (grant.until or 0) > cursor.granted:
                lost.append(grant.scope)
        elif grant.scope in taken:
            if _is_missing(grant, cursor, had):
                backfills.append(Range(scopes=(grant.scope,), after=0, upto=seen))
            elif (old := under_way.get(grant.scope)) is not None:
                backfills.append(Range(scopes=(grant.scope,), after=old.place, upto=old.upper))
    if len(backfills) > BACKFILLS_MAX:
        return replace(plan(standing, None, choice), reset=True)
    tail = Range(scopes=tuple(scope for scope in held if scope in taken), after=seen, upto=head)
    return Plan(reset=False, lost=tuple(lost), ranges=(tail, *backfills))


def endings(standing: Standing, cursor: Cursor | None, made: Plan) -> list[Ending]:
    """Where the grants ended that a device with this cursor must drop, or may still have something of. Pure.

    On from a cursor those are the `lost` of the plan. A device that starts again is told no `lost`, for it replaces all
    that it had: it is told where every grant of its user ended, the newest `ENDINGS_MAX` of them.
    """
    start = cursor is None or made.reset
    seen = 0 if cursor is None or made.reset else cursor.granted
    ended = [(grant.until, grant.scope) for grant in standing.grants if grant.until is not None and grant.until > seen]
    told = sorted(ended, reverse=True)[:ENDINGS_MAX] if start else ended
    return [Ending(scope=scope, position=position) for position, scope in told]


def _is_missing(grant: Grant, cursor: Cursor, had: Set[str]) -> bool:
    """Whether nothing of the scope was sent up to the cursor. What a maker's scope holds is all after its grant."""
    if grant.since > cursor.granted:
        return not grant.maker
    return grant.scope not in had


def gathering(made: Plan, limit: int, limits: Limits) -> Gathering:
    """The rows of each range in its order, until `limit` rows or `page_bytes_max` bytes; whether that ended it.

    It yields `(range, room)` and is sent that range's first rows by position, as many as there is room for. A full page
    ends with a row: a range that was not begun is left out.
    """
    ranges: list[Sequence[Row]] = []
    room, bytes_left = limit, limits.page_bytes_max
    for wanted in made.ranges:
        rows = yield wanted, Room(rows=room + 1, bytes=bytes_left)
        sizes = sizes_of(rows)
        count = _fit(sizes[:room], bytes_left, any(ranges))
        fitting = rows[:count]
        if count < len(rows):
            return [*ranges, fitting] if fitting else ranges, True
        ranges.append(fitting)
        room -= count
        bytes_left -= sum(sizes)
    return ranges, False


def gather(made: Plan, read: Callable[[Range, Room], Sequence[Row]], limit: int, limits: Limits) -> Gathered:
    """What `gathering` comes to with a store that answers at once."""
    steps = gathering(made, limit, limits)
    try:
        wanted, room = next(steps)
        while True:
            wanted, room = steps.send(read(wanted, room))
    except StopIteration as done:
        gathered: Gathered = done.value
        return gathered


def sizes_of(rows: Iterable[Row]) -> list[int]:
    """How many bytes each row's text has."""
    return [len(text) if text.isascii() else len(text.encode()) for _, text in rows]


def enough(sizes: Sequence[int], bytes_left: int) -> int:
    """How many of a range's first rows, of these sizes, a page needs to see that has so many bytes left: those that
    fit, of which the first one counts as one, and one more, which tells that there is more."""
    for index, size in enumerate(sizes):
        if index and bytes_left < size:
            return index + 1
        bytes_left -= size
    return len(sizes)


def _fit(sizes: Sequence[int], bytes_left: int, begun: bool) -> int:
    """How many rows of these sizes fit into the bytes left; the first row of a page always does."""
    if sum(sizes) <= bytes_left:
        return len(sizes)
    for index, size in enumerate(sizes):
        bytes_left -= size
        if bytes_left < 0 and (begun or index):
            return index
    return len(sizes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Where a page leads: the place to continue from, and whether there is `more`."""

    position: int
    backfills: tuple[Backfill, ...]
    more: bool


def advance(made: Plan, rows: Sequence[Sequence[Row]], *, full: bool) -> Step:
    """The place after a page in which `rows` were read for the first ranges of the plan. Pure.

    If the page is `full`, the last range that was read may go on; every one before it is finished.
    """
    tail, *backfills = made.ranges
    open_range = len(rows) - 1 if full else len(made.ranges)
    position = tail.upto if open_range > 0 else rows[0][-1][0]
    left = []
    for index, backfill in enumerate(backfills, start=1):
        if index >= open_range:
            read = rows[index] if index < len(rows) else ()
            place = read[-1][0] if read else backfill.after
            left.append(Backfill(scope=backfill.scopes[0], place=place, upper=backfill.upto))
    return Step(position=position, backfills=tuple(left), more=open_range < len(made.ranges))
