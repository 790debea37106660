"""The server dies at every single crossing between it and its store, and the change still takes effect once."""

import asyncio
from collections import Counter

import pytest

from homeport_client import Unreachable
from homeport_client.fleet.clock import run
from homeport_client.fleet.networks import PERFECT
from homeport_client.fleet.sim.server import Server, ServerFaults
from homeport_sync import App
from homeport_sync.wire import PushAnswer, PushMessage
from tests.fleet.stage import FIRST_DAY, line, log, new_server, push


async def push_until_answered(server: Server, message: PushMessage) -> PushAnswer:
    way = line(server)
    for _ in range(5):
        try:
            return await way.push(message)
        except Unreachable:
            await asyncio.sleep(server.faults.down_s + 1)
    raise AssertionError("the server never answered")


async def push_through_crash(app: App, crash_at: int) -> tuple[PushAnswer, list[tuple[int, int]], list[str]]:
    """The answer, the log as (position, number), and the crossings of the life that may have crashed."""
    server = await new_server(app)
    assert server.process is not None
    gate = server.process.gate
    gate.crash_at = crash_at
    answer = await push_until_answered(server, push(*FIRST_DAY))
    entries = [(entry.position, entry.number) for entry in await log(server)]
    return answer, entries, gate.crossings


@pytest.mark.promise("I1")
@pytest.mark.promise("I2")
def test_a_crash_at_any_crossing_of_a_push_leaves_each_change_once_with_equal_outcomes(app: App) -> None:
    calm, entries, crossings = run(push_through_crash(app, 0))
    assert [outcome.outcome for outcome in calm.outcomes] == ["applied", "applied", "applied", "rejected"]
    assert {"before commit", "after commit", "before page", "after page"} <= set(crossings)
    for crash_at, name in enumerate(crossings, start=1):
        answer, after, crossed = run(push_through_crash(app, crash_at))
        assert crossed[-1] == name
        assert after == entries, f"after a crash {name}"
        assert answer.outcomes == calm.outcomes, f"after a crash {name}"
        assert calm.pull is not None
        assert answer.pull is not None
        assert answer.pull.records == calm.pull.records, f"after a crash {name}"


def test_only_a_crash_before_the_commit_leaves_nothing(app: App) -> None:
    async def log_after(name: str) -> int:
        server = await new_server(app)
        assert server.process is not None
        _, _, crossings = await push_through_crash(app, 0)
        server.process.gate.crash_at = crossings.index(name) + 1
        with pytest.raises(Unreachable):
            await line(server).push(push(*FIRST_DAY))
        return len(await log(server))

    assert run(log_after("before commit")) == 0
    assert run(log_after("after commit")) == 3


@pytest.mark.promise("I2")
def test_the_same_push_three_times_at_once_and_again_after_a_restart_is_one_change_each(app: App) -> None:
    async def scene() -> tuple[list[PushAnswer], Counter[int]]:
        server = await new_server(app)
        lines = [line(server, number) for number in range(3)]
        answers = await asyncio.gather(*(way.push(push(*FIRST_DAY)) for way in lines))
        server.crash("for the test")
        await asyncio.sleep(server.faults.down_s + 1)
        answers.append(await lines[0].push(push(*FIRST_DAY)))
        return answers, Counter(entry.number for entry in await log(server))

    answers, times = run(scene())
    assert times == {1: 1, 2: 1, 3: 1}
    assert all(answer.outcomes == answers[0].outcomes for answer in answers)
    assert len(answers[0].outcomes) == len(FIRST_DAY)


def test_a_dead_process_writes_nothing_more(app: App) -> None:
    async def scene() -> int:
        server = await new_server(app, ServerFaults(store_delay_s=0.1))
        pushed = asyncio.create_task(line(server).push(push(*FIRST_DAY)))
        await asyncio.sleep(PERFECT.delay_s[1] + 0.01)
        assert not pushed.done()
        server.crash("while it works")
        with pytest.raises(Unreachable):
            await pushed
        await asyncio.sleep(60)
        return len(await log(server))

    assert run(scene()) == 0
