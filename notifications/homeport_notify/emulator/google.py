"""Google's answers, word for word: google.rpc.Status as JSON, with the details that clients look at.

The shapes are those of https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode, of the examples at
https://firebase.google.com/docs/cloud-messaging/error-codes, and of answers that people reported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from homeport_notify.emulator.exchange import Reply, json_reply

Detail: TypeAlias = Mapping[str, Any]
Headers: TypeAlias = tuple[tuple[str, str], ...]

_TYPES: Final = "type.googleapis.com/"
_CHALLENGE: Final = (("www-authenticate", 'Bearer realm="https://accounts.google.com/", error="invalid_token"'),)
_CREDENTIALS: Final = (
    "Expected OAuth 2 access token, login cookie or other valid authentication credential. "
    "See https://developers.google.com/identity/sign-in/web/devconsole-project."
)
_METHOD: Final = {"method": "google.firebase.fcm.v1.FcmService.SendMessage", "service": "fcm.googleapis.com"}


class Refusal(Exception):
    """The request ends here, with this reply."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.code)
        self.reply = reply


def status_reply(
    http: int, status: str, message: str, details: Sequence[Detail] = (), *, code: str = "", headers: Headers = ()
) -> Reply:
    """google.rpc.Status. `code` is how it is counted; without one it is the status."""
    error: dict[str, object] = {"code": http, "message": message, "status": status}
    if details:
        error["details"] = list(details)
    return json_reply(http, {"error": error}, code=code or status, headers=headers)


def fcm_error(code: str) -> Detail:
    """The detail that says which of FCM's errors it is."""
    return {"@type": f"{_TYPES}google.firebase.fcm.v1.FcmError", "errorCode": code}


def _error_info(reason: str, domain: str, metadata: Mapping[str, str]) -> Detail:
    return {
        "@type": f"{_TYPES}google.rpc.ErrorInfo",
        "reason": reason,
        "domain": domain,
        "metadata": dict(metadata),
    }


def violations(*wrong: tuple[str, str]) -> Detail:
    """The detail that says which fields are wrong, and how; a field may be ""."""
    return {
        "@type": f"{_TYPES}google.rpc.BadRequest",
        "fieldViolations": [
            {"field": field, "description": says} if field else {"description": says} for field, says in wrong
        ],
    }


def unreadable(*wrong: tuple[str, str]) -> Reply:
    """400 of the layer that reads JSON: a value of the wrong type, a name that nobody knows."""
    return status_reply(400, "INVALID_ARGUMENT", "\n".join(says for _, says in wrong), [violations(*wrong)])


def invalid(field: str, says: str, *, message: str = "") -> Reply:
    """400 of FCM itself: it could read the message, and does not take it."""
    details = [violations((field, says)), fcm_error("INVALID_ARGUMENT")]
    return status_reply(400, "INVALID_ARGUMENT", message or says, details)


MALFORMED_TOKEN: Final = status_reply(
    400,
    "INVALID_ARGUMENT",
    "The registration token is not a valid FCM registration token",
    [fcm_error("INVALID_ARGUMENT")],
)
UNREGISTERED: Final = status_reply(
    404, "NOT_FOUND", "Requested entity was not found.", [fcm_error("UNREGISTERED")], code="UNREGISTERED"
)
SENDER_ID_MISMATCH: Final = status_reply(
    403, "PERMISSION_DENIED", "SenderId mismatch", [fcm_error("SENDER_ID_MISMATCH")], code="SENDER_ID_MISMATCH"
)
NO_SUCH_PATH: Final = Reply(
    404,
    b"<!DOCTYPE html>\n<html lang=en>\n  <title>Error 404 (Not Found)!!1</title>\n  <p><b>404.</b> "
    b"<ins>That\xe2\x80\x99s an error.</ins>\n  <p>The requested URL was not found on this server.\n",
    "text/html; charset=UTF-8",
    code="NOT_FOUND",
)
BAD_GATEWAY: Final = Reply(
    502,
    b"<!DOCTYPE html>\n<html lang=en>\n  <title>Error 502 (Server Error)!!1</title>\n  <p><b>502.</b> "
    b"<ins>That\xe2\x80\x99s an error.</ins>\n  <p>The server encountered a temporary error and could not complete "
    b"your request.<p>Please try again in 30 seconds.\n",
    "text/html; charset=UTF-8",
    code="BAD_GATEWAY",
)


