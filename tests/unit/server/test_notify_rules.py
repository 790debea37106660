"""An app's rule, from the log to a phone: who is told, once, however often the log is read and whatever fails."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from homeport_client.fleet import clock
from homeport_notify.notification import Notification
from homeport_server.followers.app_work import PAUSE_LONGEST_S
from homeport_server.notify.compose import GRACE_MS
from homeport_server.settings import Settings
from homeport_sync import Entry, Tell
from homeport_sync.errors import Unavailable
from homeport_sync.sightings import Sighting
from homeport_sync.tell import TRIES_MAX, Told
from homeport_sync.values import PythonValue
from tests.unit.server.notify_house import LIST, SOON_S, NotifyHouse, device_of, play
from tests.unit.sync.afterwards import TENANT

Row = Mapping[str, PythonValue] | None


def tells(house: NotifyHouse, **tell: object) -> list[str]:
    """A rule that tells this of every change; what it was asked about."""
    asked: list[str] = []

    @house.app.notification(kinds=["Task"])
    def changed(entry: Entry, task: Row) -> Told:
        asked.append(f"{entry.position} {task and task['title']}")
        return Tell(title="It changed", **tell)  # type: ignore[arg-type]  # the test's own

    return asked


async def kept(house: NotifyHouse) -> list[Notification]:
    return list(await house.notify.notifications(TENANT, "", 100, lane="transactional"))


def test_a_change_is_told_to_whom_the_rule_says_and_to_nobody_else() -> None:
    async def scene(house: NotifyHouse) -> None:
        asked = tells(house, users=["ben", "ana"])
        await house.register("ana", "ben", "cleo")
        await house.register("ana", device=LIST)
        async with house.working():
            await house.write("Milk")
            await asyncio.sleep(SOON_S)
        assert house.told() == ["ben"]
        assert asked == ["1 Milk"]
        assert house.reading("notifications_total", lane="transactional") == 1
        assert house.reading("deliveries_total", lane="transactional", channel="fcm", fate="sent") == 1
        assert house.reading("follower_done_total", follower="notify:changed", result="done") == 1
        (line,) = house.said("notification")
        assert line["request_id"] == "request 1"

    play(scene)


def test_a_scope_is_all_of_its_members_but_the_one_who_changed_it() -> None:
    async def scene(house: NotifyHouse) -> None:
        tells(house, scope=True)
        await house.register("ana", "ben", "cleo", "dan")
        await house.join("ana", "ben", "cleo")
        async with house.working():
            await house.write("Milk")
            await asyncio.sleep(SOON_S)
        assert set(house.told()) == {"ben", "cleo"}
        assert house.reading("deliveries_total", lane="transactional", channel="fcm", fate="sent") == 2

    play(scene)


def test_an_author_who_wants_to_be_told_is_told_on_other_devices_only() -> None:
    async def scene(house: NotifyHouse) -> None:
        tells(house, users="ana", author_too=True)
        await house.register("ana")
        await house.register("ana", device=LIST)
        async with house.working():
            await house.write("Milk")
            await asyncio.sleep(SOON_S)
            (note,) = await kept(house)
            assert (note.about and note.about.author) == device_of("ana")
            assert house.told() == ["ana*"]
            assert house.reading("deliveries_total", lane="transactional", channel="", fate="seen") == 1

    play(scene)


def test_who_has_pulled_within_the_grace_is_not_told() -> None:
    async def scene(house: NotifyHouse) -> None:
        tells(house, users=["ben", "cleo"])
        await house.register("ben", "cleo")
        async with house.working():
            position = await house.write("Milk")
            await asyncio.sleep(GRACE_MS / 1_000 - 1)
            assert house.told() == []
            pulled = Sighting(
                device=device_of("ben"), user="ben", pulled_at_ms=clock.now_ms(), pulled_position=position
            )
            await house.store.keep_sightings(TENANT, [pulled], clock.now_ms())
            await asyncio.sleep(2)
            assert house.told() == ["cleo"]

    play(scene)


def test_a_log_that_is_read_again_tells_nothing_again_even_if_the_record_is_another_by_now() -> None:
    async def scene(house: NotifyHouse) -> None:
        @house.app.notification(kinds=["Task"])
        def changed(_entry: Entry, task: Row) -> Told:
            return Tell(users="ben", title=f"{task and task['title']} changed")

        await house.register("ben")
        async with house.working():
            await house.write("Milk")
            await house.write("Cream")
            await asyncio.sleep(SOON_S)
        house.store._log(TENANT).places.clear()  # as if nobody had kept how far it was
        await house.write("Butter")
        async with house.working("two"):
            await asyncio.sleep(SOON_S)
        assert house.told() == ["ben"] * 3
        assert house.said("follower failed") == []
        assert {each.topic for each in await kept(house)} == {"changed"}

    play(scene)


@pytest.mark.promise("I13")
def test_a_rule_that_raises_is_left_out_in_time_and_holds_no_other() -> None:
    async def scene(house: NotifyHouse) -> None:
        @house.app.notification(kinds=["Task"])
        def fails(_entry: Entry, _task: Row) -> Told:
            raise ZeroDivisionError

        tells(house, users="ben")
        await house.register("ben")
        async with house.working():
            await house.write("Milk")
            await asyncio.sleep(SOON_S)
            assert house.told() == ["ben"]
            await asyncio.sleep(TRIES_MAX * PAUSE_LONGEST_S)
            assert house.reading("follower_done_total", follower="notify:fails", result="given_up") == 1
            (said,) = house.said("follower gave up")
            assert said["position"] == 1

    play(scene)


@pytest.mark.parametrize("told", ["ben", Tell(users="ben", title="x" * 500)])
def test_what_cannot_be_told_is_left_out_as_well(told: object) -> None:
    async def scene(house: NotifyHouse) -> None:
        @house.app.notification(kinds=["Task"], give_up_after=1)
        def says(_entry: Entry, _task: Row) -> Told:
            return told  # type: ignore[return-value]  # what a developer may write

        async with house.working():
            await house.write("Milk")
            await asyncio.sleep(SOON_S)
            assert house.reading("follower_done_total", follower="notify:says", result="given_up") == 1

    play(scene)


@pytest.mark.promise("I7")
def test_what_can_never_be_told_holds_nobody_behind_it_and_nothing_beside_it() -> None:
    async def scene(house: NotifyHouse) -> None:
        @house.app.notification(kinds=["Task"])
        def says(entry: Entry, _task: Row) -> Told:
            title = str(entry.fields["title"])
            return [Tell(users="ben", title=title), Tell(users="cleo", title="Another") if title else Tell()]

        await house.register("ben", "cleo")
        async with house.working():
            for title in ("x" * 500, "", "Milk"):
                await house.write(title)
            await asyncio.sleep(SOON_S)
            assert sorted(house.told()) == ["ben", "cleo", "cleo"]
            assert house.reading("follower_done_total", follower="notify:says", result="given_up") == 2

    play(scene)


def test_a_store_that_does_not_answer_is_asked_until_it_does() -> None:
    async def scene(house: NotifyHouse) -> None:
        submit, broken = house.notify.submit, True

        async def fails(notification: Notification) -> tuple[Notification, bool]:
            if broken:
                raise Unavailable
            return await submit(notification)

        house.notify.submit = fails  # type: ignore[method-assign]  # an outage
        tells(house, users="ben")
        await house.register("ben")
        async with house.working():
            await house.write("Milk")
            await asyncio.sleep(2 * TRIES_MAX * PAUSE_LONGEST_S)
            broken = False
            await asyncio.sleep(2 * PAUSE_LONGEST_S)
            assert house.told() == ["ben"]

    play(scene)


def test_what_is_stale_when_it_is_read_is_not_told_any_more() -> None:
    async def scene(house: NotifyHouse) -> None:
        asked = tells(house, users="ben", ttl_s=60)
        await house.register("ben")
        async with house.working():
            pass
        await house.write("Milk")
        await asyncio.sleep(3_600)
        async with house.working():
            await asyncio.sleep(SOON_S)
        assert (asked, house.told()) == (["1 Milk"], [])

    play(scene)


def test_slices_share_out_the_scopes_and_tell_each_change_once_whatever_their_number_was() -> None:
    scopes = [f"00000000-0000-7000-8000-{number:012x}" for number in range(12)]

    async def scene(house: NotifyHouse) -> None:
        asked = tells(house, users="ben")
        await house.register("ben")
        for count in (1, 4, 2, 1):
            house.settings = Settings(notify_slices=count)
            async with house.working(f"with {count}"):
                for scope in scopes:
                    await house.write("Milk", scope=scope)
                await asyncio.sleep(2 * SOON_S)
            if count == 4:  # each change was given to one of the slices, which went on from where the whole was
                assert len(asked) == 2 * len(scopes)
        assert house.told() == ["ben"] * len(scopes) * 4
        places = house.store._log(TENANT).places
        assert {"notify:changed", "notify:changed:1/4", "notify:changed:4/4", "notify:changed:2/2"} <= places.keys()

    play(scene)


def test_a_deleted_record_is_none() -> None:
    async def scene(house: NotifyHouse) -> None:
        asked = tells(house, users="ben")
        async with house.working():
            await house.write("Milk", op="delete", scope=LIST)
            await asyncio.sleep(SOON_S)
        assert asked == ["1 None"]

    play(scene)
