"""FCM's `messages:send`: who may, whom it is for, and what comes of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, assert_never

from homeport_notify.emulator import google, limits
from homeport_notify.emulator.behaviour import Trouble
from homeport_notify.emulator.condition import condition_of
from homeport_notify.emulator.exchange import Reply, Request, retry_after
from homeport_notify.emulator.fcm_message import Sending, read_sending
from homeport_notify.emulator.google import Refusal
from homeport_notify.emulator.grounds import Grounds
from homeport_notify.emulator.oauth import Bearers
from homeport_notify.emulator.phone import Phone, PhonePlatform
from homeport_notify.emulator.push import Push, alert_in

FAKE: Final = "fake_message_id"  # what a dry run is named


class Fcm:
    """One project of Firebase. Without `bearers` whoever comes may send."""

    def __init__(self, project: str, bearers: Bearers | None, grounds: Grounds) -> None:
        self._project = project
        self._bearers = bearers
        self._phones = grounds.phones
        self._weather = grounds.weather
        self._tally = grounds.tally
        self._clock = grounds.clock
        self._count = 0

    def send(self, request: Request, project: str) -> Reply:
        """Answer `messages:send`. What is accepted is delivered at once; counts are kept."""
        now_ms = self._clock()
        try:
            self._admit(request, project, now_ms)
            sending = read_sending(request.body)
            self._spend(sending, now_ms)
            return self._take(sending, now_ms)
        except Refusal as refusal:
            self._tally.refuse("fcm", refusal.reply.code)
            return refusal.reply

    def troubled(self, trouble: Trouble) -> Reply:
        """What a sender sees of it."""
        now_ms = self._clock()
        behaviour = self._weather.behaviour
        headers = retry_after(behaviour.retry_after, behaviour.retry_after_s, now_ms)
        match trouble:
            case "unavailable":
                return google.unavailable(headers)
            case "internal":
                return google.internal()
            case "throttled":
                return google.quota_exceeded(f"project:{self._project}", headers)
            case "bad_gateway":
                return google.BAD_GATEWAY
            case "reset" | "reset_untaken" | "silent" | "silent_untaken":
                return Reply(200, code=trouble.upper())
        assert_never(trouble)

    def _admit(self, request: Request, project: str, now_ms: int) -> None:
        if self._bearers is None:
            return
        reason = self._bearers.refusal(request.headers.get("authorization", ""), now_ms)
        if reason == "ACCESS_TOKEN_SCOPE_INSUFFICIENT":
            raise Refusal(google.scope_missing())
        if reason:
            raise Refusal(google.unauthenticated(reason))
        if self._weather.behaviour.key != "good":
            raise Refusal(google.unauthenticated("ACCESS_TOKEN_EXPIRED"))
        if project != self._project:
            raise Refusal(google.permission_denied(project))

    def _spend(self, sending: Sending, now_ms: int) -> None:
        device = sending.target if sending.by in {"token", "fid"} else ""
        spent = self._weather.spend(device, now_ms)
        if spent is None:
            return
        whose, left_ms = spent
        behaviour = self._weather.behaviour
        seconds = behaviour.retry_after_s or -(-left_ms // 1_000)
        headers = retry_after(behaviour.retry_after, seconds, now_ms)
        if whose == "project" and behaviour.quota_says == "front":
            raise Refusal(google.rate_limited(self._project, behaviour.quota_a_minute, headers))
        subject = f"{whose}:{sending.target if whose == 'device' else self._project}"
        raise Refusal(google.quota_exceeded(subject, headers))

    def _take(self, sending: Sending, now_ms: int) -> Reply:
        to = self._whom(sending)
        self._count += 1
        if sending.validate_only:
            self._tally.fcm.checked += 1
            return _named(f"projects/{self._project}/messages/{FAKE}", "CHECKED")
        name = f"projects/{self._project}/messages/0:{now_ms}000%{self._count:016x}"
        self._tally.accept(_push(sending, name, now_ms, "android"))
        for phone in to:
            phone.deliver(_push(sending, name, now_ms, phone.platform))
        return _named(name)

    def _whom(self, sending: Sending) -> Iterable[Phone]:
        if sending.by == "topic":
            return self._phones.in_topic(sending.target)
        if sending.by == "condition":
            return self._phones.that(condition_of(sending.target))
        if self._phones.gone_since_ms(sending.target) is not None:
            raise Refusal(google.UNREGISTERED)
        phone = self._phones.find(sending.target)
        if phone is None:
            if self._weather.behaviour.strangers == "gone":
                raise Refusal(google.UNREGISTERED)
            self._tally.phones.strangers += not sending.validate_only
            return ()
        if phone.kind != sending.by:
            raise Refusal(google.MALFORMED_TOKEN)
        if phone.project != self._project:
            raise Refusal(google.SENDER_ID_MISMATCH)
        return (phone,)


def _named(name: str, code: str = "OK") -> Reply:
    return Reply(200, f'{{\n  "name": "{name}"\n}}\n'.encode(), code=code)


_NOTHING: Final[Mapping[str, Any]] = {}


def _push(sending: Sending, name: str, now_ms: int, platform: PhonePlatform) -> Push:
    """The message as a phone of that platform gets it."""
    message = sending.message
    seen = message.get("notification", _NOTHING)
    part = message.get(platform if platform == "android" else _PARTS[platform], _NOTHING)
    own = part.get("notification", _NOTHING)
    if platform == "android":
        ttl_s, priority, collapse_key = sending.ttl_s, "high" if sending.high else "normal", sending.collapse_key
    else:
        ttl_s, priority, collapse_key = _steering(platform, part.get("headers", _NOTHING), now_ms)
    if platform == "ios":
        own = alert_in(part.get("payload", _NOTHING))
    return Push(
        provider="fcm",
        name=name,
        target=sending.target,
        accepted_at_ms=now_ms,
        ttl_s=ttl_s,
        priority=priority,
        collapse_key=collapse_key,
        title=str(own.get("title") or seen.get("title", "")),
        body=str(own.get("body") or seen.get("body", "")),
        data={**message.get("data", _NOTHING), **part.get("data", _NOTHING)},
        message={key: value for key, value in message.items() if key != sending.by},
    )


_PARTS: Final[Mapping[PhonePlatform, str]] = {"android": "android", "ios": "apns", "web": "webpush"}


def _steering(platform: PhonePlatform, headers: Mapping[str, str], now_ms: int) -> tuple[float, str, str]:
    """Time to live, priority and collapse key, as the headers of Apple or of Web Push say them."""
    if platform == "web":
        asked_s = _seconds(headers.get("TTL", ""))
        high = headers.get("Urgency", "normal") == "high"
        return limits.TTL_S_MAX if asked_s is None else asked_s, "high" if high else "normal", headers.get("Topic", "")
    until_s = _seconds(headers.get("apns-expiration", ""))
    ttl_s = float(limits.TTL_S_MAX) if until_s is None else max(0.0, until_s - now_ms / 1_000)
    high = headers.get("apns-priority", "10") == "10"
    return ttl_s, "high" if high else "normal", headers.get("apns-collapse-id", "")


def _seconds(text: str) -> int | None:
    """A whole number of seconds, None if it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 12 else None
