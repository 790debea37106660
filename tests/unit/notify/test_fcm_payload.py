"""A message as FCM gets it: written by pyfcm, filled in for each, and read by the emulator as Google reads it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyfcm import FCMNotification

from homeport_notify.address import Platform, TargetKind
from homeport_notify.channel import Recipient
from homeport_notify.channels.fcm_payload import FcmPayloads, PayloadWriter
from homeport_notify.emulator.fcm_message import read_sending
from homeport_notify.message import WAKE, Message

NOW_S = 1_795_950_000
WRITER: PayloadWriter = FCMNotification(credentials=SimpleNamespace(project_id="p"))
NEWS = Message(
    title="A task",
    body="for “you”",
    image="https://example.com/a.png",
    link="https://example.com/t/1",
    data={"task": "7", "odd": 'a "quoted" \\ word'},
    collapse_key="tasks",
    priority="high",
    ttl_s=3_600,
)


def payload(
    message: Message = NEWS,
    platform: Platform = "android",
    *,
    kind: TargetKind = "token",
    target: str = "abc:DEF_1-2",
    collapse_id: str = "",
    dry_run: bool = False,
) -> dict[str, Any]:
    to = Recipient(target=target, target_kind=kind, platform=platform, delivery="d" * 32, collapse_id=collapse_id)
    body = FcmPayloads(WRITER, message, NOW_S, dry_run=dry_run).body(to)
    read_sending(body)  # Google would take it
    whole: dict[str, Any] = msgspec.json.decode(body)
    assert whole["validate_only"] is dry_run
    part: dict[str, Any] = whole["message"]
    return part


def test_an_android_phone_gets_its_part_and_nobody_elses() -> None:
    assert payload(collapse_id="c1") == {
        "token": "abc:DEF_1-2",
        "notification": {"title": "A task", "body": "for “you”", "image": "https://example.com/a.png"},
        "data": {**NEWS.data, "hp_delivery": "d" * 32, "hp_link": "https://example.com/t/1"},
        "android": {"priority": "high", "ttl": "3600s", "collapse_key": "tasks", "notification": {"tag": "c1"}},
    }


def test_a_phone_of_apples_gets_its_part() -> None:
    assert payload(platform="ios", collapse_id="c1")["apns"] == {
        "headers": {
            "apns-push-type": "alert",
            "apns-priority": "10",
            "apns-expiration": str(NOW_S + 3_600),
            "apns-collapse-id": "c1",
        },
        "payload": {"aps": {"sound": "default", "mutable-content": 1}},
        "fcm_options": {"image": "https://example.com/a.png"},
    }
    assert "android" not in payload(platform="ios")


def test_a_browser_gets_its_part() -> None:
    assert payload(platform="web", collapse_id="c1")["webpush"] == {
        "headers": {"TTL": "3600", "Urgency": "high", "Topic": "tasks"},
        "notification": {"tag": "c1"},
        "fcm_options": {"link": "https://example.com/t/1"},
    }


def test_who_did_not_say_gets_the_parts_of_phones() -> None:
    assert {"android", "apns"} <= payload(platform="other").keys()


def test_a_wake_is_data_alone_in_no_hurry_and_takes_the_place_of_the_last() -> None:
    android, ios = payload(WAKE), payload(WAKE, "ios")
    assert android == {
        "token": "abc:DEF_1-2",
        "data": {"hp_wake": "1", "hp_delivery": "d" * 32},
        "android": {"priority": "normal", "ttl": "3600s", "collapse_key": "homeport-sync"},
    }
    assert "notification" not in ios
    assert ios["apns"]["headers"]["apns-push-type"] == "background"
    assert ios["apns"]["headers"]["apns-priority"] == "5"
    assert ios["apns"]["payload"] == {"aps": {"content-available": 1}}


def test_a_silent_message_is_never_urgent_however_it_is_called() -> None:
    silent = Message(data={"a": "1"}, priority="high")
    assert payload(silent)["android"]["priority"] == "normal"
    assert payload(silent, "ios")["apns"]["headers"]["apns-priority"] == "5"


def test_what_does_not_keep_is_given_up_at_once_by_apple_too() -> None:
    now_or_never = msgspec.structs.replace(NEWS, ttl_s=0)
    assert payload(now_or_never)["android"]["ttl"] == "0s"
    assert payload(now_or_never, "ios")["apns"]["headers"]["apns-expiration"] == "0"


def test_an_installation_id_stands_in_its_own_field() -> None:
    part = payload(kind="fid", target="fid-1")
    assert part["fid"] == "fid-1"
    assert "token" not in part


def test_a_dry_run_says_so() -> None:
    payload(dry_run=True)


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=60))
def test_a_target_stays_inside_its_quotes(target: str) -> None:
    to = Recipient(target=target, target_kind="token", platform="android", delivery="d")
    body = FcmPayloads(WRITER, NEWS, NOW_S, dry_run=False).body(to)
    assert msgspec.json.decode(body)["message"]["token"] == target


def test_data_is_always_text() -> None:
    odd = Message(title="t", data={"number": 7})  # type: ignore[dict-item]
    assert payload(odd)["data"]["number"] == "7"


@pytest.mark.parametrize("platform", ["android", "ios", "web", "other"])
def test_many_get_the_same_but_for_what_is_theirs(platform: Platform) -> None:
    payloads = FcmPayloads(WRITER, NEWS, NOW_S, dry_run=False)
    many = [
        Recipient(target=f"t{at}", target_kind="token", platform=platform, delivery=f"{at:032x}") for at in range(3)
    ]
    read = [msgspec.json.decode(payloads.body(each))["message"] for each in many]
    assert [each["token"] for each in read] == ["t0", "t1", "t2"]
    assert [each["data"]["hp_delivery"] for each in read] == [each.delivery for each in many]
