"""Holding a poke socket through a restart of the server: over real sockets, without a gap and without a pause.

Every pause after a failure would be a quarter of an hour here, so whoever counts a failure does not end in time. How
often it tries where there is nothing to hold is counted in virtual time.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from random import Random
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol

from homeport_client import DEVICE_LIMITS, DeviceLimits, HttpTransport, Unreachable
from homeport_client.errors import DeviceError, Restarting
from homeport_client.fleet.clock import run
from homeport_client.pokes import PokeSocket
from homeport_client.state import Event
from homeport_client.transport import GoAway

LIMITS = DeviceLimits(retry_first_ms=900_000, told_jitter_ms=10, handshake_s=5)
PATIENCE_S = 20
DEVICE = "00000000-0000-4000-8000-00000000000a"
OTHER_DEVICE = "00000000-0000-4000-8000-00000000000b"


class Listeners:
    """A server that keeps the sockets it was asked to poke; each acknowledges, and waits to be told what to do."""

    def __init__(self) -> None:
        self.url = ""
        self.devices: list[str] = []
        self._came: asyncio.Queue[ServerConnection] = asyncio.Queue()

    async def greet(self, socket: ServerConnection) -> None:
        await socket.recv()
        await say(socket, type="connection_ack")
        self.devices.append(json.loads(await socket.recv())["payload"]["variables"]["device"])
        self._came.put_nowait(socket)
        await socket.wait_closed()

    async def next(self) -> ServerConnection:
        async with asyncio.timeout(PATIENCE_S):
            return await self._came.get()


async def say(socket: ServerConnection, **message: Any) -> None:  # noqa: ANN401
    await socket.send(json.dumps(message))


async def poke(socket: ServerConnection) -> None:
    await say(socket, type="next", id="1", payload={"data": {"poke": True}})


async def closed(socket: ServerConnection) -> int | None:
    async with asyncio.timeout(PATIENCE_S):
        await socket.wait_closed()
    return socket.close_code


class Told:
    """What a syncer would be told by the socket it holds."""

    held: PokeSocket

    def __init__(self) -> None:
        self.events: asyncio.Queue[Event] = asyncio.Queue()

    async def poked(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            assert await self.events.get() is Event.POKED


async def heard(socket: ServerConnection, told: Told) -> None:
    """Poke over the socket: whoever holds it hears."""
    await poke(socket)
    await told.poked()


@pytest.fixture
async def server() -> AsyncIterator[Listeners]:
    made = Listeners()
    async with serve(made.greet, "127.0.0.1", 0, subprotocols=[Subprotocol("graphql-transport-ws")]) as running:
        made.url = f"http://127.0.0.1:{next(iter(running.sockets)).getsockname()[1]}"
        yield made


@asynccontextmanager
async def holding(server: Listeners) -> AsyncIterator[Told]:
    told, transport = Told(), HttpTransport(server.url, "t0ken", LIMITS)
    told.held = PokeSocket(transport, told.events.put_nowait, Random(1), LIMITS)
    told.held.hold(DEVICE)
    try:
        yield told
    finally:
        await told.held.close()
        await transport.close()


async def test_told_to_go_it_hears_on_both_until_the_next_socket_hears(server: Listeners) -> None:
    async with holding(server) as told:
        first = await server.next()
        await heard(first, told)
        await say(first, type="ping", payload={"goAwayMs": 20})
        second = await server.next()
        await heard(first, told)
        await heard(second, told)
        assert await closed(first) == 1000
        await heard(second, told)


async def test_a_restart_is_no_failure_and_the_next_socket_comes_at_once(server: Listeners) -> None:
    async with holding(server) as told:
        for _ in range(3):
            socket = await server.next()
            await heard(socket, told)
            await socket.close(1012)
        await heard(await server.next(), told)


async def test_a_socket_that_ends_before_its_time_is_replaced_at_once(server: Listeners) -> None:
    async with holding(server) as told:
        first = await server.next()
        await heard(first, told)
        await say(first, type="ping", payload={"goAwayMs": 900_000})
        await first.close(1012)
        await heard(await server.next(), told)


async def test_it_stays_where_it_is_when_the_next_socket_does_not_open(server: Listeners) -> None:
    async with holding(server) as told:
        first = await server.next()
        await heard(first, told)
        await say(first, type="ping", payload={"goAwayMs": 20})
        await (await server.next()).close(1011)
        await heard(first, told)
        await first.close(1012)
        await heard(await server.next(), told)


async def test_a_refusal_on_either_socket_ends_it(server: Listeners) -> None:
    async with holding(server) as told:
        first = await server.next()
        await heard(first, told)
        await say(first, type="ping", payload={"goAwayMs": 900_000})
        await first.close(4403)
        async with asyncio.timeout(PATIENCE_S):
            assert await told.events.get() is Event.REFUSED


async def test_closing_it_in_the_middle_of_a_move_closes_both(server: Listeners) -> None:
    async with holding(server) as told:
        first = await server.next()
        await heard(first, told)
        await say(first, type="ping", payload={"goAwayMs": 20})
        second = await server.next()
    assert [await closed(first), await closed(second)] == [1000, 1000]


async def test_whoever_closes_it_can_be_cancelled_while_the_socket_takes_its_time() -> None:
    stays = asyncio.Event()

    async def slow_to_end() -> AsyncIterator[GoAway | None]:
        try:
            yield None
            await asyncio.Event().wait()
        finally:
            await stays.wait()

    told = Told()
    told.held = PokeSocket(Scripted(slow_to_end), told.events.put_nowait, Random(1), LIMITS)
    told.held.hold(DEVICE)
    await told.events.get()
    closing = asyncio.create_task(told.held.close())
    await asyncio.sleep(0)
    closing.cancel()
    await asyncio.wait([closing], timeout=1.0)
    cancelled = closing.cancelled()
    stays.set()
    assert cancelled, "it swallowed what was meant for it"


async def test_under_another_device_id_it_listens_anew_and_under_the_same_it_stays(server: Listeners) -> None:
    async with holding(server) as told:
        first = await server.next()
        told.held.hold(DEVICE)
        await heard(first, told)
        told.held.hold(OTHER_DEVICE)
        assert await closed(first) == 1000
        await heard(await server.next(), told)
    assert server.devices == [DEVICE, OTHER_DEVICE]


class Scripted(HttpTransport):
    """A transport whose sockets are played: `sockets[n]` is what comes over the n-th, the last one ever after."""

    def __init__(self, *sockets: Callable[[], AsyncIterator[GoAway | None]]) -> None:
        super().__init__("http://127.0.0.1:9", "t0ken")
        self.attempts = 0
        self._sockets = sockets

    def pokes(self, device: str) -> AbstractAsyncContextManager[AsyncIterator[GoAway | None]]:
        self.attempts += 1
        assert self.attempts < 10_000, "it tries without a pause"
        return played(self._sockets[min(self.attempts, len(self._sockets)) - 1]())


@asynccontextmanager
async def played(socket: AsyncIterator[GoAway | None]) -> AsyncIterator[AsyncIterator[GoAway | None]]:
    yield socket


async def stops_soon() -> AsyncIterator[GoAway | None]:
    """Live, told to go, and closed a while later."""
    yield None
    yield GoAway(within_ms=100)
    await asyncio.sleep(1)
    raise Restarting


async def tells_to_go_at_once() -> AsyncIterator[GoAway | None]:
    yield None
    yield GoAway(within_ms=0)
    await asyncio.Event().wait()


async def restarts() -> AsyncIterator[GoAway | None]:
    yield None
    raise Restarting


def unheard(error: type[DeviceError]) -> Callable[[], AsyncIterator[GoAway | None]]:
    async def fails() -> AsyncIterator[GoAway | None]:
        for _ in ():
            yield None
        raise error

    return fails


def attempts(in_s: float, *sockets: Callable[[], AsyncIterator[GoAway | None]]) -> int:
    """How many sockets are opened in so many virtual seconds."""

    async def count() -> int:
        transport = Scripted(*sockets)
        held = PokeSocket(transport, lambda _event: None, Random(1), DEVICE_LIMITS)
        held.hold(DEVICE)
        await asyncio.sleep(in_s)
        await held.close()
        return transport.attempts

    return run(count())


def test_where_nobody_takes_over_it_tries_ever_more_seldom() -> None:
    # Doubling from half a second to a minute, an hour has room for some 120 pauses of 30 s on average.
    assert 60 <= attempts(3_600, stops_soon, unheard(Unreachable)) <= 240


@pytest.mark.parametrize("socket", [tells_to_go_at_once, restarts])
def test_each_move_takes_a_moment_whatever_the_server_tells(socket: Callable[[], AsyncIterator[GoAway | None]]) -> None:
    moment_s = DEVICE_LIMITS.told_jitter_ms / 2 / 1_000
    assert attempts(600, socket) <= 600 / moment_s * 1.2


def test_a_restart_before_the_first_poke_is_a_failure() -> None:
    assert 60 <= attempts(3_600, unheard(Restarting)) <= 240
