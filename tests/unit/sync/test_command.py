"""Commands in the intake: what they see, what they write, and that they write all of it or nothing."""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Callable, Sequence
from datetime import date
from typing import cast
from uuid import UUID

import pytest
from msgspec.structs import replace

from homeport_sync import App, Call, Rank, field
from homeport_sync.calling import Found
from homeport_sync.catalog import Catalog
from homeport_sync.change import Change, Group, Record, Value
from homeport_sync.overlay import LoadedGround, Overlay
from homeport_sync.ports import Head, Loaded
from homeport_sync.rank import FIRST_RANK
from tests.unit.sync.ledger import Ledger, codes, outcomes, verdicts
from tests.unit.sync.tasks import MINUTE, NOW, STRANGER, Phone, ann, bob

app = App("shop")


@app.kind(root=True)
class Shop:
    name: str
    sold: int = field(default=0, merge="counter")


@app.kind(root=True)
class Book:
    name: str = ""


@app.kind(within=Book)
class Page:
    text: str = ""


@app.kind(within=Shop)
class Item:
    name: str = "tea"
    stock: int = field(default=0, merge="guarded")
    price: int = 1
    tags: set[str]
    place: Rank
    day: date | None = None


@app.kind(within=Shop)
class Sale:
    item: UUID
    count: int = 1
    by: str = ""


@app.command(scope=Shop)
def sell(call: Call, item: UUID, count: int = 1) -> None:
    there = call.get(item)
    if there is None:
        call.refuse("It is not sold any more.")
    if cast(int, there["stock"]) < count:
        call.refuse(f"There are {there['stock']} left.")
    call.update(item, stock=cast(int, there["stock"]) - count)
    call.create(Sale, item=UUID(there.id), count=count, by=call.user)
    shop = call.get(call.scope)
    assert shop is not None
    call.update(call.scope, sold=cast(int, shop["sold"]) + count)


@app.command(scope=Shop, reads=[Item])
def reprice(call: Call, by: int, day: date | None = None) -> None:
    for item in call.records(Item):
        call.update(item.id, price=cast(int, item["price"]) + by, tags={"new"}, day=day)


@app.command(scope=Shop, reads=[Item])
def tidy(call: Call) -> None:
    first, *others = call.records("Item")
    made = call.create(Item, name="made")
    call.update(made, price=7)
    gone = call.create(Item)
    call.delete(gone)
    for other in others:
        call.delete(other.id)
    assert call.get(gone) is None
    assert [row.id for row in call.records(Item)] == [first.id, made]
    assert call.records(Item)[-1]["price"] == 7


@app.command(scope=Shop)
def fill(call: Call, many: int) -> None:
    for _ in range(many):
        call.create(Sale, item=UUID(call.scope))


@app.command(scope=Shop, reads=[Item])
def stack(call: Call, item: UUID) -> None:
    call.create(Item, name="first")
    second = call.create(Item, name="second")
    there = call.get(second)
    assert there is not None
    call.update(item, place=Rank(f"{there['place']}V"))
    call.create(Item, name="third")
    call.create(Item, name="last", place=Rank("b00"))
    call.create(Item, name="after")


def leave(error: BaseException) -> None:
    raise error


MISUSES: dict[str, Callable[[Call], object]] = {
    "it raises": lambda call: 1 // 0,
    "it leaves the process": lambda call: leave(SystemExit("half way")),
    "it is interrupted": lambda call: leave(KeyboardInterrupt()),
    "it is cancelled": lambda call: leave(CancelledError()),
    "it writes in another scope": lambda call: call.update(STRANGER, name="x"),
    "it reads what it did not say": lambda call: call.records("Item"),
    "it makes what is no kind": lambda call: call.create("Chair"),
    "it invites": lambda call: call.create("Member", user="eve", role="owner"),
    "it makes what lives elsewhere": lambda call: call.create(Page),
    "it makes a scope": lambda call: call.create(Shop, name="x"),
    "it deletes its scope": lambda call: call.delete(call.scope),
    "it writes what does not fit": lambda call: call.create(Item, name=7),
    "it writes too much": lambda call: [call.create(Item) for _ in range(1_001)],
}


@app.command(scope=Shop)
def misuse(call: Call, how: str) -> None:
    call.create(Item, name="never")
    MISUSES[how](call)


app.role("clerk", writes=[sell])
app.role("stocker", writes=[Item])


class Till(Ledger):
    catalog: Catalog = app.catalog


def new_item(phone: Phone, shop: Change, **fields: Value) -> Change:
    given = {"name": "tea", "tags": [], "place": FIRST_RANK, **fields}
    return phone.change("create", "Item", phone.new_id(), shop.id, fields=given)


