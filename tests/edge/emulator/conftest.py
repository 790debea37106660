"""An emulator that listens. Its keys are made once: that costs more than a test."""

from collections.abc import AsyncIterator

import pytest

from homeport_notify.emulator import Emulator, EmulatorKeys, EmulatorSettings

KEYS = EmulatorKeys()


@pytest.fixture
async def emulator() -> AsyncIterator[Emulator]:
    async with Emulator(EmulatorSettings(keys=KEYS)) as emulator:
        yield emulator


@pytest.fixture
async def open_emulator() -> AsyncIterator[Emulator]:
    """Whoever comes may send."""
    async with Emulator(EmulatorSettings(keys=KEYS, credentials_checked=False)) as emulator:
        yield emulator
