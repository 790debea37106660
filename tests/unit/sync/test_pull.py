"""Pages of any size, through any history of writes, grants, losses and choices, bring what a naive model says."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeport_sync.choice import EVERYTHING, Choice
from homeport_sync.cursor import Backfill, Cursor
from homeport_sync.limits import Limits
from homeport_sync.ports import Head, Standing
from homeport_sync.pull import BACKFILLS_MAX, Plan, Range, Room, Row, advance, enough, gather, plan
from homeport_sync.scope import EVERYBODY, Grant, grants_of

SCOPES = ("a", "b", "c", "d")


@dataclass(slots=True)
class World:
    """The server's side: where each record stands, and which grants one user and everybody have. Every step takes a
    position."""

    head: int = 0
    epoch: int = 0
    rows: dict[str, tuple[str, int]] = field(default_factory=dict)
    grants: dict[str, Grant] = field(default_factory=dict)
    everybodys: dict[str, Grant] = field(default_factory=dict)

    def write(self, scope: str, record: int) -> None:
        self.head += 1
        self.rows[f"{scope}{record}"] = (scope, self.head)

    def make(self, scope: str) -> None:
        """The user makes the scope, if there is nothing of that name yet."""
        if scope not in self.grants and not any(of == scope for of, _ in self.rows.values()):
            self.write(scope, 0)
            self.grants[scope] = Grant(user="u", scope=scope, role="owner", since=self.head, maker=True)

    def give(self, scope: str, user: str = "u") -> None:
        self.head += 1
        grants = self.grants if user == "u" else self.everybodys
        held = grants.get(scope)
        if held is None or not held.holds:
            grants[scope] = Grant(user=user, scope=scope, role="viewer", since=self.head)

    def take(self, scope: str, user: str = "u") -> None:
        self.head += 1
        grants = self.grants if user == "u" else self.everybodys
        held = grants.get(scope)
        if held and held.holds and not held.maker:
            grants[scope] = msgspec.structs.replace(held, until=self.head)

    def visible(self, choice: Choice = EVERYTHING) -> dict[str, int]:
        """The naive model: every record of every scope held and chosen now, and its position."""
        both = (*self.grants.items(), *self.everybodys.items())
        held = {scope for scope, grant in both if grant.holds and choice.takes(scope)}
        return {record: position for record, (scope, position) in self.rows.items() if scope in held}

    @property
    def standing(self) -> Standing:
        grants = grants_of("u", [*self.grants.values(), *self.everybodys.values()])
        return Standing(head=Head(position=self.head, epoch=str(self.epoch)), grants=grants, last_number=0)

    def read(self, wanted: Range, room: Room) -> Sequence[Row]:
        inside = [
            (position, record)
            for record, (scope, position) in self.rows.items()
            if scope in wanted.scopes and wanted.after < position <= wanted.upto
        ]
        return sorted(inside)[: room.rows]


@dataclass(slots=True)
class Reader:
    """The device's side: what it holds, its place, and which scopes it takes."""

    cursor: Cursor | None = None
    choice: Choice = EVERYTHING
    holds: dict[str, int] = field(default_factory=dict)

    def pull(self, world: World, limit: int, bytes_max: int, *, arrives: bool = True) -> bool:
        """One page; whether there is more. What is promised of every page is asserted here."""
        standing = world.standing
        made = plan(standing, self.cursor, self.choice)
        ranges, full = gather(made, world.read, limit, Limits(page_bytes_max=bytes_max))
        step = advance(made, ranges, full=full)
        page = {record: position for rows in ranges for position, record in rows}
        visible = world.visible(self.choice)
        assert page.items() <= visible.items()
        assert len(page) == sum(len(rows) for rows in ranges) <= limit
        assert len(page) <= 1 or sum(map(len, page)) <= bytes_max
        assert page or not step.more
        if arrives:
            self._keep(made, page)
            self.cursor = Cursor(
                tenant="t",
                user="u",
                epoch=standing.head.epoch,
                position=step.position,
                granted=standing.head.position,
                backfills=step.backfills,
                choice=self.choice,
            )
            assert step.more or self.holds == visible
        return step.more

    def _keep(self, made: Plan, page: dict[str, int]) -> None:
        if made.reset:
            self.holds.clear()
        dropped = {record for record in self.holds if record[0] in made.lost or not self.choice.takes(record[0])}
        self.holds = {record: position for record, position in self.holds.items() if record not in dropped} | page


