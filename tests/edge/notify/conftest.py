"""The emulated providers, for channels to send to."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from homeport_notify.emulator.emulator import Emulator
from homeport_notify.emulator.keys import EmulatorKeys
from homeport_notify.emulator.settings import EmulatorSettings


@pytest.fixture(scope="session")
def keys() -> EmulatorKeys:
    """Of both accounts, once: making them takes a while."""
    return EmulatorKeys()


@pytest.fixture
async def emulator(keys: EmulatorKeys) -> AsyncIterator[Emulator]:
    async with Emulator(EmulatorSettings(keys=keys)) as emulator:
        yield emulator
