"""Calling a command from a phone: what it shows at once, what becomes of that, and that nothing flickers."""

from __future__ import annotations

from pathlib import Path
from typing import cast
from uuid import UUID

import pytest

from homeport_client import Device, Unreachable
from homeport_client.view import View
from homeport_sync import App, Call, field
from homeport_sync.rejections import (
    CommandFailed,
    CommandRefused,
    ScopeGone,
    UnknownCommand,
    UnknownField,
    WrongId,
    WrongType,
)
from tests.unit.client.world import NOW, Clock, Line, Server, phone, sent

HOUR_MS = 3_600_000
app = App("shop")


@app.kind(root=True)
class Shop:
    name: str = ""
    sold: int = field(default=0, merge="counter")


@app.kind(root=True)
class Book:
    name: str = ""


@app.kind(within=Shop)
class Item:
    name: str
    stock: int = field(default=0, merge="guarded")


@app.kind(within=Shop)
class Sale:
    count: int
    by: str = ""


@app.command(scope=Shop)
def sell(call: Call, item: UUID, count: int = 1) -> None:
    """Sells some of an item."""
    there, shop = call.get(item), call.get(call.scope)
    assert there is not None
    assert shop is not None
    if cast(int, there["stock"]) < count:
        call.refuse(f"There are {there['stock']} left.")
    call.update(item, stock=cast(int, there["stock"]) - count)
    call.update(call.scope, sold=cast(int, shop["sold"]) + count)
    call.create(Sale, count=count)


@app.command(scope=Shop, reads=[Item])
def sign(call: Call) -> None:
    for item in call.records(Item):
        call.update(item.id, name=f"{item['name']} of {call.user}")


@app.command(scope=Shop, reads=[Item], predicted=False)
def restock(call: Call) -> None:
    for item in call.records(Item):
        call.update(item.id, stock=100)


@app.command(scope=Shop)
def fail(call: Call) -> None:
    call.create(Sale, count=1)
    raise ZeroDivisionError


async def shop_of(line: Line, stock: int = 5, path: str = ":memory:") -> tuple[Device, str, str]:
    """Ann's phone with her shop and one item, synced."""
    ann = await phone(line, path=path, of=app, seed=100)
    shop = await ann.create(Shop, name="tea")
    item = await ann.create(Item, scope=shop, name="tea", stock=stock)
    await ann.sync()
    return ann, shop, item


async def seen(device: Device, record_id: str) -> View:
    view = await device.get(record_id)
    assert view is not None
    return view


async def test_a_call_shows_at_once_what_it_comes_to_and_the_server_makes_the_same_of_it() -> None:
    server = await Server(of=app).begin()
    ann, shop, item = await shop_of(Line(server, "ann"))
    await ann.call(sell, scope=shop, item=UUID(item), count=2)
    assert (await seen(ann, item))["stock"] == 3
    assert (await seen(ann, item)).pending
    assert (await seen(ann, shop))["sold"] == 2
    (foreseen,) = await ann.query(Sale, scope=shop)
    await ann.sync()
    assert ann.pending == 0
    assert await ann.query(Sale, scope=shop) == [
        View(**{**{name: getattr(foreseen, name) for name in View.__slots__}, "pending": False})
    ]
    assert (await seen(ann, item))["stock"] == 3
    assert not (await seen(ann, item)).pending


@pytest.mark.promise("I5")
async def test_from_the_call_to_its_catch_up_the_view_never_goes_back() -> None:
    server = await Server(of=app).begin()
    line = Line(server, "ann")
    ann, shop, item = await shop_of(line)
    shown: list[object] = []

    async def look() -> None:
        shown.append(((await seen(ann, item))["stock"], (await seen(ann, shop))["sold"]))

    await ann.call("sell", scope=shop, item=UUID(item))
    await look()
    line.withheld_pages = 1  # the outcome comes before what the server made of it
    with pytest.raises(Unreachable):
        await ann.sync()
    assert ann.pending == 0
    await look()
    await ann.sync()
    await look()
    assert shown == [(4, 1)] * 3
    assert await count_predicted(ann) == 0


@pytest.mark.parametrize("wrong_ms", [-HOUR_MS, HOUR_MS])
async def test_what_a_call_makes_is_the_same_record_on_the_server_however_wrong_the_phones_clock_is(
    wrong_ms: int,
) -> None:
    server = await Server(of=app).begin()
    ann = await phone(Line(server, "ann"), of=app, seed=100, clock=Clock(NOW + wrong_ms))
    shop = await ann.create(Shop, name="tea")
    item = await ann.create(Item, scope=shop, name="tea", stock=5)
    await ann.call(sell, scope=shop, item=UUID(item))
    (foreseen,) = await ann.query(Sale, scope=shop)
    await ann.update(foreseen.id, by="ann")
    await ann.sync()
    assert [each.outcome for each in await ann.outcomes()] == ["applied"] * 4
    assert [(sale.id, sale["by"]) for sale in await ann.query(Sale, scope=shop)] == [(foreseen.id, "ann")]


