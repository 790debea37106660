"""What is shared with everybody: who has which grant since when, who may share what, and that nobody writes there."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from homeport_sync import App, Call
from homeport_sync.catalog import Catalog
from homeport_sync.change import Change
from homeport_sync.cursor import Cursor
from homeport_sync.ports import Head, Standing
from homeport_sync.pull import plan
from homeport_sync.scope import EVERYBODY, MEMBER, Grant, grants_of, member_id
from tests.unit.sync.ledger import Ledger, codes, verdicts
from tests.unit.sync.tasks import Phone, ann, bob

HEAD = 9
app = App("shop")
app.role("host", members=True)


@app.kind(root=True, public=True)
class Shop:
    title: str


@app.kind(within=Shop)
class Item:
    title: str


@app.kind(root=True)
class Diary:
    title: str


@app.command(scope=Shop)
def rename(call: Call, title: str) -> None:
    call.update(call.scope, title=title)


class Shops(Ledger):
    catalog: Catalog = app.catalog


def grant(user: str, since: int, until: int | None = None) -> Grant:
    role = "viewer" if user == EVERYBODY else "editor"
    return Grant(user=user, scope="s", role=role, since=since, until=until)


def own(since: int, until: int | None = None) -> Grant:
    return grant("u", since, until)


def everybodys(since: int, until: int | None = None) -> Grant:
    return grant(EVERYBODY, since, until)


# Both grants, and what comes of them: whose counts, since when, until when.
BOTH = {
    "both hold, theirs first": (own(2), everybodys(5), ("editor", 2, None)),
    "both hold, everybody's first: nothing is new with their own": (own(5), everybodys(2), ("editor", 2, None)),
    "theirs ends within everybody's": (own(2, 5), everybodys(3), ("viewer", 2, None)),
    "theirs begins and ends within everybody's": (own(4, 5), everybodys(3), ("viewer", 3, None)),
    "everybody's ends within theirs": (own(3), everybodys(2, 5), ("editor", 2, None)),
    "everybody's begins after theirs has ended": (own(2, 3), everybodys(5), ("viewer", 5, None)),
    "theirs begins after everybody's has ended": (own(5), everybodys(2, 3), ("editor", 5, None)),
    "both ended, theirs last": (own(3, 7), everybodys(2, 5), ("editor", 2, 7)),
    "both ended, everybody's last": (own(2, 5), everybodys(3, 7), ("editor", 2, 7)),
    "only theirs": (own(2, 4), None, ("editor", 2, 4)),
    "only everybody's": (None, everybodys(2), ("viewer", 2, None)),
}


@pytest.mark.parametrize("case", BOTH)
def test_of_two_grants_the_own_one_counts_while_it_holds_and_they_follow_each_other_without_a_gap(case: str) -> None:
    theirs, all_have, expected = BOTH[case]
    (found,) = grants_of("u", [each for each in (all_have, theirs) if each is not None])
    assert (found.role, found.since, found.until) == expected
    assert found.user == "u"


INTERVALS = [None, *((since, until) for since in range(1, HEAD) for until in (*range(since + 1, HEAD), None))]


def covers(interval: tuple[int, int | None] | None, position: int) -> bool:
    return interval is not None and interval[0] <= position and (interval[1] is None or position < interval[1])


@pytest.mark.promise("I8")
@pytest.mark.parametrize("seen", range(1, HEAD + 1))
def test_whatever_begins_or_ends_a_device_is_given_what_it_has_not_and_told_what_it_loses(seen: int) -> None:
    """Two grants of every length, against a device that looked at them last at any moment."""
    for theirs, all_have in product(INTERVALS, INTERVALS):
        given = [grant(name, *each) for name, each in (("u", theirs), (EVERYBODY, all_have)) if each is not None]
        head = Head(position=HEAD, epoch="first")
        standing = Standing(head=head, grants=grants_of("u", given), last_number=0)
        place = Cursor(tenant="t", user="u", epoch="first", position=seen, granted=seen)
        made = plan(standing, place)
        held_before = covers(theirs, seen) or covers(all_have, seen)
        holds = [covers(theirs, at) or covers(all_have, at) for at in range(seen, HEAD + 1)]
        assert bool(made.ranges[0].scopes) == holds[-1], (theirs, all_have)
        filled = len(made.ranges) == 2
        assert filled == (holds[-1] and not all(holds)), (theirs, all_have)
        assert not (held_before and not holds[-1]) or made.lost == ("s",), (theirs, all_have)
        assert not holds[-1] or made.lost == (), (theirs, all_have)


def shared(shop: Change, phone: Phone, role: str | None = "viewer") -> Change:
    return phone.invite(shop.id, EVERYBODY, role)


def started() -> tuple[Shops, Phone, Phone, Change, Change]:
    """Ann's shop with an item, shared with everybody."""
    ledger, phone = Shops(), ann()
    shop = phone.make_root("Shop")
    item = phone.make(shop.id, "Item")
    assert verdicts(ledger.push(phone.push(shop, item, shared(shop, phone)))) == ["applied"] * 3
    other = bob()
    other.last = phone.last
    return ledger, phone, other, shop, item