SCOPE = st.sampled_from(SCOPES)
CHOSEN = st.lists(SCOPE, max_size=3).map(tuple)
CHOICE = st.one_of(
    st.just(EVERYTHING), st.builds(Choice, scopes=CHOSEN, leave_out=CHOSEN), st.builds(Choice, leave_out=CHOSEN)
)
PAGE = st.tuples(st.just("page"), st.integers(1, 4), st.sampled_from([1, 3, 5, 1_000]), st.booleans())
EVENTS = st.one_of(
    st.tuples(st.just("write"), SCOPE, st.integers(0, 3)),
    st.tuples(st.just("write"), SCOPE, st.integers(0, 3)),
    st.tuples(st.sampled_from(["make", "give", "take"]), SCOPE),
    st.tuples(st.sampled_from(["give", "take"]), SCOPE, st.just(EVERYBODY)),
    st.tuples(st.just("choose"), CHOICE),
    st.tuples(st.just("restore"), st.integers(0, 5)),
    PAGE,
    PAGE,
)


def happen(world: World, past: list[World], reader: Reader, event: tuple[object, ...]) -> World:
    """The world after the event."""
    match event:
        case ("write", str(scope), int(record)):
            world.write(scope, record)
        case ("make", str(scope)):
            world.make(scope)
        case ("give", str(scope), *whom):
            world.give(scope, *map(str, whom))
        case ("take", str(scope), *whom):
            world.take(scope, *map(str, whom))
        case ("choose", Choice() as choice):
            reader.choice = choice.plain()
        case ("restore", int(back)):
            world = replace(copy.deepcopy(past[-1 - back % len(past)]), epoch=world.epoch + 1)
        case ("page", int(limit), int(bytes_max), bool(arrives)):
            reader.pull(world, limit, bytes_max, arrives=arrives)
        case _:
            raise AssertionError(event)
    past.append(copy.deepcopy(world))
    return world


@pytest.mark.promise("I4", "I8")
@settings(max_examples=300)
@given(events=st.lists(EVENTS, min_size=15, max_size=60), limit=st.integers(1, 3))
def test_any_history_is_delivered_whole_and_nothing_outside_the_grants(
    events: list[tuple[object, ...]], limit: int
) -> None:
    world, reader = World(), Reader()
    past = [copy.deepcopy(world)]
    for event in events:
        world = happen(world, past, reader, event)
    pages = 1
    while reader.pull(world, limit, 1_000):
        pages += 1
        assert pages <= len(world.rows) + 2, "catching up does not end"
    assert reader.holds == world.visible(reader.choice)


def granted(*scopes: str, since: int = 1) -> Sequence[Grant]:
    return [Grant(user="u", scope=scope, role="editor", since=since) for scope in scopes]


def standing(head: int, grants: Sequence[Grant], epoch: str = "first") -> Standing:
    return Standing(head=Head(position=head, epoch=epoch), grants=grants, last_number=0)


def cursor(position: int, *, seen: int = 0, epoch: str = "first", backfills: tuple[Backfill, ...] = ()) -> Cursor:
    return Cursor(tenant="t", user="u", epoch=epoch, position=position, granted=seen or position, backfills=backfills)


def test_a_first_pull_reads_every_held_scope_from_the_start() -> None:
    lost = Grant(user="u", scope="z", role="editor", since=1, until=2)
    made = plan(standing(9, [*granted("a", "b"), lost]), None)
    assert made == Plan(reset=False, lost=(), ranges=(Range(scopes=("a", "b"), after=0, upto=9),))


