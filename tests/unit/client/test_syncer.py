"""The background syncer in virtual time: it heals by itself, waits as it should, and stops at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from random import Random

import pytest

from homeport_client import DEVICE_LIMITS, Device, Refused, ServerError, State, Unreachable
from homeport_client.backoff import pause_s
from homeport_client.fleet.clock import run
from tests.unit.client.world import Line, Server, Task, TaskList, answer, phone, shared_list, until, wire_error

Scene = Callable[[Server, Device, Line, str], Awaitable[None]]


def play(scene: Scene) -> None:
    """Plays a scene in virtual time: a server, and Bob's phone, live, in a list that Ann shares with him."""

    async def main() -> None:
        server = await Server().begin()
        ann, _, home = await shared_list(server, "bob")
        line = Line(server, "bob")
        bob = await phone(line, seed=200)
        await bob.start()
        await until(lambda: bob.state is State.LIVE)
        await scene(server, bob, line, home)
        await bob.close()
        await ann.close()

    run(main())


def now() -> float:
    return asyncio.get_running_loop().time()


async def another_writes(server: Server, home: str, title: str = "milk") -> None:
    line = Line(server, "ann")
    ann = await phone(line, seed=int(now() * 1000) + 7)
    await ann.sync()
    await ann.create(Task, scope=home, title=title)
    await ann.sync()
    await ann.close()


def test_a_device_whose_loop_ends_before_it_is_closed_still_closes_its_transport() -> None:
    async def scene(server: Server, bob: Device, line: Line, home: str) -> None:
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0)
        await bob.close()
        assert line.closed

    play(scene)


def test_a_write_is_pushed_at_once() -> None:
    async def scene(server: Server, bob: Device, line: Line, home: str) -> None:
        began = now()
        await bob.create(Task, scope=home, title="milk")
        await until(lambda: bob.pending == 0)
        assert now() - began < 0.1

    play(scene)


def test_a_poke_brings_news_at_once() -> None:
    async def scene(server: Server, bob: Device, line: Line, home: str) -> None:
        began = now()
        await another_writes(server, home)
        async for tasks in bob.watch(Task):
            if tasks:
                break
        assert now() - began < 0.1

    play(scene)


@pytest.mark.promise("I13")
def test_with_every_poke_dropped_the_poll_brings_news() -> None:
    async def scene(server: Server, bob: Device, line: Line, home: str) -> None:
        line.poking = False
        await bob.renew("good")  # the socket that is open is dropped
        await asyncio.sleep(1)
        began = now()
        await another_writes(server, home)
        async for tasks in bob.watch(Task):
            if tasks:
                break
        assert 0.1 < now() - began <= DEVICE_LIMITS.poll_s

    play(scene)


def test_a_write_costs_one_request() -> None:
    async def scene(server: Server, bob: Device, line: Line, home: str) -> None:
        await until(lambda: line.sockets > 0)
        await asyncio.sleep(1)
        pushes, pulls = len(line.pushes), len(line.pulls)
        await bob.create(Task, scope=home, title="milk")
        await asyncio.sleep(1)
        assert (len(line.pushes), len(line.pulls)) == (pushes + 1, pulls)

    play(scene)


def loses_the_answer(_: Server, line: Line) -> None:
    line.lost_answers = 1


def answers_without_a_page(_: Server, line: Line) -> None:
    line.withheld_pages = 1  # and the pull after it fails


def refuses_the_cursor(server: Server, _: Line) -> None:
    server.rekey()


@pytest.mark.promise("I13")
@pytest.mark.parametrize("goes_wrong", [loses_the_answer, answers_without_a_page, refuses_the_cursor])
def test_however_a_push_ends_a_device_learns_all_of_its_own_changes_unpoked(
    goes_wrong: Callable[[Server, Line], None],
) -> None:
    async def scene(server: Server, bob: Device, line: Line, home: str) -> None:
        await until(lambda: line.sockets > 0)
        await asyncio.sleep(1)
        goes_wrong(server, line)
        began = now()
        await bob.create(Task, scope=home, title="milk")
        await until(lambda: bob.pending == 0 and bob.state is State.LIVE)
        assert not bob._replica.outbox.records()  # what it pulled contains them all
        assert now() - began < DEVICE_LIMITS.poll_s / 2  # no poll was needed
        assert line.pokes_heard == 0

    play(scene)


def test_a_device_that_goes_on_under_another_id_listens_under_it() -> None:
    async def scene(server: Server, bob: Device, line: Line, home: str) -> None:
        await until(lambda: line.listening_as == bob.id)
        former = bob.id
        line.scripted.append(answer(errors=[wire_error("DEVICE_FORKED")]))
        await bob.create(Task, scope=home, title="milk")
        await until(lambda: bob.pending == 0 and line.listening_as != former)
        assert line.listening_as == bob.id

    play(scene)


