"""Small scenes with real devices: who edits what while offline, who dies when, whose clock is wrong."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import pytest

from homeport_client.fleet import Actor, Fleet, Network, Script, ServerFaults, Setup, Verdict
from homeport_client.fleet.clock import DAY_MS
from homeport_client.fleet.deeds.table import perform
from homeport_client.fleet.networks import INCIDENTS, PERFECT
from homeport_client.fleet.phone import Phone
from homeport_client.fleet.story import SERVER, Handset, Step
from homeport_sync import App

SURE = Setup(server=ServerFaults(down_s=2.0))
TWO_PHONES = Script(devices=2, phones_per_user=1, network=PERFECT, watched=2)
A_WHILE_S = 5.0


@dataclass
class Scene:
    """Ann and Bob share one list with one task."""

    fleet: Fleet
    ann: Actor
    bob: Actor
    scope: str
    task: str

    async def titles(self) -> set[object]:
        """What the phones show as the task's title."""
        views = [await phone.device.get(self.task) for phone in self.fleet.phones]
        return {view["title"] if view else None for view in views}


Plot = Callable[[Scene], Awaitable[None]]


def stage(app: App, plot: Plot, network: Network = PERFECT) -> tuple[Fleet, Verdict]:
    """Two phones of two users share one list with one task; then the plot; then everything heals and is judged."""
    fleet = Fleet(app, 1, script=replace(TWO_PHONES, network=network), setup=SURE)

    async def scene(fleet: Fleet) -> None:
        ann, bob = fleet.actors
        scope = await ann.create("TaskList", title="home")
        assert scope
        await ann.invite(scope, bob.phone.user)
        task = await ann.create("Task", scope, title="milk")
        assert task
        await asyncio.sleep(A_WHILE_S + network.patience_s)
        await plot(Scene(fleet, ann, bob, scope, task))

    verdict = fleet.rehearse(scene).verdict
    assert verdict is not None
    return fleet, verdict


async def last_outcome(actor: Actor) -> tuple[str, tuple[str, ...]]:
    last = (await actor.phone.device.outcomes())[-1]
    return last.outcome, last.lost


async def offline(actor: Actor) -> None:
    await actor.do("airplane_mode", on=True)


async def online(actor: Actor) -> None:
    await actor.do("airplane_mode", on=False)
    await asyncio.sleep(A_WHILE_S)


@pytest.mark.promise("I3")
def test_a_title_written_offline_and_done_set_online_both_survive(app: App) -> None:
    async def plot(on: Scene) -> None:
        await offline(on.ann)
        await on.ann.update(on.task, title="oat milk")
        await on.bob.update(on.task, done=True)
        await asyncio.sleep(A_WHILE_S)
        await online(on.ann)
        for phone in on.fleet.phones:
            view = await phone.device.get(on.task)
            assert view is not None
            assert (view["title"], view["done"]) == ("oat milk", True)
        assert await last_outcome(on.ann) == ("merged", ())

    _, verdict = stage(app, plot)
    assert not verdict.violations, verdict


@pytest.mark.promise("I3")
def test_of_two_titles_the_later_wins_everywhere_and_who_lost_on_arrival_is_told(app: App) -> None:
    async def plot(on: Scene) -> None:
        await offline(on.ann)
        await on.ann.update(on.task, title="written first")
        await asyncio.sleep(1)
        await on.bob.update(on.task, title="written later")
        await asyncio.sleep(A_WHILE_S)
        await online(on.ann)
        assert await on.titles() == {"written later"}
        assert await last_outcome(on.ann) == ("superseded", ("title",))
        assert await last_outcome(on.bob) == ("applied", ())

    _, verdict = stage(app, plot)
    assert not verdict.violations, verdict


@pytest.mark.promise("I13")
def test_news_comes_with_the_next_poll_when_every_poke_is_dropped(app: App) -> None:
    async def plot(on: Scene) -> None:
        poll_s = on.fleet.world.limits.poll_s
        await asyncio.sleep(poll_s)
        await on.ann.update(on.task, title="nobody was poked")
        await asyncio.sleep(poll_s + A_WHILE_S)
        assert await on.titles() == {"nobody was poked"}

    _, verdict = stage(app, plot, Network(name="deaf", lose_poke=1.0))
    assert not verdict.violations, verdict


@pytest.mark.promise("I13")
def test_news_comes_with_the_next_poll_where_a_proxy_lets_no_socket_through(app: App) -> None:
    async def plot(on: Scene) -> None:
        await on.ann.update(on.task, title="no socket")
        await asyncio.sleep(on.fleet.world.limits.poll_s + A_WHILE_S)
        assert await on.titles() == {"no socket"}

    _, verdict = stage(app, plot, Network(name="blocked", sockets=False))
    assert not verdict.violations, verdict


def test_a_write_pokes_the_other_phone_and_not_the_one_that_wrote(app: App) -> None:
    async def plot(on: Scene) -> None:
        tally = on.fleet.world.tally
        pokes = tally.pokes
        await on.ann.update(on.task, title="one poke")
        await asyncio.sleep(A_WHILE_S)
        assert await on.titles() == {"one poke"}
        assert tally.pokes == pokes + 1

    _, verdict = stage(app, plot)
    assert not verdict.violations, verdict


