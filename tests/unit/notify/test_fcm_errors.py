"""What FCM's answers mean, in the shapes that Google documents and that people reported."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from homeport_notify.answer import Answer, Fate, Narrow
from homeport_notify.channels.fcm_errors import DETAIL_LENGTH_MAX, read_fcm, undoubted_fcm
from homeport_notify.emulator import exchange, google
from homeport_notify.transport import Reply

NOW_MS = 1_795_950_000_000
TYPES = "type.googleapis.com/"


def said(emulated: exchange.Reply) -> Answer:
    return read_fcm(Reply(emulated.status, dict(emulated.headers), emulated.body), NOW_MS)


def refusal(status: int, name: str, *details: Mapping[str, Any], message: str = "It is so.") -> Answer:
    return said(google.status_reply(status, name, message, details))


def of_apple(reason: str, status: int = 400) -> dict[str, Any]:
    return {"@type": f"{TYPES}google.firebase.fcm.v1.ApnsError", "statusCode": status, "reason": reason}


INVALID = google.fcm_error("INVALID_ARGUMENT")

MEANT: list[tuple[exchange.Reply, Fate, str, Narrow]] = [
    (google.UNREGISTERED, Fate.GONE, "UNREGISTERED", "device"),
    (google.MALFORMED_TOKEN, Fate.BAD_TARGET, "INVALID_ARGUMENT", "device"),
    (google.invalid("message.token", "Invalid registration token"), Fate.BAD_TARGET, "INVALID_ARGUMENT", "device"),
    (google.invalid("message.fid", "Invalid installation id"), Fate.BAD_TARGET, "INVALID_ARGUMENT", "device"),
    (google.invalid("message.android.ttl", "Invalid TTL"), Fate.BAD_MESSAGE, "INVALID_ARGUMENT", "account"),
    (google.invalid("message", "Android message is too big"), Fate.BAD_MESSAGE, "INVALID_ARGUMENT", "account"),
    (google.unreadable(("message.data[0].value", "12")), Fate.BAD_MESSAGE, "INVALID_ARGUMENT", "account"),
    (google.unreadable(("message.token", "12")), Fate.BAD_TARGET, "INVALID_ARGUMENT", "device"),
    (google.SENDER_ID_MISMATCH, Fate.MISCONFIGURED, "SENDER_ID_MISMATCH", "account"),
    (google.permission_denied("p"), Fate.MISCONFIGURED, "PERMISSION_DENIED", "account"),
    (google.scope_missing(), Fate.MISCONFIGURED, "PERMISSION_DENIED", "account"),
    (google.unauthenticated("ACCESS_TOKEN_EXPIRED"), Fate.MISCONFIGURED, "UNAUTHENTICATED", "account"),
    (google.quota_exceeded("project:p"), Fate.THROTTLED, "QUOTA_EXCEEDED", "account"),
    (google.quota_exceeded("device:abc"), Fate.THROTTLED, "QUOTA_EXCEEDED", "device"),
    (google.quota_exceeded("topic:news"), Fate.THROTTLED, "QUOTA_EXCEEDED", "account"),
    (google.rate_limited("p", 600_000), Fate.THROTTLED, "RESOURCE_EXHAUSTED", "account"),
    (google.unavailable(), Fate.UNAVAILABLE, "UNAVAILABLE", "account"),
    (google.internal(), Fate.UNAVAILABLE, "INTERNAL", "account"),
    (google.BAD_GATEWAY, Fate.UNAVAILABLE, "HTTP_502", "account"),
    (google.NO_SUCH_PATH, Fate.MISCONFIGURED, "HTTP_404", "account"),
    (exchange.Reply(429, b"slow down", "text/plain"), Fate.THROTTLED, "HTTP_429", "account"),
    (exchange.Reply(401, b"<html>", "text/html"), Fate.UNAVAILABLE, "HTTP_401", "account"),
    (exchange.Reply(302, b""), Fate.UNAVAILABLE, "HTTP_302", "account"),
    (exchange.Reply(503, b'["no", "error"]'), Fate.UNAVAILABLE, "HTTP_503", "account"),
]


@pytest.mark.parametrize(("reply", "fate", "code", "narrow"), MEANT)
def test_each_answer_has_its_meaning(reply: exchange.Reply, fate: Fate, code: str, narrow: Narrow) -> None:
    answer = said(reply)
    assert (answer.fate, answer.code, answer.narrow) == (fate, code, narrow)


def test_a_404_that_does_not_say_unregistered_is_a_project_that_was_mistyped() -> None:
    assert refusal(404, "NOT_FOUND", message="Requested entity was not found.").fate is Fate.MISCONFIGURED


def test_a_payload_that_is_too_large_is_refused_without_a_detail_or_as_fcms_own_error() -> None:
    assert refusal(400, "INVALID_ARGUMENT", message="Request contains an invalid argument.").fate is Fate.BAD_MESSAGE
    too_big = refusal(400, "INVALID_ARGUMENT", INVALID, message="Android message is too big")
    assert too_big.fate is Fate.BAD_MESSAGE


@pytest.mark.parametrize(
    ("reason", "fate"),
    [
        ("Unregistered", Fate.GONE),
        ("BadDeviceToken", Fate.BAD_TARGET),
        ("PayloadTooLarge", Fate.BAD_MESSAGE),
        ("SomethingNew", Fate.BAD_TARGET),  # then FCM's own word counts
    ],
)
def test_beside_an_invalid_argument_the_reason_of_apple_counts(reason: str, fate: Fate) -> None:
    assert refusal(400, "INVALID_ARGUMENT", INVALID, of_apple(reason)).fate is fate


def test_a_wrong_key_of_apples_at_fcm_is_about_that_platform_alone_and_not_about_our_bearer() -> None:
    details = (google.fcm_error("THIRD_PARTY_AUTH_ERROR"), of_apple("InvalidProviderToken", 403))
    answer = refusal(401, "UNAUTHENTICATED", *details)
    assert (answer.fate, answer.narrow, answer.code) == (Fate.MISCONFIGURED, "platform", "THIRD_PARTY_AUTH_ERROR")


def test_what_has_a_status_that_nobody_knows_is_the_message_s_fault_below_500_and_theirs_above() -> None:
    assert refusal(418, "TEAPOT").fate is Fate.BAD_MESSAGE
    assert refusal(507, "FULL").fate is Fate.UNAVAILABLE


def test_how_long_it_asks_to_wait_is_read_as_seconds_and_as_a_date() -> None:
    seconds = said(google.unavailable((("retry-after", "30"),)))
    date = said(google.quota_exceeded("project:p", (("retry-after", "Sun, 29 Nov 2026 11:01:00 GMT"),)))
    assert (seconds.retry_after_ms, date.retry_after_ms) == (30_000, 60_000)


def test_yes_is_yes_only_with_the_name_of_the_message() -> None:
    yes = read_fcm(Reply(200, {}, b'{"name": "projects/p/messages/1"}'), NOW_MS)
    assert yes == Answer(fate=Fate.SENT, name="projects/p/messages/1")
    assert read_fcm(Reply(200, {}, b"<html>Please log in"), NOW_MS).fate is Fate.UNANSWERED


def test_a_sender_that_does_not_match_is_about_the_device_once_the_project_has_proved_right() -> None:
    mismatch = said(google.SENDER_ID_MISMATCH)
    assert undoubted_fcm(mismatch, proven=True).narrow == "device"
    assert undoubted_fcm(mismatch, proven=False).narrow == "account"


def test_a_long_detail_is_cut() -> None:
    assert len(refusal(400, "INVALID_ARGUMENT", message="x" * 5_000).detail) == DETAIL_LENGTH_MAX


def test_the_body_of_a_refusal_may_be_anything() -> None:
    for body in (b"null", b"{}", b'{"error": null}', b'{"error": {"details": 3}}', b"\xff", json.dumps([]).encode()):
        assert read_fcm(Reply(500, {}, body), NOW_MS).fate is Fate.UNAVAILABLE
