"""What is written without a device is settled by what is there when it is decided, and by what its writer has seen."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from homeport_sync.change import Elements, Increment, Swap
from homeport_sync.draft import Draft
from homeport_sync.limits import LIMITS
from homeport_sync.scope import MEMBER, member_id
from tests.unit.sync.desk import Desk, code_of, create, delete, edits, said, update
from tests.unit.sync.tasks import MINUTE, NOW, STRANGER, Phone


async def test_what_a_phone_wrote_whose_clock_is_ahead_is_written_over() -> None:
    desk = await Desk.open()
    scope = await desk.stall()
    phone = Phone(user="ann", index=7, ms=NOW + LIMITS.skew_max_ms)
    fig = phone.make(scope, "Fruit", id=STRANGER)
    await desk.push(phone, fig, phone.update(fig, title="x"))
    told = await desk.one(Draft(op="update", kind="Fruit", id=fig.id, fields={"name": "date"}))
    assert code_of(told) == "RECORD_GONE"  # for `title` is no field of it, and it was never made
    fig = phone.change("create", "Fruit", STRANGER, scope, fields={"name": "fig"})
    await desk.push(phone, fig, phone.change("update", "Fruit", STRANGER, scope, fields={"name": "olive"}))
    dated = Draft(op="update", kind="Fruit", id=STRANGER, fields={"name": "date"})
    told = await desk.one(dated, key="k")
    assert (told.outcome.outcome, told.outcome.lost, told.outcome.stamp) == ("applied", (), "")
    desk.ms += MINUTE
    assert (await desk.one(dated, key="k")).outcome == told.outcome
    assert (await desk.record(STRANGER)).fields["name"] == "date"
    deleted = await desk.one(Draft(op="delete", kind="Fruit", id=STRANGER))
    assert (deleted.outcome.outcome, deleted.record) == ("applied", None)


@pytest.mark.parametrize("guarded", [False, True])
async def test_a_write_for_another_position_than_the_record_has_is_stale(guarded: bool) -> None:
    desk = await Desk.open()
    scope = await desk.stall()
    made = (
        await desk.one(create("Till" if guarded else "Fruit", scope, **({} if guarded else {"name": "fig"})))
    ).record
    assert made is not None
    field = {"cents": 3} if guarded else {"name": "date"}
    seen = made.position
    first = await desk.one(update(made, expected=seen, **field))
    assert (first.outcome.outcome, first.record is not None) == ("applied", True)
    stale = await desk.one(update(made, expected=seen, **field))
    assert code_of(stale) == "STALE"
    assert stale.outcome.error is not None
    assert stale.outcome.error["extensions"] == {"code": "STALE", "retryable": False, "position": seen + 1}
    assert code_of(await desk.one(delete(made, expected=seen))) == "STALE"
    assert code_of(await desk.one(delete(made, expected=seen + 1))) == ""
    assert code_of(await desk.one(update(made, expected=seen + 1, **field))) == "STALE"


async def test_own_writes_of_the_same_call_do_not_make_it_stale() -> None:
    desk = await Desk.open()
    fig = await desk.fruit(await desk.stall())
    expected = fig.position
    told = await desk.write(update(fig, name="date", expected=expected), update(fig, stock=1, expected=expected))
    assert said(told) == ["applied", "applied"]


async def test_what_is_guarded_is_not_written_by_whoever_does_not_say_what_they_have_seen() -> None:
    desk = await Desk.open()
    scope = await desk.stall()
    fig = await desk.fruit(scope, stock=3)
    till = (await desk.one(create("Till", scope))).record
    assert till is not None
    assert code_of(await desk.one(update(fig, stock=4))) == "STALE"
    assert code_of(await desk.one(update(till, cents=1))) == "STALE"
    assert code_of(await desk.one(delete(till))) == "STALE"
    assert code_of(await desk.one(update(fig, stock=Swap(to=4, was=5)))) == "STALE"
    assert code_of(await desk.one(update(fig, stock=Swap(to=4, was=3)))) == ""
    assert (await desk.record(fig.id)).fields["stock"] == 4
    fresh = await desk.write(
        create("Till", scope, id=STRANGER), Draft(op="update", kind="Till", id=STRANGER, fields={"cents": 2})
    )
    assert said(fresh) == ["applied", "applied"]  # what it made itself, it knows


async def test_a_write_to_what_is_deleted_is_superseded_and_a_restore_says_all_fields() -> None:
    desk = await Desk.open()
    scope = await desk.stall()
    till = (await desk.one(create("Till", scope))).record
    fig = await desk.fruit(scope)
    assert till is not None
    await desk.one(delete(till, expected=till.position))
    late = await desk.one(update(till, cents=1))
    assert (late.outcome.outcome, late.outcome.deleted, late.record) == ("superseded", True, None)
    await desk.one(delete(fig))
    part = await desk.one(Draft(op="restore", kind="Fruit", id=fig.id, fields={"name": "fig"}))
    assert code_of(part) == "WRONG_TYPE"
    fields = {name: value for name, value in fig.fields.items() if name not in ("place", "shelf")}
    whole = await desk.one(Draft(op="restore", kind="Fruit", id=fig.id, fields={**fields, "tags": ["b", "a"]}))
    assert (said([whole]), whole.record is not None) == (["applied"], True)
    again = await desk.one(Draft(op="restore", kind="Till", id=till.id, fields={"cents": 4}))
    assert code_of(again) == "STALE"


EDITS: dict[str, tuple[dict[str, object], dict[str, object] | str]] = {
    "an increment": ({"sold": Increment(by=2)}, {"sold": 2}),
    "a plain value for a counter": ({"sold": 2}, "WRONG_TYPE"),
    "a set as it shall be": ({"tags": ["new", "big", "new"]}, {"tags": ["big", "new"]}),
    "a set as it is": ({"tags": ["ripe", "big"]}, {"tags": ["big", "ripe"]}),
    "elements": (
        {"tags": Elements(add={"new": [], "big": []}, remove={"ripe": [], "old": []})},
        {"tags": ["big", "new"]},
    ),
    "elements that are not there": ({"tags": Elements(remove={"old": []})}, {"tags": ["big", "ripe"]}),
    "null for a set": ({"tags": None}, "WRONG_TYPE"),
    "a set of numbers": ({"tags": [3]}, "MALFORMED"),
    "a value for a function": ({"label": "x"}, {"label": "x"}),
    "a swap for a function": ({"label": Swap(to="x", was="y")}, {"label": "sweet"}),
    "what is written once": ({"buyer": "eve"}, {"buyer": "eve"}),
    "a rank": ({"place": "a5"}, {"place": "a5"}),
    "no rank": ({"place": "!"}, "WRONG_TYPE"),
    "an increment of a text": ({"name": Increment(by=1)}, "WRONG_TYPE"),
    "a field that is not declared": ({"size": 3}, "UNKNOWN_FIELD"),
    "a number that is none": ({"stock": float("nan")}, "WRONG_TYPE"),
    "a number that no database holds": ({"sold": Increment(by=10**400)}, "WRONG_TYPE"),
}


@pytest.mark.parametrize("name", EDITS)
async def test_what_a_value_or_an_edit_comes_to_says_the_fields_rule(name: str) -> None:
    given, expected = EDITS[name]
    desk = await Desk.open()
    fig = await desk.fruit(await desk.stall(), tags=["ripe", "big"], label="sweet")
    told = await desk.one(Draft(op="update", kind="Fruit", id=fig.id, fields=edits(given)))
    if isinstance(expected, str):
        assert code_of(told) == expected
    else:
        assert (told.outcome.outcome, told.outcome.lost) == ("applied", ())
        assert told.record is not None
        assert told.record.fields == {**fig.fields, **expected}


async def test_a_kind_that_is_not_declared_is_refused() -> None:
    desk = await Desk.open()
    fig = await desk.fruit(await desk.stall())
    for draft in (Draft(op="update", kind="Nut", id=fig.id), Draft(op="create", kind="Nut", scope=fig.scope)):
        assert code_of(await desk.one(draft)) == "UNKNOWN_KIND"
    assert code_of(await desk.one(Draft(op="update", kind="Till", id=fig.id))) == "RECORD_GONE"


async def test_an_element_that_somebody_adds_meanwhile_stays_in_a_set_that_is_written_whole() -> None:
    """Whole as it was when it was decided: what comes after that is added to it."""
    desk = await Desk.open()
    fig = await desk.fruit(await desk.stall(), tags=["ripe"])
    phone = Phone(user="ann", index=7)
    await desk.one(update(fig, tags=["big"]))
    late = phone.change("update", "Fruit", fig.id, fig.scope)
    await desk.push(phone, replace(late, fields={"tags": Elements(add={"new": []})}))
    assert (await desk.record(fig.id)).fields["tags"] == ["big", "new"]


async def test_a_record_is_moved_to_where_its_writer_may_make_it() -> None:
    desk = await Desk.open()
    fig, other = await desk.fruit(await desk.stall()), await desk.stall()
    moved = await desk.one(Draft(op="move", kind="Fruit", id=fig.id, into=other))
    assert moved.record is not None
    assert moved.record.scope == other
    named = await desk.one(Draft(op="update", kind="Fruit", id=fig.id, scope=fig.scope, fields={"name": "date"}))
    assert (said([named]), named.record is not None) == (["applied"], True)  # it is found where it is
    nowhere = await desk.one(Draft(op="move", kind="Fruit", id=fig.id, into=STRANGER))
    assert code_of(nowhere) == "SCOPE_FORBIDDEN"


async def test_nobody_learns_of_a_record_that_they_do_not_see() -> None:
    desk = await Desk.open()
    fig = await desk.fruit(await desk.stall(), stock=3)
    for draft in (
        update(fig, name="date"),
        update(fig, name="date", expected=1),
        delete(fig),
        update(fig, stock=1),
        Draft(op="update", kind="Fruit", id=STRANGER),
    ):
        told = await desk.one(draft, user="bob")
        assert (code_of(told), told.record) == ("RECORD_GONE", None)
    elsewhere = (await desk.one(Draft(op="create", kind="Stall"), user="bob")).id
    told = await desk.one(Draft(op="update", kind="Fruit", id=fig.id, scope=elsewhere, expected=1), user="bob")
    assert code_of(told) == "RECORD_GONE"


async def test_a_member_is_named_by_user_and_changed_by_the_id_of_their_record_too() -> None:
    desk = await Desk.open()
    scope = await desk.stall()
    invited = await desk.one(create(MEMBER, scope, user="bob", role="viewer"))
    assert invited.id == member_id(scope, "bob")
    assert invited.record is not None
    promoted = await desk.one(update(invited.record, role="editor"))
    assert promoted.record is not None
    assert promoted.record.fields["role"] == "editor"
    put_out = await desk.one(Draft(op="update", kind=MEMBER, scope=scope, fields={"user": "bob", "role": None}))
    assert (said([put_out]), put_out.id) == (["applied"], invited.id)
    assert said([await desk.one(create(MEMBER, scope, user="bob", role="editor"))]) == ["applied"]


async def test_what_holds_between_records_holds_for_them_too() -> None:
    desk = await Desk.open()
    scope = await desk.stall()
    fig = await desk.fruit(scope)
    await desk.one(create("Crate", scope, code="A", of=fig.id))
    assert code_of(await desk.one(create("Crate", scope, code="A"))) == "NOT_UNIQUE"
    assert code_of(await desk.one(delete(fig))) == "STILL_REFERENCED"
