"""Records by their ids, as whoever asks may see them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.edge.gallery import answer, data, gid, hang, id_of, make_gallery, refused

PICTURE = """{ picture(id: "%s") {
  __typename id recordId scopeId position createdAt updatedAt title state size widthMm price sold paintedAt shownOn mark
  tags place notes copyOfId
} }"""
NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on Picture { title } ... on Room { title } } }"


async def test_a_record_shows_every_shape_of_field() -> None:
    world = await make_gallery()
    fields: dict[str, Any] = {
        "title": "Nachtwache",
        "state": "on show",
        "size": "big",
        "width_mm": 2**53 - 1,
        "price": 5,
        "sold": True,
        "painted_at": "1642-01-01T00:00:00.000Z",
        "shown_on": "2026-11-29",
        "mark": id_of(9),
        "tags": ["oil", "group"][::-1],
        "place": "a1",
        "notes": "a\nb",
    }
    await hang(world, "Picture", 2, scope=1, **fields)
    shown = (await data(world, PICTURE % gid("Picture", 2)))["picture"]
    assert shown == {
        "__typename": "Picture",
        "id": gid("Picture", 2),
        "recordId": id_of(2),
        "scopeId": id_of(1),
        "position": 2,
        "createdAt": "2023-11-14T22:13:20.000Z",
        "updatedAt": "2023-11-14T22:13:20.000Z",
        "title": "Nachtwache",
        "state": "on_show",
        "size": "big",
        "widthMm": 2**53 - 1,
        "price": 5.0,
        "sold": True,
        "paintedAt": "1642-01-01T00:00:00.000Z",
        "shownOn": "2026-11-29",
        "mark": id_of(9),
        "tags": ["group", "oil"],
        "place": "a1",
        "notes": "a\nb",
        "copyOfId": None,
    }


async def test_what_was_not_given_shows_its_default() -> None:
    world = await make_gallery()
    await hang(world, "Picture", 2, scope=1, title="")
    shown = (await data(world, PICTURE % id_of(2)))["picture"]
    assert (shown["state"], shown["size"], shown["widthMm"], shown["tags"], shown["place"]) == (
        None,
        "small",
        0,
        [],
        "a0",
    )


async def test_nodes_come_in_the_order_of_their_ids_and_null_for_what_is_not_there() -> None:
    world = await make_gallery()
    await hang(world, "Picture", 2, scope=1, title="Rain")
    ids = [gid("Picture", 2), gid("Picture", 7), gid("Room", 1), id_of(2), gid("Room", 2), gid("Nothing", 2)]
    shown = await data(world, NODES, ids=ids)
    rain = {"__typename": "Picture", "id": gid("Picture", 2), "title": "Rain"}
    hall = {"__typename": "Room", "id": gid("Room", 1), "title": "Hall"}
    assert shown["nodes"] == [rain, None, hall, rain, None, None]


async def test_nobody_is_shown_what_is_another_s() -> None:
    world = await make_gallery()
    await hang(world, "Picture", 2, scope=1, title="Rain")
    assert (await data(world, NODES, "eve", ids=[gid("Picture", 2), id_of(1)]))["nodes"] == [None, None]
    assert (await data(world, PICTURE % id_of(2), "eve"))["picture"] is None


async def test_the_field_of_a_kind_shows_records_of_that_kind_alone() -> None:
    world = await make_gallery()
    assert (await data(world, PICTURE % id_of(1)))["picture"] is None
    code, says = await refused(world, PICTURE % gid("Room", 1))
    assert code == "MALFORMED"
    assert "is the id of a Room, and this asks for a Picture" in says


@pytest.mark.parametrize("id", ["", "x", "Um9vbTp4", "ünïcode"])
async def test_what_is_no_id_is_refused(id: str) -> None:
    world = await make_gallery()
    told = await answer(world, "query ($id: ID!) { node(id: $id) { id } }", id=id)
    assert told["data"] == {"node": None}
    assert told["errors"][0]["extensions"]["code"] == "MALFORMED"


async def test_more_nodes_than_there_is_room_for_are_refused() -> None:
    world = await make_gallery()
    code, says = await refused(world, NODES, ids=[id_of(1)] * 101)
    assert code == "TOO_LARGE"
    assert "at most 100 ids, not 101" in says


async def test_aliases_fragments_and_what_is_left_out_come_as_they_are_asked_for() -> None:
    world = await make_gallery()
    await hang(world, "Picture", 2, scope=1, title="Rain", notes="wet")
    query = """query ($id: ID!, $no: Boolean!) { picture(id: $id) {
      name: title room { title } ...Rest size @include(if: $no) ... @skip(if: $no) { notes } title again: notes
    } }
    fragment Rest on Picture { title sold __typename room { recordId } }"""
    shown = (await data(world, query, id=id_of(2), no=False))["picture"]
    assert shown == {
        "name": "Rain",
        "room": {"title": "Hall", "recordId": id_of(1)},
        "title": "Rain",
        "sold": False,
        "__typename": "Picture",
        "notes": "wet",
        "again": "wet",
    }
    assert list(shown) == ["name", "room", "title", "sold", "__typename", "notes", "again"]


async def test_a_value_in_a_document_that_is_none_is_shown_where_it_stands() -> None:
    told = await answer(await make_gallery(), '{ pictures(where: { shownOn: { eq: "2026-13-01" } }) { nodes { id } } }')
    (error,) = told["errors"]
    assert error["message"].startswith("Date holds a day such as 2026-11-23, not '2026-13-01'.")
    assert error["locations"] == [{"line": 1, "column": 36}]