async def test_what_is_written_after_a_call_stands_on_what_it_shows() -> None:
    server = await Server(of=app).begin()
    ann, shop, item = await shop_of(Line(server, "ann"))
    await ann.call(sell, scope=shop, item=UUID(item), count=2)
    await ann.update(item, stock=10)
    await ann.call(sell, scope=shop, item=UUID(item), count=7)
    assert (await seen(ann, item))["stock"] == 3
    await ann.sync()
    assert [each.outcome for each in await ann.outcomes(after=2)] == ["applied"] * 3
    assert (await seen(ann, item))["stock"] == 3


async def test_a_call_that_the_server_refuses_is_undone_and_told() -> None:
    server = await Server(of=app).begin()
    line = Line(server, "ann")
    ann, shop, item = await shop_of(line, stock=1)
    await ann.invite(shop, "bob")
    await ann.sync()
    bob = await phone(Line(server, "bob"), of=app, seed=2)
    await bob.sync()
    for one in (ann, bob):
        await one.call(sell, scope=shop, item=UUID(item))
        assert (await seen(one, item))["stock"] == 0
    await ann.sync()
    await bob.sync()
    told = (await bob.outcomes())[-1]
    assert told.error is not None
    assert (told.outcome, told.error["message"]) == ("rejected", "There are 0 left.")
    assert (told.change.op, told.change.kind, told.change.fields) == ("command", "sell", {"item": item})
    assert (await seen(bob, shop))["sold"] == 1
    assert [sale["count"] for sale in await bob.query(Sale, scope=shop)] == [1]
    assert await count_predicted(bob) == 0


async def test_a_call_that_cannot_go_well_here_is_not_made() -> None:
    server = await Server(of=app).begin()
    ann, shop, item = await shop_of(Line(server, "ann"), stock=1)
    book = await ann.create(Book)
    with pytest.raises(CommandRefused, match="There are 1 left"):
        await ann.call(sell, scope=shop, item=UUID(item), count=2)
    with pytest.raises(CommandFailed, match="ZeroDivisionError"):
        await ann.call(fail, scope=shop)
    with pytest.raises(UnknownCommand, match="it has sell, sign, restock, fail"):
        await ann.call("buy", scope=shop)
    with pytest.raises(WrongType):
        await ann.call(sell, scope=shop)
    with pytest.raises(UnknownField):
        await ann.call(sell, scope=shop, item=UUID(item), price=2)
    with pytest.raises(WrongId, match="called within a Shop"):
        await ann.call(sell, scope=book, item=UUID(item))
    with pytest.raises(ScopeGone):
        await ann.call(sell, scope=item[:-1] + "0", item=UUID(item))
    assert ann.pending == 1
    assert (await seen(ann, item))["stock"] == 1


@pytest.mark.parametrize(("command", "name", "stock"), [(sign, "tea of ann", 5), (restock, "tea", 100)])
async def test_what_a_phone_cannot_or_should_not_foresee_shows_when_the_server_has_done_it(
    command: object, name: str, stock: int
) -> None:
    server = await Server(of=app).begin()
    ann, shop, item = await shop_of(Line(server, "ann"))
    await ann.call(cast(str, command), scope=shop)
    assert ((await seen(ann, item))["name"], (await seen(ann, item))["stock"]) == ("tea", 5)
    assert ann.pending == 1
    await ann.sync()
    assert ((await seen(ann, item))["name"], (await seen(ann, item))["stock"]) == (name, stock)


async def test_a_call_in_a_group_goes_with_it() -> None:
    server = await Server(of=app).begin()
    line = Line(server, "ann")
    ann, shop, item = await shop_of(line)
    async with ann.group() as both:
        both.call(sell, scope=shop, item=UUID(item))
        both.update(shop, name="closing")
    await ann.sync()
    changes = sent(line.pushes[-1])
    assert [(each.op, each.group and each.group.at) for each in changes] == [("command", 1), ("update", 2)]
    assert (await seen(ann, item))["stock"] == 4


async def test_after_a_fork_a_pending_call_keeps_what_it_shows() -> None:
    server = await Server(of=app).begin()
    ann, shop, item = await shop_of(Line(server, "ann"))
    await ann.call(sell, scope=shop, item=UUID(item))
    ann._replica.fork()
    assert (await seen(ann, item))["stock"] == 4
    await ann.sync()
    assert (await seen(ann, item))["stock"] == 4
    assert await count_predicted(ann) == 0


async def test_a_new_version_of_the_app_shows_what_a_call_was_expected_to_make(tmp_path: Path) -> None:
    path = str(tmp_path / "replica.sqlite3")
    ann, shop, item = await shop_of(Line(await Server(of=app).begin(), "ann"), path=path)
    await ann.call(sell, scope=shop, item=UUID(item))
    await ann.close()
    newer = App("shop", version=2)
    for kind in (Shop, Book):
        newer.kind(root=True)(kind)
    for part in (Item, Sale, Till):
        newer.kind(within=Shop)(part)
    async with await phone(path=path, of=newer) as ann:
        assert [sale["count"] for sale in await ann.query(Sale, scope=shop)] == [1]
        assert (await seen(ann, item))["stock"] == 4


class Till:
    """A kind of the next version."""

    name: str = ""


async def count_predicted(device: Device) -> int:
    """How much is still predicted of records of this shop."""
    connection = device._replica._connection
    return int(connection.execute("SELECT count(*) FROM predicted").fetchone()[0])