@pytest.mark.promise("I1")
def test_a_phone_killed_between_its_write_and_the_push_loses_nothing(app: App) -> None:
    async def plot(on: Scene) -> None:
        await on.ann.update(on.task, title="just written")
        assert on.ann.phone.device.pending == 1
        await on.ann.do("kill")
        view = await on.ann.phone.device.get(on.task)
        assert view is not None
        assert (view["title"], view.pending) == ("just written", True)
        await asyncio.sleep(A_WHILE_S)
        assert await on.titles() == {"just written"}

    _, verdict = stage(app, plot)
    assert not verdict.violations, verdict


@pytest.mark.promise("I2")
def test_a_phone_killed_between_the_answer_and_its_own_commit_has_changed_things_once(app: App) -> None:
    async def plot(on: Scene) -> None:
        witness, phone = on.fleet.world.server.witness, on.ann.phone
        told = len(witness.told)
        await on.ann.update(on.task, title="answered, not heard")
        for _ in range(1_000):
            await asyncio.sleep(0.001)
            if len(witness.told) > told:
                break
        assert witness.told[-1].outcome.outcome == "applied"
        assert phone.device.pending == 1
        await on.ann.do("kill")
        assert phone.device.pending == 1
        await asyncio.sleep(A_WHILE_S)
        assert phone.device.pending == 0

    fleet, verdict = stage(app, plot)
    assert not verdict.violations, verdict
    told = fleet.world.server.witness.told
    last = [each for each in told if each.change.fields.get("title") == "answered, not heard"]
    assert len(last) == 2
    assert last[0] == last[1]


@pytest.mark.promise("I1")
@pytest.mark.promise("I2")
def test_a_phone_cloned_from_a_backup_keeps_its_work_and_so_does_the_first(app: App) -> None:
    async def plot(on: Scene) -> None:
        first = on.ann.phone
        await offline(on.ann)
        await on.ann.update(on.task, notes="written before the backup")
        await on.ann.do("clone")
        (twin,) = (each for each in on.fleet.actors if each.phone.name == f"{first.name}.1")
        assert twin.phone.device.id == first.device.id
        await online(on.ann)
        await on.ann.update(on.task, title="of the first")
        await twin.update(on.task, assignee="of the twin")
        await asyncio.sleep(A_WHILE_S)
        assert twin.phone.device.id != first.device.id
        for phone in on.fleet.phones:
            view = await phone.device.get(on.task)
            assert view is not None
            assert view["notes"] == "written before the backup"
            assert (view["title"], view["assignee"]) == ("of the first", "of the twin")

    _, verdict = stage(app, plot)
    assert not verdict.violations, verdict


@pytest.mark.promise("I1")
@pytest.mark.parametrize("skew_ms", [DAY_MS, -DAY_MS], ids=["fast", "slow"])
def test_a_phone_whose_clock_is_a_day_wrong_loses_nothing_and_is_told(app: App, skew_ms: int) -> None:
    devices = []

    async def plot(on: Scene) -> None:
        wrong = Phone(on.fleet.world, Handset(name="wrong", user=on.ann.phone.user, skew_ms=skew_ms))
        on.fleet.world.stage.phones["wrong"] = wrong
        await wrong.switch_on()
        (me,) = (each for each in on.fleet.actors if each.phone is wrong)
        await offline(me)
        made = await me.create("TaskList", title="made before the first contact")
        assert made
        await me.create("Task", made, title="in it")
        await me.update(made, title="and changed")
        await online(me)
        devices.append(wrong.device.id)

    fleet, verdict = stage(app, plot)
    assert not verdict.violations, verdict
    witness = fleet.world.server.witness
    assert (devices[0], "CLOCK_SKEWED") in witness.clocks
    told = [each for each in witness.told if each.device == devices[0]]
    assert [each.outcome.outcome for each in told] == ["applied"] * 3
    assert all(bool(each.outcome.stamp) == (skew_ms > 0) for each in told)
    assert [each.stamp for each in told] == sorted(each.stamp for each in told)


@pytest.mark.promise("I9")
def test_a_deleted_task_stays_deleted_when_an_old_phone_comes_back_with_edits(app: App) -> None:
    async def plot(on: Scene) -> None:
        await offline(on.ann)
        await on.bob.delete(on.task)
        await asyncio.sleep(A_WHILE_S)
        await on.ann.update(on.task, title="but I wrote this later")
        await online(on.ann)
        assert await on.titles() == {None}
        assert await last_outcome(on.ann) == ("superseded", ("title",))

    _, verdict = stage(app, plot)
    assert not verdict.violations, verdict


@pytest.mark.promise("I8")
def test_who_is_removed_loses_the_list_and_is_told_why_offline_work_was_refused(app: App) -> None:
    async def plot(on: Scene) -> None:
        await offline(on.bob)
        await on.bob.update(on.task, title="I am not in it any more")
        await on.ann.remove(on.scope, on.bob.phone.user)
        await asyncio.sleep(A_WHILE_S)
        await online(on.bob)
        assert await on.bob.phone.device.query("TaskList") == []
        last = (await on.bob.phone.device.outcomes())[-1]
        assert last.outcome == "rejected"
        assert last.error is not None
        assert "grant" in str(last.error["message"])

    _, verdict = stage(app, plot)
    assert not verdict.violations, verdict


