"""What FCM's errors mean for a delivery: one tree, read from the details, never from the status alone.

    200                              SENT, if it names the message; UNANSWERED if it does not
    no JSON of Google's              404 MISCONFIGURED (the path), 429 THROTTLED, else UNAVAILABLE (a proxy's page)
    UNREGISTERED                     GONE
    SENDER_ID_MISMATCH               MISCONFIGURED, no address touched: the device's if the project has proved right
    THIRD_PARTY_AUTH_ERROR           MISCONFIGURED, for the platform (the key of Apple's that FCM was given)
    QUOTA_EXCEEDED                   THROTTLED, for whom QuotaFailure names
    UNAVAILABLE, INTERNAL            UNAVAILABLE
    INVALID_ARGUMENT
    ├── with a reason of Apple's     as `apns_errors` has it
    ├── with fieldViolations         about the target BAD_TARGET, about anything else BAD_MESSAGE
    ├── of FCM's own                 BAD_TARGET, unless it says that the message is too big
    └── without any detail           BAD_MESSAGE
    no detail of FCM's               401, 403, 404 MISCONFIGURED; 429 THROTTLED; 5xx UNAVAILABLE; else BAD_MESSAGE

A 404 without UNREGISTERED is a project that was mistyped, so it is never a phone that is gone.
Sources: https://firebase.google.com/docs/cloud-messaging/error-codes, …/reference/fcm/rest/v1/ErrorCode, and answers
that people reported: an APNs reason beside INVALID_ARGUMENT, "Android message is too big" as an FcmError.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from homeport_notify.answer import Answer, Fate, Narrow
from homeport_notify.channels import apns_errors
from homeport_notify.channels.apns_errors import Meaning
from homeport_notify.channels.retry_after import retry_after_ms
from homeport_notify.transport import Reply

_ACCOUNT: Final[Meaning] = (Fate.MISCONFIGURED, "account")
_LATER: Final[Meaning] = (Fate.UNAVAILABLE, "account")
_THROTTLED: Final[Meaning] = (Fate.THROTTLED, "account")
_MESSAGE: Final[Meaning] = (Fate.BAD_MESSAGE, "account")
_TARGET: Final[Meaning] = (Fate.BAD_TARGET, "device")

CODES: Final[Mapping[str, Meaning]] = {
    "UNREGISTERED": (Fate.GONE, "device"),
    "SENDER_ID_MISMATCH": _ACCOUNT,
    "THIRD_PARTY_AUTH_ERROR": (Fate.MISCONFIGURED, "platform"),
    "QUOTA_EXCEEDED": _THROTTLED,
    "UNAVAILABLE": _LATER,
    "INTERNAL": _LATER,
}
STATUSES: Final[Mapping[int, Meaning]] = {401: _ACCOUNT, 403: _ACCOUNT, 404: _ACCOUNT, 429: _THROTTLED}
NOT_GOOGLES: Final[Mapping[int, Meaning]] = {404: _ACCOUNT, 429: _THROTTLED}
UNAUTHENTICATED: Final = "UNAUTHENTICATED"
# The bearer may have ended: another is asked for, and these are sent again, which FCM did not take.
STALE: Final = frozenset({UNAUTHENTICATED})
DOUBTED: Final = frozenset({"SENDER_ID_MISMATCH"})

DETAIL_LENGTH_MAX: Final = 300

_TARGETS: Final = ("message.token", "message.fid")
_TOO_BIG: Final = ("too big", "too large")


class _Violation(msgspec.Struct):
    field: str = ""
    subject: str = ""
    description: str = ""


class _Detail(msgspec.Struct, rename="camel"):
    """Any of google.rpc's details, FcmError and ApnsError: their fields do not meet."""

    type: str = msgspec.field(default="", name="@type")
    error_code: str = ""
    reason: str = ""
    field_violations: list[_Violation] = []
    violations: list[_Violation] = []

    def is_a(self, name: str) -> bool:
        return self.type.endswith(f".{name}")


class _Error(msgspec.Struct):
    code: int = 0
    message: str = ""
    status: str = ""
    details: list[_Detail] = []

    def of(self, name: str) -> _Detail:
        """The first detail of that sort; an empty one if there is none."""
        return next((detail for detail in self.details if detail.is_a(name)), _Detail())


class _Refused(msgspec.Struct):
    error: _Error


class _Accepted(msgspec.Struct):
    name: str


_REFUSED: Final = msgspec.json.Decoder(_Refused)
_ACCEPTED: Final = msgspec.json.Decoder(_Accepted)


def read_fcm(reply: Reply, now_ms: int) -> Answer:
    """What FCM said."""
    if reply.status == 200:
        return _accepted(reply)
    wait_ms = retry_after_ms(reply.headers, now_ms)
    try:
        error = _REFUSED.decode(reply.body).error
    except msgspec.MsgspecError:
        fate, narrow = NOT_GOOGLES.get(reply.status, _LATER)
        return Answer(
            fate=fate,
            code=f"HTTP_{reply.status}",
            detail=f"The answer ({reply.status}) is not Google's: a proxy's, or of another address.",
            retry_after_ms=wait_ms,
            narrow=narrow,
        )
    code = error.of("FcmError").error_code
    fate, narrow = _meaning(reply.status, code, error)
    return Answer(
        fate=fate,
        code=code or error.status or f"HTTP_{reply.status}",
        detail=error.message[:DETAIL_LENGTH_MAX],
        retry_after_ms=wait_ms,
        narrow=narrow,
    )


def _accepted(reply: Reply) -> Answer:
    try:
        return Answer(fate=Fate.SENT, name=_ACCEPTED.decode(reply.body).name)
    except msgspec.MsgspecError:
        return Answer(fate=Fate.UNANSWERED, code="NO_NAME", detail="FCM said yes without naming the message.")


def _meaning(status: int, code: str, error: _Error) -> Meaning:
    if code == "INVALID_ARGUMENT" or (status == 400 and not code):
        return _invalid(code, error)
    if code == "QUOTA_EXCEEDED":
        return Fate.THROTTLED, _whose(error)
    if code in CODES:
        return CODES[code]
    if status >= 500:
        return _LATER
    return STATUSES.get(status, _MESSAGE)


def _invalid(code: str, error: _Error) -> Meaning:
    apples = apns_errors.REASONS.get(error.of("ApnsError").reason)
    if apples is not None:
        return apples
    fields = [violation.field for violation in error.of("BadRequest").field_violations]
    if fields:
        return _TARGET if any(field.startswith(_TARGETS) for field in fields) else _MESSAGE
    too_big = any(words in error.message for words in _TOO_BIG)
    return _TARGET if code and not too_big else _MESSAGE


def _whose(error: _Error) -> Narrow:
    subjects = [violation.subject for violation in error.of("QuotaFailure").violations]
    return "device" if subjects and all(subject.startswith("device") for subject in subjects) else "account"


def undoubted_fcm(answer: Answer, proven: bool) -> Answer:
    """A `DOUBTED` answer once it is known whether the project has ever been right (`proven`): then it is this device
    alone that belongs to another."""
    return msgspec.structs.replace(answer, narrow="device" if proven else "account")
