"""Moving a record into another scope: on the phone that does, on those that share both, and on those that do not."""

from __future__ import annotations

from uuid import UUID

import pytest

from homeport_client import Device
from homeport_sync import App, field
from homeport_sync.rejections import NotUnique, RecordGone, ReferenceGone, ScopeGone, StillReferenced, WrongId
from tests.unit.client.world import Line, Server, phone

app = App("boxes")


@app.kind(root=True)
class Box:
    title: str


@app.kind(within=Box)
class Thing:
    name: str = ""
    code: str | None = field(default=None, unique=True)
    inside: UUID | None = field(default=None, refers_to="Thing", on_delete="cascade")
    needs: UUID | None = field(default=None, refers_to="Thing", on_delete="restrict")


async def started(
    *, shared: tuple[str, ...] = ("attic", "cellar"), page_size: int = 500
) -> tuple[Server, Device, Device, dict[str, str]]:
    """Ann's and bob's phones, ann's two boxes of which bob shares some, and a lamp in the attic."""
    server = await Server(page_size, of=app).begin()
    ann = await phone(Line(server, "ann"), of=app, seed=1)
    ids = {title: await ann.create(Box, title=title) for title in ("attic", "cellar")}
    ids["lamp"] = await ann.create(Thing, scope=ids["attic"], name="lamp", code="L")
    for title in shared:
        await ann.invite(ids[title], "bob")
    await ann.sync()
    bob = await phone(Line(server, "bob"), of=app, seed=2)
    await bob.sync()
    return server, ann, bob, ids


async def names(device: Device, scope: str) -> list[str]:
    return sorted(str(thing["name"]) for thing in await device.query(Thing, scope=scope))


async def test_it_shows_at_once_where_it_went_and_then_everywhere() -> None:
    _, ann, bob, ids = await started()
    await ann.move(ids["lamp"], into=ids["cellar"])
    assert (await names(ann, ids["attic"]), await names(ann, ids["cellar"])) == ([], ["lamp"])
    await ann.sync()
    await bob.sync()
    for device in (ann, bob):
        assert (await names(device, ids["attic"]), await names(device, ids["cellar"])) == ([], ["lamp"])
    assert [each.outcome for each in await ann.outcomes(after=5)] == ["applied"]


@pytest.mark.parametrize("page_size", [1, 2, 500])
async def test_a_phone_that_had_nothing_finds_it_where_it_is_in_pages_of_any_size(page_size: int) -> None:
    server, ann, _, ids = await started(page_size=page_size)
    for title in ("cellar", "attic", "cellar"):
        await ann.move(ids["lamp"], into=ids[title])
        await ann.sync()
    fresh = await phone(Line(server, "bob"), of=app, seed=3)
    await fresh.sync()
    assert (await names(fresh, ids["attic"]), await names(fresh, ids["cellar"])) == ([], ["lamp"])


@pytest.mark.promise("I8")
async def test_whoever_shares_only_where_it_was_sees_it_no_more() -> None:
    _, ann, bob, ids = await started(shared=("attic",))
    assert await names(bob, ids["attic"]) == ["lamp"]
    await ann.move(ids["lamp"], into=ids["cellar"])
    await ann.update(ids["lamp"], name="secret lamp")
    await ann.sync()
    await bob.sync()
    assert await bob.query(Thing) == []
    assert await bob.get(ids["lamp"]) is None


async def test_whoever_shares_only_where_it_goes_gets_it() -> None:
    _, ann, bob, ids = await started(shared=("cellar",))
    await ann.move(ids["lamp"], into=ids["cellar"])
    await ann.sync()
    await bob.sync()
    assert await names(bob, ids["cellar"]) == ["lamp"]


async def test_what_was_written_meanwhile_where_it_was_is_not_lost() -> None:
    _, ann, bob, ids = await started()
    await bob.update(ids["lamp"], name="blue lamp")
    await ann.move(ids["lamp"], into=ids["cellar"])
    await ann.sync()
    await bob.sync()
    await ann.sync()
    for device in (ann, bob):
        assert await names(device, ids["cellar"]) == ["blue lamp"]