@pytest.mark.promise("I1")
def test_a_full_phone_writes_nothing_and_says_so_and_what_it_wrote_before_goes_out(app: App) -> None:
    async def plot(on: Scene) -> None:
        await on.ann.do("fill_storage", for_s=20)
        for number in range(20):
            await on.ann.create("Task", on.scope, title=f"{number}", notes="x" * 5_000)
        assert on.fleet.world.stage.left_out["create"] > 0
        await asyncio.sleep(60)
        before = on.fleet.world.stage.left_out["create"]
        await on.ann.create("Task", on.scope, title="there is room again")
        assert on.fleet.world.stage.left_out["create"] == before

    _, verdict = stage(app, plot)
    assert not verdict.violations, verdict


@pytest.mark.promise("I13")
def test_a_token_that_expires_stops_a_phone_until_it_gets_another(app: App) -> None:
    async def plot(on: Scene) -> None:
        await on.ann.do("expire_token", for_s=30)
        await on.ann.update(on.task, title="written without a token")
        await asyncio.sleep(A_WHILE_S)
        assert on.ann.phone.state == "refused"
        await asyncio.sleep(30)
        assert await on.titles() == {"written without a token"}

    _, verdict = stage(app, plot)
    assert not verdict.violations, verdict


@pytest.mark.promise("I1")
@pytest.mark.promise("I8")
def test_two_people_on_one_phone_each_keep_their_own_work(app: App) -> None:
    async def plot(on: Scene) -> None:
        phone = on.ann.phone
        await on.ann.do("no_network", for_s=30)
        await on.ann.update(on.task, title="unsent when ann logs out")
        await on.ann.do("switch_user", user="carl")
        assert await phone.device.query("Task") == []
        await on.ann.create("TaskList", title="carl's own")
        await asyncio.sleep(40)
        await on.ann.do("switch_user", user="user-1")
        await asyncio.sleep(A_WHILE_S)
        assert await on.titles() == {"unsent when ann logs out"}
        assert [each["title"] for each in await phone.device.query("TaskList")] == ["home"]

    _, verdict = stage(app, plot)
    assert not verdict.violations, verdict


@pytest.mark.promise("I13")
def test_an_app_put_away_sends_for_thirty_seconds_and_the_rest_when_it_is_opened_again(app: App) -> None:
    async def plot(on: Scene) -> None:
        await on.ann.do("put_away")
        await asyncio.sleep(10)
        await on.ann.update(on.task, title="in the background")
        await asyncio.sleep(A_WHILE_S)
        assert await on.titles() == {"in the background"}
        await asyncio.sleep(30)
        assert on.ann.phone.state == "asleep"
        await on.bob.update(on.task, title="while ann slept")
        await asyncio.sleep(60)
        assert await on.titles() == {"in the background", "while ann slept"}
        await on.ann.do("take_out")
        await asyncio.sleep(A_WHILE_S)
        assert await on.titles() == {"while ann slept"}

    _, verdict = stage(app, plot)
    assert not verdict.violations, verdict


@pytest.mark.promise("I13")
def test_all_phones_come_back_together_after_a_storm(app: App) -> None:
    async def plot(on: Scene) -> None:
        await perform(on.fleet.world.stage, Step(at_ms=0, who=SERVER, do="storm"))
        await on.bob.update(on.task, title="after the storm")
        await asyncio.sleep(A_WHILE_S)
        assert await on.titles() == {"after the storm"}

    _, verdict = stage(app, plot)
    assert not verdict.violations, verdict


INCIDENTS_TOLD = {
    "lose_request": "The request was lost.",
    "lose_answer": "The answer was lost.",
    "cut_request": "cut in the middle of the request",
    "cut_answer": "cut in the middle of the answer",
    "late": "The request is late.",
    "portal": "answered 200 with something that is not Homeport's",
    "bad_gateway": "answered 502 with something that is not Homeport's",
    "too_large": "answered 413 with something that is not Homeport's",
}


@pytest.mark.promise("I1")
@pytest.mark.promise("I2")
@pytest.mark.parametrize("incident", INCIDENTS)
def test_a_push_that_meets_an_incident_takes_effect_once(app: App, incident: str) -> None:
    async def plot(on: Scene) -> None:
        world = on.fleet.world
        world.arm(Step(at_ms=world.now_ms(), who=on.ann.phone.name, do=incident))
        await on.ann.update(on.task, title="through trouble")
        told = INCIDENTS_TOLD.get(incident)
        seen = set()
        for _ in range(600):
            await asyncio.sleep(0.1)
            seen.add(str(on.ann.phone.device.trouble))
        assert world.tally.incidents == {incident: 1}
        assert told is None or any(told in trouble for trouble in seen), seen
        assert await on.titles() == {"through trouble"}

    _, verdict = stage(app, plot)
    assert not verdict.violations, verdict
