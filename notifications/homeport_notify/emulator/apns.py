"""Apple's `POST /3/device/{token}`: its headers, its reasons, and what comes of a notification.

As https://developer.apple.com/documentation/usernotifications/handling-notification-responses-from-apns has it.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from typing import Any, Final, assert_never

from homeport_notify.emulator import google, limits
from homeport_notify.emulator.behaviour import Trouble
from homeport_notify.emulator.exchange import Reply, Request, Unreadable, read_json
from homeport_notify.emulator.grounds import Grounds
from homeport_notify.emulator.provider_token import ProviderTokens
from homeport_notify.emulator.push import Push, alert_in

DEVICE: Final = "/3/device/"
PUSH_TYPES: Final = frozenset(
    {
        "alert",
        "background",
        "complication",
        "controls",
        "fileprovider",
        "liveactivity",
        "location",
        "mdm",
        "pushtotalk",
        "voip",
        "widgets",
    }
)
_STATUS: Final[Mapping[str, int]] = {
    "BadPath": 404,
    "MethodNotAllowed": 405,
    "MissingProviderToken": 403,
    "InvalidProviderToken": 403,
    "ExpiredProviderToken": 403,
    "TooManyProviderTokenUpdates": 429,
    "TooManyRequests": 429,
    "Unregistered": 410,
    "PayloadTooLarge": 413,
    "InternalServerError": 500,
    "ServiceUnavailable": 503,
}
_HEX: Final = re.compile(r"(?:[0-9a-fA-F]{2})+\Z")
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")


class _Refused(Exception):
    """With Apple's reason."""

    def __init__(self, reason: str, timestamp_ms: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.timestamp_ms = timestamp_ms


class Apns:
    """One team's apps at Apple; `topics` are their bundle ids, none: any. Without `tokens` whoever comes may send."""

    def __init__(self, tokens: ProviderTokens | None, topics: frozenset[str], grounds: Grounds) -> None:
        self._tokens = tokens
        self._topics = topics
        self._phones = grounds.phones
        self._weather = grounds.weather
        self._tally = grounds.tally
        self._clock = grounds.clock
        self._count = 0

    def send(self, request: Request) -> Reply:
        """Answer it. What is accepted is delivered at once; counts are kept."""
        headers, now_ms = request.headers, self._clock()
        given = headers.get("apns-id", "")
        self._count += 1
        name = given if _UUID.match(given) else str(uuid.UUID(int=now_ms << 64 | self._count, version=4)).upper()
        own = (("apns-id", name),)
        try:
            if given and name != given:
                raise _Refused("BadMessageId")
            target = self._admit(request, now_ms)
            push = _push(request, target, name, now_ms)
            self._take(push, headers["apns-topic"], now_ms)
        except _Refused as refused:
            self._tally.refuse("apns", refused.reason)
            return _refusal(refused.reason, own, refused.timestamp_ms)
        return Reply(200, b"", "", own, "OK")

    def troubled(self, trouble: Trouble) -> Reply:
        """What a sender sees of it."""
        own = (("apns-id", str(uuid.UUID(int=self._clock() << 64, version=4)).upper()),)
        match trouble:
            case "unavailable":
                return _refusal("ServiceUnavailable", own)
            case "internal":
                return _refusal("InternalServerError", own)
            case "throttled":
                return _refusal("TooManyRequests", own)
            case "bad_gateway":
                return google.BAD_GATEWAY
            case "reset" | "reset_untaken" | "silent" | "silent_untaken":
                return Reply(200, b"", "", own, trouble.upper())
        assert_never(trouble)

    def _admit(self, request: Request, now_ms: int) -> str:
        """The device token, if whoever asks may send to such a one."""
        if request.method != "POST":
            raise _Refused("MethodNotAllowed")
        target = request.path.removeprefix(DEVICE)
        if "/" in target:
            raise _Refused("BadPath")
        if not target:
            raise _Refused("MissingDeviceToken")
        key = self._weather.behaviour.key
        if key != "good":
            raise _Refused("ExpiredProviderToken" if key == "expired" else "InvalidProviderToken")
        if self._tokens is not None:
            reason = self._tokens.refusal(request.headers.get("authorization", ""), now_ms)
            if reason:
                raise _Refused(reason)
        topic = request.headers.get("apns-topic", "")
        if not topic:
            raise _Refused("MissingTopic")
        if self._topics and topic not in self._topics:
            raise _Refused("TopicDisallowed")
        length = len(target)
        fits = limits.DEVICE_TOKEN_LENGTH_MIN <= length <= limits.DEVICE_TOKEN_LENGTH_MAX
        if not fits or not _HEX.match(target):
            raise _Refused("BadDeviceToken")
        return target

    def _take(self, push: Push, topic: str, now_ms: int) -> None:
        since_ms = self._phones.gone_since_ms(push.target)
        if since_ms is not None:
            raise _Refused("Unregistered", since_ms)
        phone = self._phones.find(push.target)
        if phone is None and self._weather.behaviour.strangers == "gone":
            raise _Refused("BadDeviceToken")
        if phone is not None and phone.topic and phone.topic != topic:
            raise _Refused("DeviceTokenNotForTopic")
        if self._weather.spend(push.target, now_ms):
            raise _Refused("TooManyRequests")
        self._tally.accept(push)
        if phone is None:
            self._tally.phones.strangers += 1
        else:
            phone.deliver(push)


def _refusal(reason: str, headers: tuple[tuple[str, str], ...], timestamp_ms: int | None = None) -> Reply:
    """As Apple says it, with `apns-id`; a 410 also says since when."""
    body: dict[str, object] = {"reason": reason}
    if timestamp_ms is not None:
        body["timestamp"] = timestamp_ms
    encoded = json.dumps(body, separators=(",", ":")).encode()
    return Reply(_STATUS.get(reason, 400), encoded, "application/json", headers, reason)


def _push(request: Request, target: str, name: str, now_ms: int) -> Push:
    headers = request.headers
    kind = headers.get("apns-push-type", "alert")
    if kind not in PUSH_TYPES:
        raise _Refused("InvalidPushType")
    priority = headers.get("apns-priority", "5" if kind == "background" else "10")
    if priority not in {"1", "5", "10"} or (kind == "background" and priority == "10"):
        raise _Refused("BadPriority")
    collapse_key = headers.get("apns-collapse-id", "")
    if len(collapse_key.encode()) > limits.COLLAPSE_ID_BYTES_MAX:
        raise _Refused("BadCollapseId")
    expiration = headers.get("apns-expiration", "")
    if expiration and not (expiration.isascii() and expiration.isdigit() and len(expiration) <= 15):
        raise _Refused("BadExpirationDate")
    payload = _payload(request.body, limits.APNS_VOIP_PAYLOAD_BYTES_MAX if kind == "voip" else 0)
    words = alert_in(payload)
    return Push(
        provider="apns",
        name=name,
        target=target,
        accepted_at_ms=now_ms,
        ttl_s=max(0.0, int(expiration) - now_ms / 1_000) if expiration else limits.TTL_S_MAX,
        priority="high" if priority == "10" else "normal",
        collapse_key=collapse_key,
        title=str(words.get("title", "")),
        body=str(words.get("body", "")),
        data={key: value for key, value in payload.items() if isinstance(value, str)},
        message=payload,
    )


def _payload(body: bytes, bytes_max: int) -> dict[str, Any]:
    if not body:
        raise _Refused("PayloadEmpty")
    if len(body) > (bytes_max or limits.APNS_PAYLOAD_BYTES_MAX):
        raise _Refused("PayloadTooLarge")
    try:
        payload = read_json(body)
    except Unreadable:
        payload = None
    if not isinstance(payload, dict) or not payload:
        raise _Refused("PayloadEmpty")
    return payload
