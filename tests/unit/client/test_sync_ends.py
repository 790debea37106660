"""`sync()` is the app's, and ends when the app or the server says otherwise: offline, closed, told to wait, renewed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from homeport_client import Device, DeviceClosed, Refused, ServerError, State, Unreachable
from homeport_client.fleet.clock import run
from homeport_client.state import Event
from homeport_sync.limits import LIMITS
from homeport_sync.wire import PushAnswer, PushMessage
from tests.unit.client.world import Line, Server, TaskList, phone, until, wire_error

Scene = Callable[[Device, Line], Awaitable[None]]


class Leading(Line):
    """A line on which `answered` happens as the answer of a push arrives, and whose first poke socket is closed when
    `expired` is set, for the token it was opened with."""

    def __init__(self, server: Server, user: str) -> None:
        super().__init__(server, user)
        self.expired = asyncio.Event()
        self.answered: Callable[[], Awaitable[None]] | None = None

    async def push(self, message: PushMessage) -> PushAnswer:
        answer = await super().push(message)
        if self.answered is not None:
            await self.answered()
        return answer

    @asynccontextmanager
    async def pokes(self, device: str) -> AsyncIterator[AsyncIterator[None]]:
        async with super().pokes(device) as heard:
            yield self._until_expired(heard) if self.sockets == 1 else heard

    async def _until_expired(self, heard: AsyncIterator[None]) -> AsyncIterator[None]:
        await anext(heard)
        yield
        await self.expired.wait()
        raise Refused


def play(scene: Scene) -> None:
    """Plays a scene in virtual time: Ann's phone, with a list that is not pushed yet, and its line."""

    async def main() -> None:
        line = Leading(await Server().begin(), "ann")
        ann = await phone(line)
        await ann.create(TaskList, title="Home")
        await scene(ann, line)
        await ann.close()

    run(main())


async def under_way(ann: Device, line: Line) -> asyncio.Task[None]:
    """A sync whose push is on its way."""
    line.slow_s = 1_000
    syncing = asyncio.create_task(ann.sync())
    await until(lambda: len(line.pushes) == 1)
    return syncing


def test_airplane_mode_ends_a_sync_that_is_under_way_and_nothing_more_is_sent() -> None:
    async def scene(ann: Device, line: Line) -> None:
        syncing = await under_way(ann, line)
        await ann.go_offline()
        with pytest.raises(Unreachable, match="offline"):
            await asyncio.wait_for(syncing, 0.1)
        assert (len(line.pushes), len(line.pulls), ann.pending) == (1, 0, 1)
        line.slow_s = 0
        await ann.go_online()
        await ann.sync()
        assert ann.pending == 0

    play(scene)


def test_airplane_mode_between_two_steps_of_a_sync_ends_it() -> None:
    async def scene(ann: Device, line: Line) -> None:
        assert isinstance(line, Leading)
        for _ in range(LIMITS.push_changes_max):
            await ann.create(TaskList, title="more")
        line.answered = ann.go_offline
        with pytest.raises(Unreachable, match="offline"):
            await ann.sync()
        assert len(line.pushes) == 1

    play(scene)


def test_a_sync_goes_on_when_the_network_is_away_for_a_moment_only() -> None:
    async def scene(ann: Device, line: Line) -> None:
        syncing = await under_way(ann, line)
        line.slow_s = 0
        await ann.go_offline()
        await ann.go_online()
        await asyncio.wait_for(syncing, 0.1)
        assert (len(line.pushes), ann.pending) == (2, 0)

    play(scene)


def test_closing_ends_a_sync_that_is_under_way_and_it_says_so() -> None:
    async def scene(ann: Device, line: Line) -> None:
        syncing = await under_way(ann, line)
        another = asyncio.create_task(ann.sync())
        await asyncio.sleep(0)
        await asyncio.wait_for(ann.close(), 0.1)
        for each in (syncing, another):
            with pytest.raises(DeviceClosed):
                await each
        assert len(line.pushes) == 1

    play(scene)


def test_who_cancels_a_sync_ends_its_request() -> None:
    async def scene(ann: Device, line: Line) -> None:
        syncing = await under_way(ann, line)
        syncing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await syncing
        line.slow_s = 0
        await asyncio.wait_for(ann.sync(), 0.1)
        assert ann.pending == 0

    play(scene)


def test_sync_keeps_the_wait_that_the_server_told_and_says_why() -> None:
    async def scene(ann: Device, line: Line) -> None:
        line.fails_with.append(ServerError(wire_error("OVERLOADED", retryable=True, retryAfterMs=60_000)))
        await ann.start()
        await until(lambda: ann.state is State.BACKING_OFF)
        asked = len(line.pushes)
        for _ in range(5):
            with pytest.raises(ServerError) as told:
                await ann.sync()
            assert (told.value.code, told.value.retry_after_ms) == ("OVERLOADED", 60_000)
        await asyncio.sleep(59)
        assert len(line.pushes) == asked
        await until(lambda: ann.pending == 0)

    play(scene)


def test_a_socket_that_is_refused_for_the_old_token_after_there_is_a_new_one_stops_nothing() -> None:
    async def scene(ann: Device, line: Line) -> None:
        assert isinstance(line, Leading)
        await ann.start()
        await until(lambda: ann.state is State.LIVE and line.sockets == 1)
        await asyncio.sleep(1)
        line.slow_s = 5
        ann._syncer.tell(Event.POKED)  # type: ignore[union-attr]
        await until(lambda: ann.state is State.PULLING)
        await ann.renew("good")
        line.expired.set()
        line.slow_s = 0
        await asyncio.sleep(20)
        assert (ann.state, ann.trouble) == (State.LIVE, None)
        assert line.sockets > 1

    play(scene)


def test_who_waits_while_the_background_is_stopped_is_told_to_try_again_and_may() -> None:
    async def scene(ann: Device, line: Line) -> None:
        line.slow_s = 1_000
        await ann.start()
        await until(lambda: ann.state is State.PUSHING)
        syncing = asyncio.create_task(ann.sync())
        await asyncio.sleep(0)
        await ann.stop()
        with pytest.raises(Unreachable, match="stopped"):
            await syncing
        line.slow_s = 0
        await ann.sync()
        assert ann.pending == 0

    play(scene)


def test_what_the_background_dies_of_shows_as_trouble_until_it_is_well_again() -> None:
    async def scene(ann: Device, line: Line) -> None:
        assert isinstance(line, Leading)

        async def fail() -> None:
            raise LookupError("nobody expected this")

        line.answered = fail
        await ann.start()
        await until(lambda: ann.trouble is not None)
        assert (repr(ann.trouble), ann.state) == ("LookupError('nobody expected this')", State.OFFLINE)
        line.answered = None
        await ann.start()
        await until(lambda: ann.pending == 0 and ann.state is State.LIVE)
        assert ann.trouble is None

    play(scene)


def test_who_waits_while_the_device_is_closed_is_told_to_open_it_again() -> None:
    async def scene(ann: Device, line: Line) -> None:
        line.slow_s = 1_000
        await ann.start()
        await until(lambda: ann.state is State.PUSHING)
        syncing = asyncio.create_task(ann.sync())
        await asyncio.sleep(0)
        await ann.close()
        with pytest.raises(DeviceClosed):
            await syncing
        with pytest.raises(DeviceClosed):
            await ann.sync()

    play(scene)
