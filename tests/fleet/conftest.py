"""The example app, a directory for replicas that is quick where the machine has one in memory, a server for proxies."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from homeport_sync import App, load_app
from tests.fleet.far_end import FarEnd, far_end

ROOT = Path(__file__).resolve().parents[2]
IN_MEMORY = Path("/dev/shm")  # noqa: S108 - only its speed matters; the directory made in it is private


@pytest.fixture(scope="session")
def app() -> App:
    return load_app(ROOT / "examples/tasks/app.py")


@pytest.fixture
def directory() -> Iterator[Path]:
    with TemporaryDirectory(dir=IN_MEMORY if IN_MEMORY.is_dir() else None) as made:
        yield Path(made)


@pytest.fixture
async def far() -> AsyncIterator[FarEnd]:
    async with far_end() as server:
        yield server
