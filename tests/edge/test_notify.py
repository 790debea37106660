"""Notifications over GraphQL: what devices say of themselves, and what a token with the right to notify has told."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx2
import pytest
from msgspec.structs import replace

from homeport_notify.notification import LANES, Lane, Notification
from homeport_server.notify.notifier import PAGE_MAX
from homeport_server.notify.nudges import nudge
from homeport_sync.telling import PREFER, RECEIPTS_MAX, REGISTER, REPORT, RETIRE, SUBSCRIBE, UNSUBSCRIBE
from tests.edge.world import DEVICE, START_MS, World, ask, make_world
from tests.unit.notify.channels import ChannelByHand
from tests.unit.notify.samples import a_notification

BEN = "00000000-0000-4000-8000-00000000000b"
NOTIFY = """mutation N($key: String!, $to: AudienceInput!, $message: MessageInput!, $at: String, $localAt: String,
    $dryRun: Boolean) { notify(key: $key, to: $to, message: $message, at: $at, localAt: $localAt, dryRun: $dryRun) {
    isNew notification { id key state lane title dueAtMs localTime author audience } } }"""
STEER = "mutation S($id: ID!, $how: String!) { steerNotification(id: $id, how: $how) { state reason } }"
SHOW = "query P($id: ID!) { notification(id: $id) { expanded counts received opened notification { state } } }"
LIST = "query L($before: ID, $limit: Int) { notifications(before: $before, limit: $limit) { id title } }"
WANTS = "query W { preferences { timezone quietHours { fromMin untilMin } muted } topics }"
HELLO = {"title": "Hello"}
TURNS = 100  # of the loop


def one_of(number: int, *, lane: Lane, tenant: str) -> Notification:
    return replace(a_notification(number, lane=lane), tenant=tenant)


async def told(client: httpx2.AsyncClient, query: str, **variables: object) -> Any:  # noqa: ANN401  # JSON
    """The data of the answer, or the code of its first error."""
    answer = (await ask(client, query, **variables)).json()
    return answer["errors"][0]["extensions"]["code"] if answer.get("errors") else answer["data"]


async def addresses(world: World, user: str) -> Mapping[str, str | None]:
    kept = await world.notify.addresses(world.tenant, user, "", 10)
    return {each.target: each.retired for each in kept}


async def test_a_device_says_where_it_can_be_reached_and_again_and_no_more(world: World) -> None:
    phone = {"device": DEVICE, "channel": "fcm", "platform": "android", "timezone": "Europe/Rome"}
    async with world.client() as client:
        first = await told(client, REGISTER, **phone, target="one")
        assert await told(client, REGISTER, **phone, target="two") == first
        assert await addresses(world, "ana") == {"two": None}
        assert await told(client, RETIRE, device=DEVICE) == {"retireAddresses": 1}
        assert await told(client, RETIRE, device=DEVICE) == {"retireAddresses": 0}
    assert await addresses(world, "ana") == {"two": "signed_out"}
    (kept,) = await world.notify.addresses(world.tenant, "ana", "", 10)
    assert (kept.platform, kept.timezone, kept.seen_at_ms) == ("android", "Europe/Rome", START_MS)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"channel": "pigeon", "target": "x"}, "MALFORMED"),
        ({"channel": "fcm", "target": "x", "platform": "tin"}, "MALFORMED"),
        ({"channel": "fcm", "target": "x", "targetKind": "name"}, "MALFORMED"),
        ({"channel": "fcm", "target": ""}, "BAD_ADDRESS"),
        ({"channel": "apns", "target": "no hex"}, "BAD_ADDRESS"),
        ({"channel": "fcm", "target": "x", "device": "mine"}, "MALFORMED"),
        ({"channel": "fcm", "target": "x", "locale": "e" * 101}, "BAD_ADDRESS"),
        ({"channel": "fcm", "target": "x", "locale": "e\0"}, "BAD_ADDRESS"),
        ({"channel": "fcm", "target": "x", "timezone": "e" * 101}, "BAD_ADDRESS"),
    ],
)
async def test_an_address_that_is_none_is_refused_with_its_reason(
    client: httpx2.AsyncClient, given: Mapping[str, object], code: str
) -> None:
    assert await told(client, REGISTER, **{"device": DEVICE, **given}) == code


async def test_what_is_none_of_the_possible_is_named_with_those(client: httpx2.AsyncClient) -> None:
    answer = await ask(client, REGISTER, device=DEVICE, channel="pigeon", target="x")
    (error,) = answer.json()["errors"]
    assert error["message"] == "The channel is 'pigeon'; expected one of fcm, apns, webhook, console."


@pytest.mark.promise("I8")
async def test_nobody_registers_the_device_of_another(world: World) -> None:
    await world.push(world.new_list(DEVICE))
    async with world.client("ben") as client:
        assert await told(client, REGISTER, device=DEVICE, channel="fcm", target="x") == "DEVICE_FOREIGN"
        assert await told(client, RETIRE, device=DEVICE) == {"retireAddresses": 0}
        assert await told(client, REPORT, device=DEVICE, receipts=[]) == "DEVICE_FOREIGN"


async def test_a_webhook_is_registered_only_by_who_may_notify(world: World) -> None:
    hook = {"device": DEVICE, "channel": "webhook", "target": "https://example.org/hook"}
    async with world.client("office") as client:
        assert await told(client, REGISTER, **hook) == "FORBIDDEN"
    async with world.client("office", may=["notify"]) as client:
        assert "registerAddress" in await told(client, REGISTER, **hook)
    assert await addresses(world, "office") == {"https://example.org/hook": None}


async def test_a_closed_channel_is_a_warning_and_no_reason_to_take_the_traffic_away() -> None:
    world = await make_world(channels={"fcm": ChannelByHand()})
    await world.notify.close_gate("fcm", START_MS + 60_000, "fcm: PERMISSION_DENIED")
    async with world.built.routes.router.lifespan_context(world.built.routes), world.client() as client:
        for _ in range(TURNS):
            await asyncio.sleep(0)
        ready = await client.get("/readyz")
        assert ready.status_code == 200
        (warning,) = ready.json()["warnings"]
        assert warning == "the channel fcm is closed until 2023-11-14 22:14:20 UTC: fcm: PERMISSION_DENIED"
        assert 'homeport_channel_closed{channel="fcm"} 1.0' in (await client.get("/metrics")).text


async def test_a_user_says_what_they_want_and_reads_it_again(client: httpx2.AsyncClient) -> None:
    empty = {"preferences": {"timezone": "", "quietHours": None, "muted": []}, "topics": []}
    assert await told(client, WANTS) == empty
    quiet = {"fromMin": 1_320, "untilMin": 420}
    assert await told(client, PREFER, timezone="Europe/Rome", quietHours=quiet, muted=["b", "a"]) == {
        "setPreferences": True
    }
    for topic in ("news", "news", "sports"):
        assert await told(client, SUBSCRIBE, topic=topic) == {"subscribe": True}
    for _ in range(2):
        assert await told(client, UNSUBSCRIBE, topic="sports") == {"unsubscribe": True}
    assert await told(client, WANTS) == {
        "preferences": {"timezone": "Europe/Rome", "quietHours": quiet, "muted": ["a", "b"]},
        "topics": ["news"],
    }
    assert await told(client, PREFER, timezone="Rome") == "BAD_PREFERENCES"
    assert await told(client, SUBSCRIBE, topic=" ") == "BAD_NOTIFICATION"
    assert await told(client, PREFER) == {"setPreferences": True}
    assert (await told(client, WANTS))["preferences"] == empty["preferences"]


async def test_only_a_token_with_the_right_may_notify_and_see_what_was_told(client: httpx2.AsyncClient) -> None:
    to = {"users": ["ben"]}
    assert await told(client, NOTIFY, key="k", to=to, message=HELLO) == "FORBIDDEN"
    assert await told(client, STEER, id="x", how="cancel") == "FORBIDDEN"
    assert await told(client, SHOW, id="x") == "FORBIDDEN"
    assert await told(client, LIST) == "FORBIDDEN"


async def test_what_is_told_with_one_key_is_told_once(world: World) -> None:
    async with world.client("office", may=["notify"]) as client:
        to = {"users": ["ben"]}
        first = (await told(client, NOTIFY, key="k", to=to, message=HELLO))["notify"]
        again = (await told(client, NOTIFY, key="k", to=to, message=HELLO))["notify"]
        assert (first["isNew"], again["isNew"]) == (True, False)
        assert again["notification"] == first["notification"]
        assert first["notification"]["lane"] == "transactional"
        assert (first["notification"]["author"], first["notification"]["dueAtMs"]) == ("office", START_MS)
        assert await told(client, NOTIFY, key="k", to=to, message={"title": "Other"}) == "KEY_REUSED"
    (line,) = [each for each in await world.lines() if each["event"] == "notification"]
    assert line["notification"] == first["notification"]["id"]


async def test_a_message_is_as_urgent_as_from_the_command_line_unless_it_says_otherwise(world: World) -> None:
    async with world.client("office", may=["notify"]) as client:
        for key, said in (("high", {}), ("normal", {"priority": "normal"})):
            made = await told(client, NOTIFY, key=key, to={"users": ["ben"]}, message={**HELLO, **said})
            kept = await world.notify.progress(world.tenant, made["notify"]["notification"]["id"])
            assert kept.notification.message.priority == key


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"to": {}}, "BAD_NOTIFICATION"),
        ({"to": {"users": ["ben"], "everyone": True}}, "BAD_NOTIFICATION"),
        ({"to": {"users": ["*"]}}, "BAD_NOTIFICATION"),
        ({"message": {}}, "BAD_NOTIFICATION"),
        ({"message": {"title": "x", "priority": "now"}}, "MALFORMED"),
        ({"message": {"title": "x", "data": {"a": 1}}}, "MALFORMED"),
        ({"message": {"title": "x", "data": ["a"]}}, "MALFORMED"),
        ({"message": {"title": "x", "data": {"hp_wake": "1"}}}, "BAD_NOTIFICATION"),
        ({"at": "2026-11-30T09:00"}, "BAD_NOTIFICATION"),
        ({"at": "tomorrow"}, "BAD_NOTIFICATION"),
        ({"localAt": "2026-11-30T09:00+01:00"}, "BAD_NOTIFICATION"),
        ({"at": "2026-11-30T09:00Z", "localAt": "2026-11-30T09:00"}, "BAD_NOTIFICATION"),
        ({"key": ""}, "BAD_NOTIFICATION"),
        ({"key": "a\0"}, "BAD_NOTIFICATION"),
        ({"to": {"users": ["ben\0"]}}, "BAD_NOTIFICATION"),
        ({"to": {"topic": "a\0"}}, "BAD_NOTIFICATION"),
        ({"to": {"scope": "a\0"}}, "BAD_NOTIFICATION"),
        ({"to": {"scope": " "}}, "BAD_NOTIFICATION"),
    ],
)
async def test_what_cannot_be_told_is_refused_with_its_reason(
    world: World, given: Mapping[str, object], code: str
) -> None:
    async with world.client(may=["notify"]) as client:
        fine = {"key": "k", "to": {"everyone": True}, "message": HELLO}
        assert await told(client, NOTIFY, **{**fine, **given}) == code
        assert await told(client, LIST) == {"notifications": []}


async def test_it_is_due_at_a_moment_or_at_the_first_place_where_a_local_time_comes(world: World) -> None:
    async with world.client(may=["notify"]) as client:
        to = {"topic": "news"}
        one = await told(client, NOTIFY, key="1", to=to, message=HELLO, at="2023-11-20T09:00+01:00")
        assert one["notify"]["notification"]["dueAtMs"] == 1_700_467_200_000
        two = await told(client, NOTIFY, key="2", to=to, message=HELLO, localAt="2023-11-20T09:00")
        assert two["notify"]["notification"]["dueAtMs"] == 1_700_470_800_000 - 14 * 3_600_000
        assert two["notify"]["notification"]["audience"] == {"to": "topic", "topic": "news"}
        assert two["notify"]["notification"]["lane"] == "bulk"


async def test_it_is_listed_page_by_page_paused_resumed_and_cancelled(world: World) -> None:
    async with world.client("office", may=["notify"]) as client:
        for number in range(3):
            world.clock.now_ms += 1
            await told(client, NOTIFY, key=str(number), to={"everyone": True}, message={"title": str(number)})
        first = (await told(client, LIST, limit=2))["notifications"]
        assert [each["title"] for each in first] == ["2", "1"]
        rest = (await told(client, LIST, before=first[-1]["id"]))["notifications"]
        assert [each["title"] for each in rest] == ["0"]
        assert await told(client, LIST, limit=PAGE_MAX + 1) == "MALFORMED"
        id = first[0]["id"]
        assert await told(client, STEER, id=id, how="pause") == {
            "steerNotification": {"state": "paused", "reason": "by office"}
        }
        assert (await told(client, STEER, id=id, how="resume"))["steerNotification"]["state"] in {"waiting", "running"}
        for _ in range(2):
            assert (await told(client, STEER, id=id, how="cancel"))["steerNotification"]["state"] == "cancelled"
        assert await told(client, STEER, id=id, how="resume") == "NOTIFICATION_OVER"
        assert await told(client, STEER, id=BEN, how="pause") == "NOTIFICATION_UNKNOWN"
        assert await told(client, STEER, id=id, how="stop") == "BAD_NOTIFICATION"
        assert await told(client, SHOW, id=BEN) == "NOTIFICATION_UNKNOWN"
        for wrong in ("", "x\0", "é"):  # no id, so no database is asked for it
            assert await told(client, SHOW, id=wrong) == "NOTIFICATION_UNKNOWN"
            assert await told(client, STEER, id=wrong, how="pause") == "NOTIFICATION_UNKNOWN"
        assert await told(client, LIST, before="x\0") == "MALFORMED"


async def test_wakes_are_not_among_what_was_told(world: World) -> None:
    for number, lane in enumerate(LANES * 2):
        await world.notify.submit(one_of(number, lane=lane, tenant=world.tenant))
    async with world.client("office", may=["notify"]) as client:
        page = (await told(client, LIST, limit=3))["notifications"]
        rest = (await told(client, LIST, before=page[-1]["id"]))["notifications"]
    assert [int(each["id"][4:8], 16) for each in page + rest] == [5, 3, 2, 0]


async def test_it_reaches_the_phone_and_its_receipts_are_counted() -> None:
    channel = ChannelByHand()
    world = await make_world(channels={"fcm": channel})
    async with (
        world.built.routes.router.lifespan_context(world.built.routes),
        world.client("ben") as ben,
        world.client("office", may=["notify"]) as office,
    ):
        await told(ben, REGISTER, device=BEN, channel="fcm", target="bens")
        sent = await told(office, NOTIFY, key="k", to={"users": ["ben"]}, message=HELLO)
        id = sent["notify"]["notification"]["id"]
        async with asyncio.timeout(5):
            await channel.busy.wait()
        for _ in range(TURNS):  # until what the provider said is written
            await asyncio.sleep(0)
        assert [each.target for each in channel.sent] == ["bens"]
        receipt = {"notification": id, "receivedAtMs": START_MS, "openedAtMs": START_MS + 1}
        for _ in range(2):
            assert await told(ben, REPORT, device=BEN, receipts=[receipt]) == {"reportNotifications": 1}
        assert await told(office, SHOW, id=id) == {
            "notification": {
                "expanded": True,
                "counts": {"sent": 1},
                "received": 1,
                "opened": 1,
                "notification": {"state": "done"},
            }
        }
        for wrong in ({"notification": 1}, {**receipt, "notification": "a\0"}, {**receipt, "receivedAtMs": 10**20}):
            assert await told(ben, REPORT, device=BEN, receipts=[wrong]) == "MALFORMED"
        assert await told(ben, REPORT, device=BEN, receipts=[receipt] * (RECEIPTS_MAX + 1)) == "MALFORMED"


async def test_a_nudge_is_no_news_of_the_log(world: World) -> None:
    async with world.signals.listen() as told_all:
        nudge(world.signals, world.tenant, "bulk")
        assert await anext(aiter(told_all)) == (f"notify/bulk/{world.tenant}", 0)
    assert [line for line in await world.lines() if line["level"] in {"warning", "error"}] == []
