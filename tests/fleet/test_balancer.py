"""One address for several servers: connections go round, past those that are down, and end with their server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest

from homeport_client.fleet.live.balancer import Balancer
from homeport_client.fleet.live.process import free_port


@asynccontextmanager
async def server(port: int, name: str) -> AsyncIterator[None]:
    """Says its name, and then back whatever it hears."""
    lines: list[asyncio.StreamWriter] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines.append(writer)
        writer.write(f"{name}\n".encode())
        while heard := await reader.read(1_000):
            writer.write(heard)
        writer.close()

    listening = await asyncio.start_server(answer, "127.0.0.1", port)
    try:
        yield
    finally:
        listening.close()
        for line in lines:
            line.close()
        await listening.wait_closed()


@asynccontextmanager
async def balanced(*ports: int) -> AsyncIterator[Balancer]:
    balancer = Balancer(ports)
    await balancer.start()
    try:
        yield balancer
    finally:
        await balancer.close()


async def connect(balancer: Balancer) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", urlsplit(balancer.url).port)


async def greeting(balancer: Balancer) -> bytes:
    reader, writer = await connect(balancer)
    heard = await reader.readline()
    writer.close()
    await writer.wait_closed()
    return heard.strip()


@pytest.fixture
def ports() -> tuple[int, int]:
    return free_port(), free_port()


async def test_connections_go_round_the_servers(ports: tuple[int, int]) -> None:
    async with balanced(*ports) as balancer, server(ports[0], "one"), server(ports[1], "two"):
        assert sorted([await greeting(balancer) for _ in range(4)]) == [b"one", b"one", b"two", b"two"]


async def test_what_is_said_arrives_both_ways(ports: tuple[int, int]) -> None:
    async with balanced(*ports) as balancer, server(ports[0], "one"):
        reader, writer = await connect(balancer)
        said = b"x" * 200_000
        writer.write(said)
        assert await reader.readexactly(4 + len(said)) == b"one\n" + said
        writer.close()
        await writer.wait_closed()


async def test_when_a_server_ends_its_connections_end_and_the_next_go_to_another(ports: tuple[int, int]) -> None:
    async with balanced(*ports) as balancer:
        async with server(ports[0], "one"):
            reader, writer = await connect(balancer)
            assert await reader.readline() == b"one\n"
        assert await reader.read() == b""
        writer.close()
        async with server(ports[1], "two"):
            assert [await greeting(balancer) for _ in range(3)] == [b"two"] * 3


async def test_with_no_server_there_a_connection_ends_at_once(ports: tuple[int, int]) -> None:
    async with balanced(*ports) as balancer:
        assert await greeting(balancer) == b""