def started(stock: int = 3, items: int = 1) -> tuple[Till, Phone, Change, list[Change]]:
    """Ann's shop, with some items in stock."""
    till, phone = Till(), ann()
    id = phone.new_id()
    shop = phone.change("create", "Shop", id, id, fields={"name": "tea"})
    made = [new_item(phone, shop, stock=stock) for _ in range(items)]
    assert verdicts(till.push(phone.push(shop, *made))) == ["applied"] * (1 + items)
    return till, phone, shop, made


def test_a_command_writes_to_several_records_at_once() -> None:
    till, phone, shop, (item,) = started()
    assert verdicts(till.push(phone.push(phone.call("sell", shop.id, item=item.id, count=2)))) == ["applied"]
    assert till.record(item.id).fields["stock"] == 1
    assert till.record(shop.id).fields["sold"] == 2
    (sale,) = [each.record for each in till.records.values() if each.record.kind == "Sale"]
    assert sale.fields == {"item": item.id, "count": 2, "by": "ann"}
    assert [(entry.op, entry.kind, entry.number) for entry in till.log[2:]] == [
        ("update", "Item", 3),
        ("create", "Sale", 3),
        ("update", "Shop", 3),
    ]


def test_what_a_command_refuses_leaves_nothing_and_says_why() -> None:
    till, phone, shop, (item,) = started()
    head = till.head
    (found,) = till.push(phone.push(phone.call("sell", shop.id, item=item.id, count=4)))
    assert codes([found]) == ["COMMAND_REFUSED"]
    assert found.error is not None
    assert found.error["message"] == "There are 3 left."
    assert till.head == head
    assert [each.number for each in till.quarantine] == [3]


def test_two_who_sell_the_last_one_offline_sell_it_once() -> None:
    till, phone, shop, (item,) = started(stock=1)
    till.push(phone.push(phone.invite(shop.id, "bob")))
    other = bob()
    sales = [
        phone.push(phone.call("sell", shop.id, item=item.id)),
        other.push(other.call("sell", shop.id, item=item.id)),
    ]
    first, second = (till.push(sale) for sale in sales)
    assert (verdicts(first), codes(second)) == (["applied"], ["COMMAND_REFUSED"])
    assert till.record(item.id).fields["stock"] == 0


def test_a_command_that_was_called_long_ago_works_on_what_is_there_now() -> None:
    till, phone, shop, (item,) = started()
    till.push(phone.push(phone.invite(shop.id, "bob")))
    other = bob()
    late = other.call("reprice", shop.id, by=5, day="2026-12-01")
    phone.ms = NOW + MINUTE
    till.push(phone.push(phone.update(item, price=10)))
    assert verdicts(till.push(other.push(late))) == ["applied"]
    there = till.record(item.id)
    assert (there.fields["price"], there.fields["tags"], there.fields["day"]) == (15, ["new"], "2026-12-01")
    assert there.stamps["price"] > phone.last


def test_a_command_sees_what_it_has_written_and_what_was_before_it_in_its_batch() -> None:
    till, phone, shop, items = started(items=2)
    extra = new_item(phone, shop, name="late")
    assert verdicts(till.push(phone.push(extra, phone.call("tidy", shop.id)))) == ["applied", "applied"]
    ids = sorted([items[0].id, items[1].id, extra.id])
    assert [bool(till.record(id).deleted) for id in ids] == [False, True, True]
    (made,) = [each.record for each in till.records.values() if each.record.fields.get("name") == "made"]
    assert made.fields["price"] == 7
    assert made.fields["place"] > FIRST_RANK  # type: ignore[operator]


def test_what_a_command_makes_comes_one_after_the_other_at_the_end() -> None:
    till, phone, shop, items = started(items=2)
    assert codes(till.push(phone.push(phone.call("stack", shop.id, item=items[0].id)))) == [""]
    shown = sorted((each.record for each in till.records.values() if each.record.kind == "Item"), key=_place)
    assert [each.fields["name"] for each in shown] == ["tea", "first", "second", "tea", "third", "last", "after"]


def _place(record: Record) -> str:
    return str(record.fields["place"])


def test_a_command_that_makes_many_records_looks_through_those_that_are_there_once() -> None:
    looks = list[str]()

    class Watched(Found):
        def of_kind(self, scope: str, kind: str) -> Sequence[Record]:
            looks.append(kind)
            return super().of_kind(scope, kind)

    phone = ann()
    change = phone.call("stack", STRANGER)
    there = Watched(Overlay(LoadedGround(Loaded(head=Head(position=0, epoch="first")))))
    call = Call(change, user="ann", role="owner", device=phone.device, catalog=app.catalog, there=there)
    for _ in range(100):
        call.create(Item)
    assert looks == ["Item"]


def test_an_outcome_of_a_command_is_given_again_and_nothing_runs_twice() -> None:
    till, phone, shop, (item,) = started()
    sale = phone.call("sell", shop.id, item=item.id)
    first = till.push(phone.push(sale))
    assert till.push(phone.push(sale)) == first
    assert till.record(item.id).fields["stock"] == 2


