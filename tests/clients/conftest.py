"""What stock clients are pointed at: the example app, served by a process of its own."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from homeport_client.fleet.live.real import RealServer
from homeport_server.app import GRAPHQL_PATH

APP = Path(__file__).resolve().parents[2] / "examples/tasks/app.py"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is, who asks there, and the server itself."""

    server: RealServer
    token: str

    @property
    def url(self) -> str:
        return self.server.url + GRAPHQL_PATH

    @property
    def socket(self) -> str:
        return "ws" + self.url.removeprefix("http")


@pytest.fixture
async def address(tmp_path: Path) -> AsyncIterator[Address]:
    async with RealServer(APP, tmp_path) as server:
        await server.start()
        tenant = await server.make_tenant("demo")
        yield Address(server, await server.token("ana", tenant))
