"""What everybody has: every user stands there as well, beside their own grants, and reads it in their pages."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from homeport_sync.cursor import Cursor
from homeport_sync.ports import Writes
from homeport_sync.scope import EVERYBODY, Grant
from tests.contract.samples import EPOCH, NOW, TENANT, grant, known, load, stored, wanted, write
from tests.contract.stores import Store

USERS = ("u", "v", "nobody")


async def shared(store: Store) -> None:
    """Three scopes with a record each: `u` owns the first, everybody has the second, both have the third."""
    grants = [
        grant("own", since=1),
        grant("all", user=EVERYBODY, since=2),
        grant("both", since=4),
        grant("both", user=EVERYBODY, since=3),
        grant("gone", user=EVERYBODY, since=1, until=3),
    ]
    records = [stored(scope, at, scope=scope) for at, scope in enumerate(("own", "all", "both", "gone"), 1)]
    await write(store, Writes(head=4, now_ms=NOW, records=records, grants=grants))


def of(user: str, scope: str, since: int, until: int | None = None) -> Grant:
    """What a user has as everybody does: it is to read, whatever the row says."""
    return replace(grant(scope, user=user, since=since, until=until), role="viewer")


async def test_a_user_stands_with_their_own_grants_and_everybodys_one_a_scope(store: Store) -> None:
    await shared(store)
    for user in ("v", "nobody"):
        found = (await store.standing(TENANT, user, "d")).grants
        assert found == [of(user, "all", 2), of(user, "both", 3), of(user, "gone", 1, 3)]
    found = (await store.standing(TENANT, "u", "d")).grants
    assert found == [of("u", "all", 2), grant("both", since=3), of("u", "gone", 1, 3), grant("own")]


async def test_a_page_holds_what_everybody_has(store: Store) -> None:
    await shared(store)
    expected = {"u": [1, 2, 3], "v": [2, 3], "nobody": [2, 3]}
    for user in USERS:
        page = await store.page(TENANT, user, "d", None, 10)
        assert [at for rows in page.ranges for at, _ in rows] == expected[user]
        assert page.standing == await store.standing(TENANT, user, "d")


async def test_what_everybody_is_given_is_filled_and_what_is_taken_back_is_not_read_any_more(store: Store) -> None:
    await shared(store)
    place = Cursor(tenant=TENANT, user="v", epoch=EPOCH, position=4, granted=4)
    await write(store, Writes(head=5, now_ms=NOW, grants=[grant("own", user=EVERYBODY, since=5)]))
    page = await store.page(TENANT, "v", "d", place, 10)
    assert [[at for at, _ in rows] for rows in page.ranges] == [[], [1]]
    ended = grant("own", user=EVERYBODY, since=5, until=6)
    await write(store, Writes(head=7, now_ms=NOW, records=[stored("own", 7, scope="own")], grants=[ended]))
    assert (await store.page(TENANT, "v", "d", place, 10)).ranges == [[]]
    page = await store.page(TENANT, "u", "d", place, 10)
    assert [[at for at, _ in rows] for rows in page.ranges] == [[7]], "their own goes on, and nothing is sent again"


async def test_what_everybody_has_in_one_tenant_nobody_has_in_another(store: Store) -> None:
    await shared(store)
    await store.create("other", id="other", epoch=EPOCH, now_ms=0)
    assert (await store.standing("other", "u", "d")).grants == []


async def test_a_batch_is_given_everybodys_grant_for_what_it_is(store: Store) -> None:
    await shared(store)
    found = await load(store, wanted(grants=[("v", "all"), (EVERYBODY, "all"), ("u", "all")]))
    assert found.grants == {(EVERYBODY, "all"): grant("all", user=EVERYBODY, since=2)}


@pytest.mark.parametrize(("user", "count"), [("u", 3), ("v", 2)])
async def test_what_is_told_of_a_device_counts_what_everybody_has(store: Store, user: str, count: int) -> None:
    await shared(store)
    await write(store, Writes(head=4, now_ms=NOW, devices=[known("phone", user=user)]))
    facts = await store.device(TENANT, "phone")
    assert facts is not None
    assert facts.grants == count
