"""What happens to a phone that no server answers: it lives, dies, sleeps and is reached, and keeps what it wrote."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest

from homeport_server.phones.handheld import SKEW_MS_MAX
from homeport_server.phones.happenings import Travel
from homeport_server.phones.looking import clock_text, skew_words
from homeport_server.phones.pushed import Pushed
from homeport_sync.telling import DELIVERY, NOTIFICATION, WAKE
from tests.unit.server.phones.desk import Desk, desk

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
WITHIN_S = 10.0


@pytest.fixture
async def at() -> AsyncIterator[Desk]:
    async with desk() as made:
        yield made


def pushed(at: str = "1", **data: str) -> Pushed:
    return Pushed(title="News", body="There is some.", data={DELIVERY: at, NOTIFICATION: "", **data})


async def test_a_verb_that_does_not_fit_changes_nothing(at: Desk) -> None:
    phone = at.phone
    await phone.start()
    await phone.wake()
    assert (phone.life, (await at.sight()).state) == ("on", "offline")
    await phone.sleep()
    await phone.sleep()
    await phone.start()
    assert (await at.sight()).life == "asleep"
    await phone.kill()
    await phone.kill()
    await phone.sleep()
    await phone.wake()
    assert (await at.sight()).life == "off"


async def test_life_after_life_goes_on_with_what_the_last_one_left(at: Desk) -> None:
    device = (await at.sight()).device
    for n in range(3):
        await at.card(f"card {n}")
        await at.phone.kill()
        assert (await at.sight()).pending == n + 2
        await at.phone.start()
    shown = await at.sight()
    assert [each.title for each in await at.rows()] == ["card 0", "card 1", "card 2"]
    assert (shown.device, shown.pending, len(shown.outbox)) == (device, 4, 4)


async def test_a_phone_that_sleeps_in_the_middle_of_something_can_be_woken_or_killed(at: Desk) -> None:
    await at.phone.airplane(False)
    for _ in range(3):
        await asyncio.gather(at.phone.sleep(), at.phone.wake())
    await asyncio.gather(at.phone.sleep(), at.phone.kill(), at.phone.start())
    assert at.phone.life == "on"
    assert (await at.sight()).pending == 1


async def test_a_start_that_was_left_in_the_middle_is_made_anew(at: Desk) -> None:
    await at.phone.kill()
    starting = asyncio.create_task(at.phone.start())
    await asyncio.sleep(0)
    starting.cancel()
    await asyncio.wait([starting])
    assert (await at.sight()).life == "off"
    await at.phone.start()
    assert (await at.sight()).life == "on"
    async with asyncio.timeout(WITHIN_S):
        address = urlsplit(at.phone._proxy.url)
        _, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.close()
    await writer.wait_closed()


async def test_without_a_server_its_trouble_is_told_in_words(at: Desk) -> None:
    await at.phone.airplane(False)
    async with asyncio.timeout(WITHIN_S):
        with at.happenings.listen() as listener:
            while (await at.sight()).state != "backing_off":
                await listener.next()
    shown = await at.sight()
    assert shown.trouble == "No answer came from the server."
    assert shown.weather == "The network reaches no server."
    assert shown.state_words == "The last attempt failed; it tries again soon."


async def test_what_the_provider_brings_lies_on_the_screen_until_it_is_opened(at: Desk) -> None:
    kitchen = (await at.sight()).open
    assert kitchen
    assert await at.touch.make_list("Board", {"name": "Cellar"})
    await at.phone.airplane(False)
    await at.phone.sleep()
    with at.happenings.listen() as listener:
        await at.phone.bring(pushed(list=kitchen.id))
        heard = listener.now()
    assert Travel(phone="a", leg="notification", count=1, fate="arrived") in heard
    notice = (await at.sight()).notice
    assert notice
    assert (notice.title, notice.body, notice.asleep, at.phone.life) == ("News", "There is some.", True, "asleep")
    assert not at.phone._on_air, "it sleeps on, and nothing is connected"
    await at.phone.open_notice()
    shown = await at.sight()
    assert (shown.life, shown.notice) == ("on", None)
    assert shown.open
    assert shown.open.title == "Garden"


async def test_an_app_that_is_opened_by_hand_is_not_covered_by_what_came_while_it_slept(at: Desk) -> None:
    await at.phone.airplane(False)
    await at.phone.sleep()
    await at.phone.bring(pushed())
    assert (await at.sight()).notice
    await at.phone.wake()
    shown = await at.sight()
    assert (shown.life, shown.notice) == ("on", None)


async def test_the_same_delivery_and_a_wake_show_nothing_more(at: Desk) -> None:
    await at.phone.airplane(False)
    await at.phone.bring(pushed("1"))
    notice = (await at.sight()).notice
    assert notice
    assert not notice.asleep
    at.phone.dismiss_notice()
    await at.phone.bring(pushed("1"))
    with at.happenings.listen() as listener:
        await at.phone.bring(Pushed(title="", body="", data={WAKE: "1"}))
        assert Travel(phone="a", leg="wake", count=1, fate="arrived") in listener.now()
    assert (await at.sight()).notice is None


async def test_what_comes_while_it_cannot_be_reached_waits(at: Desk) -> None:
    bringing = asyncio.create_task(at.phone.bring(pushed()))
    await asyncio.sleep(0)
    await at.phone.kill()
    await at.phone.airplane(False)
    await asyncio.sleep(0)
    assert not bringing.done()
    await at.phone.start()
    await bringing
    assert (await at.sight()).notice is not None


async def test_opening_a_notice_starts_an_app_that_was_killed(at: Desk) -> None:
    await at.phone.airplane(False)
    await at.phone.bring(pushed(list="no id"))
    await at.phone.kill()
    assert (await at.sight()).notice is not None
    await at.phone.open_notice()
    shown = await at.sight()
    assert (shown.life, shown.notice) == ("on", None)


async def test_a_clock_is_set_at_once_and_within_bounds(at: Desk) -> None:
    right = at.phone.wall()
    at.phone.clock(2 * DAY_MS)
    shown = await at.sight()
    assert (shown.skew_ms, shown.clock_words) == (2 * DAY_MS, "2 days ahead")
    assert shown.clock in {clock_text(right + 2 * DAY_MS + late * MINUTE_MS) for late in (0, 1)}
    at.phone.clock(-(10**18))
    assert (await at.sight()).skew_ms == -SKEW_MS_MAX


@pytest.mark.parametrize(
    ("skew_ms", "words"),
    [
        (0, ""),
        (400, "1 second ahead"),
        (-2_000, "2 seconds behind"),
        (90_000, "1 minute ahead"),
        (-3 * HOUR_MS, "3 hours behind"),
        (1_000 * DAY_MS, "1,000 days ahead"),
    ],
)
def test_how_wrong_a_clock_is_is_said_in_words(skew_ms: int, words: str) -> None:
    assert skew_words(skew_ms) == words
