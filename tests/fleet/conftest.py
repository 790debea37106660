"""The example app, a directory for replicas that is quick where the machine has one in memory, a server for proxies."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from homeport_client.fleet import Fleet, Script
from homeport_client.fleet.check import Evidence
from homeport_sync import App, load_app
from tests.fleet.far_end import FarEnd, far_end

ROOT = Path(__file__).resolve().parents[2]
SMALL = Script(devices=5, duration_s=420, phones_per_user=2.5)
IN_MEMORY = Path("/dev/shm")  # noqa: S108 - only its speed matters; the directory made in it is private


@pytest.fixture(scope="session")
def app() -> App:
    return load_app(ROOT / "examples/tasks/app.py")


@pytest.fixture(scope="session")
def honest(app: App) -> Evidence:
    """What a fleet leaves behind that kept its promises. In this seed there is an occasion for every bug of
    `test_check.py`: when stories change, choose another."""
    evidence = Fleet(app, 152, script=SMALL).run().evidence
    assert evidence is not None
    return evidence


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory that a command is called in, with nothing in it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def directory() -> Iterator[Path]:
    with TemporaryDirectory(dir=IN_MEMORY if IN_MEMORY.is_dir() else None) as made:
        yield Path(made)


@pytest.fixture
async def far() -> AsyncIterator[FarEnd]:
    async with far_end() as server:
        yield server
