"""What Apple's reasons mean for a delivery: one table. FCM passes the same reasons on for phones of Apple's.

As https://developer.apple.com/documentation/usernotifications/handling-notification-responses-from-apns has them. The
reason decides, and the status only where a reason is not known.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

import msgspec

from homeport_notify.answer import Answer, Fate, Narrow
from homeport_notify.channels.retry_after import retry_after_ms
from homeport_notify.transport import Reply

Meaning: TypeAlias = tuple[Fate, Narrow]

_MESSAGE: Final[Meaning] = (Fate.BAD_MESSAGE, "account")
_TARGET: Final[Meaning] = (Fate.BAD_TARGET, "device")
_GONE: Final[Meaning] = (Fate.GONE, "device")
_ACCOUNT: Final[Meaning] = (Fate.MISCONFIGURED, "account")
_LATER: Final[Meaning] = (Fate.UNAVAILABLE, "account")

REASONS: Final[Mapping[str, Meaning]] = {
    "BadDeviceToken": _TARGET,
    "DeviceTokenNotForTopic": _TARGET,
    "MissingDeviceToken": _TARGET,
    "Unregistered": _GONE,
    "ExpiredToken": _GONE,
    "BadCollapseId": _MESSAGE,
    "BadExpirationDate": _MESSAGE,
    "BadMessageId": _MESSAGE,
    "BadPriority": _MESSAGE,
    "DuplicateHeaders": _MESSAGE,
    "InvalidPushType": _MESSAGE,
    "PayloadEmpty": _MESSAGE,
    "PayloadTooLarge": _MESSAGE,
    "BadCertificate": _ACCOUNT,
    "BadCertificateEnvironment": _ACCOUNT,
    "BadEnvironmentKeyIdInToken": _ACCOUNT,
    "BadPath": _ACCOUNT,
    "BadTopic": _ACCOUNT,
    "ExpiredProviderToken": _ACCOUNT,
    "Forbidden": _ACCOUNT,
    "InvalidProviderToken": _ACCOUNT,
    "MethodNotAllowed": _ACCOUNT,
    "MissingProviderToken": _ACCOUNT,
    "MissingTopic": _ACCOUNT,
    "TopicDisallowed": _ACCOUNT,
    "UnrelatedKeyIdInToken": _ACCOUNT,
    "TooManyProviderTokenUpdates": (Fate.THROTTLED, "account"),
    "TooManyRequests": (Fate.THROTTLED, "device"),
    "IdleTimeout": _LATER,
    "InternalServerError": _LATER,
    "ServiceUnavailable": _LATER,
    "Shutdown": _LATER,
}
STATUSES: Final[Mapping[int, Meaning]] = {
    403: _ACCOUNT,
    404: _ACCOUNT,
    405: _ACCOUNT,
    410: _GONE,
    413: _MESSAGE,
    429: (Fate.THROTTLED, "device"),
}
# The token was good once: another is made, and these are sent again, which Apple did not take.
STALE: Final = frozenset({"ExpiredProviderToken"})
# What the tokens of a whole fleet are called when Apple's sandbox is taken for the real thing, or one app for another.
DOUBTED: Final = frozenset({"BadDeviceToken", "DeviceTokenNotForTopic"})


class _Said(msgspec.Struct):
    """Apple's answer. Since when the device is gone it says in milliseconds."""

    reason: str = ""
    timestamp: int | None = None


def read_apns(reply: Reply, now_ms: int) -> Answer:
    """What Apple said. What is not Apple's words (such as a proxy's page) is an outage, whatever its status."""
    if reply.status == 200:
        return Answer(fate=Fate.SENT, name=reply.headers.get("apns-id", ""))
    try:
        said = msgspec.json.decode(reply.body, type=_Said)
    except msgspec.MsgspecError:
        said = None
    if said is None:
        return Answer(fate=Fate.UNAVAILABLE, code=f"HTTP_{reply.status}", retry_after_ms=_wait(reply, now_ms))
    fate, narrow = REASONS.get(said.reason) or STATUSES.get(reply.status, _LATER)
    return Answer(
        fate=fate,
        code=said.reason or f"HTTP_{reply.status}",
        detail=f"Apple says {said.reason or 'nothing'} ({reply.status}).",
        retry_after_ms=_wait(reply, now_ms),
        narrow=narrow,
        gone_at_ms=said.timestamp if fate is Fate.GONE else None,
    )


def undoubted_apns(answer: Answer, proven: bool) -> Answer:
    """A `DOUBTED` answer once it is known whether the account has ever been right (`proven`). If it has not, no address
    is touched: it may as well be the environment or the topic that is wrong."""
    if proven:
        return answer
    return msgspec.structs.replace(
        answer,
        fate=Fate.MISCONFIGURED,
        detail=f"{answer.detail} No device was accepted so far: check the environment (sandbox or not) and the topic.",
    )


def _wait(reply: Reply, now_ms: int) -> int | None:
    return retry_after_ms(reply.headers, now_ms)
