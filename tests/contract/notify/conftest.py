"""Every store of notifications that must pass the suite, opened fresh for each test."""

from __future__ import annotations

import pytest

from homeport_notify.memory import MemoryNotifyStore
from homeport_notify.ports import NotifyStore


@pytest.fixture(params=["memory"])
async def notify(request: pytest.FixtureRequest) -> NotifyStore:
    """An empty store."""
    return MemoryNotifyStore()