def test_a_lost_socket_is_opened_again_and_syncing_goes_on_meanwhile() -> None:
    async def scene(server: Server, bob: Device, line: Line, home: str) -> None:
        line.poking = False
        await bob.renew("good")
        await until(lambda: line.sockets > 5)
        await bob.create(Task, scope=home, title="milk")
        await until(lambda: bob.pending == 0, within_s=0.1)
        assert bob.state is State.LIVE
        line.poking = True
        pulls = len(line.pulls)
        await until(lambda: len(line.pulls) > pulls)  # the first poke of the new socket

    play(scene)


@pytest.mark.promise("I13")
def test_after_a_long_outage_it_catches_up_within_the_longest_pause() -> None:
    async def scene(server: Server, bob: Device, line: Line, home: str) -> None:
        line.up = False
        await bob.create(Task, scope=home, title="milk")
        await asyncio.sleep(3_600)
        assert bob.state is State.BACKING_OFF
        assert isinstance(bob.trouble, Unreachable)
        assert len(line.pushes) > 3_600 / (DEVICE_LIMITS.retry_max_ms / 1_000)
        line.up = True
        await until(lambda: bob.pending == 0, within_s=DEVICE_LIMITS.retry_max_ms / 1_000)
        await until(lambda: bob.state is State.LIVE)
        assert bob.trouble is None

    play(scene)


def test_a_server_that_asks_to_wait_is_left_alone_that_long() -> None:
    async def scene(server: Server, bob: Device, line: Line, home: str) -> None:
        full = ServerError(wire_error("OVERLOADED", retryable=True, retryAfterMs=90_000))
        line.fails_with.append(full)
        await bob.create(Task, scope=home, title="milk")
        await until(lambda: bob.state is State.BACKING_OFF)
        began, pushes = now(), len(line.pushes)
        await bob.create(Task, scope=home, title="eggs")
        await until(lambda: len(line.pushes) > pushes)
        assert 90 <= now() - began <= 90 + DEVICE_LIMITS.told_jitter_ms / 1_000 + 0.1

    play(scene)


def test_a_wait_that_is_told_again_and_again_does_not_grow_and_is_no_failure() -> None:
    async def scene(server: Server, bob: Device, line: Line, home: str) -> None:
        full = [ServerError(wire_error("OVERLOADED", retryable=True, retryAfterMs=2_000)) for _ in range(20)]
        line.fails_with.extend([*full, Unreachable()])
        for number in range(8):
            await bob.create(Task, scope=home, title=f"{number}")
        began = now()
        await until(lambda: not line.fails_with)
        told_s = now() - began
        assert 40 <= told_s <= 20 * (2_000 + DEVICE_LIMITS.told_jitter_ms) / 1_000 + 0.1
        assert {len(push.changes) for push in line.pushes[-20:]} == {8}
        began = now()
        await until(lambda: bob.pending == 0)
        assert now() - began <= DEVICE_LIMITS.retry_first_ms / 1_000 + 0.1

    play(scene)


def test_a_poke_socket_that_is_told_to_wait_opens_again_just_then() -> None:
    async def scene(server: Server, bob: Device, line: Line, home: str) -> None:
        line.sockets_told_ms.extend([5_000] * 10)
        await bob.renew("good")
        await until(lambda: len(line.sockets_told_ms) == 9)
        began, sockets = now(), line.sockets
        await until(lambda: not line.sockets_told_ms)
        assert 45 <= now() - began <= 9 * (5_000 + DEVICE_LIMITS.told_jitter_ms) / 1_000 + 0.1
        assert line.sockets - sockets == 9
        assert bob.state is State.LIVE

    play(scene)


def test_a_refused_token_stops_everything_until_there_is_a_new_one() -> None:
    async def scene(server: Server, bob: Device, line: Line, home: str) -> None:
        line.token_good = False
        await bob.create(Task, scope=home, title="milk")
        await until(lambda: bob.state is State.REFUSED)
        pushes, sockets = len(line.pushes), line.sockets
        with pytest.raises(Refused):
            await bob.sync()
        await asyncio.sleep(3_600)
        assert (len(line.pushes), line.sockets) == (pushes, sockets)
        await bob.renew("good")
        await until(lambda: bob.pending == 0 and bob.state is State.LIVE)

    play(scene)


def test_a_poke_socket_that_is_refused_stops_everything_too() -> None:
    async def scene(server: Server, bob: Device, line: Line, home: str) -> None:
        line.token_good = False
        line.poking = True
        await bob.go_offline()
        await until(lambda: bob.state is State.OFFLINE)
        line.token_good = True
        await bob.go_online()
        await until(lambda: bob.state is State.LIVE)
        line.token_good = False
        sockets = line.sockets
        bob._syncer._pokes.drop()  # type: ignore[union-attr]
        bob._syncer._pokes.hold(bob.id)  # type: ignore[union-attr]
        await until(lambda: bob.state is State.REFUSED)
        assert isinstance(bob.trouble, Refused)
        assert line.sockets == sockets + 1

    play(scene)


