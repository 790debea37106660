"""An expander: who stands in the way of whom."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from homeport_notify.audience import ToEveryone, ToScope
from homeport_notify.expand import Expander
from homeport_notify.memory import MemoryNotifyStore
from homeport_sync.errors import Unavailable
from tests.unit.notify.samples import NOW_MS, TENANT, a_notification, an_address


class MembersInTrouble:
    """Nobody can say who is in any scope."""

    def __init__(self, trouble: Exception) -> None:
        self.trouble = trouble

    async def members(self, tenant: str, scope: str, after: str, limit: int) -> Sequence[str]:
        """See `ports.Members`."""
        del tenant, scope, after, limit
        raise self.trouble


async def two_notifications() -> MemoryNotifyStore:
    """The first to a scope, the second to everyone."""
    store = MemoryNotifyStore(clock=lambda: NOW_MS)
    await store.register(TENANT, an_address(), NOW_MS)
    await store.submit(a_notification(1, audience=ToScope("a list"), state="waiting"))
    await store.submit(a_notification(2, audience=ToEveryone(), state="waiting"))
    return store


async def test_an_audience_that_cannot_be_read_is_paused_and_nobody_waits_for_it() -> None:
    store = await two_notifications()
    expander = Expander(store, MembersInTrouble(ZeroDivisionError()))
    with pytest.raises(ZeroDivisionError):
        await expander.step(TENANT, "bulk", NOW_MS)
    assert await expander.step(TENANT, "bulk", NOW_MS)
    first, second = (store.progress(TENANT, a_notification(number).id) for number in (1, 2))
    paused = (await first).notification
    assert paused.state == "paused"
    assert "ZeroDivisionError" in paused.reason
    assert (await second).expanded


async def test_what_passes_pauses_nothing() -> None:
    store = await two_notifications()
    with pytest.raises(Unavailable):
        await Expander(store, MembersInTrouble(Unavailable())).step(TENANT, "bulk", NOW_MS)
    assert (await store.progress(TENANT, a_notification(1).id)).notification.state == "waiting"
