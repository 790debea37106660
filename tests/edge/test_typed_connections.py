"""Connections: pages of what the caller may see, filtered and ordered, forwards and backwards."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from homeport_server.edge.typed.cursors import write_cursor
from homeport_sync.query import Compare, Every, Mark, Not, Order, Query, Some, Where, answer
from homeport_sync.values import TEXT_LENGTH_MAX
from tests.edge.gallery import app, change, data, gid, hang, id_of, invite, make_gallery, push, refused
from tests.edge.world import World

PICTURES = """query ($first: Int, $after: String, $last: Int, $before: String, $where: PictureWhere,
                     $orderBy: PictureOrder, $scope: ID) {
  pictures(first: $first, after: $after, last: $last, before: $before, where: $where, orderBy: $orderBy, scope: $scope)
  { edges { cursor node { recordId title } } nodes { recordId }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }
}"""
KIND = app.catalog.kinds["Picture"]
TITLES = ("", "a", "A", "ab", "b", "ä")


async def titles(world: World, user: str = "ana", **given: object) -> list[str]:
    page = (await data(world, PICTURES, user, **given))["pictures"]
    assert [edge["node"]["recordId"] for edge in page["edges"]] == [node["recordId"] for node in page["nodes"]]
    return [edge["node"]["title"] for edge in page["edges"]]


async def walls(world: World, count: int = 3) -> World:
    """Pictures 10, 11, 12 … in ana's room, called a, b, c …"""
    made = [
        change(world, "Picture", 10 + n, scope=1, fields={"title": chr(ord("a") + n), "width_mm": n % 2})
        for n in range(count)
    ]
    await push(world, *made)
    return world


async def test_a_page_has_twenty_records_unless_another_number_is_asked_for() -> None:
    world = await walls(await make_gallery(), 25)
    page = (await data(world, PICTURES))["pictures"]
    assert len(page["nodes"]) == 20
    assert page["pageInfo"]["hasNextPage"]
    assert len((await data(world, PICTURES, first=100))["pictures"]["nodes"]) == 25


async def test_an_empty_page_has_no_cursors() -> None:
    world = await make_gallery()
    page = (await data(world, PICTURES))["pictures"]
    none = {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None}
    assert page == {"edges": [], "nodes": [], "pageInfo": none}


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"first": 101}, "not 101: ask for as many with first, and for the rest with after and the endCursor"),
        ({"last": 101}, "not 101: ask for as many with last, and for the rest with before and the startCursor"),
        ({"first": 0}, "not 0"),
        ({"last": -1}, "not -1"),
        ({"first": 1, "last": 1}, "not both"),
        ({"where": {"widthMm": {"lt": None}}}, "widthMm is compared with null in this filter (lt): leave it out, or"),
        ({"where": {"id": {"eq": None}}}, "id is compared with null in this filter (eq): leave it out."),
        ({"where": {"title": None}}, "title is null in this filter"),
        ({"where": {"and": None}}, "and is null in this filter"),
        ({"where": {"widthMm": {"in": [1] * 101}}}, "at most 100 values"),
        ({"where": {"or": [{"title": {"eq": "x"}}] * 51}}, "at most 50 terms"),
        ({"where": {"title": {"contains": "a\0"}}}, "NUL"),
        ({"where": {"widthMm": {"eq": 2**53}}}, "holds a whole number"),
    ],
)
async def test_what_asks_for_too_much_or_for_nothing_is_refused(asked: dict[str, Any], says: str) -> None:
    world = await make_gallery()
    code, message = await refused(world, PICTURES, **asked)
    assert code == "QUERY_INVALID"
    assert says in message


@pytest.mark.parametrize("depth", [8, 12])
async def test_a_filter_that_is_nested_too_deep_is_refused(depth: int) -> None:
    world = await make_gallery()
    where: dict[str, Any] = {"title": {"eq": "x"}}
    for _ in range(depth):
        where = {"not": where}
    assert (await refused(world, PICTURES, where=where))[0] == "QUERY_INVALID"


@pytest.mark.parametrize("cursor", ["", "x", "ü", "W10=", "WyJpZCIsbnVsbCwieCJd"])
async def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    world = await make_gallery()
    assert (await refused(world, PICTURES, after=cursor))[0] == "CURSOR_INVALID"
    assert (await refused(world, PICTURES, before=cursor))[0] == "CURSOR_INVALID"


async def test_a_cursor_of_another_order_or_kind_is_refused() -> None:
    world = await walls(await make_gallery())
    by_width = {"field": "WIDTH_MM"}
    end = (await data(world, PICTURES, orderBy=by_width))["pictures"]["pageInfo"]["endCursor"]
    assert await titles(world, after=end, orderBy=by_width) == []
    code, message = await refused(world, PICTURES, after=end)
    assert (code, "is no cursor of Picture in this order" in message) == ("CURSOR_INVALID", True)
    by_name = (await data(world, "{ rooms(orderBy: {field: TITLE}) { pageInfo { endCursor } } }"))["rooms"]
    wrong = {"after": by_name["pageInfo"]["endCursor"], "orderBy": by_width}
    assert (await refused(world, PICTURES, **wrong))[0] == "CURSOR_INVALID"


