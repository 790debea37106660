"""Pages: one snapshot, exactly the rows that a naive filter over everything would give, and the limits kept."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from homeport_sync.change import encode
from homeport_sync.choice import EVERYTHING, Choice
from homeport_sync.cursor import Backfill, Cursor
from homeport_sync.limits import Limits
from homeport_sync.ports import Head, PageRows, Standing, StoredRecord, Writes
from homeport_sync.pull import Row, plan
from homeport_sync.scope import Grant
from tests.contract.samples import EPOCH, NOW, TENANT, all_of, grant, known, stored, write
from tests.contract.stores import OpenStore, Store

SCOPES = ("a", "b", "c")
BYTES_MAX = 700  # about five records
Event = tuple[str, str, int]


@dataclass(slots=True)
class History:
    """Everything that was written, in plain dictionaries; each event takes one position."""

    head: int = 0
    records: dict[str, StoredRecord] = field(default_factory=dict)
    grants: dict[tuple[str, str], Grant] = field(default_factory=dict)

    def batch(self, events: Sequence[Event]) -> Writes:
        """Let the events happen; what a commit batch of them writes."""
        records, grants = set(), set()
        for what, scope, index in events:
            self.head += 1
            if what in {"write", "delete"}:
                id = f"{scope}{index}"
                here = self.records.get(id)  # it may have been moved
                records.add(id)
                self.records[id] = self._stored(id, here.record.scope if here else scope, deleted=what == "delete")
            elif what == "move":
                records |= self._move(f"a{index}", scope)
            else:
                user = f"user {index % 2}"
                grants.add((user, scope))
                ended = self.head if what == "take" else None
                self.grants[user, scope] = grant(scope, user=user, since=self.head, until=ended)
        return Writes(
            head=self.head,
            now_ms=NOW,
            records=[self.records[each] for each in records],
            grants=[self.grants[each] for each in grants],
        )

    def _move(self, id: str, scope: str) -> set[str]:
        """The record goes to the scope, which is told in both; what is written."""
        here = self.records.get(id)
        if here is None or here.record.scope == scope:
            return set()
        left = replace(stored(id, self.head, scope=here.record.scope, deleted=True), left=True)
        self.head += 1
        self.records |= {left.row: left, id: self._stored(id, scope)}
        return {left.row, id}

    def _stored(self, id: str, scope: str, *, deleted: bool = False) -> StoredRecord:
        title = "xä"[self.head % 2] * (self.head % 7) * 20
        return stored(id, self.head, scope=scope, title=title, deleted=deleted)

    def standing(self, user: str) -> Standing:
        grants = [self.grants[key] for key in sorted(self.grants) if key[0] == user]
        return Standing(head=Head(position=self.head, epoch=EPOCH), grants=grants, last_number=0)

    def rows(self, user: str, cursor: Cursor | None, choice: Choice) -> list[Row]:
        """All that a page without limits would hold, in its order: a filter over everything."""
        rows: list[Row] = []
        for wanted in plan(self.standing(user), cursor, choice).ranges:
            inside = [each.record for each in self.records.values() if each.record.scope in wanted.scopes]
            inside = [each for each in inside if wanted.after < each.position <= wanted.upto]
            rows += [(each.position, encode(each)) for each in sorted(inside, key=lambda each: each.position)]
        return rows


def first_of(rows: Sequence[Row], limit: int, bytes_max: int) -> list[Row]:
    """As many of the rows, from the first, as a page may hold; one always fits."""
    taken: list[Row] = []
    size = 0
    for row in rows[:limit]:
        size += len(row[1].encode())
        if taken and size > bytes_max:
            break
        taken.append(row)
    return taken


CHOSEN = st.lists(st.sampled_from(SCOPES), max_size=3).map(tuple)
CHOICES = st.just(EVERYTHING) | st.builds(Choice, scopes=st.none() | CHOSEN, leave_out=CHOSEN)


@st.composite
def cursors(draw: st.DrawFn, head: int) -> Cursor | None:
    """No cursor, or any that a reader of this log could have."""
    if head == 0 or draw(st.integers(0, 3)) == 0:
        return None
    position = draw(st.integers(0, head))
    places = [draw(st.integers(0, position)) for _ in SCOPES]
    left = draw(st.lists(st.sampled_from(range(len(SCOPES))), unique=True))
    return Cursor(
        tenant=TENANT,
        user="user 0",
        epoch=EPOCH,
        position=position,
        granted=draw(st.integers(position, head)),
        backfills=tuple(Backfill(SCOPES[each], places[each], position) for each in left),
        choice=draw(CHOICES),
    )


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["write", "write", "write", "delete", "move", "give", "give", "take"]),
        st.sampled_from(SCOPES),
        st.integers(0, 4),
    ),
    min_size=15,
    max_size=40,
)
numbers: Iterator[int] = count()


@pytest.fixture
async def narrow(open_store: OpenStore) -> Store:
    """A store whose pages hold few bytes; every example is a tenant of its own in it."""
    return await open_store(Limits(page_bytes_max=BYTES_MAX))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=60)
@given(events=EVENTS, data=st.data())
async def test_a_page_is_what_a_naive_filter_gives(narrow: Store, events: list[Event], data: st.DataObject) -> None:
    history, tenant = History(), f"tenant {next(numbers)}"
    await narrow.create(tenant, id=tenant, epoch=EPOCH, now_ms=0)
    await write(narrow, history.batch(events[:15]), tenant)
    await write(narrow, history.batch(events[15:]), tenant)
    for _ in range(6):
        cursor = data.draw(cursors(history.head))
        user, limit = data.draw(st.sampled_from(["user 0", "user 1", "nobody"])), data.draw(st.integers(1, 8))
        choice = data.draw(CHOICES)
        page = await narrow.page(tenant, user, "d", cursor, limit, choice=choice)
        everything = history.rows(user, cursor, choice)
        assert page.standing == history.standing(user)
        assert rows_of(page) == first_of(everything, limit, BYTES_MAX)
        assert page.full == (len(rows_of(page)) < len(everything))


def rows_of(page: PageRows) -> list[Row]:
    return [row for rows in page.ranges for row in rows]


async def test_a_page_read_while_others_commit_is_the_state_at_its_own_head(store: Store) -> None:
    await write(store, Writes(head=1, now_ms=NOW, records=[stored("r1", 1)], grants=[grant()]))

    async def commit(position: int) -> None:
        await write(store, Writes(head=position, now_ms=NOW, records=[stored(f"r{position % 5}", position)]))

    for position in range(2, 40):
        writing = asyncio.create_task(commit(position))
        for page in await asyncio.gather(*(store.page(TENANT, "u", "d", None, 9) for _ in range(2))):
            head = page.standing.head.position
            assert head in {position - 1, position}
            assert [at for at, _ in rows_of(page)] == list(range(max(1, head - 4), head + 1))
        await writing


async def test_one_record_larger_than_a_page_still_comes(open_store: OpenStore) -> None:
    store = await open_store(Limits(page_bytes_max=100))
    await store.create(TENANT, id=TENANT, epoch=EPOCH, now_ms=0)
    records = [stored("r", 1, title="x" * 500), stored("q", 2)]
    await write(store, Writes(head=2, now_ms=NOW, records=records, grants=[grant()]))
    page = await store.page(TENANT, "u", "d", None, 10)
    assert [at for at, _ in rows_of(page)] == [1]
    assert page.full


@pytest.mark.parametrize("scopes", [["s"], ["s", "t"]], ids=["of one scope", "of two scopes"])
@pytest.mark.parametrize("sizes", [[500, 9, 500, 9], [9] * 9 + [500, 500], [500] * 3, [9, 9, 500], [500, 9]], ids=str)
async def test_large_and_small_records_come_in_their_order_and_none_is_passed_over(
    open_store: OpenStore, scopes: list[str], sizes: list[int]
) -> None:
    store = await open_store(Limits(page_bytes_max=BYTES_MAX))
    await store.create(TENANT, id=TENANT, epoch=EPOCH, now_ms=0)
    records = [
        stored(f"r{at}", at, scope=scopes[at % len(scopes)], title="ä" * size) for at, size in enumerate(sizes, 1)
    ]
    await write(store, Writes(head=len(sizes), now_ms=NOW, records=records, grants=[grant(each) for each in scopes]))
    rows = [(each.record.position, encode(each.record)) for each in records]
    position, read = 0, []
    while position < len(sizes):
        cursor = (
            Cursor(tenant=TENANT, user="u", epoch=EPOCH, position=position, granted=len(sizes)) if position else None
        )
        page = await store.page(TENANT, "u", "d", cursor, 10)
        assert rows_of(page) == first_of(rows[position:], 10, BYTES_MAX)
        assert page.full == (len(rows_of(page)) < len(rows[position:]))
        read += rows_of(page)
        position = read[-1][0]
    assert read == rows


async def test_rows_are_the_very_text_that_was_written(store: Store) -> None:
    record = stored("r", 1, title='ä "quoted" \n 🎈')
    await write(store, Writes(head=1, now_ms=NOW, records=[record], grants=[grant()]))
    page = await store.page(TENANT, "u", "d", None, 10)
    assert rows_of(page) == [(1, encode(record.record))]


async def test_a_user_with_many_scopes_reads_them_in_one_order(store: Store) -> None:
    scopes = [f"s{index:03}" for index in range(200)]
    records = [stored(f"r{index}", index + 1, scope=scopes[index * 7 % 200]) for index in range(200)]
    await write(store, Writes(head=200, now_ms=NOW, records=records, grants=[grant(scope) for scope in scopes]))
    page = await store.page(TENANT, "u", "d", None, 50)
    assert [at for at, _ in rows_of(page)] == list(range(1, 51))
    assert page.full


async def test_standing_tells_head_all_grants_ever_and_the_devices_last_number(store: Store) -> None:
    await write(store, all_of(7))
    await write(
        store,
        Writes(
            head=9,
            now_ms=NOW,
            devices=[known("e", user="v", last_number=4)],
            grants=[grant("a", until=3), grant("z", maker=True), grant("s", user="v")],
        ),
    )
    standing = await store.standing(TENANT, "u", "d")
    assert standing == Standing(
        head=Head(position=9, epoch=EPOCH),
        grants=[grant("a", until=3), grant("s"), grant("z", maker=True)],
        last_number=7,
    )
    assert (await store.page(TENANT, "u", "d", None, 1)).standing == standing


async def test_a_device_that_never_pushed_or_is_another_users_stands_at_zero(store: Store) -> None:
    await write(store, all_of(7))
    assert (await store.standing(TENANT, "u", "new")).last_number == 0
    assert (await store.standing(TENANT, "v", "d")).last_number == 0
