"""What APNs says to a notification: Apple's table of reasons."""

import json

import pytest

from tests.unit.notify.emulator.world import DEVICE, TOPIC, World, reason

LATER = "4000000000"


def test_a_notification_without_an_id_gets_one() -> None:
    reply = World().apple()
    assert (reply.status, reply.body) == (200, b"")
    assert len(dict(reply.headers)["apns-id"]) == 36


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"device": ""}, (400, "MissingDeviceToken")),
        ({"device": "xyz"}, (400, "BadDeviceToken")),
        ({"device": "ab" * 31}, (400, "BadDeviceToken")),
        ({"device": "ab" * 101}, (400, "BadDeviceToken")),
        ({"device": f"{DEVICE}/more"}, (404, "BadPath")),
        ({"method": "GET"}, (405, "MethodNotAllowed")),
        ({"topic": ""}, (400, "MissingTopic")),
        ({"push_type": "carrier-pigeon"}, (400, "InvalidPushType")),
        ({"priority": "7"}, (400, "BadPriority")),
        ({"push_type": "background", "priority": "10"}, (400, "BadPriority")),
        ({"expiration": "tomorrow"}, (400, "BadExpirationDate")),
        ({"collapse_id": "x" * 65}, (400, "BadCollapseId")),
        ({"id": "5"}, (400, "BadMessageId")),
        ({"body": b""}, (400, "PayloadEmpty")),
        ({"body": b"{"}, (400, "PayloadEmpty")),
        ({"body": {"aps": {}, "x": "x" * 4_096}}, (413, "PayloadTooLarge")),
    ],
)
def test_a_request_that_is_not_in_order_is_told_why(headers: dict[str, str], told: tuple[int, str]) -> None:
    world = World()
    assert reason(world.apple(**headers)) == told
    assert world.provider.tally.apns.refused == {told[1]: 1}


def test_only_the_topics_of_the_team_may_be_sent_to() -> None:
    assert reason(World(topics=frozenset({"com.other"})).apple()) == (400, "TopicDisallowed")


def test_a_voip_notification_may_be_larger() -> None:
    assert World().apple(push_type="voip", body={"aps": {}, "x": "x" * 4_200}).status == 200


def test_a_phone_of_another_app_is_not_for_the_topic() -> None:
    world = World()
    phone = world.provider.phones.register("apns", "ios", topic="com.other")
    assert reason(world.apple(device=phone.target)) == (400, "DeviceTokenNotForTopic")


def test_a_phone_that_is_gone_says_since_when() -> None:
    world = World()
    world.provider.phones.lose([DEVICE])
    gone_ms = world.now_ms
    world.pass_s(5)
    reply = world.apple()
    assert json.loads(reply.body) == {"reason": "Unregistered", "timestamp": gone_ms}


def test_strangers_may_be_bad_device_tokens() -> None:
    world = World()
    world.behave(strangers="gone")
    assert reason(world.apple()) == (400, "BadDeviceToken")


@pytest.mark.parametrize(
    ("outage", "told"),
    [
        ("unavailable", (503, "ServiceUnavailable")),
        ("internal", (500, "InternalServerError")),
        ("throttled", (429, "TooManyRequests")),
    ],
)
def test_an_outage_has_apples_words(outage: str, told: tuple[int, str]) -> None:
    world = World()
    world.behave(outage=outage)
    assert reason(world.apple()) == told


def test_a_quota_has_them_too() -> None:
    world = World()
    world.behave(device_quota_a_minute=1)
    assert world.apple().status == 200
    assert reason(world.apple()) == (429, "TooManyRequests")


def test_a_provider_token_is_good_for_an_hour_and_may_be_replaced_after_20_minutes() -> None:
    world = World(checked=True)
    first = world.provider_token()
    assert world.apple(authorization=first).status == 200
    world.pass_s(20 * 60 - 1)
    early = world.provider_token()
    assert reason(world.apple(authorization=early)) == (429, "TooManyProviderTokenUpdates")
    world.pass_s(1)
    second = world.provider_token()
    assert [world.apple(authorization=each).status for each in (second, first)] == [200, 200]
    world.pass_s(40 * 60)
    assert world.apple(authorization=second).status == 200
    world.pass_s(1)
    assert reason(world.apple(authorization=first)) == (403, "ExpiredProviderToken")


def test_a_token_of_the_future_or_without_a_time_is_invalid() -> None:
    world = World(checked=True)
    for token in (world.provider_token(age_s=-600), world.provider_token(iat="now"), world.provider_token(iss="OTHER")):
        assert reason(world.apple(authorization=token)) == (403, "InvalidProviderToken")


@pytest.mark.parametrize(("key", "told"), [("expired", "ExpiredProviderToken"), ("revoked", "InvalidProviderToken")])
def test_a_key_that_has_ended_is_refused(key: str, told: str) -> None:
    world = World(checked=True)
    token = world.provider_token()
    world.behave(key=key)
    assert reason(world.apple(authorization=token)) == (403, told)


def test_apple_keeps_the_newest_for_a_phone_that_is_away() -> None:
    world = World()
    phone = world.provider.phones.register("apns", "ios", topic=TOPIC)
    for number in range(3):
        world.apple(device=phone.target, body={"aps": {"alert": "Tea"}, "n": str(number)}, expiration=LATER)
    assert [push.data["n"] for _, push in phone.poll()] == ["2"]
    assert world.phones["replaced"] == 2


def test_an_expiration_of_zero_is_now_or_never() -> None:
    world = World()
    phone = world.provider.phones.register("apns", "ios")
    world.apple(device=phone.target, expiration="0")
    assert (phone.waiting, world.phones["expired"]) == (0, 1)