def test_airplane_mode_sends_nothing_and_leaving_it_sends_everything() -> None:
    async def scene(server: Server, bob: Device, line: Line, home: str) -> None:
        await bob.go_offline()
        await until(lambda: bob.state is State.OFFLINE)
        pushes, pulls = len(line.pushes), len(line.pulls)
        await bob.create(Task, scope=home, title="milk")
        await asyncio.sleep(3_600)
        assert (len(line.pushes), len(line.pulls)) == (pushes, pulls)
        with pytest.raises(Unreachable):
            await bob.sync()
        await bob.go_online()
        await until(lambda: bob.pending == 0)

    play(scene)


def test_airplane_mode_drops_what_is_under_way() -> None:
    async def scene(server: Server, bob: Device, line: Line, home: str) -> None:
        line.slow_s = 1_000
        await bob.create(Task, scope=home, title="milk")
        await until(lambda: bob.state is State.PUSHING)
        began = now()
        await bob.go_offline()
        await until(lambda: bob.state is State.OFFLINE)
        assert now() - began < 0.1
        line.slow_s = 0
        await bob.go_online()
        await until(lambda: bob.pending == 0)

    play(scene)


def test_sync_beside_the_background_waits_for_news_that_are_newer_than_the_call() -> None:
    async def scene(server: Server, bob: Device, line: Line, home: str) -> None:
        line.poking = False
        await bob.renew("good")
        await asyncio.sleep(1)
        await another_writes(server, home, "eggs")
        await bob.create(Task, scope=home, title="milk")
        await bob.sync()
        assert bob.pending == 0
        assert [task["title"] for task in await bob.query(Task, order_by="title")] == ["eggs", "milk"]

    play(scene)


def test_sync_is_not_content_with_a_page_that_was_on_its_way_before_the_call() -> None:
    async def scene(server: Server, bob: Device, line: Line, home: str) -> None:
        line.slow_back_s = 5
        await asyncio.sleep(DEVICE_LIMITS.poll_s + 1)
        await until(lambda: bob.state is State.PULLING)
        await another_writes(server, home)
        await bob.sync()
        assert len(await bob.query(Task)) == 1

    play(scene)


def test_sync_beside_the_background_raises_what_goes_wrong() -> None:
    async def scene(server: Server, bob: Device, line: Line, home: str) -> None:
        line.up = False
        with pytest.raises(Unreachable):
            await bob.sync()
        assert bob.state is State.BACKING_OFF
        line.up = True
        await bob.sync()
        assert bob.trouble is None

    play(scene)


def test_stop_ends_it_at_once_and_start_goes_on() -> None:
    async def scene(server: Server, bob: Device, line: Line, home: str) -> None:
        line.slow_s = 1_000
        waiting = asyncio.create_task(bob.sync())
        await until(lambda: bob.state is State.PULLING)
        began = now()
        await bob.stop()
        assert now() - began < 0.1
        with pytest.raises(Unreachable):
            await waiting
        line.slow_s = 0
        await bob.create(Task, scope=home, title="milk")
        await bob.start()
        await until(lambda: bob.pending == 0)

    play(scene)


def test_two_may_stop_it_at_once_and_a_third_close_it() -> None:
    async def scene(server: Server, bob: Device, line: Line, home: str) -> None:
        await asyncio.gather(bob.stop(), bob.stop(), bob.close())

    play(scene)


def test_a_device_that_is_live_and_idle_asks_no_more_than_its_poll() -> None:
    async def scene(server: Server, bob: Device, line: Line, home: str) -> None:
        pulls, pushes = len(line.pulls), len(line.pushes)
        await asyncio.sleep(3_600)
        assert 3_600 / DEVICE_LIMITS.poll_s <= len(line.pulls) - pulls <= 2 * 3_600 / DEVICE_LIMITS.poll_s + 2
        assert len(line.pushes) == pushes

    play(scene)


def test_a_device_that_starts_without_a_network_is_useful_and_catches_up_later() -> None:
    async def main() -> None:
        server = await Server().begin()
        line = Line(server, "ann")
        line.up = False
        ann = await phone(line)
        await ann.start()
        await ann.create(TaskList, title="Home")
        await asyncio.sleep(100)
        assert len(await ann.query(TaskList)) == 1
        line.up = True
        await until(lambda: ann.pending == 0)
        await ann.close()

    run(main())


def test_pauses_double_up_to_their_bound_and_differ() -> None:
    random = Random(1)
    for failures in range(1, 100):
        longest = min(DEVICE_LIMITS.retry_first_ms * 2 ** (failures - 1), DEVICE_LIMITS.retry_max_ms)
        pauses = {pause_s(failures, None, random, DEVICE_LIMITS) for _ in range(20)}
        assert len(pauses) > 10
        assert 0 <= min(pauses) <= max(pauses) <= longest / 1_000
        told = {pause_s(failures, 3_000, random, DEVICE_LIMITS) for _ in range(20)}
        assert len(told) > 10
        assert 3 <= min(told) <= max(told) <= 3 + DEVICE_LIMITS.told_jitter_ms / 1_000
    assert pause_s(1, 10**12, random, DEVICE_LIMITS) <= (DEVICE_LIMITS.retry_after_max_ms + 250) / 1_000