async def test_a_move_that_is_refused_is_undone_with_all_that_went_with_it() -> None:
    _, ann, bob, ids = await started()
    await ann.create(Thing, scope=ids["attic"], name="shade", inside=ids["lamp"])
    await ann.sync()
    await bob.sync()
    await ann.invite(ids["cellar"], "bob", "viewer")
    await ann.sync()
    await bob.move(ids["lamp"], into=ids["cellar"])
    assert await names(bob, ids["cellar"]) == ["lamp", "shade"]
    await bob.sync()
    assert (await names(bob, ids["attic"]), await names(bob, ids["cellar"])) == (["lamp", "shade"], [])
    (refused,) = await bob.quarantine()
    assert (refused.op, refused.code, refused.into) == ("move", "ROLE_FORBIDDEN", ids["cellar"])
    await ann.invite(ids["cellar"], "bob", "editor")
    await ann.sync()
    await bob.replay(refused.place)
    await bob.sync()
    assert await bob.quarantine() == []
    await ann.sync()
    for device in (ann, bob):
        assert await names(device, ids["cellar"]) == ["lamp", "shade"]


async def test_what_does_not_fit_there_is_refused_at_once() -> None:
    _, ann, _, ids = await started()
    other = await ann.create(Thing, scope=ids["cellar"], name="other", code="L")
    with pytest.raises(NotUnique):
        await ann.move(ids["lamp"], into=ids["cellar"])
    await ann.update(other, code=None)
    shade = await ann.create(Thing, scope=ids["attic"], name="shade", inside=ids["lamp"])
    with pytest.raises(ReferenceGone):
        await ann.move(shade, into=ids["cellar"])
    plug = await ann.create(Thing, scope=ids["attic"], name="plug", needs=ids["lamp"])
    with pytest.raises(StillReferenced):
        await ann.move(ids["lamp"], into=ids["cellar"])
    await ann.delete(plug)
    with pytest.raises(WrongId, match="move what is within it"):
        await ann.move(ids["attic"], into=ids["cellar"])
    with pytest.raises(ScopeGone):
        await ann.move(ids["lamp"], into=shade.replace("0", "1"))
    with pytest.raises(WrongId, match="lives within a Box"):
        await ann.move(ids["lamp"], into=shade)
    with pytest.raises(RecordGone):
        await ann.move(plug, into=ids["cellar"])
    pending = ann.pending
    await ann.move(ids["lamp"], into=ids["attic"])
    assert ann.pending == pending
    await ann.move(ids["lamp"], into=ids["cellar"])
    await ann.sync()
    assert await ann.quarantine() == []
    assert await names(ann, ids["cellar"]) == ["lamp", "other", "shade"]


async def test_a_group_moves_all_or_nothing() -> None:
    _, ann, bob, ids = await started(shared=("attic",))
    box = await bob.create(Box, title="bob's")
    async with bob.group() as group:
        group.move(ids["lamp"], into=box)
        group.update(ids["lamp"], name="bob's lamp")
    await bob.sync()
    await ann.sync()
    assert await names(bob, box) == ["bob's lamp"]
    assert await ann.query(Thing) == []


async def test_what_goes_into_a_scope_that_was_left_out_goes_from_here() -> None:
    _, ann, bob, ids = await started()
    await bob.choose(leave_out=[ids["cellar"]])
    await bob.sync()
    await ann.move(ids["lamp"], into=ids["cellar"])
    await ann.sync()
    await bob.sync()
    assert await bob.query(Thing) == []
    await bob.choose()
    await bob.sync()
    assert await names(bob, ids["cellar"]) == ["lamp"]


@pytest.mark.promise("I8")
@pytest.mark.parametrize("sizes", [[2], [2, 1]], ids=["with the last page", "before the last page"])
async def test_what_was_moved_into_a_scope_that_is_lost_then_is_not_where_it_was_either(sizes: list[int]) -> None:
    server, ann, bob, ids = await started()
    assert await names(bob, ids["attic"]) == ["lamp"]
    await ann.move(ids["lamp"], into=ids["cellar"])
    for title in ("chair", "table"):
        await ann.create(Thing, scope=ids["attic"], name=title)
    await ann.sync()
    for size in sizes:  # the first page tells of the move, the next that the cellar is lost
        asked = bob._replica.pull_message(size)
        assert not bob._replica.take_page(await Line(server, "bob").pull(asked), asked)
        await ann.remove(ids["cellar"], "bob")
        await ann.sync()
    await bob.sync()
    assert await names(bob, ids["attic"]) == ["chair", "table"]
    assert await bob.get(ids["lamp"]) is None
