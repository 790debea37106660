"""Writes without a device: exactly once by their key, after all that is there, and refused for what they say alone."""

from __future__ import annotations

import asyncio

import pytest

from homeport_sync.cursor import CursorSeal
from homeport_sync.draft import DRAFTS_MAX, KEY_CHARS_MAX, Draft
from homeport_sync.errors import IdempotencyKeyReused, Malformed, TooLarge, Unavailable
from homeport_sync.exchange import Exchange
from homeport_sync.intake import Intake
from homeport_sync.limits import LIMITS
from homeport_sync.memory import MemoryStore
from homeport_sync.push import Decided, Push
from homeport_sync.scope import MEMBER
from homeport_sync.signals import LocalSignals
from homeport_sync.wire import PushMessage
from homeport_sync.writer import Writer
from homeport_sync.writer_ids import AFTER_WRITERS, WRITERS, began, is_writer, writer_device
from tests.unit.sync.desk import TENANT, Desk, app, code_of, create, said, update
from tests.unit.sync.tasks import MINUTE, NOW, STRANGER, Phone, ann


async def test_a_record_is_made_with_defaults_under_an_id_that_tells_when() -> None:
    desk = await Desk.open()
    scope = await desk.stall()
    made = await desk.one(create("Fruit", scope, name="fig", tags=["ripe", "big", "ripe"]))
    assert (made.outcome.outcome, made.again) == ("applied", False)
    assert made.record is not None
    assert made.record.fields | {"place": "", "shelf": ""} == {
        "name": "fig", "sold": 0, "tags": ["big", "ripe"], "stock": 0, "label": "", "buyer": None, "place": "",
        "shelf": "",
    }  # fmt: skip
    assert made.id == made.record.id
    assert (made.id[:8] + made.id[9:13], made.id[14]) == (f"{NOW:012x}", "7")


async def test_new_records_stand_at_the_end_of_an_order_that_can_be_looked_up() -> None:
    desk = await Desk.open()
    scope = await desk.stall()
    places = [(await desk.fruit(scope)).fields["place"] for _ in range(5)]
    made = await desk.write(*[create("Fruit", scope, name="fig") for _ in range(5)])
    places += [each.record.fields["place"] for each in made if each.record]
    assert places == sorted({str(each) for each in places})
    assert len(places) == 10


async def test_new_records_are_made_beside_some_without_a_place_in_the_order() -> None:
    desk = await Desk.open()
    scope, phone = await desk.stall(), Phone(user="ann", index=7)
    await desk.push(phone, phone.change("create", "Fruit", STRANGER, scope, fields={"name": "fig"}))
    assert "place" not in (await desk.record(STRANGER)).fields
    first, second = [(await desk.fruit(scope)).fields["place"] for _ in range(2)]
    assert str(first) < str(second)


@pytest.mark.promise("I2")
async def test_the_same_key_again_is_told_what_it_was_told_before_and_writes_nothing() -> None:
    desk = await Desk.open()
    scope = await desk.stall()
    first = await desk.one(create("Fruit", scope, name="fig"), key="k")
    desk.ms += MINUTE
    again = await desk.one(create("Fruit", scope, name="fig"), key="k")
    assert (again.id, again.outcome, again.record) == (first.id, first.outcome, first.record)
    assert (first.again, again.again) == (False, True)
    assert len(await desk.log()) == 2


async def test_what_was_refused_is_told_again_as_well() -> None:
    desk = await Desk.open()
    gone = update(await desk.fruit(await desk.stall()), name=3)
    first = await desk.one(gone, key="k")
    desk.ms += MINUTE
    again = await desk.one(gone, key="k")
    assert (code_of(first), first.outcome, again.again) == ("WRONG_TYPE", again.outcome, True)


async def test_a_write_that_comes_again_shows_the_record_as_it_is_by_then() -> None:
    desk = await Desk.open()
    fig = await desk.fruit(await desk.stall())
    named = update(fig, name="date")
    await desk.one(named, key="k")
    await desk.one(update(fig, name="olive"))
    again = await desk.one(named, key="k")
    assert again.record is not None
    assert again.record.fields["name"] == "olive"


@pytest.mark.parametrize("later_ms", [0, MINUTE], ids=["at the same moment", "later"])
async def test_a_key_that_came_with_another_write_is_an_error(later_ms: int) -> None:
    desk = await Desk.open()
    scope = await desk.stall()
    await desk.one(create("Fruit", scope, name="fig"), key="k")
    desk.ms += later_ms
    for other in ([create("Fruit", scope, name="date")], [create("Fruit", scope, name="fig")] * 2):
        with pytest.raises(IdempotencyKeyReused):
            await desk.write(*other, key="k")
    assert len(await desk.log()) == 2


