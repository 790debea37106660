"""A record's history out of a store: its moments page by page, and what of it was rejected with the first page."""

from __future__ import annotations

import pytest

from homeport_server.histories import MOMENTS_MAX, history_of, tail_of
from homeport_sync.annals import ANNALS_PAGE_MAX, NEWEST
from homeport_sync.errors import Malformed, Unavailable
from tests.unit.client.world import TENANT, Clock, Line, Server, Task, TaskList, app, phone


async def test_a_history_comes_page_by_page_and_what_was_rejected_with_the_first() -> None:
    server = await Server().begin()
    ann = await phone(Line(server, "ann"))
    home = await ann.create(TaskList, title="Home")
    milk = await ann.create(Task, scope=home, title="0")
    for at in range(1, MOMENTS_MAX + 2):
        await ann.update(milk, title=str(at))
    await ann.sync()
    first = await history_of(server.store, app.catalog, TENANT, milk)
    assert [each.written[0].after for each in first.moments][:2] == [str(MOMENTS_MAX + 1), str(MOMENTS_MAX)]
    assert (len(first.moments), first.more, first.refused) == (MOMENTS_MAX, True, ())
    rest = await history_of(server.store, app.catalog, TENANT, milk, before=first.down_to)
    assert ([each.op for each in rest.moments], rest.more) == (["update", "create"], False)


async def test_what_of_it_was_rejected_waits_with_its_reason_on_the_first_page_alone() -> None:
    server = await Server().begin()
    ann, bob = await phone(Line(server, "ann")), await phone(Line(server, "bob"), seed=2)
    home = await ann.create(TaskList, title="Home")
    milk = await ann.create(Task, scope=home, title="Milk")
    await ann.invite(home, "bob")
    await ann.sync()
    await bob.sync()
    await bob.update(milk, title="Oat milk")
    await ann.remove(home, "bob")
    await ann.sync()
    await bob.sync()
    told = await history_of(server.store, app.catalog, TENANT, milk)
    (refused,) = told.refused
    assert (refused.code, refused.user, refused.wrote, refused.waits) == (
        "SCOPE_FORBIDDEN",
        "bob",
        {"title": "Oat milk"},
        True,
    )
    assert (await history_of(server.store, app.catalog, TENANT, milk, before=NEWEST - 1)).refused == ()


async def test_only_so_much_of_the_log_is_looked_at_for_one_page() -> None:
    server = await Server().begin()
    ann = await phone(Line(server, "ann"))
    home = await ann.create(TaskList, title="Home")
    for _ in range(5):
        await ann.create(Task, scope=home, title="Milk")
    await ann.sync()
    told = await history_of(server.store, app.catalog, TENANT, home, looked_max=2)
    assert (told.moments, told.down_to, told.more) == ((), 5, True)
    told = await history_of(server.store, app.catalog, TENANT, home, before=told.down_to)
    assert ([each.op for each in told.moments], told.more) == (["create"], False)


async def test_the_end_of_the_log_comes_newest_first_with_what_of_its_merges_lies_within_the_page() -> None:
    server, clock = await Server().begin(), Clock()
    ann = await phone(Line(server, "ann"), clock=clock)
    home = await ann.create(TaskList, title="Home")
    milk = await ann.create(Task, scope=home, title="Milk")
    await ann.invite(home, "bob")
    await ann.sync()
    bob = await phone(Line(server, "bob"), seed=2)
    await bob.sync()
    await bob.update(milk, title="Oat milk")
    clock.ms += 60_000
    await ann.update(home, title="House")
    await ann.update(milk, title="Soy milk")
    await ann.sync()
    await bob.sync()
    page = await tail_of(server.store, app.catalog, TENANT, limit=3)
    lost, soy, house = page.moments
    assert [(each.user, each.record) for each in page.moments] == [("bob", milk), ("ann", milk), ("ann", home)]
    (title,) = lost.merges
    assert (title.mine, title.theirs, title.untold) == ("Oat milk", "Soy milk", frozenset({"base"}))
    assert page.next == house.position == soy.position - 1
    rest = await tail_of(server.store, app.catalog, TENANT, before=page.next)
    assert ([each.op for each in rest.moments], rest.next) == (["create"] * 3, 0)
    (title,) = (await tail_of(server.store, app.catalog, TENANT)).moments[0].merges
    assert (title.base, title.untold) == ("Milk", frozenset())


async def test_an_empty_log_has_an_empty_end_and_a_page_has_a_limit() -> None:
    server = await Server().begin()
    empty = await tail_of(server.store, app.catalog, TENANT)
    assert (empty.moments, empty.next) == ((), 0)
    for limit in (0, ANNALS_PAGE_MAX + 1):
        with pytest.raises(Malformed):
            await tail_of(server.store, app.catalog, TENANT, limit=limit)


async def test_a_tenant_that_is_not_here_has_no_histories() -> None:
    server = await Server().begin()
    with pytest.raises(Unavailable):
        await history_of(server.store, app.catalog, "no", "r")
