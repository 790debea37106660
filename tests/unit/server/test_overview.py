"""How far notifications are: numbers that add up, page by page, and how each can be steered."""

from __future__ import annotations

import io

import pytest

from homeport_notify.delivery import DeliveryState
from homeport_notify.memory import MemoryNotifyStore
from homeport_notify.notification import State
from homeport_notify.ports import Progress
from homeport_server.app import make_notifier
from homeport_server.notify.notifier import How, Notifier, Standing
from homeport_server.notify.overview import OVERVIEW_MAX, overview, sight_of
from homeport_server.observe import make_log
from homeport_server.observe.metrics import Metrics
from homeport_sync.errors import Malformed
from homeport_sync.memory import MemoryStore
from homeport_sync.signals import LocalSignals
from tests.unit.notify.samples import NOW_MS, TENANT, a_notification


def notifier_of(store: MemoryNotifyStore) -> Notifier:
    return make_notifier(
        MemoryStore(),
        store,
        LocalSignals(),
        metrics=Metrics(),
        log=make_log("error", io.BytesIO()),
        clock=lambda: NOW_MS,
    )


def standing(state: State, counts: dict[DeliveryState, int]) -> Standing:
    progress = Progress(notification=a_notification(state=state), expanded=True, counts=counts)
    return Standing(progress=progress, received=2, opened=1)


def test_the_numbers_of_a_notification_add_up_and_what_is_open_is_not_over() -> None:
    counts = {DeliveryState.SENT: 5, DeliveryState.WAITING: 3, DeliveryState.STARTED: 1, DeliveryState.FAILED: 2}
    sight = sight_of(standing("running", counts))
    assert (sight.known, sight.over, sight.received, sight.opened) == (11, 7, 2, 1)
    assert list(sight.counts.items()) == [("waiting", 3), ("started", 1), ("sent", 5), ("failed", 2)]
    assert (sight_of(standing("running", {})).known, sight.expanded) == (0, True)


@pytest.mark.parametrize(
    ("state", "ways"),
    [
        ("waiting", ("pause", "cancel")),
        ("running", ("pause", "cancel")),
        ("paused", ("resume", "cancel")),
        ("done", ()),
        ("cancelled", ()),
        ("stopped", ()),
    ],
)
async def test_each_way_to_steer_that_is_offered_can_be_gone(state: State, ways: tuple[How, ...]) -> None:
    assert sight_of(standing(state, {})).ways == ways
    for how in ways:
        store = MemoryNotifyStore()
        await store.submit(a_notification(state=state))
        await notifier_of(store).steer(TENANT, a_notification().id, how, "by a test")


async def test_notifications_are_told_newest_first_page_by_page_with_their_progress() -> None:
    store = MemoryNotifyStore()
    notifier = notifier_of(store)
    for number in range(1, OVERVIEW_MAX + 2):
        await store.submit(a_notification(number, lane="transactional" if number % 2 else "bulk"))
    await store.submit(a_notification(99, lane="wake"))
    first = await overview(notifier, TENANT)
    newest = [a_notification(number).id for number in range(OVERVIEW_MAX + 1, 1, -1)]
    assert [each.notification.id for each in first.sights] == newest
    assert first.next == newest[-1]
    rest = await overview(notifier, TENANT, before=first.next)
    assert ([each.notification.id for each in rest.sights], rest.next) == ([a_notification(1).id], "")
    with pytest.raises(Malformed):
        await overview(notifier, TENANT, limit=0)