async def test_a_part_of_what_was_written_under_a_key_is_another_write() -> None:
    desk = await Desk.open()
    both = [create("Fruit", await desk.stall(), name=name) for name in ("fig", "date")]
    await desk.write(*both, key="k")
    for other in (both[:1], both[::-1]):
        with pytest.raises(IdempotencyKeyReused):
            await desk.write(*other, key="k")
    with pytest.raises(IdempotencyKeyReused):
        await desk.write(*both, key="k", as_one=True)


async def test_a_key_is_its_users_own() -> None:
    desk = await Desk.open()
    mine = await desk.one(Draft(op="create", kind="Stall"), key="k")
    theirs = await desk.one(Draft(op="create", kind="Stall"), key="k", user="bob")
    assert not theirs.again
    assert theirs.id != mine.id


async def test_without_a_key_each_write_is_one_of_its_own() -> None:
    desk = await Desk.open()
    assert await desk.stall() != await desk.stall()


@pytest.mark.promise("I2")
async def test_the_same_at_the_same_moment_in_one_process_and_in_two_is_one_write() -> None:
    desk = await Desk.open()
    scope = await desk.stall()
    processes = [desk.exchange, desk.process()]

    async def write(at: int) -> tuple[str, str]:
        desk.ms += 1  # each has a clock of its own
        (told,) = await processes[at % 2].write(
            TENANT, "ann", [create("Fruit", scope, name="fig")], key="k", request_id="request"
        )
        return told.id, told.outcome.outcome

    told = await asyncio.gather(*map(write, range(10)))
    assert len(set(told)) == 1
    assert len(await desk.log()) == 2


async def test_several_are_taken_one_by_one_and_a_bad_one_blocks_none() -> None:
    desk = await Desk.open()
    scope = await desk.stall()
    fig = await desk.fruit(scope)
    bad = create("Fruit", scope, name=3)
    told = await desk.write(update(fig, name="date"), bad, create("Fruit", scope, name="fig"), key="k")
    assert said(told) == ["applied", "WRONG_TYPE", "applied"]
    assert [each.record is not None for each in told] == [True, False, True]
    desk.ms += MINUTE
    again = await desk.write(update(fig, name="date"), bad, create("Fruit", scope, name="fig"), key="k")
    assert [(each.id, each.outcome) for each in again] == [(each.id, each.outcome) for each in told]
    assert [each.again for each in again] == [True] * 3


async def test_several_as_one_take_effect_together_or_not_at_all() -> None:
    desk = await Desk.open()
    scope = await desk.stall()
    fig = await desk.fruit(scope)
    bad = await desk.write(update(fig, name="date"), create("Fruit", scope, name=3), as_one=True)
    assert said(bad) == ["GROUP_REJECTED", "WRONG_TYPE"]
    assert (await desk.record(fig.id)).fields["name"] == "fig"
    good = await desk.write(update(fig, name="date"), update(fig, label="sweet"), as_one=True)
    assert said(good) == ["applied", "applied"]
    assert (await desk.write(update(fig, name="olive"), as_one=True))[0].outcome.outcome == "applied"


async def test_a_list_and_what_is_in_it_are_made_in_one_call() -> None:
    desk = await Desk.open()
    root = create("Stall", "", id=Phone(user="ann", index=7).new_id())
    told = await desk.write(root, create("Fruit", root.id, name="fig"), as_one=True, key="k")
    assert said(told) == ["applied", "applied"]


async def test_what_builds_on_a_record_that_was_refused_in_the_same_call_depends_on_it() -> None:
    desk = await Desk.open()
    made = create("Fruit", await desk.stall(), id=Phone(user="ann", index=7).new_id(), name=3)
    told = await desk.write(made, Draft(op="update", kind="Fruit", id=made.id, fields={"name": "date"}))
    assert said(told) == ["WRONG_TYPE", "DEPENDS_ON_REJECTED"]


