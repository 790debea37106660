"""What FCM says to a message, as Google's pages and people's reports have it."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeport_notify.emulator.exchange import Request
from tests.unit.notify.emulator.world import World, codes, error, fields


def test_a_message_gets_a_name_of_its_own() -> None:
    world = World()
    names = [json.loads(world.send({"token": "a:b", "data": {}}).body) for _ in range(2)]
    assert [list(each) for each in names] == [["name"], ["name"]]
    assert names[0]["name"].startswith("projects/emulated/messages/0:")
    assert names[0] != names[1]


def test_a_value_of_data_that_is_no_text_is_refused_in_googles_words() -> None:
    reply = World().send({"token": "a:b", "data": {"a": "fine", "b": 12}})
    says = "Invalid value at 'message.data[1].value' (TYPE_STRING), 12"
    assert error(reply) == {
        "code": 400,
        "message": says,
        "status": "INVALID_ARGUMENT",
        "details": [
            {
                "@type": "type.googleapis.com/google.rpc.BadRequest",
                "fieldViolations": [{"field": "message.data[1].value", "description": says}],
            }
        ],
    }


def test_every_value_that_is_no_text_is_named() -> None:
    reply = World().send({"token": "a:b", "data": {"a": 1, "b": None, "c": "fine"}})
    assert fields(reply) == ["message.data[0].value", "message.data[1].value"]


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ({"token": "a:b", "topic": "tea"}, "message"),
        ({"token": 5}, "message.token"),
        ({"token": "a:b", "nonsense": 1}, "message"),
        ({"token": "a:b", "android": {"nonsense": 1}}, "message.android"),
        ({"token": "a:b", "android": {"data": {"a": 1}}}, "message.android.data[0].value"),
        ({"token": "a:b", "android": {"ttl": "5"}}, "message.android.ttl"),
        ({"token": "a:b", "android": {"priority": "urgent"}}, "message.android.priority"),
        ({"token": "a:b", "android": {"collapse_key": 5}}, "message.android.collapse_key"),
        ({"token": "a:b", "apns": {"headers": {"apns-priority": 5}}}, "message.apns.headers[0].value"),
        ({"token": "a:b", "notification": {"title": 5}}, "message.notification.title"),
        ({"token": "a:b", "data": ["a"]}, "message.data"),
        ([], "message"),
    ],
)
def test_what_cannot_be_read_names_its_field_and_no_code_of_fcm(message: object, field: str) -> None:
    reply = World().send(message)
    assert (reply.status, error(reply)["status"], fields(reply), codes(reply)) == (
        400,
        "INVALID_ARGUMENT",
        [field],
        [],
    )


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ({"data": {"a": "b"}}, "message"),
        ({"token": ""}, "message"),
        ({"topic": "no topic"}, "message.topic"),
        ({"condition": "'tea' in topics and"}, "message.condition"),
        ({"token": "a:b", "data": {"from": "me"}}, "message.data"),
        ({"token": "a:b", "data": {"google.x": "me"}}, "message.data"),
        ({"token": "a:b", "data": {"a": "x" * 4_096}}, "message"),
        ({"token": "a:b", "notification": {"title": "ö" * 2_048, "body": "x"}}, "message"),
        ({"topic": "tea", "data": {"a": "x" * 2_048}}, "message"),
        ({"token": "a:b", "apns": {"payload": {"aps": {}, "x": "x" * 4_096}}}, "message.apns.payload"),
        ({"token": "a:b", "android": {"ttl": "2419201s"}}, "message.android.ttl"),
        ({"token": "a:b", "android": {"ttl": "-1s"}}, "message.android.ttl"),
    ],
)
def test_what_fcm_itself_refuses_has_its_code_and_names_the_field(message: object, field: str) -> None:
    reply = World().send(message)
    assert (reply.status, codes(reply), fields(reply)) == (400, ["INVALID_ARGUMENT"], [field])


@pytest.mark.parametrize("token", ["no token", "ä", "a" * 4_097, "a\n"])
def test_a_malformed_token_has_the_code_and_no_field(token: str) -> None:
    reply = World().send({"token": token})
    assert (reply.status, codes(reply), fields(reply)) == (400, ["INVALID_ARGUMENT"], [])


def test_a_payload_of_exactly_the_limit_is_taken_however_long_its_token_is() -> None:
    assert World().send({"token": "a" * 4_096, "data": {"abcd": "x" * 4_092}}).status == 200


def test_what_is_no_json_is_refused() -> None:
    world = World()
    for body in (b"", b"{", b"null", b"\xff", b'{"message":{"token":"\xff"}}', b"[" * 50_000):
        reply = world.ask(Request("POST", "/v1/projects/emulated/messages:send", "", {}, body)).reply
        assert (reply.status, error(reply)["status"]) == (400, "INVALID_ARGUMENT")


PARTS = ["data", "notification", "android", "apns", "webpush", "headers", "payload", "aps", "alert"]
NAMES = st.sampled_from([*PARTS, "ttl", "priority", "collapse_key", "title", "TTL", "apns-expiration"])
VALUES = st.one_of(st.none(), st.booleans(), st.integers(), st.sampled_from(["", "x", "5s", "high", "9" * 400, "²"]))


@settings(max_examples=300)
@given(
    st.dictionaries(
        NAMES,
        st.recursive(
            VALUES, lambda each: st.one_of(st.lists(each, max_size=2), st.dictionaries(NAMES, each, max_size=3))
        ),
        max_size=4,
    ),
    st.sampled_from(["android", "ios", "web"]),
)
def test_an_odd_message_is_taken_or_refused_and_nothing_else(message: dict[str, object], platform: str) -> None:
    world = World()
    phone = world.provider.phones.register(platform=platform)  # type: ignore[arg-type]
    assert world.send({**message, "token": phone.target}).status in {200, 400}
    assert phone.waiting == world.provider.tally.fcm.accepted - world.phones["expired"]


def test_what_is_null_is_as_good_as_not_there() -> None:
    assert World().send({"token": "a:b", "data": None, "android": {"ttl": None}, "apns": None}).status == 200


def test_names_may_be_written_in_either_way() -> None:
    world = World()
    phone = world.provider.phones.register()
    world.send({"token": phone.target, "android": {"collapseKey": "tea"}}, validateOnly=False)
    [(_, push)] = phone.poll()
    assert push.collapse_key == "tea"


def test_a_phone_that_is_gone_is_unregistered_until_it_registers_again() -> None:
    world = World()
    phone = world.provider.phones.register()
    world.provider.phones.lose([phone.target])
    reply = world.send({"token": phone.target})
    assert (reply.status, error(reply)["status"], codes(reply)) == (404, "NOT_FOUND", ["UNREGISTERED"])
    world.provider.phones.register(target=phone.target)
    assert world.send({"token": phone.target}).status == 200


def test_a_token_is_no_installation_id() -> None:
    world = World()
    phone = world.provider.phones.register("fid")
    assert world.send({"token": phone.target}).status == 400
    assert world.send({"fid": phone.target}).status == 200


def test_strangers_are_accepted_or_gone_as_set() -> None:
    world = World()
    assert world.send({"token": "a:b"}).status == 200
    world.behave(strangers="gone")
    assert codes(world.send({"token": "a:b"})) == ["UNREGISTERED"]
    assert world.phones["strangers"] == 1


def test_each_platform_is_steered_by_its_own_part() -> None:
    world = World()
    message = {
        "notification": {"title": "all"},
        "android": {"ttl": "60s", "priority": "HIGH", "collapse_key": "a"},
        "apns": {
            "headers": {
                "apns-collapse-id": "i",
                "apns-priority": "5",
                "apns-expiration": str(world.now_ms // 1_000 + 9),
            },
            "payload": {"aps": {"alert": {"title": "Apple's"}}},
        },
        "webpush": {"headers": {"TTL": "30", "Urgency": "high", "Topic": "w"}, "notification": {"title": "web's"}},
    }
    told = []
    for platform in ("android", "ios", "web"):
        phone = world.provider.phones.register(platform=platform)
        world.send({"token": phone.target, **message})
        [(_, push)] = phone.poll()
        told.append((push.title, push.collapse_key, push.priority, push.ttl_s))
    assert told == [("all", "a", "high", 60), ("Apple's", "i", "normal", 9), ("web's", "w", "high", 30)]


def test_a_quota_is_spent_by_what_is_accepted_and_ends_with_its_minute() -> None:
    world = World()
    world.behave(quota_a_minute=2)
    statuses = [world.send({"token": "a:b"}).status for _ in range(3)]
    world.pass_s(59)
    late = world.send({"token": "a:b"})
    world.pass_s(1)
    assert (statuses, late.status, dict(late.headers)) == ([200, 200, 429], 429, {"retry-after": "1"})
    assert world.send({"token": "a:b"}).status == 200


def test_the_servers_in_front_of_fcm_have_their_own_words_for_a_quota() -> None:
    world = World()
    world.behave(quota_a_minute=1, quota_says="front", retry_after="date")
    world.send({"token": "a:b"})
    reply = world.send({"token": "a:b"})
    [info] = error(reply)["details"]
    assert (reply.status, info["reason"], codes(reply)) == (429, "RATE_LIMIT_EXCEEDED", [])
    assert dict(reply.headers)["retry-after"].endswith("GMT")


def test_a_bearer_is_asked_for_and_has_to_live_and_to_be_of_the_project() -> None:
    world = World(checked=True, bearer_ttl_s=60)
    bearer = world.bearer()

    def seen(**how: str) -> tuple[int, str]:
        reply = world.send({"token": "a:b"}, **how)
        return reply.status, reply.code

    assert seen() == (401, "CREDENTIALS_MISSING")
    assert seen(bearer="Bearer nonsense") == (401, "ACCESS_TOKEN_TYPE_UNSUPPORTED")
    assert seen(bearer=world.bearer(scope="https://www.googleapis.com/auth/drive")) == (
        403,
        "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
    )
    assert seen(bearer=bearer, project="another") == (403, "PERMISSION_DENIED")
    assert seen(bearer=bearer) == (200, "OK")
    world.pass_s(60)
    assert seen(bearer=bearer) == (401, "ACCESS_TOKEN_EXPIRED")


def test_an_expired_token_is_said_to_be_so_in_the_words_that_clients_look_for() -> None:
    world = World(checked=True)
    bearer = world.bearer()
    world.behave(key="expired")
    reply = world.send({"token": "a:b"}, bearer=bearer)
    assert error(reply)["status"] == "UNAUTHENTICATED"
    assert error(reply)["details"][0]["reason"] == "ACCESS_TOKEN_EXPIRED"
