"""Nudges: "there is something to send in this lane", to the workers of all processes, over the signals of the log.

They travel as signals of tenants that cannot be: a tenant's id has no slash. So one wire carries both, and neither the
followers of the log look when something is to be sent, nor the lanes at every write.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

from homeport_notify.notification import Lane
from homeport_sync.ports import EVERY_TENANT, Signals

_MARK: Final = "notify/"


class LogSignals:
    """The signals of the log alone: the `Signals` port without what is meant for lanes."""

    def __init__(self, signals: Signals) -> None:
        self._signals = signals

    def publish(self, tenant: str, position: int) -> None:
        """See `ports.Signals`."""
        self._signals.publish(tenant, position)

    def listen(self) -> AbstractAsyncContextManager[AsyncIterator[tuple[str, int]]]:
        """See `ports.Signals`."""
        return _listening(self._signals, "", _MARK)

    def connected(self) -> bool:
        """See `ports.Signals`."""
        return self._signals.connected()


class LaneSignals:
    """What is meant for one lane alone: the same port, whose tenants have something to send there."""

    def __init__(self, signals: Signals, lane: Lane) -> None:
        self._signals = signals
        self._mark = f"{_MARK}{lane}/"

    def publish(self, tenant: str, position: int) -> None:
        """See `ports.Signals`."""
        self._signals.publish(f"{self._mark}{tenant}" if tenant != EVERY_TENANT else tenant, position)

    def listen(self) -> AbstractAsyncContextManager[AsyncIterator[tuple[str, int]]]:
        """See `ports.Signals`."""
        return _listening(self._signals, self._mark, "")

    def connected(self) -> bool:
        """See `ports.Signals`."""
        return self._signals.connected()


def nudge(signals: Signals, tenant: str, lane: Lane) -> None:
    """Have the lane's workers look at the tenant."""
    LaneSignals(signals, lane).publish(tenant, 0)


@asynccontextmanager
async def _listening(signals: Signals, mark: str, but: str) -> AsyncIterator[AsyncIterator[tuple[str, int]]]:
    async with signals.listen() as told:
        yield _marked(told, mark, but)


async def _marked(told: AsyncIterator[tuple[str, int]], mark: str, but: str) -> AsyncIterator[tuple[str, int]]:
    """Those whose tenant begins with `mark`, which is taken off, and not with `but`; every tenant is everybody's."""
    async for tenant, position in told:
        if tenant == EVERY_TENANT:
            yield tenant, position
        elif tenant.startswith(mark) and not (but and tenant.startswith(but)):
            yield tenant.removeprefix(mark), position