async def test_a_cursor_with_a_value_that_the_field_cannot_hold_is_refused() -> None:
    forged = write_cursor(Mark(value=5, id=id_of(10)), Order(field="title"))
    asked: dict[str, Any] = {"after": forged, "orderBy": {"field": "TITLE"}}
    assert (await refused(await walls(await make_gallery()), PICTURES, **asked))[0] == "CURSOR_INVALID"


async def test_records_from_before_a_field_was_bounded_as_it_is_now_are_paged_through() -> None:
    """An option was taken away, and a text may not be as long any more."""
    world = await make_gallery()
    for field, old in (("title", "x" * (TEXT_LENGTH_MAX + 1)), ("state", "on loan")):
        cursor = write_cursor(Mark(value=old, id=id_of(10)), Order(field=field))
        assert await titles(world, after=cursor, orderBy={"field": field.upper()}) == []


async def test_a_field_that_is_not_indexed_is_not_there_to_ask_by() -> None:
    world = await make_gallery()
    assert (await refused(world, '{ pictures(where: {notes: {eq: ""}}) { nodes { id } } }'))[0] == "GRAPHQL_INVALID"
    assert (await refused(world, "{ pictures(orderBy: {field: NOTES}) { nodes { id } } }"))[0] == "GRAPHQL_INVALID"


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ({"title": {"eq": "b"}}, "b"),
        ({"title": {"in": ["a", "c"]}}, "ac"),
        ({"title": {"in": []}}, ""),
        ({"title": {"gt": "a", "lte": "b"}}, "b"),
        ({"title": {"startsWith": "a"}}, "a"),
        ({"title": {"contains": ""}}, "abc"),
        ({"state": {"isNull": True}}, "bc"),
        ({"state": {"isNull": False}}, "a"),
        ({"state": {"eq": "on_show"}}, "a"),
        ({"state": {"in": ["true_", "lent"]}}, ""),
        ({"size": {"eq": "small"}}, "abc"),
        ({"price": {"gte": 1}}, "a"),
        ({"sold": {"eq": True}}, "a"),
        ({"paintedAt": {"lt": "2000-01-01T01:00:00+01:00"}}, "a"),
        ({"paintedAt": {"eq": "1999-12-31T23:59:59Z"}}, "a"),
        ({"shownOn": {"eq": "2026-11-29"}}, "a"),
        ({"mark": {"eq": id_of(9).upper()}}, "a"),
        ({"place": {"gt": "a1"}}, "c"),
        ({"id": {"eq": gid("Picture", 11)}}, "b"),
        ({"id": {"in": [id_of(10), id_of(12)]}}, "ac"),
        ({"not": {"title": {"eq": "b"}}}, "ac"),
        ({"or": [{"title": {"eq": "a"}}, {"title": {"eq": "b"}}], "not": {"sold": {"eq": True}}}, "b"),
        ({"and": [{"title": {"gt": "a"}}, {"title": {"lt": "c"}}]}, "b"),
        ({"or": []}, ""),
        ({}, "abc"),
        (None, "abc"),
    ],
)
async def test_every_shape_of_field_is_filtered_by_what_fits_it(where: object, found: str) -> None:
    world = await make_gallery()
    first: dict[str, Any] = {
        "title": "a",
        "state": "on show",
        "price": 1,
        "sold": True,
        "painted_at": "1999-12-31T23:59:59.000Z",
        "shown_on": "2026-11-29",
        "mark": id_of(9),
    }
    await hang(world, "Picture", 10, scope=1, **first)
    await hang(world, "Picture", 11, scope=1, title="b", place="a1")
    await hang(world, "Picture", 12, scope=1, title="c", place="a2")
    assert "".join(await titles(world, where=where)) == found


@pytest.mark.parametrize(
    "where",
    [
        {"paintedAt": {"eq": "2026-11-29"}},
        {"paintedAt": {"eq": "2026-11-29T08:00:00"}},
        {"shownOn": {"eq": "2026-11-29T08:00:00Z"}},
        {"shownOn": {"eq": 1}},
        {"shownOn": {"eq": "20261129"}},
        {"shownOn": {"eq": "2026-W48-7"}},
        {"mark": {"eq": "x"}},
        {"widthMm": {"eq": "1"}},
        {"sold": {"in": [True]}},
        {"title": {"like": "a"}},
        {"id": {"isNull": True}},
    ],
)
async def test_a_value_of_another_shape_is_refused(where: object) -> None:
    world = await make_gallery()
    assert (await refused(world, PICTURES, where=where))[0] == "GRAPHQL_INVALID"


async def test_the_id_of_another_kind_is_no_id_to_filter_by() -> None:
    world = await make_gallery()
    assert (await refused(world, PICTURES, where={"id": {"eq": gid("Room", 1)}}))[0] == "MALFORMED"


