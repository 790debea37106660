"""A device's notifications: each is shown once, what has reached it is told once, and nothing of it is in the way."""

from __future__ import annotations

import uuid
from datetime import time
from pathlib import Path

import pytest

from homeport_client import DeviceLimits, Refused, State, Unreachable
from homeport_client.fleet.clock import run
from homeport_sync.telling import (
    RECEIPTS_MAX,
    QuietHours,
    ReportNotifications,
    SetPreferences,
    SubscribeTopic,
    UnsubscribeTopic,
)
from tests.unit.client.notified import a_line, ann_with, refusal, registrations, reported, told_of
from tests.unit.client.world import NOW, Clock, Line, Server, Task, phone, shared_list, until

DAY_MS = 86_400_000


async def test_a_notification_shows_once_however_often_it_is_delivered(tmp_path: Path) -> None:
    line, path = await a_line(), str(tmp_path / "replica")
    ann = await ann_with(line, path=path)
    shown = await ann.notifications.received(told_of(1, task="milk"))
    assert shown is not None
    assert (shown.data, shown.delivery, shown.notification) == (
        {"task": "milk"},
        f"{1:032x}",
        str(uuid.UUID(int=1)),
    )
    assert await ann.notifications.received(told_of(1, task="milk")) is None
    await ann.close()
    ann = await ann_with(line, path=path)
    assert await ann.notifications.received(told_of(1, task="milk")) is None
    assert await ann.notifications.received(told_of(2)) is not None
    await ann.close()


async def test_what_others_send_is_the_apps_own_business() -> None:
    ann = await ann_with(await a_line())
    for _ in range(2):
        shown = await ann.notifications.received({"sale": "today"})
        assert shown is not None
        assert (shown.data, shown.delivery) == ({"sale": "today"}, "")
    await ann.close()


async def test_a_delivery_is_known_again_for_thirty_days() -> None:
    line, clock = await a_line(), Clock()
    ann = await ann_with(line, clock=clock)
    await ann.notifications.received(told_of(1))
    clock.ms = NOW + 29 * DAY_MS
    await ann.notifications.received(told_of(2))
    assert await ann.notifications.received(told_of(1)) is None
    clock.ms = NOW + 31 * DAY_MS
    assert await ann.notifications.received(told_of(1)) is not None
    await ann.close()


async def test_no_more_deliveries_are_kept_than_there_is_room_for_and_those_reported_go_first() -> None:
    line = await a_line()
    ann = await ann_with(line, limits=DeviceLimits(deliveries_max=3))
    await ann.notifications.received(told_of(1))
    await ann.sync()
    line.up = False
    for number in (2, 3, 4):
        await ann.notifications.received(told_of(number))
    assert [await ann.notifications.received(told_of(number)) for number in (2, 3, 4)] == [None] * 3
    assert await ann.notifications.received(told_of(1)) is not None
    await ann.close()


async def test_what_was_received_and_opened_is_reported_once_by_the_servers_time() -> None:
    line, clock = await a_line(), Clock(NOW - 3_600_000)
    ann = await ann_with(line, clock=clock)
    await ann.sync()
    await ann.notifications.received(told_of(1))
    await ann.notifications.received(told_of(2))
    await ann.sync()
    await ann.notifications.opened(told_of(1))
    await ann.notifications.opened(told_of(1))
    await ann.sync()
    await ann.sync()
    assert reported(line) == [(1, False), (2, False), (1, True)]
    reports = [each for each in line.told if isinstance(each, ReportNotifications)]
    assert all(abs(receipt.received_at_ms - NOW) < 5_000 for report in reports for receipt in report.receipts)


async def test_what_the_system_showed_by_itself_is_received_when_it_is_opened() -> None:
    line = await a_line()
    ann = await ann_with(line)
    await ann.notifications.opened(told_of(1))
    await ann.sync()
    assert reported(line) == [(1, True)]
    assert await ann.notifications.received(told_of(1)) is None
    await ann.close()