def test_a_later_pull_reads_on_from_the_cursor() -> None:
    made = plan(standing(9, granted("a")), cursor(4))
    assert made == Plan(reset=False, lost=(), ranges=(Range(scopes=("a",), after=4, upto=9),))


def test_a_scope_granted_since_is_filled_from_its_start_beside_the_tail() -> None:
    made = plan(standing(9, [*granted("a"), *granted("b", since=7)]), cursor(4))
    assert made.ranges == (Range(scopes=("a", "b"), after=4, upto=9), Range(scopes=("b",), after=0, upto=4))


def test_a_scope_that_was_held_when_paging_began_is_not_filled_a_second_time() -> None:
    made = plan(standing(9, granted("a", since=7)), cursor(4, seen=9))
    assert made.ranges == (Range(scopes=("a",), after=4, upto=9),)


def test_a_scope_made_by_the_user_has_nothing_older_to_fill() -> None:
    made = Grant(user="u", scope="b", role="owner", since=7, maker=True)
    assert len(plan(standing(9, [made]), cursor(4)).ranges) == 1


def test_a_fill_under_way_goes_on_from_its_place() -> None:
    made = plan(standing(9, granted("a")), cursor(8, backfills=(Backfill("a", 3, 6),)))
    assert made.ranges[1] == Range(scopes=("a",), after=3, upto=6)


def left_out(*scopes: str) -> Choice:
    return Choice(leave_out=scopes)


def test_what_is_left_out_is_in_no_range_and_its_fill_ends() -> None:
    place = cursor(8, backfills=(Backfill("b", 3, 6),))
    made = plan(standing(9, [*granted("a", "b"), *granted("c", since=9)]), place, left_out("b", "c"))
    assert made == Plan(reset=False, lost=(), ranges=(Range(scopes=("a",), after=8, upto=9),))
    assert plan(standing(9, granted("a", "b")), None, left_out("b")).ranges[0].scopes == ("a",)


@pytest.mark.parametrize("before", [left_out("b"), Choice(scopes=("a",))])
def test_what_is_taken_in_again_is_filled_from_its_start_up_to_the_position_that_was_passed(before: Choice) -> None:
    place = replace_choice(cursor(4, seen=7), before)
    made = plan(standing(9, granted("a", "b")), place, EVERYTHING)
    assert made.ranges == (Range(scopes=("a", "b"), after=4, upto=9), Range(scopes=("b",), after=0, upto=4))
    mine = Grant(user="u", scope="b", role="owner", since=1, maker=True)
    assert len(plan(standing(9, [*granted("a"), mine]), place).ranges) == 2, "whoever made it, it is not here any more"


def replace_choice(place: Cursor, choice: Choice) -> Cursor:
    return msgspec.structs.replace(place, choice=choice)


def test_what_is_taken_in_again_at_once_in_too_many_scopes_starts_again_without_those_still_left_out() -> None:
    scopes = [f"s{index:04}" for index in range(BACKFILLS_MAX + 1)]
    place = replace_choice(cursor(4), Choice(scopes=("a",)))
    made = plan(standing(9, granted("a", *scopes)), place, left_out("a"))
    assert made == Plan(reset=True, lost=(), ranges=(Range(scopes=tuple(scopes), after=0, upto=9),))


def test_a_lost_scope_is_told_once_and_no_longer_read() -> None:
    ended = Grant(user="u", scope="b", role="editor", since=1, until=7)
    told = plan(standing(9, [*granted("a"), ended]), cursor(4))
    assert told.lost == ("b",)
    assert told.ranges == (Range(scopes=("a",), after=4, upto=9),)
    assert plan(standing(9, [*granted("a"), ended]), cursor(5, seen=9)).lost == ()


@pytest.mark.parametrize(
    "stale",
    [
        cursor(4, epoch="another"),
        cursor(10),
        cursor(4, seen=10),  # paging when the store was restored: its place is here, what it saw of grants is not
    ],
)
def test_a_cursor_of_another_life_of_the_log_starts_again(stale: Cursor) -> None:
    made = plan(standing(9, granted("a")), stale)
    assert made == Plan(reset=True, lost=(), ranges=(Range(scopes=("a",), after=0, upto=9),))


