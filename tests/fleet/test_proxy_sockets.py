"""WebSockets through the proxy: they pass, they are refused, and pokes get lost."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed, InvalidStatus

from homeport_client.fleet.networks import Network
from homeport_client.fleet.proxy.frames import Frames, Piece
from homeport_client.fleet.proxy.proxy import Proxy
from tests.fleet.between import INSTANT, Clock, answered, dial, proxied, request
from tests.fleet.far_end import FarEnd

ACK = '{"type":"connection_ack"}'
PING = '{"type": "ping"}'
COMPLETE = '{"id":"1","type":"complete"}'
POKE = '{"id":"1","type":"next","payload":{"data":{"poke":true}}}'
SPACED = '{"type": "next", "id": "1"}'
BINARY = b'{"type":"next"}'
LONG = '{"type":"next","payload":"' + "x" * 70_000 + '"}'
SAID: tuple[str | bytes, ...] = (ACK, POKE, PING, BINARY, SPACED, LONG, COMPLETE)


async def talk(socket: ServerConnection) -> None:
    assert await socket.recv() == "hello"
    for each in SAID:
        await socket.send(each)


async def echo(socket: ServerConnection) -> None:
    async for each in socket:
        await socket.send(each)


@asynccontextmanager
async def speaking(
    talk: Callable[[ServerConnection], Awaitable[None]], network: Network = INSTANT, clock: Clock | None = None
) -> AsyncIterator[Proxy]:
    """A proxy before a server that talks so."""
    async with serve(talk, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        async with proxied(f"http://127.0.0.1:{port}", network, clock=clock) as proxy:
            yield proxy


def connect(proxy: Proxy) -> open_socket:
    return open_socket("ws" + proxy.url.removeprefix("http"))


async def everything(socket: ClientConnection) -> list[str | bytes]:
    await socket.send("hello")
    return [each async for each in socket]


async def test_a_socket_passes_both_ways_until_the_server_closes_it() -> None:
    async with speaking(talk) as proxy, connect(proxy) as socket:
        assert await everything(socket) == list(SAID)
        assert socket.close_code == 1000


async def test_where_every_poke_gets_lost_all_else_passes() -> None:
    async with speaking(talk, replace(INSTANT, lose_poke=1.0)) as proxy, connect(proxy) as socket:
        assert await everything(socket) == [ACK, PING, BINARY, LONG, COMPLETE]
        assert proxy.tally.incidents == {"lose_poke": 2}


async def test_an_armed_lost_poke_is_the_next_one() -> None:
    async with speaking(talk) as proxy, connect(proxy) as socket:
        proxy.arm("lose_poke")
        assert await everything(socket) == [each for each in SAID if each != POKE]


async def test_without_sockets_an_upgrade_is_refused_and_requests_pass(far: FarEnd) -> None:
    async with proxied(far.url, replace(INSTANT, sockets=False)) as proxy:
        with pytest.raises(InvalidStatus, match="403"):
            await connect(proxy)
        reader, writer = await dial(proxy)
        writer.write(request(b"x"))
        assert await answered(reader) == b"x"
        writer.close()
        assert proxy.tally.incidents == {"socket_refused": 1}
        assert far.targets() == ["/x"]


async def test_an_armed_incident_waits_for_a_request_that_asks_for_no_socket() -> None:
    async with speaking(talk) as proxy:
        proxy.arm("portal")
        async with connect(proxy) as socket:
            assert await everything(socket) == list(SAID)
        reader, writer = await dial(proxy)
        writer.write(request(b"x"))
        assert b"Wi-Fi" in await answered(reader)
        writer.close()


async def test_a_portal_answers_an_upgrade_too(far: FarEnd) -> None:
    async with proxied(far.url, replace(INSTANT, rates={"portal": 1.0})) as proxy:
        with pytest.raises(InvalidStatus, match="200"):
            await connect(proxy)
    assert far.connections == 0


async def test_without_a_network_a_socket_falls_silent_and_ends() -> None:
    clock = Clock(holds_s=1.0)
    async with speaking(echo, clock=clock) as proxy, connect(proxy) as socket:
        await socket.send("one")
        assert await socket.recv() == "one"
        proxy.disconnect()
        await socket.send("two")
        await clock.ring()
        with pytest.raises(ConnectionClosed):
            await socket.recv()


async def test_what_is_said_takes_its_time_both_ways() -> None:
    clock = Clock()
    async with speaking(echo, replace(INSTANT, delay_s=(3.0, 3.0)), clock) as proxy, connect(proxy) as socket:
        before = len(clock.slept)
        await socket.send("one")
        assert await socket.recv() == "one"
        assert clock.slept[before:] == [3.0, 3.0]


async def test_what_is_said_at_once_arrives_at_once() -> None:
    clock = Clock()
    async with speaking(talk, replace(INSTANT, delay_s=(3.0, 3.0)), clock) as proxy, connect(proxy) as socket:
        before = clock.now_s()
        assert await everything(socket) == list(SAID)
        assert clock.now_s() - before < 3.0 * len(SAID)  # one way each, and not one after the other


def frame(first: int, payload: bytes) -> bytes:
    """A frame of RFC 6455 from a server: its first byte, its length in one of three ways, its payload."""
    size = len(payload)
    if size < 126:
        return bytes([first, size]) + payload
    if size < 65_536:
        return bytes([first, 126]) + size.to_bytes(2, "big") + payload
    return bytes([first, 127]) + size.to_bytes(8, "big") + payload


TEXT = 0x81
FIRST = st.sampled_from([TEXT, 0x01, 0x00, 0x80, 0x82, 0x88, 0x89, 0x8A, 0xC1])
PAYLOAD = st.sampled_from([b"", b"x", POKE.encode(), ACK.encode(), b"y" * 126, LONG.encode()])


@given(
    frames=st.lists(st.tuples(FIRST, PAYLOAD), max_size=8),
    cuts=st.lists(st.integers(1, 9_000), min_size=1, max_size=20),
)
@settings(max_examples=50, deadline=None)
def test_frames_that_come_in_any_parts_are_the_same_bytes_and_the_same_pokes(
    frames: list[tuple[int, bytes]], cuts: list[int]
) -> None:
    sent = b"".join(frame(*each) for each in frames)
    cutter, place = Frames(65_536), 0
    pieces: list[Piece] = []
    for cut in [*cuts, len(sent)]:
        pieces += cutter.cut(sent[place : place + cut])
        place += cut
    assert b"".join(piece.data for piece in pieces) == sent
    assert [piece.data for piece in pieces if piece.poke] == [
        frame(*each) for each in frames if each == (TEXT, POKE.encode())
    ]