@pytest.mark.promise("I2")
@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("index", [1, 9])
def test_what_a_call_has_made_no_other_call_of_the_same_id_makes_again(index: int, together: bool) -> None:
    till, phone, shop, (item,) = started()
    first = phone.call("sell", shop.id, item=item.id)
    other = Phone(user="ann", index=index, number=first.number if index == 1 else 0)
    second = replace(other.call("sell", shop.id, item=item.id, count=2), id=first.id, stamp=first.stamp)
    pushes = [phone.push(first), other.push(second)]
    found = till.decide(*pushes) if together else [till.decide(each)[0] for each in pushes]
    assert [codes(outcomes(each)) for each in found] == [[""], ["RECORD_EXISTS"]]
    assert till.record(item.id).fields["stock"] == 2
    assert [each.record.fields["count"] for each in till.records.values() if each.record.kind == "Sale"] == [1]


@pytest.mark.promise("I2")
def test_a_call_that_a_clone_sends_again_has_the_outcome_that_it_had() -> None:
    till, phone, shop, (item,) = started()
    sale = phone.call("sell", shop.id, item=item.id)
    till.push(phone.push(sale))
    clone = Phone(user="ann", index=9)
    assert verdicts(till.push(clone.push(replace(sale, number=1)))) == ["applied"]
    assert till.record(item.id).fields["stock"] == 2


def test_a_clones_call_whose_outcome_is_forgotten_is_not_taken_twice() -> None:
    till, phone, shop, (item,) = started()
    sale = phone.call("sell", shop.id, item=item.id)
    till.push(phone.push(sale))
    till.outcomes.clear()
    clone = Phone(user="ann", index=9)
    assert codes(till.push(clone.push(replace(sale, number=1)))) == ["RECORD_EXISTS"]
    assert till.record(item.id).fields["stock"] == 2


@pytest.mark.parametrize(("many", "rounds"), [(4, 0), (5, 1)])
def test_that_nothing_is_there_of_what_a_call_makes_is_known_at_once_of_the_first(many: int, rounds: int) -> None:
    till, phone, shop, _ = started()
    assert codes(till.push(phone.push(phone.call("fill", shop.id, many=many)))) == [""]
    assert till.rounds == rounds
    assert len(till.records) == 2 + many


@pytest.mark.parametrize("how", MISUSES)
def test_a_command_that_fails_leaves_nothing(how: str) -> None:
    till, phone, shop, (item,) = started()
    head = till.head
    found = till.push(phone.push(phone.call("misuse", shop.id, how=how), phone.update(item, price=3)))
    assert codes(found) == ["COMMAND_TOO_LARGE" if "too much" in how else "COMMAND_FAILED", ""]
    assert till.head == head + 1


@pytest.mark.parametrize(
    ("command", "arguments", "code"),
    [
        ("buy", {}, "UNKNOWN_COMMAND"),
        ("sell", {}, "WRONG_TYPE"),
        ("sell", {"item": STRANGER, "count": "one"}, "WRONG_TYPE"),
        ("sell", {"item": STRANGER, "price": 1}, "UNKNOWN_FIELD"),
        ("sell", {"item": STRANGER}, "COMMAND_REFUSED"),
    ],
)
def test_a_call_that_does_not_fit_is_refused(command: str, arguments: dict[str, Value], code: str) -> None:
    till, phone, shop, _ = started()
    assert codes(till.push(phone.push(phone.call(command, shop.id, **arguments)))) == [code]


def test_who_may_call_says_the_role() -> None:
    till, phone, shop, (item,) = started()
    other = bob()
    for role, code in (
        ("viewer", "ROLE_FORBIDDEN"),
        ("stocker", "ROLE_FORBIDDEN"),
        ("clerk", ""),
        (None, "SCOPE_FORBIDDEN"),
    ):
        till.push(phone.push(phone.invite(shop.id, "bob", role)))
        assert codes(till.push(other.push(other.call("sell", shop.id, item=item.id)))) == [code]
    stranger = Phone(user="eve", index=7)
    assert codes(till.push(stranger.push(stranger.call("sell", shop.id, item=item.id)))) == ["SCOPE_FORBIDDEN"]


def test_a_command_of_another_root_and_of_a_deleted_one_are_refused() -> None:
    till, phone, shop, (item,) = started()
    gone = phone.delete(shop)
    assert codes(till.push(phone.push(gone, phone.call("sell", shop.id, item=item.id)))) == ["", "SCOPE_GONE"]


@pytest.mark.promise("I6")
def test_a_command_in_a_group_that_is_refused_has_done_nothing() -> None:
    till, phone, shop, (item,) = started()
    sale = phone.call("sell", shop.id, item=item.id)
    bad = phone.make(shop.id, "Chair")
    group = [replace(each, group=Group(at=at, of=2)) for at, each in enumerate((sale, bad), 1)]
    assert codes(till.push(phone.push(*group))) == ["GROUP_REJECTED", "UNKNOWN_KIND"]
    assert till.record(item.id).fields["stock"] == 3
