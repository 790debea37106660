"""Receipts in virtual time: told at once, told until they are known, and never in the way of anything else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from homeport_client import DEVICE_LIMITS, Device, State
from homeport_client.fleet.clock import run
from homeport_sync.receipts import Ending, Holder
from tests.unit.client.world import TENANT, Line, Server, TaskList, answer, phone, shared_list, until, wire_error

Scene = Callable[[Server, Device, Line, Callable[[], Awaitable[None]]], Awaitable[None]]


def play(scene: Scene) -> None:
    """Plays a scene: a server, Bob's phone, live, in a list that Ann shares with him, and what removes him from it."""

    async def main() -> None:
        server = await Server().begin()
        ann, _, home = await shared_list(server, "bob")
        line = Line(server, "bob")
        bob = await phone(line, seed=200)
        await bob.start()
        await until(lambda: bob.state is State.LIVE and line.sockets > 0)
        await asyncio.sleep(1)
        line.pushes.clear()

        async def remove() -> None:
            await ann.remove(home, "bob")
            await ann.sync()

        await scene(server, bob, line, remove)
        await bob.close()
        await ann.close()

    run(main())


def now() -> float:
    return asyncio.get_running_loop().time()


def told(line: Line) -> list[int]:
    """How many receipts each push brought."""
    return [len(message.receipts) for message in line.pushes]


async def answered(server: Server) -> Sequence[Holder]:
    (ended,) = await server.store.ended_grants(TENANT, ("", ""), 10)
    return [each for each in await server.store.holders(TENANT, ended, "", 10) if each.received_at_ms is not None]


def test_a_receipt_is_told_at_once_and_once() -> None:
    async def scene(server: Server, bob: Device, line: Line, remove: Callable[[], Awaitable[None]]) -> None:
        began = now()
        await remove()
        await until(lambda: len(line.pushes) > 0)
        assert now() - began < 0.1
        await asyncio.sleep(3_600)
        assert told(line) == [1]
        assert [each.device for each in await answered(server)] == [bob.id]

    play(scene)


def test_a_receipt_whose_answer_is_lost_is_told_again_and_kept_once() -> None:
    async def scene(server: Server, bob: Device, line: Line, remove: Callable[[], Awaitable[None]]) -> None:
        line.slow_s = 1.0
        await remove()
        await until(lambda: len(line.pushes) > 0)
        line.lost_answers = 1  # it is still on its way there
        await asyncio.sleep(1.1)
        first = await answered(server)
        await asyncio.sleep(600)
        assert (told(line), len(first), bob.state) == ([1, 1], 1, State.LIVE)
        assert await answered(server) == first

    play(scene)


def test_a_receipt_that_cannot_be_kept_is_told_again_after_a_pause_until_it_is() -> None:
    async def scene(server: Server, bob: Device, line: Line, remove: Callable[[], Awaitable[None]]) -> None:
        line.scripted.extend(answer(errors=[wire_error("UNAVAILABLE", retryable=True)]) for _ in range(3))
        await remove()
        await asyncio.sleep(600)
        assert told(line) == [1] * 4
        assert [each.device for each in await answered(server)] == [bob.id]

    play(scene)


def test_a_receipt_that_is_known_is_no_failure_though_the_page_beside_it_did_not_come() -> None:
    async def scene(server: Server, bob: Device, line: Line, remove: Callable[[], Awaitable[None]]) -> None:
        line.scripted.append(answer(errors=[wire_error("UNAVAILABLE", retryable=True)]))
        await remove()
        await until(lambda: bob.state is State.BACKING_OFF)
        (ended,) = await server.store.ended_grants(TENANT, ("", ""), 10)
        known = [Ending(scope=ended.scope, position=ended.position)]
        line.scripted.append(answer(errors=[wire_error("UNAVAILABLE", retryable=True)], receipts=known))
        await until(lambda: len(line.pushes) == 2)
        began = now()
        await until(lambda: bob.state is State.LIVE)
        assert (told(line), now() - began < 0.1) == ([1, 1], True)

    play(scene)


def test_a_server_set_back_to_before_receipts_gets_all_else_and_hears_of_them_no_more() -> None:
    async def scene(server: Server, bob: Device, line: Line, remove: Callable[[], Awaitable[None]]) -> None:
        line.refuses_receipts = True
        pulls = len(line.pulls)
        await remove()
        await asyncio.sleep(1)
        await bob.create(TaskList, title="mine")
        await until(lambda: bob.pending == 0)
        await asyncio.sleep(3_600)
        assert (told(line), bob.state) == ([1, 0], State.LIVE)
        assert len(line.pulls) - pulls <= 2 * 3_600 / DEVICE_LIMITS.poll_s + 4

    play(scene)


def test_a_server_that_says_nothing_of_receipts_gets_all_else_and_hears_of_them_no_more() -> None:
    async def scene(server: Server, bob: Device, line: Line, remove: Callable[[], Awaitable[None]]) -> None:
        line.scripted.append(answer())
        await remove()
        await asyncio.sleep(3_600)
        await bob.create(TaskList, title="mine")
        await until(lambda: bob.pending == 0)
        assert told(line) == [1, 0]

    play(scene)
