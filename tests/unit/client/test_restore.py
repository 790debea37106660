"""Undo: a phone brings back what it deleted, as it was, before and after the server knows."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest

from homeport_client import Device, DeviceLimits
from homeport_client.view import View
from homeport_sync import App
from homeport_sync.rejections import RecordExists, RecordGone, ScopeGone, WrongType
from tests.unit.client.world import Line, Server, phone
from tests.unit.sync.projects import Issue, Project, Team
from tests.unit.sync.projects import app as projects

app = App("trips")


@app.kind(root=True)
class Trip:
    title: str


@app.kind(within=Trip)
class Stop:
    town: str
    day: date | None = None
    tags: set[str]


async def started() -> tuple[Device, Device, str, str]:
    """Ann's and bob's phones, a trip that both have, and a stop."""
    server = await Server(of=app).begin()
    ann = await phone(Line(server, "ann"), of=app, seed=1)
    trip = await ann.create(Trip, title="Lisbon")
    stop = await ann.create(Stop, scope=trip, town="Sintra", day=date(2026, 12, 1), tags={"sea"})
    await ann.invite(trip, "bob")
    await ann.sync()
    bob = await phone(Line(server, "bob"), of=app, seed=2)
    await bob.sync()
    return ann, bob, trip, stop


async def seen(device: Device, record_id: str) -> View:
    view = await device.get(record_id)
    assert view is not None
    return view


@pytest.mark.parametrize("synced", [False, True])
async def test_what_was_deleted_is_there_again_as_it_was(synced: bool) -> None:
    ann, bob, _, stop = await started()
    was = dict((await seen(ann, stop)).fields)
    await ann.delete(stop)
    if synced:
        await ann.sync()
    await ann.restore(stop)
    assert (await seen(ann, stop)).fields == was
    await ann.sync()
    await bob.sync()
    assert (await seen(ann, stop)).fields == (await seen(bob, stop)).fields == was
    assert [each.outcome for each in await ann.outcomes(after=3)] == ["applied", "applied"]


async def test_who_did_not_delete_it_says_all_that_it_shall_be() -> None:
    ann, bob, _, stop = await started()
    await ann.delete(stop)
    await ann.sync()
    await bob.sync()
    with pytest.raises(WrongType, match=r"what the Stop .* was: give day, tags as well"):
        await bob.restore(stop, town="Cascais")
    assert (bob.pending, await bob.get(stop)) == (0, None)
    await bob.restore(stop, town="Cascais", day=None, tags=set())
    await bob.sync()
    await ann.sync()
    assert (await seen(ann, stop)).fields == {"town": "Cascais", "day": None, "tags": frozenset()}


async def test_what_went_with_another_record_is_not_made_up() -> None:
    async with await phone(of=projects) as ann:
        team = await ann.create(Team)
        project = await ann.create(Project, scope=team, code="x")
        issue = await ann.create(Issue, scope=team, title="broken", project=UUID(project))
        await ann.delete(project)
        with pytest.raises(WrongType, match="give title, project, blocks, seen_in as well"):
            await ann.restore(issue)
        await ann.restore(project)
        await ann.restore(issue, title="broken", project=project, blocks=None, seen_in=None)
        assert (await seen(ann, issue))["title"] == "broken"


async def test_what_was_forgotten_is_not_made_up() -> None:
    server = await Server(of=app).begin()
    async with await phone(Line(server, "ann"), of=app, limits=DeviceLimits(outcomes_max=1)) as ann:
        trip = await ann.create(Trip, title="Lisbon")
        stop = await ann.create(Stop, scope=trip, town="Sintra", day=date(2026, 12, 1), tags={"sea"})
        await ann.delete(stop)
        await ann.sync()
        await ann.update(trip, title="Porto")
        await ann.sync()
        with pytest.raises(WrongType, match="does not know"):
            await ann.restore(stop)


async def test_what_was_known_of_a_life_before_is_not_brought_back() -> None:
    ann, bob, _, stop = await started()
    await ann.delete(stop)
    await ann.sync()
    await bob.sync()
    await bob.restore(stop, town="Cascais", day=None, tags=set())
    await bob.delete(stop)
    await bob.sync()
    await ann.sync()
    with pytest.raises(WrongType, match="does not know"):
        await ann.restore(stop)
    await bob.restore(stop)
    assert (await seen(bob, stop))["town"] == "Cascais"


async def test_a_root_comes_back_with_all_that_is_in_it() -> None:
    ann, bob, trip, stop = await started()
    await ann.delete(trip)
    await ann.sync()
    await bob.sync()
    assert await bob.get(stop) is None
    with pytest.raises(ScopeGone):
        await bob.update(stop, town="x")
    await ann.restore(trip)
    await ann.sync()
    await bob.sync()
    assert (await seen(bob, stop))["town"] == "Sintra"
    assert (await seen(bob, trip))["title"] == "Lisbon"


async def test_who_has_a_deleted_root_may_leave_it_and_has_nothing_of_it_when_it_is_restored() -> None:
    ann, bob, trip, stop = await started()
    await ann.delete(trip)
    await ann.sync()
    await bob.sync()
    await bob.remove(trip, "bob")
    with pytest.raises(ScopeGone):
        await bob.invite(trip, "bob")
    await bob.sync()
    await ann.restore(trip)
    await ann.sync()
    await bob.sync()
    assert await bob.quarantine() == []
    assert (await bob.get(trip), await bob.get(stop)) == (None, None)


async def test_what_is_not_deleted_or_not_here_is_not_restored() -> None:
    ann, _, trip, stop = await started()
    with pytest.raises(RecordExists, match="is not deleted"):
        await ann.restore(stop)
    with pytest.raises(RecordGone, match="not on this device"):
        await ann.restore(trip[:-1] + ("0" if trip[-1] != "0" else "1"))
    assert ann.pending == 0


async def test_a_group_may_restore() -> None:
    ann, bob, trip, stop = await started()
    await ann.delete(stop)
    async with ann.group() as undo:
        undo.restore(stop)
        undo.update(trip, title="again")
    await ann.sync()
    await bob.sync()
    assert (await seen(bob, stop))["town"] == "Sintra"
