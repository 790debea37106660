"""A process that stops: nobody is cut off, nobody waits for whom it does not know, and everybody is answered."""

import asyncio
import json
import socket as sockets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from homeport_server.app import GRAPHQL_PATH
from homeport_server.observe import make_log
from homeport_server.process.drain import Stop
from homeport_server.process.serve import Server, listen
from homeport_sync.wire import POKE, PULL, PUSH
from tests.edge.world import DEVICE, SETTINGS, World, listening, make_world, receive, send, socket

LONG_S = 3_600.0
SHARED = replace(SETTINGS, database_url="postgresql://others-can-take-over", drain_s=0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A server under way, and where it is."""

    server: Server
    up: asyncio.Task[None]
    port: int

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}{GRAPHQL_PATH}"

    async def over(self) -> None:
        """Wait for its end; far sooner than LONG_S."""
        async with asyncio.timeout(15):
            await self.up

    async def until_nobody_is_accepted(self) -> None:
        async with asyncio.timeout(15):
            while not self.server._connections.leaving:
                await asyncio.wait({self.up}, timeout=0.005)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", self.port)


@asynccontextmanager
async def running(world: World) -> AsyncIterator[Running]:
    with listen(world.settings) as listens:
        server = Server(world.built, world.settings, make_log("error", world.out), listens)
        up = asyncio.create_task(server.serve(sockets=[listens]))
        while not server.started:
            await asyncio.wait({up}, timeout=0.005)
        made = Running(server=server, up=up, port=listens.getsockname()[1])
        try:
            yield made
        finally:
            if not up.done():
                server.stop()
                if server._leaving is not None:
                    server._leaving.cancel()
                await made.over()


async def told(connection: ClientConnection) -> list[Any]:
    """Everything that came until the close."""
    frames = []
    with suppress(ConnectionClosed):
        async with asyncio.timeout(15):
            while True:
                frames.append(json.loads(await connection.recv()))
    return frames


def request_head(path: str, *, method: str = "GET", headers: str = "") -> bytes:
    return f"{method} {path} HTTP/1.1\r\nhost: here\r\n{headers}\r\n".encode()


async def read_answer(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Head and body of one answer."""
    async with asyncio.timeout(15):
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = next(line for line in head.split(b"\r\n") if line.startswith(b"content-length"))
        return head, await reader.readexactly(int(length.split(b":")[1]))


@pytest.mark.parametrize("stop", [Stop.PLANNED, Stop.HANDOVER, Stop.SUPERVISOR_GONE, Stop.NOW])
async def test_every_socket_is_told_when_to_go_and_then_closed_with_1012(stop: Stop) -> None:
    world = await make_world(SHARED)
    async with running(world) as it, AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(listening(it.url, world.token(f"u{n}"), POKE)) for n in range(8)]
        unknown = await stack.enter_async_context(connect(it.url, subprotocols=["graphql-transport-ws"]))  # type: ignore[list-item]
        it.server.stop(stop)
        frames = await asyncio.gather(*(told(connection) for connection in (*opened, unknown)))
        assert [(each.close_code, str(each.close_reason).partition(":")[0]) for each in (*opened, unknown)] == [
            (1012, "SERVER_RESTARTING")
        ] * 9
        assert all(str(each.close_reason).endswith("reconnect, and another one serves you.") for each in opened)
        for (ping,) in frames:
            assert ping["type"] == "ping"
            assert 0 <= ping["payload"]["goAwayMs"] <= 500
        await it.over()


async def test_a_socket_counts_as_busy_while_a_push_is_under_way_in_it_and_not_while_it_listens() -> None:
    world = await make_world(SHARED)
    async with running(world) as it, listening(it.url, world.token(), POKE) as ana:
        (departing,) = world.built.departures._slots
        assert not departing.busy()
        variables = {"device": DEVICE, "changes": [world.new_list(DEVICE)]}
        async with world.store.transaction(world.tenant):
            await send(ana, type="subscribe", id="2", payload={"query": PUSH, "variables": variables})
            await send(ana, type="ping")
            assert (await receive(ana))["type"] == "pong"
            assert departing.busy()
        while (await receive(ana))["type"] != "complete":
            pass
        assert not departing.busy()
        it.server.stop()
        await it.over()


async def test_sockets_that_go_by_themselves_are_not_waited_for() -> None:
    world = await make_world(replace(SHARED, drain_s=LONG_S))
    async with running(world) as it:
        async with listening(it.url, world.token(), POKE) as ana:
            it.server.stop(Stop.PLANNED)
            assert (await receive(ana))["type"] == "ping"
            await send(ana, type="pong")
        await it.over()


