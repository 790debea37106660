"""How late a lane is said to be while its hands are full: what waits behind them is late as well."""

from __future__ import annotations

import asyncio

from homeport_client.fleet import clock
from homeport_notify.audience import ToUsers
from homeport_notify.message import Message
from homeport_notify.notification import Notification
from homeport_server.notify.work import IN_HAND
from tests.unit.server.notify_house import SOON_S, NotifyHouse, play
from tests.unit.sync.afterwards import TENANT

LANE = "lane:bulk"


async def campaigns(house: NotifyHouse, count: int) -> None:
    """So many notifications to one user each, and so as many chunks."""
    await house.register("ben")
    for number in range(count):
        note = Notification(
            id=f"00000000-0000-7000-8000-{number:012x}",
            tenant=TENANT,
            key=f"{number}",
            audience=ToUsers(users=("ben",)),
            message=Message(title="News"),
            lane="bulk",
            due_at_ms=clock.now_ms(),
            expires_at_ms=clock.now_ms() + 3_600_000,
            created_at_ms=clock.now_ms(),
        )
        await house.notify.submit(note)


def test_what_waits_behind_full_hands_makes_the_lane_late_until_they_are_free() -> None:
    async def scene(house: NotifyHouse) -> None:
        house.channel.held.clear()
        await campaigns(house, IN_HAND["bulk"].of_tenant + 1)
        async with house.working():
            await asyncio.sleep(SOON_S)
            assert len(house.told()) == IN_HAND["bulk"].of_tenant
            assert house.reading("follower_age_seconds", follower=LANE) >= SOON_S / 2
            house.channel.held.set()
            await asyncio.sleep(SOON_S)
            assert len(house.told()) == IN_HAND["bulk"].of_tenant + 1
            assert house.reading("follower_age_seconds", follower=LANE) == 0

    play(scene)
