"""Unique values and references on a phone: what it refuses itself, what goes with a delete, and what undoes that."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import pytest

from homeport_client import Device
from homeport_sync.keys import CASCADE_MAX
from homeport_sync.rejections import CascadeTooLarge, NotUnique, ReferenceGone, StillReferenced
from tests.unit.client.world import Line, Server, phone
from tests.unit.sync.projects import Issue, Project, Team, app, drop_all, open_issue, replace_project, swap_codes

STRANGER = UUID("00000000-0000-7000-8000-00000000dead")


async def shared() -> tuple[Server, Device, Device, str]:
    """A team that ann and bob have on their phones."""
    server = await Server(of=app).begin()
    ann = await phone(Line(server, "ann"), seed=1, of=app)
    bob = await phone(Line(server, "bob"), seed=2, of=app)
    team = await ann.create(Team)
    await ann.invite(team, "bob")
    await both(ann, bob)
    return server, ann, bob, team


async def both(*devices: Device) -> None:
    """Everybody has everything."""
    for device in (*devices, *devices):
        await device.sync()


async def titles(device: Device, team: str) -> list[str]:
    return sorted(str(view["title"]) for view in await device.query(Issue, scope=team, limit=500))


async def codes(device: Device) -> list[object]:
    extensions = [(each.error or {}).get("extensions") for each in await device.outcomes()]
    return [each["code"] for each in extensions if isinstance(each, dict)]


async def make_two(device: Device, team: str, *, code: str) -> None:
    async with device.group() as group:
        group.create(Project, scope=team, code=code)
        group.create(Project, scope=team, code=code)


async def close(*devices: Device) -> None:
    for device in devices:
        await device.close()


async def test_an_id_may_be_given_as_text_or_as_the_uuid_that_a_field_shows() -> None:
    async with await phone(of=app) as ann:
        team, other = UUID(await ann.create(Team)), UUID(await ann.create(Team))
        first = UUID(await ann.create(Project, scope=team, code="x"))
        issue = await ann.create(Issue, scope=team, title="a", project=str(first))
        view = await ann.get(UUID(issue))
        assert view is not None
        assert view["project"] == first
        assert [each.id for each in await ann.query(Project, scope=team)] == [str(first)]
        async for found in ann.watch(Project, scope=team):
            assert [each.id for each in found] == [str(first)]
            break
        await ann.update(first, code="y")
        async with ann.group() as group:
            group.update(first, code="z")
            second = UUID(group.create(Project, scope=team, code="w"))
            group.move(second, into=other)
            group.delete(second)
            group.restore(second)
            group.invite(team, "bob")
            group.remove(team, "bob")
        shown = await ann.get(first), await ann.get(second)
        assert [each and (each["code"], each.scope) for each in shown] == [("z", str(team)), ("w", str(other))]
        await ann.invite(team, "bob")
        await ann.remove(team, "bob")
        await ann.move(second, into=team)
        await ann.delete(second)
        await ann.restore(second)
        await ann.call(open_issue, scope=team, project=first)
        await ann.choose(leave_out=[team], first=[other])
        assert await ann.get(first) is None
        await ann.choose(scopes=[team, other])
        assert ann.choice.takes(str(team))


async def test_a_value_that_another_record_shows_is_refused_at_once_and_nothing_is_written() -> None:
    async with await phone(of=app) as ann:
        team, other = await ann.create(Team), await ann.create(Team)
        first = await ann.create(Project, scope=team, code="x")
        second = await ann.create(Project, scope=team, code="y", weight=1)
        pending = ann.pending
        with pytest.raises(NotUnique, match=f'The Project {first} has code "x" already'):
            await ann.create(Project, scope=team, code="x")
        with pytest.raises(NotUnique):
            await ann.update(second, code="x")
        with pytest.raises(NotUnique, match=second):
            await ann.update(first, code="y")
        with pytest.raises(NotUnique):
            await ann.create(Project, scope=team, weight=1.0)
        assert ann.pending == pending
        await ann.update(first, code="x")
        await ann.create(Project, scope=other, code="x")
        await ann.create(Project, scope=team)
        await ann.create(Project, scope=team)
        await ann.delete(first)
        await ann.update(second, code="x")


async def test_what_is_not_there_cannot_be_referred_to() -> None:
    async with await phone(of=app) as ann:
        team, other = await ann.create(Team), await ann.create(Team)
        gone, foreign = await ann.create(Project, scope=team), await ann.create(Project, scope=other)
        issue = await ann.create(Issue, scope=team)
        await ann.delete(gone)
        for named in (STRANGER, UUID(foreign), UUID(gone), UUID(issue), UUID(team)):
            for field in ("project", "seen_in"):
                with pytest.raises(ReferenceGone):
                    await ann.create(Issue, scope=team, **{field: named})
                with pytest.raises(ReferenceGone):
                    await ann.update(issue, **{field: named})


async def test_a_group_is_refused_whole_and_may_build_on_itself() -> None:
    async with await phone(of=app) as ann:
        team = await ann.create(Team)
        pending = ann.pending
        with pytest.raises(NotUnique):
            await make_two(ann, team, code="x")
        assert ann.pending == pending
        async with ann.group() as group:
            made = group.create(Project, scope=team, code="x")
            group.create(Issue, scope=team, project=UUID(made))
        assert ann.pending == pending + 2


async def make_tree(device: Device, team: str) -> tuple[str, str]:
    """A project with one below it, two issues in them, and one beside them."""
    top = await device.create(Project, scope=team)
    below = await device.create(Project, scope=team, parent=UUID(top))
    for title, project in (("a", top), ("b", below)):
        await device.create(Issue, scope=team, title=title, project=UUID(project))
    await device.create(Issue, scope=team, title="c", seen_in=UUID(top))
    return top, below


async def test_a_delete_shows_at_once_with_all_that_goes_with_it_and_so_it_stays() -> None:
    _, ann, bob, team = await shared()
    top, _ = await make_tree(ann, team)
    await both(ann, bob)
    shown: list[Sequence[str]] = []
    pending = ann.pending
    await ann.delete(top)
    assert ann.pending == pending + 1
    shown.append(await titles(ann, team))
    await ann.sync()
    shown.append(await titles(ann, team))
    await both(ann, bob)
    shown += [await titles(ann, team), await titles(bob, team)]
    assert shown == [["c"]] * 4
    assert len(await bob.query(Project, scope=team)) == 0
    await close(ann, bob)


async def test_a_delete_that_the_server_refuses_brings_back_all_that_went_with_it() -> None:
    _, ann, bob, team = await shared()
    top, _ = await make_tree(ann, team)
    await both(ann, bob)
    inside = (await bob.query(Issue, scope=team))[0].id
    await bob.create(Issue, scope=team, title="d", blocks=UUID(inside))
    await bob.sync()
    await ann.delete(top)
    assert await titles(ann, team) == ["c"]
    await both(ann, bob)
    assert await titles(ann, team) == await titles(bob, team) == ["a", "b", "c", "d"]
    assert await codes(ann) == ["STILL_REFERENCED"]
    with pytest.raises(StillReferenced, match="by blocks"):
        await ann.delete(top)
    await close(ann, bob)


async def test_the_second_of_two_that_took_a_value_offline_is_told_and_undone() -> None:
    _, ann, bob, team = await shared()
    first = await ann.create(Project, scope=team, code="x")
    second = await bob.create(Project, scope=team, code="x")
    await bob.create(Issue, scope=team, project=UUID(second))
    await both(ann, bob)
    assert await codes(bob) == ["NOT_UNIQUE", "DEPENDS_ON_REJECTED"]
    for device in (ann, bob):
        assert [view.id for view in await device.query(Project, scope=team)] == [first]
    await close(ann, bob)


async def test_what_was_made_within_what_another_deleted_is_refused_and_undone() -> None:
    _, ann, bob, team = await shared()
    top, _ = await make_tree(ann, team)
    await both(ann, bob)
    await bob.create(Issue, scope=team, title="late", project=UUID(top))
    await bob.create(Issue, scope=team, title="kept", seen_in=UUID(top))
    await ann.delete(top)
    await both(ann, bob)
    assert await codes(bob) == ["REFERENCE_GONE"]
    assert await titles(ann, team) == await titles(bob, team) == ["c", "kept"]
    await close(ann, bob)


async def test_a_command_is_refused_for_what_it_comes_to_and_takes_with_it_what_must_go() -> None:
    _, ann, bob, team = await shared()
    top, below = await make_tree(ann, team)
    await ann.update(top, code="x")
    await ann.update(below, code="y")
    await ann.create(Project, scope=team, code="z")
    await both(ann, bob)
    with pytest.raises(NotUnique):
        await ann.call(replace_project, scope=team, old=UUID(top), code="z")
    with pytest.raises(ReferenceGone):
        await ann.call(open_issue, scope=team, project=STRANGER)
    await ann.call(swap_codes, scope=team)
    assert [view["code"] for view in await ann.query(Project, scope=team)] == ["y", "x", "z"]
    await ann.call(drop_all, scope=team)
    assert await titles(ann, team) == ["c"]
    await both(ann, bob)
    assert await codes(ann) == []
    assert await titles(ann, team) == await titles(bob, team) == ["c"]
    await close(ann, bob)


async def test_no_more_than_a_thousand_go_with_a_delete() -> None:
    async with await phone(of=app) as ann:
        team = await ann.create(Team)
        top = await ann.create(Project, scope=team)
        for _ in range(CASCADE_MAX):
            last = await ann.create(Issue, scope=team, project=UUID(top))
        more = await ann.create(Issue, scope=team, project=UUID(top))
        with pytest.raises(CascadeTooLarge):
            await ann.delete(top)
        await ann.delete(more)
        await ann.delete(top)
        assert await ann.get(last) is None
