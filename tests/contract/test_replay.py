"""An operator's replay on every store: it lands once, marks what it made good, and takes turns with the servers."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from homeport_server.quarantine.case import Readable, case_of, every, units_of
from homeport_server.quarantine.lines import replay_lines
from homeport_server.quarantine.replay import Edited, Replay, device_of
from homeport_sync import App
from homeport_sync.change import Change, Op, Value, encode
from homeport_sync.clock import make_stamp
from homeport_sync.errors import DeviceForeign
from homeport_sync.intake import Intake
from homeport_sync.limits import LIMITS
from homeport_sync.push import Push
from homeport_sync.quarantine import Chosen, change_name
from homeport_sync.signals import LocalSignals
from homeport_sync.wire import read_changes
from tests.contract.samples import NOW, TENANT
from tests.contract.stores import Store

PHONE = "00000000-0000-7000-8000-00000000000a"
HOME = "00000000-0000-7000-8000-000000000001"
MILK = "00000000-0000-7000-8000-000000000002"
app = App("tasks")


@app.kind(root=True)
class TaskList:
    title: str


@app.kind(within=TaskList)
class Task:
    title: str
    done: bool = False


def change(number: int, op: Op, kind: str, id: str, *, device: str = PHONE, **fields: Value) -> Change:
    stamp = make_stamp(NOW, number, device)
    return Change(number=number, op=op, kind=kind, id=id, scope=HOME, stamp=stamp, fields=fields)


async def push(store: Store, *changes: Change, device: str = PHONE, user: str = "ana") -> list[str]:
    """The phone's verdicts."""
    intake = Intake(store, app.catalog, LocalSignals(), limits=LIMITS, wall_ms=lambda: NOW)
    sent = read_changes([msgspec.Raw(encode(each).encode()) for each in changes], LIMITS)
    decided = await intake.push(TENANT, Push(device=device, user=user, request_id="r", confirmed=0, sent=sent))
    return [str(each) for each in decided.verdicts]


async def poisoned(store: Store) -> Readable:
    """A rejected create with an edit behind it."""
    verdicts = await push(
        store,
        change(1, "create", "TaskList", HOME, title="Home"),
        change(2, "create", "Task", MILK, title="Milk", done=3),
        change(3, "update", "Task", MILK, title="Oat milk"),
    )
    assert verdicts == ["applied", "rejected", "rejected"]
    held = await store.held(TENANT, PHONE, 2)
    assert held is not None
    case = case_of(held)
    assert isinstance(case, Readable)
    return case


async def run(store: Store, what: Edited) -> tuple[bool, list[str]]:
    intake = Intake(store, app.catalog, LocalSignals(), limits=LIMITS, wall_ms=lambda: NOW + 1)
    replayed = await Replay(store, intake, TENANT, app.catalog, lambda: NOW + 1).run(what)
    return replayed.landed, [*replay_lines(replayed)]


async def test_a_replay_lands_once_with_its_dependents_and_what_it_made_good_is_closed(store: Store) -> None:
    case = await poisoned(store)
    what = Edited(head=case, units=await units_of(store, TENANT, case), put={"done": True})
    landed, told = await run(store, what)
    device = device_of(case.name)
    assert (landed, told) == (
        True,
        [f"create Task {MILK}: applied (as {device}/1)", f"update Task {MILK}: applied (as {device}/2)"],
    )
    assert [each.name async for each in every(store, TENANT, Chosen())] == []
    closed = [each.held async for each in every(store, TENANT, Chosen(closed=True))]
    assert [each.replayed_by for each in closed] == [change_name(device, 1), change_name(device, 2)]
    landed, told = await run(store, Edited(head=case, units=[[case]]))
    assert (landed, "was replayed already" in told[0], len(told)) == (True, True, 1)
    log = await store.read(TENANT, 0, 10)
    assert [(each.user, each.device, each.number) for each in log[1:]] == [("ana", device, 1), ("ana", device, 2)]


async def test_a_replay_that_was_rejected_is_tried_again_under_the_next_number(store: Store) -> None:
    case = await poisoned(store)
    device = device_of(case.name)
    first, (told,) = await run(store, Edited(head=case, units=[[case]]))
    assert (first, told.endswith(f"(as {device}/1)"), "rejected, WRONG_TYPE" in told) == (False, True, True)
    second, (before, now) = await run(store, Edited(head=case, units=[[case]], put={"done": True}))
    assert (second, f"as {device}/1: rejected, WRONG_TYPE" in before) == (True, True)
    assert now == f"create Task {MILK}: applied (as {device}/2)"


async def test_a_replay_beside_a_phone_that_writes_loses_neither(store: Store) -> None:
    case = await poisoned(store)
    phone = push(store, change(4, "update", "TaskList", HOME, title="House"))
    (landed, _), verdicts = await asyncio.gather(
        run(store, Edited(head=case, units=[[case]], put={"done": True})), phone
    )
    assert (landed, verdicts) == (True, ["applied"])
    assert [each.position for each in await store.read(TENANT, 0, 10)] == [1, 2, 3]


async def test_who_takes_the_id_under_which_it_would_be_replayed_does_not_become_its_author(store: Store) -> None:
    case = await poisoned(store)
    taken = device_of(case.name)  # it follows from names that others may know
    await push(store, change(1, "update", "TaskList", HOME, device=taken, title="Mine"), device=taken, user="eve")
    with pytest.raises(DeviceForeign) as refused:
        await run(store, Edited(head=case, units=[[case]], put={"done": True}))
    assert "Somebody else has taken the device id" in refused.value.message
    assert [each.user for each in await store.read(TENANT, 0, 10)] == ["ana"]
    assert [each.name async for each in every(store, TENANT, Chosen(user="ana"))] == [case.name, change_name(PHONE, 3)]
