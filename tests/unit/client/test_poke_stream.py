"""The poke socket of the real transport: what each frame and each close of a server means to a device."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from http import HTTPStatus
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from homeport_client import DeviceLimits, HttpTransport, Refused, ServerError, Unreachable
from homeport_client.transport import GoAway

DEVICE = "00000000-0000-4000-8000-00000000000a"
LIMITS = DeviceLimits(connect_s=5, answer_s=5, handshake_s=5, answer_bytes_max=10_000)
IMPATIENT = replace(LIMITS, handshake_s=0.3)  # for a server that says nothing at all


Talk = Callable[[ServerConnection], Awaitable[None]]


@asynccontextmanager
async def poking(talk: Talk, limits: DeviceLimits = LIMITS) -> AsyncIterator[HttpTransport]:
    """A socket server that greets as it should, then talks."""

    async def greet(socket: ServerConnection) -> None:
        init = json.loads(await socket.recv())
        assert (init["type"], init["payload"]) == ("connection_init", {"authorization": "Bearer t0ken"})
        await talk(socket)

    async with serve(greet, "127.0.0.1", 0, subprotocols=[Subprotocol("graphql-transport-ws")]) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield HttpTransport(f"http://127.0.0.1:{port}", "t0ken", limits)


async def listen(talk: Talk, limits: DeviceLimits = LIMITS) -> list[GoAway | None]:
    """The pokes of a server that talks so, until it ends them."""
    async with poking(talk, limits) as transport, transport.pokes(DEVICE) as pokes:
        return [each async for each in pokes]


async def send(socket: ServerConnection, **message: Any) -> None:  # noqa: ANN401
    await socket.send(json.dumps(message))


async def acknowledge(socket: ServerConnection) -> None:
    await send(socket, type="connection_ack")
    subscribe = json.loads(await socket.recv())
    asked = {"query": "subscription Poke($device: ID) { poke(device: $device) }", "variables": {"device": DEVICE}}
    assert (subscribe["type"], subscribe["payload"]) == ("subscribe", asked)


async def test_each_next_is_a_poke_and_a_ping_is_answered() -> None:
    async def talk(socket: ServerConnection) -> None:
        await send(socket, type="ping")
        assert json.loads(await socket.recv()) == {"type": "pong"}
        await acknowledge(socket)
        await send(socket, type="next", id="1", payload={"data": {"poke": True}})
        await send(socket, type="ping", payload={})
        assert json.loads(await socket.recv()) == {"type": "pong"}
        await send(socket, type="next", id="1", payload={"data": {"poke": True}})
        await send(socket, type="complete", id="1")
        await socket.wait_closed()

    assert len(await listen(talk)) == 2


async def test_a_ping_may_say_that_the_server_goes_away_and_anything_else_in_it_means_nothing() -> None:
    payloads: list[Any] = [{"goAwayMs": 250}, {"goAwayMs": -5}, {"goAwayMs": "soon"}, {"goAwayMs": None}, [], "x", None]

    async def talk(socket: ServerConnection) -> None:
        await acknowledge(socket)
        for payload in payloads:
            await send(socket, type="ping", payload=payload)
            assert json.loads(await socket.recv()) == {"type": "pong"}
        await send(socket, type="complete", id="1")
        await socket.wait_closed()

    assert await listen(talk) == [GoAway(within_ms=250), GoAway(within_ms=0)]


async def test_a_restart_is_told_from_a_failure_once_the_server_has_listened() -> None:
    async def before(socket: ServerConnection) -> None:
        await socket.close(1012)

    async def after(socket: ServerConnection) -> None:
        await acknowledge(socket)
        await socket.close(1012)

    for talk, told_ms in ((before, None), (after, 0)):
        with pytest.raises(Unreachable) as told:
            await listen(talk)
        assert told.value.retry_after_ms == told_ms


@pytest.mark.parametrize("code", [4401, 4403, 4400, 1012, 1013, 1000])
async def test_a_close_says_whether_a_new_token_helps(code: int) -> None:
    async def before(socket: ServerConnection) -> None:
        await socket.close(code)

    async def after(socket: ServerConnection) -> None:
        await acknowledge(socket)
        await socket.close(code)

    for talk in (before, after):
        with pytest.raises(Refused if code in (4401, 4403) else Unreachable):
            await listen(talk)


@pytest.mark.parametrize("code", [1013, 1012])
async def test_a_close_that_says_when_to_come_again_is_understood(code: int) -> None:
    async def talk(socket: ServerConnection) -> None:
        await socket.close(code, "OVERLOADED: Too much is waiting already. retryAfterMs=1234")

    with pytest.raises(ServerError) as told:
        await listen(talk)
    assert (told.value.code, told.value.retryable, told.value.retry_after_ms) == ("OVERLOADED", True, 1_234)


async def test_an_error_instead_of_pokes_can_say_when_to_come_again() -> None:
    async def talk(socket: ServerConnection) -> None:
        await acknowledge(socket)
        extensions = {"code": "UNAVAILABLE", "retryable": True, "retryAfterMs": 700}
        await send(socket, type="error", id="1", payload=[{"message": "no", "extensions": extensions}])
        await socket.wait_closed()

    with pytest.raises(ServerError) as told:
        await listen(talk)
    assert told.value.retry_after_ms == 700


@pytest.mark.parametrize(("code", "error"), [("TOKEN_EXPIRED", Refused), ("INTERNAL", Unreachable)])
async def test_an_error_instead_of_pokes_says_whether_a_new_token_helps(code: str, error: type[Exception]) -> None:
    async def talk(socket: ServerConnection) -> None:
        await acknowledge(socket)
        await send(socket, type="error", id="1", payload=[{"message": "no", "extensions": {"code": code}}])
        await socket.wait_closed()

    with pytest.raises(error):
        await listen(talk)


async def test_a_server_that_never_acknowledges_or_talks_nonsense_is_unreachable() -> None:
    async def silent(socket: ServerConnection) -> None:
        await socket.wait_closed()

    async def nonsense(socket: ServerConnection) -> None:
        await socket.send("<html>")
        await socket.wait_closed()

    for talk, limits in ((silent, IMPATIENT), (nonsense, LIMITS)):
        with pytest.raises(Unreachable):
            await listen(talk, limits)


@pytest.mark.parametrize("status", [HTTPStatus.FORBIDDEN, HTTPStatus.UNAUTHORIZED, HTTPStatus.BAD_GATEWAY])
async def test_a_proxy_that_lets_no_socket_through_says_nothing_of_the_token(status: HTTPStatus) -> None:
    def refuse(connection: ServerConnection, _: Request) -> Response:
        return connection.respond(status, "No sockets here.")

    async with serve(silence, "127.0.0.1", 0, process_request=refuse) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        transport = HttpTransport(f"http://127.0.0.1:{port}", "t0ken", LIMITS)
        with pytest.raises(Unreachable):
            async with transport.pokes(DEVICE):
                pass


async def silence(_: ServerConnection) -> None:
    """Never reached."""
