"""Queries: what every store answers is what the law says, of what the user may see, whatever is asked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from homeport_server.database import Store
from homeport_sync.change import Value
from homeport_sync.errors import QueryInvalid, QueryTooWide, Unavailable
from homeport_sync.limits import Limits
from homeport_sync.ports import StoredRecord, Writes
from homeport_sync.query import (
    BY_ID,
    ORDERED_CHARS,
    ROWS_MAX,
    SCOPES_MAX,
    Compare,
    Found,
    Mark,
    Order,
    Query,
    Some,
    answer,
    mark_of,
)
from tests.contract.databases import Databases
from tests.contract.indexed import indexed_store
from tests.contract.questions import CATALOG, GRANTS, RECORDS, SAMPLE, SCOPES, USERS, VISIBLE, queries, shown_to
from tests.contract.samples import EPOCH, NOW, grant, stored, write
from tests.contract.stores import OpenStore

numbers: Iterator[int] = count()
ALL = Query(kind="Sample", limit=100)
NONE = Found(records=[])


@pytest.fixture
async def asked(kind: str, databases: Databases | None, tmp_path: Path) -> AsyncIterator[Store]:
    """A store with the indexes of the sample app; each test, and each example, is a tenant of its own in it."""
    async with indexed_store(kind, databases, tmp_path / "asked.sqlite3") as store:
        yield store


async def tenant_with(store: Store, records: list[StoredRecord]) -> str:
    tenant = f"queries {next(numbers)}"
    await store.create(tenant, id=tenant, epoch=EPOCH, now_ms=0)
    await write(store, Writes(head=1, now_ms=NOW, records=records, grants=GRANTS), tenant)
    return tenant


async def compare(store: Store, tenant: str, records: list[StoredRecord], data: st.DataObject) -> None:
    """Ask all three questions, and see that the answers are those of the law."""
    query = data.draw(queries([each.record for each in records]))
    user = data.draw(st.sampled_from(USERS))
    shown = shown_to(user, records)
    assert await store.query(tenant, user, SAMPLE, query) == answer(shown, SAMPLE, query)
    scopes = data.draw(st.sets(st.sampled_from([*SCOPES, "nowhere"])))
    of = {scope: [each for each in shown if each.scope == scope] for scope in scopes & VISIBLE[user]}
    within = {scope: answer(here, SAMPLE, query) for scope, here in of.items()}
    assert await store.query_within(tenant, user, SAMPLE, query, scopes) == within
    ids = data.draw(st.sets(st.sampled_from([each.row for each in records])))
    seen = {each.id: each for each in shown if each.id in ids and not each.deleted}
    assert await store.seen(tenant, user, ids) == seen


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=25)
@given(records=RECORDS, data=st.data())
async def test_a_store_answers_as_the_law_says(asked: Store, records: list[StoredRecord], data: st.DataObject) -> None:
    tenant = await tenant_with(asked, records)
    for _ in range(8):
        await compare(asked, tenant, records, data)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=5)
@given(records=RECORDS, data=st.data())
async def test_it_does_so_without_the_indexes(store: Store, records: list[StoredRecord], data: st.DataObject) -> None:
    tenant = await tenant_with(store, records)
    for _ in range(8):
        await compare(store, tenant, records, data)


async def test_a_record_that_moved_or_was_deleted_is_found_where_it_is_by_now(asked: Store) -> None:
    made = replace(stored("r", 1), record=replace(stored("r", 1).record, kind="Sample", fields={"title": "x"}))
    tenant = await tenant_with(asked, [made])
    assert (await asked.query(tenant, "u", SAMPLE, ALL)).records == [made.record]
    moved = replace(made, record=replace(made.record, scope="w", position=2))
    left = replace(stored("r", 2, deleted=True), left=True)
    await write(asked, Writes(head=2, now_ms=NOW, records=[moved, left]), tenant)
    assert await asked.query(tenant, "u", SAMPLE, ALL) == NONE
    assert (await asked.query(tenant, "v", SAMPLE, ALL)).records == [moved.record]
    assert await asked.seen(tenant, "v", ["r", "r/s"]) == {"r": moved.record}
    gone = replace(moved, record=replace(moved.record, fields={}, deleted=moved.record.stamp))
    await write(asked, Writes(head=3, now_ms=NOW, records=[gone]), tenant)
    assert await asked.query(tenant, "v", SAMPLE, ALL) == NONE
    assert await asked.seen(tenant, "v", ["r"]) == {}


@pytest.mark.promise("I8")
async def test_what_a_user_may_see_no_more_and_what_another_tenant_has_is_not_found(asked: Store) -> None:
    made = replace(stored("r", 1), record=replace(stored("r", 1).record, kind="Sample"))
    tenant, other = await tenant_with(asked, [made]), await tenant_with(asked, [])
    assert await asked.query(other, "u", SAMPLE, ALL) == NONE
    assert await asked.query_within(other, "u", SAMPLE, ALL, ["s"]) == {"s": NONE}
    assert await asked.seen(other, "u", ["r"]) == {}
    await write(asked, Writes(head=2, now_ms=NOW, grants=[grant("s", until=2)]), tenant)
    assert await asked.query(tenant, "u", SAMPLE, ALL) == NONE
    assert await asked.query_within(tenant, "u", SAMPLE, ALL, ["s", "t"]) == {"t": NONE}
    assert await asked.seen(tenant, "u", ["r"]) == {}


async def test_a_tenant_that_is_not_here_is_refused(asked: Store) -> None:
    for question in (
        asked.query("no", "u", SAMPLE, ALL),
        asked.query_within("no", "u", SAMPLE, ALL, ["s"]),
        asked.seen("no", "u", ["r"]),
    ):
        with pytest.raises(Unavailable):
            await question


BY_DONE, BY_TITLE, BY_COUNT = (Order(field=name) for name in ("done", "title", "count"))
WRONG = {
    "no record": Query(kind="Sample", limit=0),
    "too many": Query(kind="Sample", limit=ROWS_MAX + 1),
    "a field without an index": Query(kind="Sample", limit=1, where=Compare(field="hidden", test="equals", value="")),
    "an order without an index": Query(kind="Sample", limit=1, order=Order(field="hidden")),
    "another type": Query(kind="Sample", limit=1, where=Compare(field="count", test="less", value="1")),
    "an id that is no text": Query(kind="Sample", limit=1, where=Compare(field=BY_ID, test="less", value=1)),
    "a part of a number": Query(kind="Sample", limit=1, where=Compare(field="count", test="contains", value="1")),
    "a part that is no text": Query(kind="Sample", limit=1, where=Compare(field="title", test="starts_with", value=1)),
    "NUL": Query(kind="Sample", limit=1, where=Compare(field="title", test="contains", value="\0")),
    "half a character": Query(kind="Sample", limit=1, where=Compare(field="title", test="equals", value="\ud83d")),
    "a mark of ids with a value": Query(kind="Sample", limit=1, after=Mark(value="x", id="r")),
    "a mark of another order": Query(kind="Sample", limit=1, order=BY_COUNT, after=Mark(value="x", id="r")),
    "a mark of numbers": Query(kind="Sample", limit=1, order=BY_COUNT, before=Mark(value=True, id="r")),
    "a mark of truth": Query(kind="Sample", limit=1, order=BY_DONE, before=Mark(value=1, id="r")),
    "a mark without end": Query(kind="Sample", limit=1, order=Order(field="size"), after=Mark(value=1e999, id="r")),
    "a mark with NUL": Query(kind="Sample", limit=1, order=BY_TITLE, after=Mark(value="x", id="\0")),
}


@pytest.mark.parametrize("what", WRONG)
async def test_a_query_that_does_not_fit_is_refused_alike(asked: Store, what: str) -> None:
    tenant = await tenant_with(asked, [])
    with pytest.raises(QueryInvalid):
        await asked.query(tenant, "u", SAMPLE, WRONG[what])
    with pytest.raises(QueryInvalid):
        await asked.query_within(tenant, "u", SAMPLE, WRONG[what], ["s"])


async def test_too_many_scopes_or_ids_are_refused_and_those_that_cannot_be_are_passed_over(asked: Store) -> None:
    tenant = await tenant_with(asked, [])
    with pytest.raises(QueryInvalid):
        await asked.query_within(tenant, "u", SAMPLE, ALL, [str(each) for each in range(SCOPES_MAX + 1)])
    with pytest.raises(QueryInvalid):
        await asked.seen(tenant, "u", [str(each) for each in range(ROWS_MAX + 1)])
    assert await asked.query_within(tenant, "u", SAMPLE, ALL, ["s", "\0", "\ud83d"]) == {"s": NONE}
    assert await asked.seen(tenant, "u", ["\0", "\ud83d"]) == {}


@pytest.mark.parametrize("size", [1e300, -2.5e-7, 3.141592653589793, 2**53 - 1, 5e-324, 10**40, 0.1 + 0.2], ids=str)
async def test_a_number_is_found_by_what_it_is(asked: Store, size: Value) -> None:
    made = replace(stored("r", 1), record=replace(stored("r", 1).record, kind="Sample", fields={"size": size}))
    tenant = await tenant_with(asked, [made])
    query = Query(kind="Sample", limit=2, where=Compare(field="size", test="equals", value=size))
    assert (await asked.query(tenant, "u", SAMPLE, query)).records == [made.record]


async def test_what_a_field_held_when_it_was_of_another_type_is_seen_as_its_default(asked: Store) -> None:
    olds: list[dict[str, Value]] = [{"count": "many", "title": 5, "done": "no", "due": True}, {"count": 8}]
    made = [stored(f"r{at}", at) for at in range(len(olds))]
    records = [
        replace(one, record=replace(one.record, kind="Sample", fields=old)) for one, old in zip(made, olds, strict=True)
    ]
    tenant = await tenant_with(asked, records)
    for field, seen in (("count", 7), ("title", None), ("done", False), ("due", None)):
        query = Query(kind="Sample", limit=1, order=Order(field=field))
        first = await asked.query(tenant, "u", SAMPLE, query)
        assert first == Found(records=[records[0].record], more=True)
        place = mark_of(records[0].record, SAMPLE, query.order)
        assert place.value == seen
        after = Query(kind="Sample", limit=9, order=query.order, after=place)
        assert await asked.query(tenant, "u", SAMPLE, after) == Found(records=[records[1].record])


async def test_a_text_is_ordered_by_its_first_characters_and_searched_to_its_end(asked: Store) -> None:
    titles = ["ä" * ORDERED_CHARS + end for end in ("z", "a", "")]
    made = [stored(f"r{at}", at) for at in range(len(titles))]
    records = [
        replace(one, record=replace(one.record, kind="Sample", fields={"title": title}))
        for one, title in zip(made, titles, strict=True)
    ]
    tenant = await tenant_with(asked, records)

    async def found(**more: Any) -> list[str]:  # noqa: ANN401  # as a Query has them
        query = Query(kind="Sample", limit=9, order=Order(field="title"), **more)
        return [each.id for each in (await asked.query(tenant, "u", SAMPLE, query)).records]

    ids = [each.row for each in records]
    assert await found() == ids, "what is equal so far goes by id"
    assert await found(after=mark_of(records[0].record, SAMPLE, Order(field="title"))) == ids[1:]
    assert await found(where=Compare(field="title", test="contains", value="z")) == ids[:1]
    assert await found(where=Compare(field="title", test="greater", value="ä" * (ORDERED_CHARS - 1))) == ids
    for test in ("equals", "in", "less", "starts_with", "contains"):
        value: Any = ("ä" * ORDERED_CHARS,) if test == "in" else "ä" * ORDERED_CHARS
        with pytest.raises(QueryInvalid, match="fewer than 500 characters"):
            await found(where=Compare(field="title", test=test, value=value))


async def test_a_query_that_looks_at_far_too_much_is_ended_and_others_go_on(kind: str, open_store: OpenStore) -> None:
    if kind == "memory":
        return  # it is no database
    store = await open_store(Limits(query_ms_max=10))
    made = [stored(f"{at:05}", 1) for at in range(4_000)]
    many = [replace(each, record=replace(each.record, kind="Sample")) for each in made]
    tenant = await tenant_with(store, many)
    wide = Some(terms=(Compare(field="title", test="contains", value="nowhere"),) * 30)
    with pytest.raises(QueryTooWide):
        await store.query(tenant, "u", SAMPLE, Query(kind="Sample", where=wide, limit=1))
    assert (await store.standing(tenant, "u", "")).head.position == 1


def test_the_sample_has_every_shape_that_can_be_indexed() -> None:
    shapes = {each.type.shape for kind in CATALOG.kinds.values() for each in kind.fields.values() if each.indexed}
    assert shapes == {"text", "choice", "int", "float", "bool", "datetime", "date", "uuid", "rank"}