def unavailable(headers: Headers = ()) -> Reply:
    """503."""
    details = [fcm_error("UNAVAILABLE")]
    return status_reply(503, "UNAVAILABLE", "The service is currently unavailable.", details, headers=headers)


def internal() -> Reply:
    """500."""
    return status_reply(500, "INTERNAL", "Internal error encountered.", [fcm_error("INTERNAL")])


def quota_exceeded(subject: str, headers: Headers = ()) -> Reply:
    """429 as FCM says it. `subject` is whose quota: `project:…`, `device:…` or `topic:…`."""
    whose = subject.partition(":")[0]
    says = {"device": "Device message rate exceeded", "topic": "Topic message rate exceeded"}.get(
        whose, "Message rate exceeded"
    )
    failure = {
        "@type": f"{_TYPES}google.rpc.QuotaFailure",
        "violations": [{"subject": subject, "description": says}],
    }
    return status_reply(
        429,
        "RESOURCE_EXHAUSTED",
        "Resource has been exhausted (e.g. check quota).",
        [fcm_error("QUOTA_EXCEEDED"), failure],
        code="QUOTA_EXCEEDED",
        headers=headers,
    )


def rate_limited(project: str, limit: int, headers: Headers = ()) -> Reply:
    """429 as the servers in front of FCM say it: no word of FCM in its details."""
    metadata = {
        "quota_limit_value": str(limit),
        "consumer": f"projects/{project}",
        "quota_metric": "fcm.googleapis.com/send_requests",
        "quota_unit": "1/min/{project}",
        "service": "fcm.googleapis.com",
        "quota_location": "global",
        "quota_limit": "SendsPerMinutePerProject",
    }
    return status_reply(
        429,
        "RESOURCE_EXHAUSTED",
        "Quota exceeded for quota metric 'Send requests' and limit 'Send requests per minute' of service "
        f"'fcm.googleapis.com' for consumer 'projects/{project}'.",
        [_error_info("RATE_LIMIT_EXCEEDED", "googleapis.com", metadata)],
        code="RATE_LIMIT_EXCEEDED",
        headers=headers,
    )


def unauthenticated(reason: str) -> Reply:
    """401. `reason`: CREDENTIALS_MISSING, ACCESS_TOKEN_TYPE_UNSUPPORTED or ACCESS_TOKEN_EXPIRED."""
    missing = reason == "CREDENTIALS_MISSING"
    opening = "Request is missing required" if missing else "Request had invalid"
    return status_reply(
        401,
        "UNAUTHENTICATED",
        f"{opening} authentication {'credential' if missing else 'credentials'}. {_CREDENTIALS}",
        [_error_info(reason, "googleapis.com", _METHOD)],
        code=reason,
        headers=_CHALLENGE,
    )


def scope_missing() -> Reply:
    """403: the token was not asked for with FCM's scope."""
    return status_reply(
        403,
        "PERMISSION_DENIED",
        "Request had insufficient authentication scopes.",
        [_error_info("ACCESS_TOKEN_SCOPE_INSUFFICIENT", "googleapis.com", _METHOD)],
        code="ACCESS_TOKEN_SCOPE_INSUFFICIENT",
    )


def permission_denied(project: str) -> Reply:
    """403: the account is none of that project."""
    resource = f"//cloudresourcemanager.googleapis.com/projects/{project}"
    permission = "cloudmessaging.messages.create"
    metadata = {"permission": permission, "resource": f"projects/{project}"}
    return status_reply(
        403,
        "PERMISSION_DENIED",
        f"Permission '{permission}' denied on resource '{resource}' (or it may not exist).",
        [_error_info("IAM_PERMISSION_DENIED", "cloudresourcemanager.googleapis.com", metadata)],
    )