async def test_a_socket_still_gets_its_pokes_while_the_others_leave() -> None:
    world = await make_world(replace(SHARED, drain_s=LONG_S))
    async with running(world) as it:
        async with listening(it.url, world.token(), POKE) as ana:
            it.server.stop(Stop.PLANNED)
            assert (await receive(ana))["type"] == "ping"
            await world.push(world.new_list(DEVICE))
            assert (await receive(ana))["type"] == "next"
        await it.over()


async def test_a_socket_that_opens_while_the_others_leave_is_told_to_go_too() -> None:
    world = await make_world(replace(SHARED, drain_s=LONG_S))
    async with running(world) as it:
        early = sockets.create_connection(("127.0.0.1", it.port))
        async with socket(it.url, world.token()) as ana:
            assert await receive(ana) == {"type": "connection_ack"}
            it.server.stop(Stop.PLANNED)
            assert (await receive(ana))["type"] == "ping"
            async with connect(it.url, sock=early, subprotocols=["graphql-transport-ws"]) as late:  # type: ignore[list-item]
                assert (await receive(late))["type"] == "ping"
        await it.over()


async def test_a_request_under_way_is_answered_and_its_connection_closed() -> None:
    world = await make_world(SHARED)
    body = json.dumps({"query": PULL, "variables": {"device": DEVICE}}).encode()
    async with running(world) as it:
        reader, writer = await asyncio.open_connection("127.0.0.1", it.port)
        headers = f"authorization: Bearer {world.token()}\r\ncontent-type: application/json\r\n"
        headers += f"content-length: {len(body)}\r\n"
        writer.write(request_head(GRAPHQL_PATH, method="POST", headers=headers) + body[:10])
        await read_probe(it)  # the server has had a turn to read what came before
        it.server.stop(Stop.PLANNED)
        await it.until_nobody_is_accepted()
        writer.write(body[10:])
        head, answer = await read_answer(reader)
        assert b"\r\nconnection: close\r\n" in head
        assert json.loads(answer)["data"]["pull"]["records"] == []
        assert await reader.read() == b""
        writer.close()
        await it.over()


async def read_probe(it: Running) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", it.port)
    writer.write(request_head("/livez"))
    await read_answer(reader)
    writer.close()


async def test_a_connection_that_was_accepted_may_still_ask_and_is_told_that_it_was_the_last_time() -> None:
    world = await make_world(SHARED)
    async with running(world) as it:
        used = await asyncio.open_connection("127.0.0.1", it.port)
        used[1].write(request_head("/readyz"))
        head, body = await read_answer(used[0])
        assert b"connection: close" not in head
        assert json.loads(body)["ready"]
        fresh = await asyncio.open_connection("127.0.0.1", it.port)
        await read_probe(it)  # so `fresh`, which came before it, is accepted
        it.server.stop(Stop.PLANNED)
        await it.until_nobody_is_accepted()
        for reader, writer in (used, fresh):
            writer.write(request_head("/readyz"))
            head, body = await read_answer(reader)
            assert b"\r\nconnection: close\r\n" in head
            assert head.startswith(b"http/1.1 503")
            assert json.loads(body)["reasons"] == ["draining"]
            writer.close()
        await it.over()


async def test_for_the_time_of_its_notice_a_process_serves_and_says_that_it_is_not_ready() -> None:
    world = await make_world(replace(SHARED, drain_notice_s=LONG_S))
    async with running(world) as it:
        it.server.stop(Stop.PLANNED)
        async with listening(it.url, world.token(), POKE) as ana:
            reader, writer = await asyncio.open_connection("127.0.0.1", it.port)
            writer.write(request_head("/readyz"))
            head, body = await read_answer(reader)
            assert head.startswith(b"http/1.1 503")
            assert b"connection: close" not in head
            assert json.loads(body)["reasons"] == ["draining"]
            writer.close()
            await world.push(world.new_list(DEVICE))
            assert (await receive(ana))["type"] == "next"


async def test_a_client_that_reads_nothing_does_not_hold_up_the_stop() -> None:
    world = await make_world(SHARED)
    upgrade = "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n"
    upgrade += "sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\nsec-websocket-protocol: graphql-transport-ws\r\n"
    async with running(world) as it:
        reader, writer = await asyncio.open_connection("127.0.0.1", it.port)
        writer.write(request_head(GRAPHQL_PATH, headers=upgrade))
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
        it.server.stop(Stop.PLANNED)
        await it.over()
        writer.close()