async def test_a_command_is_called_once_however_often_its_key_comes() -> None:
    desk = await Desk.open()
    scope = await desk.stall()
    fig = await desk.fruit(scope)
    call = Draft(op="command", kind="sell_all", scope=scope, fields={"to": "eve"})
    first = await desk.one(call, key="k")
    desk.ms += MINUTE
    again = await desk.one(call, key="k")
    assert (first.outcome.outcome, first.record) == ("applied", None)
    assert (again.id, again.outcome, again.again) == (first.id, first.outcome, True)
    assert [op for op, id in await desk.log()] == ["create", "create", "update", "create"]
    assert (await desk.record(fig.id)).fields["buyer"] == "eve"


MALFORMED = {
    "an id that is none": Draft(op="create", kind="Fruit", id="x", scope=STRANGER),
    "a scope that is none": Draft(op="create", kind="Fruit", scope="x\0", fields={"name": "fig"}),
    "an id that no database takes": Draft(op="update", kind="Fruit", id="x\0"),
    "a new record of no scope": Draft(op="create", kind="Fruit", fields={"name": "fig"}),
    "a record without a name": Draft(op="update", kind="Fruit"),
    "a member in no scope": Draft(op="create", kind=MEMBER, fields={"user": "bob", "role": None}),
    "a position that is none": Draft(op="update", kind="Fruit", id=STRANGER, expected=0),
    "a call in no scope": Draft(op="command", kind="sell_all", fields={"to": "eve"}),
}


@pytest.mark.parametrize("name", MALFORMED)
async def test_what_no_device_could_send_is_refused_alone(name: str) -> None:
    desk = await Desk.open()
    told = await desk.write(MALFORMED[name], Draft(op="create", kind="Stall"), key="k")
    assert said(told) == ["MALFORMED", "applied"]
    assert said(await desk.write(MALFORMED[name], Draft(op="create", kind="Stall"), key="k")) == said(told)


async def test_what_is_refused_lies_in_quarantine_only_if_it_shall() -> None:
    desk = await Desk.open()
    bad = create("Fruit", await desk.stall(), name=3)
    await desk.one(bad)
    assert not await desk.store.held_later(TENANT, writer_device("ann", "k"), 0, 10)
    await desk.write(bad, key="k", keeps=True)
    (held,) = await desk.store.held_later(TENANT, writer_device("ann", "k"), 0, 10)
    assert (held.change.number, held.user) == (1, "ann")


@pytest.mark.parametrize("key", ["", "x" * (KEY_CHARS_MAX + 1)])
async def test_a_key_has_a_length(key: str) -> None:
    desk = await Desk.open()
    with pytest.raises(Malformed):
        await desk.one(Draft(op="create", kind="Stall"), key=key)


async def test_a_call_has_one_draft_at_least_and_not_too_many() -> None:
    desk = await Desk.open()
    with pytest.raises(Malformed):
        await desk.write()
    with pytest.raises(TooLarge):
        await desk.write(*[Draft(op="create", kind="Stall")] * (DRAFTS_MAX + 1))


async def test_no_phone_may_take_the_id_of_a_write() -> None:
    desk = await Desk.open()
    device = writer_device("ann", "k")
    assert is_writer(device)
    assert WRITERS < device < AFTER_WRITERS
    assert not is_writer(ann().device)
    with pytest.raises(Malformed, match="kept for writes"):
        await desk.exchange.push(TENANT, "bob", PushMessage(device=device, changes=[]), request_id="r")


async def test_an_exchange_that_answers_no_queries_takes_no_writes() -> None:
    desk = await Desk.open()
    exchange = Exchange(
        store=desk.store,
        catalog=desk.catalog,
        signals=LocalSignals(),
        seal=CursorSeal(b"k" * 32),
        limits=LIMITS,
        wall_ms=lambda: NOW,
    )
    with pytest.raises(Unavailable):
        await exchange.write(TENANT, "ann", [Draft(op="create", kind="Stall")], request_id="request")


class Forgetful(Intake):
    """Each time it knows of another beginning, as if what was known before had just been forgotten."""

    async def push(self, tenant: str, push: Push) -> Decided:
        return Decided(since=began(NOW + MINUTE, push.device))


async def test_a_write_that_never_finds_where_it_began_is_to_come_again() -> None:
    store = MemoryStore()
    intake = Forgetful(store, app.catalog, LocalSignals(), limits=LIMITS, wall_ms=lambda: NOW)
    writer = Writer(intake, app.catalog, store, limits=LIMITS, wall_ms=lambda: NOW, new_key=lambda: "k")
    with pytest.raises(Unavailable):
        await writer.write(TENANT, "ann", [Draft(op="create", kind="Stall")], key=None, request_id="request")
