"""Commands in threads: what ends in time counts, what does not is left behind, and nobody waits for it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import count
from pathlib import Path
from threading import Event, Semaphore, Thread, current_thread
from time import monotonic

import pytest

from homeport_server import command_threads
from homeport_server.command_threads import CommandThreads, CommandTime
from homeport_sync import App, Call
from homeport_sync.change import Change
from homeport_sync.errors import Overloaded, StoreFailed
from homeport_sync.intake import Intake
from homeport_sync.limits import LIMITS, Limits
from homeport_sync.push import Decided, Push
from homeport_sync.rejections import CommandFailed, CommandTimedOut
from homeport_sync.signals import LocalSignals
from homeport_sync.sql.sqlite.store import SqliteStore
from tests.unit.sync.ledger import Ledger, codes, error_codes, outcomes, verdicts
from tests.unit.sync.tasks import NOW, Phone, ann, bob
from tests.unit.sync.test_group import grouped

IMPATIENT = replace(LIMITS, command_ms_max=50, commands_ms_max=50)
ONE_WRITER = replace(LIMITS, commits_at_once_max=1)
SECONDS_MAX = 30.0
PATIENCE_MS = 30_000
PATIENT = replace(LIMITS, command_ms_max=PATIENCE_MS, commands_ms_max=PATIENCE_MS)
FOR_A_WHILE = replace(LIMITS, command_ms_max=5_000, commands_ms_max=5_000)
DOZE_S = 0.1
HURRIED = replace(LIMITS, commands_ms_max=350)

app = App("gates")
gate, begun, never = Event(), Event(), Event()
steps, go = Semaphore(0), Semaphore(0)


@app.kind(root=True)
class Gate:
    name: str = ""


@app.command(scope=Gate)
def wait(call: Call) -> None:
    call.update(call.scope, name="waited")
    begun.set()
    assert gate.wait(SECONDS_MAX)


@app.command(scope=Gate)
def sign(call: Call) -> None:
    there = call.get(call.scope)
    assert there is not None
    call.update(call.scope, name=f"{there['name']}, signed")
    begun.set()
    assert gate.wait(SECONDS_MAX)


@app.command(scope=Gate)
def spin(call: Call) -> None:
    call.update(call.scope, name="spun")
    for _ in count():
        pass


@app.command(scope=Gate)
def step(call: Call) -> None:
    call.update(call.scope, name="stepped")
    steps.release()
    assert go.acquire(timeout=SECONDS_MAX)


@app.command(scope=Gate)
def read(call: Call) -> None:
    call.get(call.scope)


@app.command(scope=Gate)
def doze(call: Call) -> None:
    call.get(call.scope)
    never.wait(DOZE_S)


@app.command(scope=Gate)
def leave(call: Call) -> None:
    call.update(call.scope, name="left")
    raise SystemExit("half way")


async def store_of(path: Path) -> SqliteStore:
    store = await SqliteStore.open(path / "homeport.sqlite3")
    for tenant in ("a", "b"):
        await store.create(tenant, id=tenant, epoch="first", now_ms=NOW)
    return store


def intake_of(store: SqliteStore, threads: CommandThreads) -> Intake:
    return Intake(store, app.catalog, LocalSignals(), limits=ONE_WRITER, wall_ms=lambda: NOW, runner=threads)


def new_gate(phone: Phone) -> Change:
    id = phone.new_id()
    return phone.change("create", "Gate", id, id, fields={"name": ""})


def test_what_a_body_raises_is_raised_where_it_was_called() -> None:
    time = CommandThreads(LIMITS).allowance()

    def body() -> None:
        raise StoreFailed

    with pytest.raises(StoreFailed):
        time.call(body)
    assert not time.spent


@pytest.mark.parametrize("error", [SystemExit(), KeyboardInterrupt()])
def test_a_body_whose_thread_ends_before_it_has_failed(error: BaseException) -> None:
    def body() -> None:
        raise error

    with pytest.raises(CommandFailed, match="before the command did"):
        CommandThreads(LIMITS).allowance().call(body)


async def test_a_command_that_leaves_its_process_is_rejected_and_leaves_nothing(tmp_path: Path) -> None:
    store = await store_of(tmp_path)
    intake, phone = intake_of(store, CommandThreads(LIMITS)), ann()
    made = new_gate(phone)
    decided = await intake.push("a", phone.push(made, phone.call("leave", made.id), phone.update(made, name="on")))
    assert codes(outcomes(decided)) == ["", "COMMAND_FAILED", ""]
    assert [entry.fields for entry in await store.read("a", 0, 10)] == [{"name": ""}, {"name": "on"}]
    await store.close()


def test_a_command_that_never_ends_is_stopped_and_its_batch_has_no_time_left() -> None:
    threads = CommandThreads(IMPATIENT)
    time, running = threads.allowance(), list[Thread]()

    def body() -> None:
        running.append(current_thread())
        for _ in count():
            pass

    with pytest.raises(CommandTimedOut, match="longer than 50 ms"):
        time.call(body)
    assert time.spent
    for thread in running:
        thread.join(SECONDS_MAX)
    assert threads.left_behind == 0


def test_of_commands_that_cannot_be_stopped_there_are_not_more_than_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command_threads, "LEFT_BEHIND_MAX", 1)
    threads, free = CommandThreads(IMPATIENT), Event()

    def stuck() -> None:
        free.wait(SECONDS_MAX)

    with pytest.raises(CommandTimedOut, match="longer than"):
        threads.allowance().call(stuck)
    assert threads.left_behind == 1
    assert threads.allowance().spent
    with pytest.raises(Overloaded):
        threads.allowance().call(lambda: None)
    free.set()
    while threads.left_behind:
        pass
    threads.allowance().call(lambda: None)


async def test_while_others_cannot_be_stopped_a_call_is_told_to_come_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command_threads, "LEFT_BEHIND_MAX", 1)
    gate.clear()
    store = await store_of(tmp_path)
    threads = CommandThreads(replace(LIMITS, command_ms_max=200))
    intake, phone, other = intake_of(store, threads), ann(), bob()
    made, others = new_gate(phone), new_gate(other)
    decided = await intake.push("a", phone.push(made, phone.call("wait", made.id)))
    assert codes(outcomes(decided)) == ["", "COMMAND_TIMED_OUT"]
    quick = other.push(others, other.call("read", others.id))
    first = await intake.push("b", quick)
    assert (told(first), error_codes(first.errors)) == (["applied"], ["OVERLOADED"])
    gate.set()
    while error_codes((again := await intake.push("b", quick)).errors):
        pass
    assert told(again) == ["applied", "applied"]
    await store.close()


def timed(limits: Limits, *pushes: Push) -> tuple[list[Decided], Ledger]:
    """What becomes of the pushes in one batch whose commands have so much time."""
    ledger = Gates(limits)
    return ledger.decide(*pushes), ledger


class Gates(Ledger):
    catalog = app.catalog

    def allowance(self) -> CommandTime:
        return CommandThreads(self.limits).allowance()


def test_a_group_whose_commands_take_more_time_than_a_batch_has_is_refused_when_it_is_over() -> None:
    phone = ann()
    made = new_gate(phone)
    group = grouped(*(phone.call("doze", made.id) for _ in range(20)))
    began_s = monotonic()
    (decided,), ledger = timed(HURRIED, phone.push(made, *group, phone.update(made, name="on")))
    assert monotonic() - began_s < 20 * DOZE_S
    assert sorted(set(codes(outcomes(decided)))) == ["", "COMMAND_TIMED_OUT", "GROUP_REJECTED"]
    assert not decided.errors
    assert [entry.fields for entry in ledger.log] == [{"name": ""}, {"name": "on"}]


def test_a_group_that_others_left_too_little_time_is_told_to_come_again_and_nothing_of_it_is_decided() -> None:
    phone = ann()
    made = new_gate(phone)
    first = phone.call("doze", made.id)
    group = grouped(*(phone.call("doze", made.id) for _ in range(3)))
    (decided,), ledger = timed(HURRIED, phone.push(made, first, *group))
    assert told(decided) == ["applied", "applied"]
    assert error_codes(decided.errors) == ["OVERLOADED"]
    assert decided.errors[0].values == {"retryAfterMs": LIMITS.overload_retry_ms, "index": 2}
    ledger.limits = LIMITS
    assert verdicts(ledger.push(phone.push(*group))) == ["applied"] * 3


async def test_while_a_command_runs_every_other_tenant_commits(tmp_path: Path) -> None:
    """On SQLite, where all of them share one lock, and the command does not end before the other has committed."""
    gate.clear()
    begun.clear()
    store = await store_of(tmp_path)
    intake = intake_of(store, CommandThreads(PATIENT))
    phone, other = ann(), bob()
    made = new_gate(phone)
    slow = asyncio.create_task(intake.push("a", phone.push(made, phone.call("wait", made.id))))
    await asyncio.to_thread(begun.wait, SECONDS_MAX)
    decided = await intake.push("b", other.push(new_gate(other)))
    assert told(decided) == ["applied"]
    assert not slow.done()
    gate.set()
    assert told(await slow) == ["applied", "applied"]
    assert [entry.fields for entry in await store.read("a", 1, 10)] == [{"name": "waited"}]
    await store.close()


async def test_a_command_is_run_again_if_what_it_was_decided_on_has_changed_meanwhile(tmp_path: Path) -> None:
    gate.clear()
    begun.clear()
    store = await store_of(tmp_path)
    threads = CommandThreads(PATIENT)
    intake, elsewhere = intake_of(store, threads), intake_of(store, threads)
    phone, other = ann(), Phone(user="ann", index=7)
    made = new_gate(phone)
    await intake.push("a", phone.push(made))
    slow = asyncio.create_task(intake.push("a", phone.push(phone.call("sign", made.id))))
    await asyncio.to_thread(begun.wait, SECONDS_MAX)
    await elsewhere.push("a", other.push(other.change("update", "Gate", made.id, made.id, fields={"name": "theirs"})))
    gate.set()
    assert told(await slow) == ["applied"]
    assert [entry.fields for entry in await store.read("a", 1, 10)] == [{"name": "theirs"}, {"name": "theirs, signed"}]
    await store.close()


async def test_what_others_commit_elsewhere_in_the_tenant_meanwhile_does_not_make_a_command_run_again(
    tmp_path: Path,
) -> None:
    store = await store_of(tmp_path)
    intake, elsewhere = (intake_of(store, CommandThreads(PATIENT)) for _ in range(2))
    phone, other = ann(), bob()
    made = new_gate(phone)
    await intake.push("a", phone.push(made))
    stepping = asyncio.create_task(intake.push("a", phone.push(phone.call("step", made.id))))
    await asyncio.to_thread(steps.acquire, timeout=SECONDS_MAX)
    for _ in range(2):
        await elsewhere.push("a", other.push(new_gate(other)))
    go.release()
    assert told(await stepping) == ["applied"]
    assert not steps.acquire(blocking=False), "it ran once"
    log = await store.read("a", 0, 10)
    assert [(entry.position, entry.fields) for entry in log][3:] == [(4, {"name": "stepped"})]
    page = await store.page("a", "ann", phone.device, None, 10)
    assert [position for rows in page.ranges for position, _ in rows] == [4]
    await store.close()


async def test_a_command_that_never_finds_what_it_was_decided_on_ends_under_the_lock_and_the_loop_goes_on(
    tmp_path: Path,
) -> None:
    store = await store_of(tmp_path)
    intake, elsewhere = (intake_of(store, CommandThreads(FOR_A_WHILE)) for _ in range(2))
    phone, other = ann(), Phone(user="ann", index=7)
    made = new_gate(phone)
    await intake.push("a", phone.push(made))
    stepping = asyncio.create_task(intake.push("a", phone.push(phone.call("step", made.id))))
    for place in range(LIMITS.commit_tries_max):
        await asyncio.to_thread(steps.acquire, timeout=SECONDS_MAX)
        change = other.change("update", "Gate", made.id, made.id, fields={"name": f"{place}"})
        await elsewhere.push("a", other.push(change))
        go.release()
    await asyncio.to_thread(steps.acquire, timeout=SECONDS_MAX)
    waits = asyncio.create_task(elsewhere.push("a", other.push(new_gate(other))))
    await asyncio.sleep(0)
    go.release()
    assert told(await stepping) == ["applied"], "it could be let go while it ran"
    assert told(await waits) == ["applied"]
    assert [entry.fields for entry in await store.read("a", 4, 10)] == [{"name": "stepped"}, {"name": ""}]
    await store.close()


async def test_a_command_past_its_time_is_rejected_and_leaves_nothing(tmp_path: Path) -> None:
    store = await store_of(tmp_path)
    threads = CommandThreads(IMPATIENT)
    intake = intake_of(store, threads)
    phone = ann()
    made = new_gate(phone)
    id = made.id
    calls = [phone.call("spin", id) for _ in range(2)]
    decided = await intake.push("a", phone.push(made, *calls))
    assert codes(outcomes(decided)) == ["", "COMMAND_TIMED_OUT"]
    assert error_codes(decided.errors) == ["OVERLOADED"], "of this batch no time is left: come again"
    again = await intake.push("a", phone.push(calls[1], phone.change("update", "Gate", id, id, fields={"name": "on"})))
    assert codes(outcomes(again)) == ["COMMAND_TIMED_OUT", ""]
    assert [entry.fields for entry in await store.read("a", 0, 10)] == [{"name": ""}, {"name": "on"}]
    await store.close()


def told(decided: Decided) -> list[str]:
    return verdicts(outcomes(decided))