async def test_a_connection_shows_what_is_in_the_scopes_of_the_caller_and_nothing_else() -> None:
    world = await walls(await make_gallery(), 2)
    await hang(world, "Room", 2, user="eve", title="Cellar")
    await hang(world, "Picture", 20, scope=2, user="eve", title="x")
    assert await titles(world) == ["a", "b"]
    assert await titles(world, "eve") == ["x"]
    assert await titles(world, "eve", where={"id": {"in": [id_of(10), id_of(20)]}}) == ["x"]
    await invite(world, 1, "eve")
    assert await titles(world, "eve") == ["a", "b", "x"]
    assert await titles(world, "eve", scope=gid("Room", 1)) == ["a", "b"]
    assert await titles(world, "eve", scope=id_of(2)) == ["x"]
    assert await titles(world, scope=id_of(2)) == []
    assert await titles(world, scope=id_of(3)) == []


async def test_a_deleted_record_is_in_no_connection_and_its_cursor_is_a_place_all_the_same() -> None:
    world = await walls(await make_gallery())
    cursor = (await data(world, PICTURES, first=2))["pictures"]["pageInfo"]["endCursor"]
    await push(world, change(world, "Picture", 11, op="delete", scope=1))
    assert await titles(world, after=cursor) == ["c"]
    assert await titles(world, before=cursor) == ["a"]


def wheres() -> some.SearchStrategy[tuple[dict[str, Any], Where]]:
    """A filter, as GraphQL writes it and as the store reads it."""
    text, number = some.sampled_from(TITLES), some.integers(0, 3)
    leaves = some.one_of(
        some.builds(lambda v: ({"title": {"gte": v}}, Compare(field="title", test="at_least", value=v)), text),
        some.builds(lambda v: ({"widthMm": {"eq": v}}, Compare(field="width_mm", test="equals", value=v)), number),
        some.builds(lambda v: ({"price": {"lt": v}}, Compare(field="price", test="less", value=v)), number),
        some.just(({"price": {"isNull": True}}, Compare(field="price", test="equals", value=None))),
    )
    return some.recursive(
        leaves,
        lambda inner: (
            some.builds(lambda each: ({"not": each[0]}, Not(term=each[1])), inner)
            | some.builds(
                lambda each: ({"or": [one for one, _ in each]}, Some(terms=tuple(two for _, two in each))),
                some.lists(inner, max_size=2),
            )
            | some.builds(
                lambda each: ({"and": [one for one, _ in each]}, Every(terms=tuple(two for _, two in each))),
                some.lists(inner, max_size=2),
            )
        ),
        max_leaves=3,
    )


@cache
def runner() -> tuple[asyncio.Runner, World]:
    """A loop, and in it a world with many pictures that are alike."""
    runner = asyncio.Runner()

    async def make() -> World:
        world = await make_gallery()
        many = [
            {"title": TITLES[n % 6], "width_mm": n % 4, "price": (None, 1, 2.5)[n % 3], "place": f"a{n % 2}"}
            for n in range(17)
        ]
        await push(world, *(change(world, "Picture", 10 + n, scope=1, fields=each) for n, each in enumerate(many)))
        return world

    return runner, runner.run(make())


@pytest.fixture(scope="module", autouse=True)
def closed() -> Iterator[None]:
    yield
    if runner.cache_info().currsize:
        runner()[0].close()
        runner.cache_clear()


@given(
    wheres(),
    some.sampled_from(["ID", "TITLE", "WIDTH_MM", "PRICE", "PLACE"]),
    some.booleans(),
    some.integers(1, 9),
    some.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_the_pages_of_a_connection_are_the_whole_of_it_whichever_way_they_are_turned(
    where: tuple[dict[str, Any], Where], field: str, descending: bool, size: int, backwards: bool
) -> None:
    shown, meant = where
    loop, world = runner()
    order = {"field": field, "direction": "DESC" if descending else "ASC"}
    records = [kept.record for kept in world.store._log(world.tenant).records.values()]
    asked = Query(kind="Picture", where=meant, order=Order(field=field.lower(), descending=descending), limit=1_000)
    whole = [record.id for record in answer(records, KIND, asked).records]

    async def turn() -> list[str]:
        found, cursor, more = list[str](), None, True
        while more:
            given: dict[str, Any] = {"last": size, "before": cursor} if backwards else {"first": size, "after": cursor}
            page = (await data(world, PICTURES, where=shown, orderBy=order, **given))["pictures"]
            ids = [node["recordId"] for node in page["nodes"]]
            found = ids + found if backwards else found + ids
            cursor = page["pageInfo"]["startCursor" if backwards else "endCursor"]
            more = page["pageInfo"]["hasPreviousPage" if backwards else "hasNextPage"]
            assert page["pageInfo"]["hasNextPage" if backwards else "hasPreviousPage"] == (len(found) > len(ids))
        return found

    assert loop.run(turn()) == whole
