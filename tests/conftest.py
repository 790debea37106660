"""The real servers that tests of several rooms share: started by the first test that asks, stopped with the run."""

import asyncio
import signal
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from homeport_client.fleet.live.nats import RealNats
from homeport_client.fleet.live.postgres import RealPostgres
from tests.contract.databases import Databases

# Laws are tested without a stopwatch: a slow machine is not a broken law.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


def pytest_configure() -> None:
    """A shell that runs us in the background has Ctrl-C ignored, and whatever we start would ignore it, too."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def postgres() -> Iterator[RealPostgres]:
    """PostgreSQL 18. A test makes its own database in it, and neither stops nor kills it."""
    server = RealPostgres()
    asyncio.run(server.start())
    yield server
    asyncio.run(server.close())


@pytest.fixture(scope="session")
def postgres18(postgres: RealPostgres) -> Databases:
    """The databases of that server: a new one for each test, with our schema in it."""
    return Databases(postgres)


@pytest.fixture(scope="session")
def nats() -> Iterator[RealNats]:
    """NATS. A test uses subjects of its own, and neither stops nor kills it."""
    server = RealNats()
    asyncio.run(server.start())
    yield server
    asyncio.run(server.stop())
