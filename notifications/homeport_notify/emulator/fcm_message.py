"""The body of FCM's `messages:send`, checked as Google checks it.

Two layers refuse: the one that reads JSON names a field and its type, FCM itself adds its own error code. Names may be
written `collapse_key` or `collapseKey`, as everywhere at Google.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias

import msgspec

from homeport_notify.emulator import google, limits
from homeport_notify.emulator.condition import BadCondition, condition_of
from homeport_notify.emulator.exchange import Unreadable, read_json
from homeport_notify.emulator.google import Refusal

TargetField: TypeAlias = Literal["token", "fid", "topic", "condition"]
TARGETS: Final = frozenset({"token", "fid", "topic", "condition"})

_CALL: Final = frozenset({"message", "validate_only"})
_MESSAGE: Final = TARGETS | {"name", "data", "notification", "android", "webpush", "apns", "fcm_options"}
_PARTS: Final[Mapping[str, frozenset[str]]] = {
    "notification": frozenset({"title", "body", "image"}),
    "android": frozenset(
        {
            "collapse_key",
            "priority",
            "ttl",
            "restricted_package_name",
            "data",
            "notification",
            "fcm_options",
            "direct_boot_ok",
            "bandwidth_constrained_ok",
            "restricted_satellite_ok",
        }
    ),
    "webpush": frozenset({"headers", "data", "notification", "fcm_options"}),
    "apns": frozenset({"headers", "payload", "fcm_options", "live_activity_token"}),
    "fcm_options": frozenset({"analytics_label", "link", "image"}),
}
_TOKEN: Final = re.compile(r"[A-Za-z0-9:_-]{1,4096}\Z")
_TOPIC: Final = re.compile(r"(?:/topics/)?([a-zA-Z0-9_.~%-]{1,900})\Z")
_TTL: Final = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,9})?s\Z")
_CAPITAL: Final = re.compile(r"[A-Z]")


class Sending(msgspec.Struct, frozen=True):
    """What is asked for, once it is known to be in order. `by` is the field that named the target."""

    by: TargetField
    target: str
    message: Mapping[str, Any]
    validate_only: bool
    ttl_s: float
    high: bool
    collapse_key: str


def read_sending(body: bytes) -> Sending:
    """The message in a request's body. Raises `Refusal`, with Google's words."""
    try:
        call = _fields(read_json(body), "", _CALL)
    except Unreadable:
        raise _unreadable("", "Invalid JSON payload received. Unexpected token.") from None
    dry = call.get("validate_only", False)
    if not isinstance(dry, bool):
        raise _unreadable("validate_only", f"Invalid value at 'validate_only' (TYPE_BOOL), {_shown(dry)}")
    message = _fields(call.get("message", {}), "message", _MESSAGE)
    by, target = _target(message)
    _check_parts(message)
    if len(body) > limits.TOPIC_PAYLOAD_BYTES_MAX:
        _check_size(message, by)
    _check_target(by, target)
    android = message.get("android", _NOTHING)
    return Sending(
        by,
        target.removeprefix("/topics/") if by == "topic" else target,
        message,
        dry,
        _ttl_s(android.get("ttl")),
        _high(android.get("priority")),
        _text(android.get("collapse_key", ""), "message.android.collapse_key"),
    )


_NOTHING: Final[dict[str, Any]] = {}


def _unreadable(field: str, says: str) -> Refusal:
    return Refusal(google.unreadable((field, says)))


def _shown(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _object(value: object, where: str) -> dict[str, Any]:
    """An object, without what is null: that is as good as not there. Raises `Refusal`."""
    if not isinstance(value, dict):
        at = f"'{where}'" if where else "the root"
        raise _unreadable(where, f"Invalid value at {at} (type.googleapis.com/google.protobuf.Struct), {_shown(value)}")
    if None in value.values():
        return {name: each for name, each in value.items() if each is not None}
    return value


def _fields(found: object, where: str, known: frozenset[str]) -> dict[str, Any]:
    """An object whose names are all known, written with underscores. Raises `Refusal`."""
    value = _object(found, where)
    if value.keys() <= known:
        return value
    plain = {_CAPITAL.sub(lambda found: "_" + found[0].lower(), name): each for name, each in value.items()}
    wrong = [name for name in plain if name not in known]
    if wrong:
        at = f" at '{where}'" if where else ""
        says = [f'Invalid JSON payload received. Unknown name "{name}"{at}: Cannot find field.' for name in wrong]
        raise Refusal(google.unreadable(*((where, each) for each in says)))
    return plain


def _target(message: Mapping[str, Any]) -> tuple[TargetField, str]:
    named = [name for name in message if name in TARGETS]
    if len(named) > 1:
        says = f"Invalid value at 'message' (oneof), oneof field 'target' is already set. Cannot set '{named[1]}'"
        raise _unreadable("message", says)
    if not named or message[named[0]] == "":
        raise Refusal(google.invalid("message", "Recipient of the message is not set."))
    by: Any = named[0]
    return by, _text(message[by], f"message.{by}")


def _check_target(by: TargetField, target: str) -> None:
    if by == "topic":
        if not _TOPIC.match(target):
            raise Refusal(google.invalid("message.topic", "Invalid topic name"))
    elif by == "condition":
        try:
            condition_of(target)
        except BadCondition:
            raise Refusal(google.invalid("message.condition", "Invalid condition expression provided.")) from None
    elif not _TOKEN.match(target):
        raise Refusal(google.MALFORMED_TOKEN)


def _check_parts(message: dict[str, Any]) -> None:
    for name, known in _PARTS.items():
        if name in message:
            message[name] = _fields(message[name], f"message.{name}", known)
            _check_inside(message[name], f"message.{name}")
    _check_texts(message.get("data"), "message.data")
    for name, value in message.get("notification", _NOTHING).items():
        _text(value, f"message.notification.{name}")
    for key in message.get("data", _NOTHING):
        if key == "from" or key.startswith(("google", "gcm")):
            raise Refusal(google.invalid("message.data", f"Invalid data payload key: {key}"))


def _check_inside(part: Mapping[str, Any], where: str) -> None:
    """What the parts of the platforms have in common."""
    for name in ("data", "headers"):
        _check_texts(part.get(name), f"{where}.{name}")
    for name in ("notification", "payload"):
        if name in part:
            _object(part[name], f"{where}.{name}")


def _text(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise _unreadable(where, f"Invalid value at '{where}' (TYPE_STRING), {_shown(value)}")
    return value


def _check_texts(entries: object, where: str) -> None:
    if entries is None:
        return
    if not isinstance(entries, dict):
        raise _unreadable(where, f"Invalid value at '{where}' (type.googleapis.com/google.protobuf.Map), ")
    wrong = [
        (f"{where}[{index}].value", f"Invalid value at '{where}[{index}].value' (TYPE_STRING), {_shown(value)}")
        for index, value in enumerate(entries.values())
        if not isinstance(value, str)
    ]
    if wrong:
        raise Refusal(google.unreadable(*wrong))


def _check_size(message: Mapping[str, Any], by: TargetField) -> None:
    """The payload is what phones get: keys and values, without the target and what steers the sending."""
    most = limits.PAYLOAD_BYTES_MAX if by in {"token", "fid"} else limits.TOPIC_PAYLOAD_BYTES_MAX
    android = message.get("android", _NOTHING)
    parts = (message.get("data"), message.get("notification"), android.get("data"), android.get("notification"))
    if sum(_size(part) for part in parts) > most:
        raise Refusal(google.invalid("message", "Android message is too big"))
    apple = message.get("apns", _NOTHING).get("payload")
    if apple is not None and len(msgspec.json.encode(apple)) > limits.APNS_PAYLOAD_BYTES_MAX:
        raise Refusal(google.invalid("message.apns.payload", "APNS message is too big"))


def _size(part: object) -> int:
    if isinstance(part, dict):
        return sum(len(str(key).encode()) + _size(value) for key, value in part.items())
    if isinstance(part, list):
        return sum(map(_size, part))
    return len(str(part).encode()) if part is not None else 0


def _ttl_s(ttl: object) -> float:
    if ttl is None:
        return limits.TTL_S_MAX
    where = "message.android.ttl"
    if not isinstance(ttl, str) or not _TTL.match(ttl):
        says = "Field 'ttl', Illegal duration format; duration must end with 's'"
        raise _unreadable(where, f"Invalid value at '{where}' (type.googleapis.com/google.protobuf.Duration), {says}")
    seconds = float(ttl[:-1])
    if not 0 <= seconds <= limits.TTL_S_MAX:
        raise Refusal(google.invalid(where, "Invalid TTL value: it must be between 0 and 2419200 seconds."))
    return seconds


def _high(priority: object) -> bool:
    if priority is None:
        return False
    if not isinstance(priority, str) or priority.upper() not in {"NORMAL", "HIGH"}:
        where = "message.android.priority"
        kind = "type.googleapis.com/google.firebase.fcm.v1.AndroidMessagePriority"
        raise _unreadable(where, f"Invalid value at '{where}' ({kind}), {_shown(priority)}")
    return priority.upper() == "HIGH"
