"""Small scenes with real devices: who edits what while offline, who dies when, whose clock is wrong."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from homeport_client.fleet import Fleet, NetworkFaults, Script, ServerFaults, Verdict
from homeport_client.fleet.clock import DAY_MS, run
from homeport_client.fleet.phone import Phone
from homeport_sync import App

CALM = NetworkFaults()
SURE = ServerFaults(down_s=2.0)
TWO_PHONES = Script(users=2, phones=2, lists=1, skewed=0.0, clones=0, crashes=0)
A_WHILE_S = 5.0
Plot = Callable[[Fleet, str], Awaitable[None]]


def stage(app: App, directory: Path, plot: Plot, network: NetworkFaults = CALM) -> tuple[Fleet, Verdict]:
    """Two phones of two users share one list with one task; then the plot; then everything heals and is judged."""
    fleet = Fleet(app, 1, directory, script=TWO_PHONES, network=network, server=SURE)

    async def story() -> Verdict:
        await fleet.build()
        (scope,) = [record.id for record in await fleet.phones[0].device.query("TaskList")]
        task = await fleet.phones[0].create("Task", scope=scope, title="milk")
        await asyncio.sleep(A_WHILE_S + network.patience_s)
        await plot(fleet, task)
        return fleet.report(await fleet.evidence(await fleet.heal())).verdict

    return fleet, run(story())


async def titles(fleet: Fleet, task: str) -> set[object]:
    """What the phones show as the task's title."""
    views = [await phone.device.get(task) for phone in fleet.phones]
    return {view["title"] if view else None for view in views}


async def last_outcome(phone: Phone) -> tuple[str, tuple[str, ...]]:
    last = (await phone.device.outcomes())[-1]
    return last.outcome, last.lost


@pytest.mark.promise("I3")
def test_a_title_written_offline_and_done_set_online_both_survive(app: App, directory: Path) -> None:
    async def plot(fleet: Fleet, task: str) -> None:
        ann, bob = fleet.phones
        await ann.device.go_offline()
        await ann.update("Task", task, title="oat milk")
        await bob.update("Task", task, done=True)
        await asyncio.sleep(A_WHILE_S)
        await ann.device.go_online()
        await asyncio.sleep(A_WHILE_S)
        for phone in fleet.phones:
            view = await phone.device.get(task)
            assert view is not None
            assert (view["title"], view["done"]) == ("oat milk", True)
        assert await last_outcome(ann) == ("merged", ())

    _, verdict = stage(app, directory, plot)
    assert not verdict.violations, verdict


@pytest.mark.promise("I3")
def test_of_two_titles_the_later_wins_everywhere_and_who_lost_on_arrival_is_told(app: App, directory: Path) -> None:
    async def plot(fleet: Fleet, task: str) -> None:
        ann, bob = fleet.phones
        await ann.device.go_offline()
        await ann.update("Task", task, title="written first")
        await asyncio.sleep(1)
        await bob.update("Task", task, title="written later")
        await asyncio.sleep(A_WHILE_S)
        await ann.device.go_online()
        await asyncio.sleep(A_WHILE_S)
        assert await titles(fleet, task) == {"written later"}
        assert await last_outcome(ann) == ("superseded", ("title",))
        assert await last_outcome(bob) == ("applied", ())

    _, verdict = stage(app, directory, plot)
    assert not verdict.violations, verdict


@pytest.mark.promise("I13")
def test_news_comes_with_the_next_poll_when_every_poke_is_dropped(app: App, directory: Path) -> None:
    async def plot(fleet: Fleet, task: str) -> None:
        await asyncio.sleep(fleet.limits.poll_s)
        await fleet.phones[0].update("Task", task, title="nobody was poked")
        await asyncio.sleep(fleet.limits.poll_s + A_WHILE_S)
        assert await titles(fleet, task) == {"nobody was poked"}

    _, verdict = stage(app, directory, plot, NetworkFaults(lose_poke=1.0))
    assert not verdict.violations, verdict


@pytest.mark.promise("I1")
def test_a_phone_killed_between_its_write_and_the_push_loses_nothing(app: App, directory: Path) -> None:
    async def plot(fleet: Fleet, task: str) -> None:
        ann = fleet.phones[0]
        await ann.update("Task", task, title="just written")
        assert ann.device.pending == 1
        await ann.kill()
        view = await ann.device.get(task)
        assert view is not None
        assert (view["title"], view.pending) == ("just written", True)
        await asyncio.sleep(A_WHILE_S)
        assert await titles(fleet, task) == {"just written"}

    _, verdict = stage(app, directory, plot)
    assert not verdict.violations, verdict


