"""Every store that must pass the suite, opened fresh for each test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from homeport_client.fleet.live.postgres import RealPostgres
from homeport_sync.limits import LIMITS, Limits
from tests.contract.databases import Databases
from tests.contract.samples import EPOCH, TENANT
from tests.contract.stores import OPENERS, STORES, OpenStore, Store, postgres


@pytest.fixture(scope="session")
def postgres16() -> Iterator[Databases]:
    """The databases of an older one, started by the first test that asks."""
    server = RealPostgres(version=16)
    asyncio.run(server.start())
    yield Databases(server)
    asyncio.run(server.close())


@pytest.fixture(params=STORES)
def kind(request: pytest.FixtureRequest) -> str:
    """Which store is under test."""
    name: str = request.param
    return name


@pytest.fixture
def databases(request: pytest.FixtureRequest, kind: str) -> Databases | None:
    """Where a PostgreSQL store finds a database, if it is one that is under test."""
    return request.getfixturevalue(kind) if kind.startswith("postgres") else None


@pytest.fixture
async def open_store(kind: str, databases: Databases | None, tmp_path: Path) -> AsyncIterator[OpenStore]:
    """Opens one more empty store of the kind under test."""
    opened = 0
    async with AsyncExitStack() as stack:

        async def open_one(limits: Limits = LIMITS) -> Store:
            nonlocal opened
            opened += 1
            if databases is not None:
                return await stack.enter_async_context(postgres(databases, limits))
            return await stack.enter_async_context(OPENERS[kind](tmp_path / f"{opened}.sqlite3", limits))

        yield open_one


@pytest.fixture
async def store(open_store: OpenStore) -> Store:
    """A store with one tenant whose log is empty."""
    made = await open_store()
    await made.create(TENANT, id=TENANT, epoch=EPOCH, now_ms=0)
    return made