def test_as_many_new_scopes_as_a_cursor_can_hold_are_filled_beside_the_tail() -> None:
    many = granted(*(f"s{index:04}" for index in range(BACKFILLS_MAX)), since=7)
    made = plan(standing(9, [*granted("a"), *many]), cursor(4))
    assert not made.reset
    assert made.ranges[1:] == tuple(Range(scopes=(grant.scope,), after=0, upto=4) for grant in many)


@pytest.mark.parametrize("under_way", [0, 1, BACKFILLS_MAX])
def test_one_new_scope_more_starts_again_with_everything_held_and_no_fill_is_left(under_way: int) -> None:
    scopes = [f"s{index:04}" for index in range(BACKFILLS_MAX + 1)]
    ended = Grant(user="u", scope="z", role="editor", since=1, until=7)
    grants = [*granted(*scopes[:under_way]), *granted(*scopes[under_way:], since=7), ended]
    place = cursor(4, backfills=tuple(Backfill(scope, 2, 3) for scope in scopes[:under_way]))
    made = plan(standing(9, grants), place)
    assert made == Plan(reset=True, lost=(), ranges=(Range(scopes=tuple(scopes), after=0, upto=9),))


@pytest.mark.parametrize("limit", [7, 400, 2_000])
def test_more_new_scopes_than_a_cursor_can_hold_are_all_delivered_after_one_reset(limit: int) -> None:
    world, reader = World(), Reader()
    world.make("a")
    assert not reader.pull(world, limit, 1_000_000)
    assert reader.holds == {"a0": 1}
    scopes = [f"s{index:04}-" for index in range(BACKFILLS_MAX + 1)]
    for scope in scopes:
        world.write(scope, 0)
    for scope in scopes:
        world.give(scope)
    resets = 0
    for _ in range(len(world.rows) // limit + 2):
        resets += plan(world.standing, reader.cursor).reset
        if not reader.pull(world, limit, 1_000_000):
            break
    assert reader.holds == world.visible()
    assert len(reader.holds) == BACKFILLS_MAX + 2
    assert resets == 1


def test_one_record_always_fits_and_the_next_page_goes_on_after_it() -> None:
    rows: list[Row] = [(1, "x" * 100), (2, "y")]
    made = plan(standing(2, granted("a")), None)
    read, full = gather(made, lambda wanted, room: rows[: room.rows], 10, Limits(page_bytes_max=5))
    assert (read, full) == ([[rows[0]]], True)
    assert (advance(made, read, full=full).position, advance(made, read, full=full).more) == (1, True)


def test_a_page_that_ends_exactly_at_the_last_row_is_the_last() -> None:
    rows: list[Row] = [(1, "x"), (2, "y")]
    made = plan(standing(2, granted("a")), None)
    read, full = gather(made, lambda wanted, room: rows[: room.rows], 2, Limits())
    assert (read, full) == ([rows], False)
    assert not advance(made, read, full=full).more


def test_a_page_holds_so_many_bytes_and_not_so_many_characters() -> None:
    rows: list[Row] = [(1, "äää"), (2, "äää")]
    made = plan(standing(2, granted("a")), None)
    assert gather(made, lambda wanted, room: rows, 10, Limits(page_bytes_max=11)) == ([rows[:1]], True)
    assert gather(made, lambda wanted, room: rows, 10, Limits(page_bytes_max=12)) == ([rows], False)


@pytest.mark.parametrize(
    ("sizes", "count"), [([], 0), ([9], 1), ([9, 1, 1], 2), ([3, 2, 1, 1], 3), ([1, 1, 9, 9], 3), ([5], 1)]
)
def test_enough_are_those_that_fit_and_one_more(sizes: list[int], count: int) -> None:
    assert enough(sizes, 5) == count
