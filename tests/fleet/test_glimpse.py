"""What goes from a screen for a reason that only another process knows: kept as seen, and judged by the whole."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from homeport_client import Device
from homeport_client.fleet import NETWORKS, Fleet, Persona, Script, steady
from homeport_client.fleet.acts import make
from homeport_client.fleet.check import Evidence, eyes, judge
from homeport_client.fleet.check.eyes import Eyes
from homeport_client.fleet.check.glimpse import Glimpse, unaccountable
from homeport_client.fleet.check.witness import Written
from homeport_client.fleet.legacy import blank, whole
from homeport_client.fleet.measure.meter import Meter, Tally
from homeport_sync import App
from homeport_sync.change import Fields, Op
from homeport_sync.scope import member_id

SEEN_MS = 5_000
LIST = "0190a1b2-0000-7000-8000-000000000001"
GONE = Glimpse(
    at_ms=SEEN_MS,
    phone="phone-1",
    user="ann",
    kind="Task",
    id="a task",
    scope=LIST,
    before=datetime(2026, 1, 1, tzinfo=UTC),
    after=None,
)


def write(op: Op, id: str, fields: Fields, *, at_ms: int = SEEN_MS) -> Written:
    return Written(phone="phone-2", op=op, kind="any", id=id, fields=fields, at_ms=at_ms)


REASONS = {
    "it was deleted": write("delete", "a task", {}),
    "its list was deleted": write("delete", LIST, {}),
    "its user was put out": write("update", member_id(LIST, "ann"), {"user": "ann", "role": None}),
}
NO_REASONS = {
    "another was deleted": write("delete", "another task", {}),
    "it was deleted later": write("delete", "a task", {}, at_ms=SEEN_MS + 1),
    "it was edited": write("update", "a task", {"title": "new"}),
    "its user got another role": write("update", member_id(LIST, "ann"), {"user": "ann", "role": "owner"}),
    "another user was put out": write("update", member_id(LIST, "bob"), {"user": "bob", "role": None}),
}


@pytest.mark.parametrize("why", REASONS)
def test_what_went_for_a_reason_is_no_flicker(why: str) -> None:
    assert not list(unaccountable([GONE], [REASONS[why]]))


@pytest.mark.parametrize("why", NO_REASONS)
def test_what_went_for_no_reason_is_one(why: str) -> None:
    assert list(unaccountable([GONE], [NO_REASONS[why]])) == [str(GONE)]


async def turns() -> None:
    """Time enough for a look at what is there."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_what_this_process_cannot_explain_is_kept_and_is_no_complaint_yet(app: App) -> None:
    eyes = Eyes("phone-1", ["TaskList"], Meter(Tally(), lambda: 0, None), [], [], true_ms=lambda: SEEN_MS)
    device = await Device.open(app=app)
    made = await device.create("TaskList", title="of another circle")
    (look,) = [asyncio.create_task(look) for look in eyes.looks_at(device, "ann")]
    await turns()
    await device.delete(made)
    await turns()
    await device.close()
    await look
    assert eyes.looks == 2
    assert eyes.complaints == []
    assert [(each.id, each.at_ms, each.after) for each in eyes.glimpses] == [(made, SEEN_MS, None)]


@pytest.mark.parametrize(("reason", "found"), [(REASONS, False), (NO_REASONS, True)], ids=["a reason", "none"])
def test_all_processes_are_put_together_before_it_is_judged(
    honest: Evidence, reason: dict[str, Written], *, found: bool
) -> None:
    empty = blank(1, ())
    one, other = replace(empty, glimpses=[GONE]), replace(empty, written=list(reason.values()))
    evidence = whole([one, other], ()).evidence(honest.log, kinds={})
    assert bool(judge(evidence).flickering) == found


def test_what_new_records_push_off_a_full_screen_has_not_flickered(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eyes, "SCREEN_MAX", 20)
    maker = Persona(name="maker", does={make("Task"): 1.0}, every_s=2, network=NETWORKS["tunnel"])
    script = Script(devices=4, duration_s=300, personas=[maker], phases=[steady(1)], crashes=0, storms=0, clones=0)
    played = Fleet(app, 1, script=script).run()
    assert played.written > 4 * 20
    assert played.kept, played.verdict