@pytest.mark.promise("I8")
def test_who_has_a_grant_as_everybody_does_writes_nothing() -> None:
    ledger, _, other, shop, item = started()
    writes = [
        other.update(item, title="mine"),
        other.make(shop.id, "Item"),
        other.update(shop, title="mine"),
        other.delete(shop),
        other.call("rename", shop.id, title="mine"),
        other.invite(shop.id, "bob", "owner"),
        shared(shop, other, None),
    ]
    assert codes(ledger.push(other.push(*writes))) == ["ROLE_FORBIDDEN"] * len(writes)
    assert ledger.record(item.id).fields == {"title": "milk"}


def test_a_grant_of_their_own_counts_instead_and_without_it_they_read_as_everybody_does() -> None:
    ledger, phone, other, shop, item = started()
    ledger.push(phone.push(phone.invite(shop.id, "bob", "editor")))
    assert codes(ledger.push(other.push(other.update(item, title="ours")))) == [""]
    ledger.push(phone.push(phone.invite(shop.id, "bob", None)))
    assert codes(ledger.push(other.push(other.update(item, title="mine")))) == ["ROLE_FORBIDDEN"]


def test_when_everybody_is_removed_nobody_is_left_but_those_with_a_grant_of_their_own() -> None:
    ledger, phone, other, shop, item = started()
    third = Phone(user="cleo", index=3, last=phone.last)
    ledger.push(phone.push(phone.invite(shop.id, "cleo", "editor"), shared(shop, phone, None)))
    assert codes(ledger.push(other.push(other.update(item, title="mine")))) == ["SCOPE_FORBIDDEN"]
    assert codes(ledger.push(third.push(third.update(item, title="ours")))) == [""]


@pytest.mark.parametrize(("role", "code"), [("viewer", ""), ("host", ""), ("editor", "ROLE_FORBIDDEN")])
def test_whoever_may_invite_may_share_with_everybody(role: str, code: str) -> None:
    ledger, phone, other = Shops(), ann(), bob()
    shop = phone.make_root("Shop")
    ledger.push(phone.push(shop, phone.invite(shop.id, "bob", "owner" if role == "viewer" else role)))
    assert codes(ledger.push(other.push(shared(shop, other)))) == [code]


@pytest.mark.parametrize("role", ["editor", "owner", "host"])
def test_everybody_is_made_a_viewer_and_nothing_else(role: str) -> None:
    ledger, phone, other, shop, item = started()
    again = shared(shop, phone, role)
    change = phone.change("update", MEMBER, member_id(shop.id, EVERYBODY), shop.id, fields={"user": "*", "role": role})
    assert codes(ledger.push(phone.push(again, change))) == ["ROLE_FORBIDDEN"] * 2
    assert codes(ledger.push(other.push(other.update(item, title="mine")))) == ["ROLE_FORBIDDEN"]


def test_what_is_not_declared_public_is_not_shared_with_everybody() -> None:
    ledger, phone, other = Shops(), ann(), bob()
    diary = phone.make_root("Diary")
    assert codes(ledger.push(phone.push(diary, shared(diary, phone)))) == ["", "NOT_PUBLIC"]
    assert codes(ledger.push(other.push(other.update(diary, title="mine")))) == ["SCOPE_FORBIDDEN"]


def test_what_is_public_no_more_can_still_be_taken_back() -> None:
    ledger, phone, other, shop, item = started()
    kinds = {**app.catalog.kinds, "Shop": replace(app.catalog.kinds["Shop"], public=False)}
    ledger.catalog = replace(app.catalog, kinds=kinds)
    assert codes(ledger.push(phone.push(shared(shop, phone), shared(shop, phone, None)))) == ["NOT_PUBLIC", ""]
    assert codes(ledger.push(other.push(other.update(item, title="mine")))) == ["SCOPE_FORBIDDEN"]
