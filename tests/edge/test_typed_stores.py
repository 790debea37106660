"""The typed API over real databases: one story through every door of it, with the records of others beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest

from homeport_server.tables import BESIDE
from homeport_sync import LIMITS, App, Call, field
from homeport_sync.memory import MemoryStore
from homeport_sync.sql.postgres.store import PostgresStore
from homeport_sync.sql.sqlite.store import SqliteStore
from tests.contract.databases import Databases
from tests.contract.indexed import index
from tests.edge.gallery import data
from tests.edge.world import World, make_world

app = App("shop")


@app.kind(root=True)
class Shop:
    name: str = field(indexed=True)


@app.kind(within=Shop)
class Box:
    label: str = field(unique=True)


@app.kind(within=Shop)
class Item:
    title: str = field(indexed=True)
    stock: int = field(default=0, indexed=True)
    gone: bool = field(default=False, indexed=True)
    box_id: UUID | None = field(default=None, refers_to=Box)


@app.command(scope=Shop, reads=[Item])
def sell_out(call: Call, title: str) -> None:
    for item in call.records(Item):
        if item["title"] == title:
            call.update(item.id, gone=True, stock=0)


OUTCOME = "outcome { verdict again } errors { code field position }"
ITEM = "id title stock gone position scopeId"
PAGE = """query ($first: Int, $after: String, $where: ItemWhere, $orderBy: ItemOrder, $scope: ID) {
  items(first: $first, after: $after, where: $where, orderBy: $orderBy, scope: $scope) {
    nodes { title stock box { label shop { name } } } pageInfo { hasNextPage endCursor } } }"""
DOORS = """query ($item: ID!, $box: ID!, $shop: ID!) {
  node(id: $item) { id } nodes(ids: [$item, $box, $shop]) { id } item(id: $item) { id } box(id: $box) { id }
  shop(id: $shop) { id } shops { nodes { id } } items { nodes { id } } boxes { nodes { id } } members { nodes { id } }
  inside: items(scope: $shop) { nodes { id } } }"""


@pytest.fixture(params=["sqlite", "postgres18"])
def databases(request: pytest.FixtureRequest) -> Databases | None:
    """Where PostgreSQL is, if it is that one's turn."""
    return request.getfixturevalue(request.param) if request.param != "sqlite" else None


@pytest.fixture
async def world(databases: Databases | None, tmp_path: Path) -> AsyncIterator[World]:
    """A server of the shop over that store, with the indexes that it needs."""
    store: SqliteStore | PostgresStore
    if databases is None:
        store = await SqliteStore.open(tmp_path / "shop.sqlite3", beside=BESIDE)
        await store.make_indexes(app.catalog)
    else:
        name = await databases.fresh()
        await index(databases, name, app.catalog)
        store = await PostgresStore.open(databases.url(name), LIMITS)
    try:
        yield await make_world(declared=app, store=cast(MemoryStore, store))
    finally:
        await store.close()


async def write(world: World, mutation: str, shows: str = "", /, *, by: str = "ana", **given: object) -> Any:  # noqa: ANN401
    """The payload of a mutation."""
    input_type = f"{mutation[0].upper()}{mutation[1:]}Input"
    text = f"mutation ($input: {input_type}!) {{ {mutation}(input: $input) {{ {shows} {OUTCOME} }} }}"
    return (await data(world, text, by, input=given))[mutation]


def told(payload: Any) -> list[str]:  # noqa: ANN401
    """Why it was refused, or what became of it."""
    return [each["code"] for each in payload["errors"]] or [payload["outcome"]["verdict"]]


async def test_a_shop_is_filled_searched_changed_and_kept_from_others(world: World) -> None:
    shop = (await write(world, "createShop", "nodeId", name="Ana's"))["nodeId"]
    box = (await write(world, "createBox", "nodeId", scope=shop, label="left"))["nodeId"]
    assert told(await write(world, "createBox", scope=shop, label="left")) == ["NOT_UNIQUE"]
    hidden = (await write(world, "createShop", "nodeId", by="eve", name="Eve's"))["nodeId"]
    await write(world, "createItem", by="eve", scope=hidden, title="nail", stock=1)
    box_id = (await data(world, "query ($id: ID!) { box(id: $id) { recordId } }", id=box))["box"]["recordId"]
    for at, title in enumerate(("nail", "Nagel", "nut", "żuk")):
        given: dict[str, Any] = {"scope": shop, "title": title, "stock": at, "idempotencyKey": title, "boxId": box_id}
        made = [await write(world, "createItem", f"item {{ {ITEM} }}", **given) for _ in range(2)]
        assert [each["outcome"]["again"] for each in made] == [False, True]
        assert made[0]["item"] == made[1]["item"]
    nut = await search(world, box=True)
    await change(world, nut)
    await sell(world, shop)
    await let_in_and_out(world, {"item": nut["id"], "box": box, "shop": shop})


