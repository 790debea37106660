"""Cutting a failing fleet down can be stopped, as the fleet itself can."""

import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from homeport_client.fleet import Data, Fleet, Script, Setup
from homeport_client.fleet.failing import shorten
from homeport_sync import App
from homeport_sync.memory import MemoryStore, MemoryTransaction


class Interrupted(MemoryStore):
    """Somebody presses Ctrl-C whenever it is written to."""

    @asynccontextmanager
    async def transaction(self, tenant: str) -> AsyncIterator[MemoryTransaction]:
        signal.raise_signal(signal.SIGINT)
        async with super().transaction(tenant) as transaction:
            yield transaction


def nothing_is_ever_right(data: Data) -> None:
    raise AssertionError("it never is")


def test_ctrl_c_ends_the_search_for_the_shortest_story(app: App) -> None:
    script = Script(devices=2, duration_s=60, invariants=[nothing_is_ever_right])
    played = Fleet(app, 1, script=script).run()
    with pytest.raises(KeyboardInterrupt):
        shorten(played, app, script, setup=Setup(store=Interrupted))
