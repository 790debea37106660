"""What Apple's reasons mean for a delivery."""

from __future__ import annotations

import msgspec
import pytest

from homeport_notify.answer import Answer, Fate
from homeport_notify.channels.apns_errors import REASONS, STALE, read_apns, undoubted_apns
from homeport_notify.transport import Reply

NOW_MS = 1_795_950_000_000


def refused(status: int, reason: str, **more: object) -> Answer:
    return read_apns(Reply(status, {}, msgspec.json.encode({"reason": reason, **more})), NOW_MS)


@pytest.mark.parametrize(
    ("status", "reason", "fate"),
    [
        (400, "BadDeviceToken", Fate.BAD_TARGET),
        (400, "DeviceTokenNotForTopic", Fate.BAD_TARGET),
        (400, "PayloadEmpty", Fate.BAD_MESSAGE),
        (400, "TopicDisallowed", Fate.MISCONFIGURED),
        (403, "InvalidProviderToken", Fate.MISCONFIGURED),
        (403, "ExpiredProviderToken", Fate.MISCONFIGURED),
        (410, "Unregistered", Fate.GONE),
        (410, "ExpiredToken", Fate.GONE),
        (413, "PayloadTooLarge", Fate.BAD_MESSAGE),
        (500, "InternalServerError", Fate.UNAVAILABLE),
        (503, "ServiceUnavailable", Fate.UNAVAILABLE),
        (503, "Shutdown", Fate.UNAVAILABLE),
        (403, "SomethingNew", Fate.MISCONFIGURED),
        (410, "SomethingNew", Fate.GONE),
        (413, "SomethingNew", Fate.BAD_MESSAGE),
        (400, "SomethingNew", Fate.UNAVAILABLE),
        (500, "", Fate.UNAVAILABLE),
    ],
)
def test_the_reason_decides_and_the_status_where_it_is_not_known(status: int, reason: str, fate: Fate) -> None:
    answer = refused(status, reason)
    assert (answer.fate, answer.code) == (fate, reason or f"HTTP_{status}")


def test_too_many_is_about_one_device_or_about_our_tokens() -> None:
    assert refused(429, "TooManyRequests").narrow == "device"
    assert refused(429, "TooManyProviderTokenUpdates").narrow == "account"
    assert {refused(429, reason).fate for reason in ("TooManyRequests", "TooManyProviderTokenUpdates")} == {
        Fate.THROTTLED
    }


def test_who_is_gone_is_gone_since_a_time() -> None:
    assert refused(410, "Unregistered", timestamp=NOW_MS - 5).gone_at_ms == NOW_MS - 5
    assert refused(400, "BadDeviceToken", timestamp=NOW_MS).gone_at_ms is None


def test_yes_names_the_message() -> None:
    assert read_apns(Reply(200, {"apns-id": "7"}, b""), NOW_MS) == Answer(fate=Fate.SENT, name="7")


@pytest.mark.parametrize("body", [b"<html>", b"", b"[]", b'{"reason": 3}', b"null"])
def test_what_apple_did_not_say_is_an_outage(body: bytes) -> None:
    answer = read_apns(Reply(404, {"retry-after": "7"}, body), NOW_MS)
    assert (answer.fate, answer.code, answer.retry_after_ms) == (Fate.UNAVAILABLE, "HTTP_404", 7_000)


def test_until_the_account_has_proved_right_a_bad_token_costs_no_address_a_strike() -> None:
    bad = refused(400, "BadDeviceToken")
    assert undoubted_apns(bad, proven=True) == bad
    doubted = undoubted_apns(bad, proven=False)
    assert (doubted.fate, doubted.narrow) == (Fate.MISCONFIGURED, "device")
    assert "sandbox" in doubted.detail


def test_what_is_renewed_is_a_reason_of_the_table() -> None:
    assert REASONS.keys() >= STALE