async def test_receipts_go_in_reports_of_a_hundred() -> None:
    line = await a_line()
    ann = await ann_with(line)
    line.up = False
    for number in range(RECEIPTS_MAX + 1):
        await ann.notifications.received(told_of(number + 1))
    line.up = True
    await ann.sync()
    sizes = [len(each.receipts) for each in line.told if isinstance(each, ReportNotifications)]
    assert sizes == [RECEIPTS_MAX, 1]


async def test_a_report_that_the_server_refuses_is_not_in_the_way_of_the_next() -> None:
    line = await a_line()
    ann = await ann_with(line)
    line.refuses_to_be_told.append(refusal("MALFORMED"))
    await ann.notifications.received(told_of(1))
    await ann.sync()
    await ann.notifications.received(told_of(2))
    await ann.sync()
    assert reported(line) == [(2, False)]


async def test_a_report_that_fails_is_not_in_the_way_of_a_sync_and_goes_with_the_next() -> None:
    line = await a_line()
    ann = await ann_with(line)
    line.refuses_to_be_told.append(Unreachable())
    await ann.notifications.received(told_of(1))
    assert await ann.notifications.caught_up()
    assert isinstance(ann.notifications.trouble, Unreachable)
    await ann.sync()
    assert reported(line) == [(1, False)]


async def test_a_wake_shows_nothing_and_brings_what_others_wrote_with_no_background_at_work() -> None:
    server = await Server().begin()
    ann, _, home = await shared_list(server, "bob")
    bob = await phone(Line(server, "bob"), seed=200)
    await bob.sync()
    milk = await ann.create(Task, scope=home, title="milk")
    await ann.sync()
    assert await bob.notifications.received({"hp_wake": "1"}) is None
    assert await bob.notifications.caught_up()
    assert await bob.get(milk) is not None
    await ann.close()
    await bob.close()


async def test_a_wake_without_a_network_ends_and_says_so() -> None:
    line = await a_line()
    line.up = False
    ann = await ann_with(line)
    await ann.notifications.received({"hp_wake": "1"})
    assert not await ann.notifications.caught_up()
    await ann.close()


async def test_a_device_that_is_closed_in_mid_wake_ends_at_once() -> None:
    line = await a_line()
    line.slow_s = 3_600.0
    ann = await ann_with(line)
    await ann.notifications.received({"hp_wake": "1"})
    await ann.close()
    assert not await ann.notifications.caught_up()


async def test_preferences_and_topics_are_asked_of_the_server_at_once() -> None:
    line = await a_line()
    ann = await ann_with(line)
    await ann.notifications.prefer(timezone="Europe/Rome", quiet=(time(22), time(7, 30)), muted=["sales", "news"])
    await ann.notifications.subscribe("sports")
    await ann.notifications.unsubscribe("sports")
    assert line.told == [
        SetPreferences(
            timezone="Europe/Rome",
            quiet_hours=QuietHours(from_min=1_320, until_min=450),
            muted=["news", "sales"],
        ),
        SubscribeTopic(topic="sports"),
        UnsubscribeTopic(topic="sports"),
    ]
    line.token_good = False
    with pytest.raises(Refused):
        await ann.notifications.subscribe("sports")


def test_a_device_in_the_background_tells_what_is_new_at_once_and_beside_its_changes() -> None:
    async def main() -> None:
        server = await Server().begin()
        line = Line(server, "ann")
        ann = await phone(line)
        await ann.start()
        await until(lambda: ann.state is State.LIVE)
        await ann.notifications.register("fcm", "token-1")
        await until(lambda: registrations(line) == ["token-1"], within_s=1)
        assert ann.state is State.LIVE
        await ann.notifications.received(told_of(1))
        await until(lambda: reported(line) == [(1, False)], within_s=1)
        await ann.close()

    run(main())
