"""Wakes: a change makes the sleeping devices of a scope's members pull, and no other device."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from homeport_client.fleet import clock
from homeport_notify import limits
from homeport_notify.channel import Answered, Recipient
from homeport_notify.message import Message
from homeport_notify.notification import Notification
from homeport_server.listening import CONNECTED_MS
from homeport_server.notify import wakes
from homeport_server.notify.wakes import news_to
from homeport_sync import Entry, Tell
from homeport_sync.sightings import Sighting
from tests.unit.server.notify_house import SOON_S, NotifyHouse, device_of, play
from tests.unit.sync.afterwards import TENANT, logged
from tests.unit.sync.tasks import STRANGER

HOUR_S = 3_600


async def pulled(house: NotifyHouse, user: str, position: int) -> None:
    seen = Sighting(device=device_of(user), user=user, pulled_at_ms=clock.now_ms(), pulled_position=position)
    await house.store.keep_sightings(TENANT, [seen], clock.now_ms())


async def connected(house: NotifyHouse, user: str, *, there: bool) -> None:
    seen = Sighting(device=device_of(user), user=user, connected_at_ms=clock.now_ms(), connected=there)
    await house.store.keep_sightings(TENANT, [seen], clock.now_ms())


def test_members_who_sleep_are_woken_and_the_author_is_not() -> None:
    async def scene(house: NotifyHouse) -> None:
        await house.join("ana", "ben", "cleo")
        await house.register("ana", "ben", "cleo", "stranger")
        async with house.working():
            position = await house.write("Milk")
            await asyncio.sleep(1)
            await pulled(house, "cleo", position)
            await asyncio.sleep(SOON_S)
        assert house.told() == ["ben"]
        assert house.reading("deliveries_total", lane="wake", channel="fcm", fate="sent") == 1

    play(scene)


@pytest.mark.parametrize("late_s", [0.0, 6.0])
def test_who_pulled_because_they_were_woken_has_seen_nothing_and_is_told(late_s: float) -> None:
    async def scene(house: NotifyHouse) -> None:
        shown: list[bool] = []
        position, send = 0, house.channel.send

        async def brings(
            message: Message, to: Sequence[Recipient], answered: Answered, *, until_s: float, dry_run: bool = False
        ) -> None:
            shown.append(not message.silent)
            if message.silent:
                await pulled(house, "ben", position)
            await send(message, to, answered, until_s=until_s, dry_run=dry_run)

        submit = house.notify.submit

        async def submits_late(notification: Notification) -> tuple[Notification, bool]:
            await asyncio.sleep(late_s)  # a server that is busy
            return await submit(notification)

        house.channel.send, house.notify.submit = brings, submits_late  # type: ignore[method-assign]

        @house.app.notification(kinds=["Task"])
        def changed(_entry: Entry, _task: object) -> Tell:
            return Tell(users="ben", title="It changed")

        await house.join("ana", "ben")
        await house.register("ben")
        async with house.working():
            position = await house.write("Milk")
            await asyncio.sleep(SOON_S)
        assert shown.count(True) == 1

    play(scene)


def test_who_is_put_out_is_woken_to_drop_what_they_hold() -> None:
    async def scene(house: NotifyHouse) -> None:
        await house.join("ana", "ben")
        await house.register("ana", "ben")
        async with house.working():
            await house.put_out("ben")
            await asyncio.sleep(SOON_S)
            assert house.told() == ["ben"]
            await house.write("Milk")
            await asyncio.sleep(SOON_S)
            assert house.told() == ["ben"]

    play(scene)


def test_one_that_is_connected_is_woken_only_when_it_has_gone_without_pulling() -> None:
    async def scene(house: NotifyHouse) -> None:
        await house.join("ana", "ben")
        await house.register("ben")
        async with house.working():
            await connected(house, "ben", there=True)
            await house.write("Milk")
            await asyncio.sleep(SOON_S)
            assert house.told() == []
            await asyncio.sleep(CONNECTED_MS / 1_000)
            assert house.told() == ["ben"]

    play(scene)


def test_one_that_has_left_is_woken_at_once() -> None:
    async def scene(house: NotifyHouse) -> None:
        await house.join("ana", "ben")
        await house.register("ben")
        async with house.working():
            await connected(house, "ben", there=True)
            await asyncio.sleep(1)
            await connected(house, "ben", there=False)
            await house.write("Milk")
            await asyncio.sleep(SOON_S)
            assert house.told() == ["ben"]

    play(scene)


def test_a_hundred_changes_are_a_few_wakes_within_the_budget_of_the_platform() -> None:
    async def scene(house: NotifyHouse) -> None:
        await house.join("ana", "ben")
        await house.register("ben", platform="ios")
        async with house.working():
            for _ in range(100):
                await house.write("Milk")
                await asyncio.sleep(30)
            assert len(house.told()) == limits.WAKES_AN_HOUR_IOS_MAX
            await asyncio.sleep(HOUR_S)
            assert len(house.told()) == limits.WAKES_AN_HOUR_IOS_MAX + 1

    play(scene)


def test_the_members_of_a_large_scope_are_gone_through_page_by_page() -> None:
    people = [f"u{number:04}" for number in range(wakes.MEMBERS_PAGE + 3)]

    async def scene(house: NotifyHouse) -> None:
        await house.join("ana", *people)
        await house.register(*people)
        async with house.working():
            await house.write("Milk")
            await asyncio.sleep(SOON_S)
        assert sorted(house.told()) == people

    play(scene)


def test_where_nobody_can_be_woken_no_follower_reads_for_it() -> None:
    async def scene(house: NotifyHouse) -> None:
        house.channel.name = "console"
        await house.join("ana", "ben")
        async with house.working():
            await house.write("Milk")
            await asyncio.sleep(SOON_S)
        assert wakes.FOLLOWER not in house.store._log(TENANT).places

    play(scene)


def test_what_a_device_wrote_itself_is_no_news_to_it() -> None:
    changes = [logged(1), logged(2)]
    assert news_to("another", changes) == 2
    assert news_to(STRANGER, changes) == 0
