"""Every store that must pass the suite, opened fresh for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from hypothesis import settings

from homeport_sync.limits import LIMITS, Limits
from tests.contract.samples import EPOCH, TENANT
from tests.contract.stores import OPENERS, OpenStore, Store

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(params=list(OPENERS))
async def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[OpenStore]:
    """Opens one more empty store of the kind under test."""
    opened = 0
    async with AsyncExitStack() as stack:

        async def open_one(limits: Limits = LIMITS) -> Store:
            nonlocal opened
            opened += 1
            return await stack.enter_async_context(OPENERS[request.param](tmp_path / f"{opened}.sqlite3", limits))

        yield open_one


@pytest.fixture
async def store(open_store: OpenStore) -> Store:
    """A store with one tenant whose log is empty."""
    made = await open_store()
    await made.create(TENANT, id=TENANT, epoch=EPOCH, now_ms=0)
    return made
