"""What stock clients are pointed at: the example app, served by a process of its own."""

import errno
import fcntl
import os
import shutil
import socket
import struct
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from homeport_client.fleet.live.real import RealServer
from homeport_server.app import GRAPHQL_PATH

ELSEWHERE = ("192.0.2.1", 80)  # an address that documentation has to itself (RFC 5737)
_SET_FLAGS, _UP, _RUNNING = 0x8914, 1, 64  # SIOCSIFFLAGS, IFF_UP, IFF_RUNNING
ROOT = Path(__file__).resolve().parents[2]
APP = ROOT / "examples/tasks/app.py"
IMAGES = ROOT / "docs/images"
PICTURE_BYTES = range(10_000, 200_000)


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


@pytest.fixture
def aeroplane() -> None:
    """Loopback works, and nothing else is to be reached."""
    with socket.socket() as ours:
        flags = struct.pack("16sh", b"lo", _UP | _RUNNING)
        try:
            fcntl.ioctl(ours, _SET_FLAGS, flags)
        except PermissionError:
            pytest.fail("The network is there: run this by make test-browser, which cuts it off.")
    with socket.socket() as ours:
        assert ours.connect_ex(ELSEWHERE) == errno.ENETUNREACH, "The network is there: run this by make test-browser."


@pytest.fixture
def chromium() -> str:
    """Where a Chromium is."""
    named = os.environ.get("HOMEPORT_TEST_CHROMIUM")
    found = named or next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    assert found, "No Chromium is installed: apt-get install chromium, or name one in HOMEPORT_TEST_CHROMIUM."
    return found


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Where screenshots go: into the documentation, if that is wanted."""
    return IMAGES if os.environ.get("HOMEPORT_TEST_PICTURE") else tmp_path


def are_pictures(taken: Iterable[Path]) -> bool:
    """Whether each shows something, and is small enough for a page that many read."""
    return {each.name: each.stat().st_size for each in taken if each.stat().st_size not in PICTURE_BYTES} == {}