@pytest.mark.promise("I2")
def test_a_phone_killed_between_the_answer_and_its_own_commit_has_changed_things_once(
    app: App, directory: Path
) -> None:
    async def plot(fleet: Fleet, task: str) -> None:
        ann = fleet.phones[0]
        told = len(fleet.server.witness.told)
        await ann.update("Task", task, title="answered, not heard")
        for _ in range(1_000):
            await asyncio.sleep(0.001)
            if len(fleet.server.witness.told) > told:
                break
        assert fleet.server.witness.told[-1].outcome.outcome == "applied"
        assert ann.device.pending == 1
        await ann.kill()
        assert ann.device.pending == 1
        await asyncio.sleep(A_WHILE_S)
        assert ann.device.pending == 0

    fleet, verdict = stage(app, directory, plot)
    assert not verdict.violations, verdict
    last = [told for told in fleet.server.witness.told if told.change.fields.get("title") == "answered, not heard"]
    assert len(last) == 2
    assert last[0] == last[1]


@pytest.mark.promise("I1")
@pytest.mark.promise("I2")
def test_a_phone_cloned_from_a_backup_keeps_its_work_and_so_does_the_first(app: App, directory: Path) -> None:
    async def plot(fleet: Fleet, task: str) -> None:
        ann = fleet.phones[0]
        await ann.device.go_offline()
        await ann.update("Task", task, notes="written before the backup")
        twin = await ann.clone()
        fleet.phones.append(twin)
        assert twin.device.id == ann.device.id
        await ann.device.go_online()
        await ann.update("Task", task, title="of the first")
        await twin.update("Task", task, assignee="of the twin")
        await asyncio.sleep(A_WHILE_S)
        assert twin.device.id != ann.device.id
        for phone in fleet.phones:
            view = await phone.device.get(task)
            assert view is not None
            assert view["notes"] == "written before the backup"
            assert (view["title"], view["assignee"]) == ("of the first", "of the twin")

    _, verdict = stage(app, directory, plot)
    assert not verdict.violations, verdict


@pytest.mark.promise("I1")
@pytest.mark.parametrize("skew_ms", [DAY_MS, -DAY_MS], ids=["fast", "slow"])
def test_a_phone_whose_clock_is_a_day_wrong_loses_nothing_and_is_told(app: App, directory: Path, skew_ms: int) -> None:
    fleet = Fleet(app, 1, directory, script=TWO_PHONES, network=CALM, server=SURE)

    async def story() -> tuple[str, Verdict]:
        await fleet.build()
        phone = Phone(fleet, "wrong", fleet.phones[0].user, skew_ms=skew_ms)
        await phone.switch_on()
        fleet.phones.append(phone)
        await phone.device.go_offline()
        made = await phone.create("TaskList", title="made before the first contact")
        await phone.create("Task", scope=made, title="in it")
        await phone.update("TaskList", made, title="and changed")
        await phone.device.go_online()
        return phone.device.id, fleet.report(await fleet.evidence(await fleet.heal())).verdict

    device, verdict = run(story())
    assert not verdict.violations, verdict
    witness = fleet.server.witness
    assert (device, "CLOCK_SKEWED") in witness.clocks
    told = [each for each in witness.told if each.device == device]
    assert [each.outcome.outcome for each in told] == ["applied"] * 3
    assert all(bool(each.outcome.stamp) == (skew_ms > 0) for each in told)
    assert [each.stamp for each in told] == sorted(each.stamp for each in told)


@pytest.mark.promise("I9")
def test_a_deleted_task_stays_deleted_when_an_old_phone_comes_back_with_edits(app: App, directory: Path) -> None:
    async def plot(fleet: Fleet, task: str) -> None:
        ann, bob = fleet.phones
        await ann.device.go_offline()
        await bob.delete("Task", task)
        await asyncio.sleep(A_WHILE_S)
        await ann.update("Task", task, title="but I wrote this later")
        await ann.device.go_online()
        await asyncio.sleep(A_WHILE_S)
        assert await titles(fleet, task) == {None}
        assert await last_outcome(ann) == ("superseded", ("title",))

    _, verdict = stage(app, directory, plot)
    assert not verdict.violations, verdict


@pytest.mark.promise("I8")
def test_who_is_removed_loses_the_list_and_is_told_why_offline_work_was_refused(app: App, directory: Path) -> None:
    async def plot(fleet: Fleet, task: str) -> None:
        ann, bob = fleet.phones
        await bob.device.go_offline()
        await bob.update("Task", task, title="I am not in it any more")
        (scope,) = [record.id for record in await ann.device.query("TaskList")]
        await ann.remove(scope, bob.user)
        await asyncio.sleep(A_WHILE_S)
        await bob.device.go_online()
        await asyncio.sleep(A_WHILE_S)
        assert await bob.device.query("TaskList") == []
        last = (await bob.device.outcomes())[-1]
        assert last.outcome == "rejected"
        assert last.error is not None
        assert "grant" in str(last.error["message"])

    _, verdict = stage(app, directory, plot)
    assert not verdict.violations, verdict
