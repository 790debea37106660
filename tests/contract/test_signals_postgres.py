"""Signals by PostgreSQL behind a network that swallows what is said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from homeport_client.fleet.live import process
from homeport_client.fleet.live.postgres import RealPostgres
from homeport_sync.ports import EVERY_TENANT
from homeport_sync.sql.postgres import signals
from homeport_sync.sql.postgres.signals import postgres_signals

LONG_S = 30.0
SOCKET = ".s.PGSQL.5432"


class Swallowing:
    """Passes on all that is said to a PostgreSQL and by it, but for the first LISTEN and what its connection says
    afterwards: neither an answer comes nor an end."""

    def __init__(self, server: Path) -> None:
        self._server = server
        self._ends = asyncio.Event()
        self.swallowed = 0

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, here = await asyncio.open_unix_connection(self._server)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pass(reader, here))
                both.create_task(self._pass(there, writer))
        finally:
            here.close()
            writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while text := await reader.read(65_536):
            if b"LISTEN" in text and not self.swallowed:
                self.swallowed += 1
                await self._ends.wait()
                break
            writer.write(text)
        writer.close()

    @asynccontextmanager
    async def at(self, path: Path) -> AsyncIterator[None]:
        async with await asyncio.start_unix_server(self.connected, path):
            yield
            self._ends.set()


@pytest.fixture
def directory() -> Iterator[Path]:
    """One with a short name: a socket's path is at most about a hundred bytes long."""
    with TemporaryDirectory(prefix="homeport-") as made:
        yield Path(made)


async def test_a_connection_that_hangs_in_listen_is_given_up_and_the_next_one_hears(
    postgres: RealPostgres, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signals, "CONNECT_S", 1.0)
    real = postgres.url().partition("?host=")[2]
    between = Swallowing(Path(real) / SOCKET)
    url = postgres.url().replace(real, str(directory))
    async with between.at(directory / SOCKET), postgres_signals(url) as here, here.listen() as heard:
        async with asyncio.timeout(LONG_S):
            assert await anext(heard) == (EVERY_TENANT, 0)
        assert between.swallowed == 1
        await process.until(here.connected, within_s=LONG_S, awaited="the signals go")
