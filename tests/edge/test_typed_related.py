"""Records that others name, and the roots and connections of many at once: with one statement for all of a page."""

from __future__ import annotations

from msgspec.structs import replace

from tests.edge.gallery import Counted, change, data, gid, hang, id_of, invite, make_gallery, push, refused
from tests.edge.world import World

COPIES = "{ pictures(first: 100) { nodes { title copyOf { title room { title } } room { title } } } }"


async def rooms(store: Counted, count: int) -> World:
    """So many rooms, in each of which a picture and its copy hang."""
    world = await make_gallery(store)
    for n in range(2, count + 1):
        await hang(world, "Room", n, title=f"Room {n}")
    for n in range(1, count + 1):
        original = change(world, "Picture", 1000 + n, scope=n, fields={"title": f"o{n}"})
        copy = {"title": f"p{n}", "copy_of_id": id_of(1000 + n)}
        await push(world, original, change(world, "Picture", 2000 + n, scope=n, fields=copy))
    store.statements.clear()
    return world


async def test_related_records_and_roots_of_a_page_cost_a_statement_each_and_not_one_a_record() -> None:
    store = Counted()
    world = await rooms(store, 20)
    nodes = (await data(world, COPIES))["pictures"]["nodes"]
    assert len(nodes) == 40
    for node in nodes:
        copied = {"title": node["title"].replace("p", "o"), "room": node["room"]}
        assert node["copyOf"] == (copied if node["title"].startswith("p") else None)
    assert store.statements == [("query", 100), ("seen", 40), ("seen", 20)]


async def test_the_connections_of_a_page_of_roots_cost_one_statement_a_question() -> None:
    store = Counted()
    world = await rooms(store, 20)
    query = """{ rooms(first: 100) { nodes { recordId
      pictures(first: 1) { nodes { scopeId } pageInfo { hasNextPage } }
      copies: pictures(where: {title: {startsWith: "p"}}) { edges { node { scopeId title } } }
      members { nodes { user role } } } } }"""
    nodes = (await data(world, query))["rooms"]["nodes"]
    assert len(nodes) == 20
    for node in nodes:
        assert node["pictures"] == {"nodes": [{"scopeId": node["recordId"]}], "pageInfo": {"hasNextPage": True}}
        assert [edge["node"]["scopeId"] for edge in node["copies"]["edges"]] == [node["recordId"]]
    assert sorted(store.statements) == [("query", 100), ("within", 20), ("within", 20), ("within", 20)]


async def test_the_same_connection_of_many_scopes_is_one_statement() -> None:
    store = Counted()
    world = await rooms(store, 2)
    aliases = " ".join(f'a{n}: pictures(scope: "{id_of(n)}") {{ nodes {{ id }} }}' for n in range(12))
    shown = await data(world, f"{{ {aliases} }}")
    assert [name for name, page in shown.items() if page["nodes"]] == ["a1", "a2"]
    assert store.statements == [("within", 12)]


async def test_a_member_leads_to_the_root_of_any_kind() -> None:
    world = await make_gallery()
    await hang(world, "Shop", 2, name="Prints")
    await invite(world, 1, "eve")
    await invite(world, 2, "eve")
    query = "{ members { nodes { user role root { __typename id ... on Shop { name } } } } }"
    nodes = (await data(world, query, "eve"))["members"]["nodes"]
    roots = {(node["role"], node["root"]["id"], node["root"].get("name")) for node in nodes if node["user"] == "eve"}
    assert roots == {("editor", gid("Room", 1), None), ("editor", gid("Shop", 2), "Prints")}


async def test_what_a_record_names_is_null_where_it_is_not_there_to_see() -> None:
    world = await make_gallery()
    await hang(world, "Picture", 10, scope=1, title="original")
    await hang(world, "Picture", 11, scope=1, title="copy", copy_of_id=id_of(10))
    query = f'{{ picture(id: "{id_of(11)}") {{ copyOfId copyOf {{ title }} }} }}'
    assert (await data(world, query))["picture"] == {"copyOfId": id_of(10), "copyOf": {"title": "original"}}
    await push(world, change(world, "Picture", 10, op="delete", scope=1))
    assert (await data(world, query))["picture"] == {"copyOfId": id_of(10), "copyOf": None}


async def test_what_refers_to_a_record_takes_either_id_of_it() -> None:
    world = await make_gallery()
    await hang(world, "Picture", 10, scope=1, title="original")
    query = """mutation ($scope: ID!, $of: UUID!) {
      createPicture(input: { scope: $scope, title: "copy", copyOfId: $of }) { picture { copyOfId } }
    }"""
    for id in (gid("Picture", 10), id_of(10), id_of(10).upper()):
        made = (await data(world, query, scope=gid("Room", 1), of=id))["createPicture"]
        assert made == {"picture": {"copyOfId": id_of(10)}}
    _, why = await refused(world, query, scope=gid("Room", 1), of="x")
    assert "or the id of a record, not 'x'" in why


async def test_what_is_of_another_kind_than_is_declared_today_is_not_shown_as_if_it_were() -> None:
    world = await make_gallery()
    await hang(world, "Picture", 11, scope=1, title="copy")
    rewrite(world, 11, fields={"title": "copy", "copy_of_id": id_of(1)})
    picture = f'{{ picture(id: "{id_of(11)}") {{ copyOf {{ title }} room {{ title }} }} }}'
    assert (await data(world, picture))["picture"] == {"copyOf": None, "room": {"title": "Hall"}}
    rewrite(world, 1, kind="Hallway")
    assert (await data(world, picture))["picture"] == {"copyOf": None, "room": None}
    assert (await data(world, "{ members { nodes { root { id } } } }"))["members"]["nodes"] == []
    await invite(world, 1, "eve")
    assert (await data(world, "{ members { nodes { root { id } } } }"))["members"]["nodes"] == [{"root": None}]


def rewrite(world: World, number: int, **changes: object) -> None:
    """The record is as an app left it that was declared otherwise."""
    records = world.store._logs[world.tenant].records
    kept = records[id_of(number)]
    records[id_of(number)] = replace(kept, record=replace(kept.record, **changes))