async def search(world: World, *, box: bool) -> Any:  # noqa: ANN401
    """Filter, order and page through what there is; the nut."""
    of_n: dict[str, Any] = {"or": [{"title": {"startsWith": "n"}}, {"stock": {"gte": 3}}], "gone": {"eq": False}}
    asked: dict[str, Any] = {"where": of_n, "orderBy": {"field": "TITLE", "direction": "DESC"}, "first": 2}
    first = (await data(world, PAGE, **asked))["items"]
    assert [each["title"] for each in first["nodes"]] == ["żuk", "nut"]
    assert first["nodes"][0]["box"] == ({"label": "left", "shop": {"name": "Ana's"}} if box else None)
    assert first["pageInfo"]["hasNextPage"]
    after = (await data(world, PAGE, **asked, after=first["pageInfo"]["endCursor"]))["items"]
    assert ([each["title"] for each in after["nodes"]], after["pageInfo"]["hasNextPage"]) == (["nail"], False)
    nuts = await data(world, f'{{ items(where: {{title: {{eq: "nut"}}}}) {{ nodes {{ {ITEM} }} }} }}')
    (nut,) = nuts["items"]["nodes"]
    return nut


async def change(world: World, nut: Any) -> None:  # noqa: ANN401
    """It is written for the position that was seen, and for no other; deleted and restored."""
    id, seen = nut["id"], nut["position"]
    updated = await write(world, "updateItem", f"item {{ {ITEM} }}", id=id, stock=7, expectedPosition=seen)
    assert (told(updated), updated["item"]["stock"]) == (["APPLIED"], 7)
    stale = await write(world, "updateItem", f"item {{ {ITEM} }}", id=id, stock=8, expectedPosition=seen)
    assert (told(stale), stale["errors"][0]["position"]) == (["STALE"], updated["item"]["position"])
    assert stale["item"]["stock"] == 7
    gone = await write(world, "deleteItem", "item { id }", id=id)
    assert (told(gone), gone["item"]) == (["APPLIED"], None)
    assert (await data(world, "query ($id: ID!) { node(id: $id) { id } }", id=id))["node"] is None
    back = await write(world, "restoreItem", "item { stock }", id=id, title="nut", stock=9, gone=False, boxId=None)
    assert (told(back), back["item"]["stock"]) == (["APPLIED"], 9)


async def sell(world: World, shop: str) -> None:
    """A command is called once for its key."""
    shows = "shop { items(where: {gone: {eq: true}}) { nodes { title stock } } }"
    sold = [await write(world, "sellOut", shows, scope=shop, title="nut", idempotencyKey="sold") for _ in range(2)]
    assert [each["shop"]["items"]["nodes"] for each in sold] == [[{"title": "nut", "stock": 0}]] * 2
    assert sold[1]["outcome"]["again"]


async def let_in_and_out(world: World, ids: dict[str, str]) -> None:
    """Bob sees nothing through any door, then what he is let into, then nothing again; neither does Eve."""
    shop, item = ids["shop"], ids["item"]
    assert nothing(await data(world, DOORS, "bob", **ids))
    assert told(await write(world, "updateItem", by="bob", id=item, title="x", expectedPosition=1)) == ["RECORD_GONE"]
    assert told(await write(world, "sellOut", by="bob", scope=shop, title="x")) == ["SCOPE_FORBIDDEN"]
    await write(world, "createMember", scope=shop, user="bob", role="editor")
    seen = await data(world, DOORS, "bob", **ids)
    assert (seen["node"]["id"], len(seen["items"]["nodes"]), len(seen["inside"]["nodes"])) == (item, 4, 4)
    assert told(await write(world, "updateItem", by="bob", id=item, title="x", idempotencyKey="b")) == ["APPLIED"]
    await write(world, "updateMember", scope=shop, user="bob", role=None)
    assert nothing(await data(world, DOORS, "bob", **ids))
    again = await write(world, "updateItem", "item { id }", by="bob", id=item, title="x", idempotencyKey="b")
    assert (told(again), again["item"]) == (["APPLIED"], None)
    assert told(await write(world, "deleteItem", by="bob", id=item, expectedPosition=1)) == ["RECORD_GONE"]


def nothing(shown: Any) -> bool:  # noqa: ANN401
    """Whether no door shows anything."""
    lists = [each["nodes"] for each in shown.values() if isinstance(each, dict)]
    return all(each is None for each in (shown["node"], *shown["nodes"], shown["item"])) and not any(lists)
