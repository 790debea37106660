"""A message as FCM wants it: made by pyfcm once a platform, then cut and filled in for each recipient.

Each platform gets its own part only, since most of a payload of 4 KiB is for the words. On Android what replaces a
notification that is shown already is its tag; `collapse_key` is for what waits, and FCM keeps only four of them a
device, so it is the app's and never one made for a single delivery.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Protocol, TypeAlias

from homeport_notify.address import Platform, TargetKind
from homeport_notify.channel import Recipient
from homeport_notify.channels.collapse import collapse_header
from homeport_notify.channels.template import Template
from homeport_notify.message import OURS, Message

DELIVERY: Final = f"{OURS}delivery"
LINK: Final = f"{OURS}link"
WEB_TOPIC_LENGTH_MAX: Final = 32  # Web Push's, of letters, digits, - and _

Json: TypeAlias = Mapping[str, object]


class PayloadWriter(Protocol):
    """As much of pyfcm's `FCMNotification` as is used here."""

    def parse_payload(
        self,
        *,
        fcm_token: str,
        notification_title: str,
        notification_body: str,
        notification_image: str,
        data_payload: dict[str, str],
        android_config: Json | None,
        apns_config: Json | None,
        webpush_config: Json | None,
        dry_run: bool,
    ) -> bytes:
        """The body of a request, with sorted keys and no blanks."""


class FcmPayloads:
    """The bodies of one message. `now_s` is what Apple's expiration counts from."""

    def __init__(self, writer: PayloadWriter, message: Message, now_s: int, *, dry_run: bool) -> None:
        self._writer = writer
        self._message = message
        self._now_s = now_s
        self._dry_run = dry_run
        self._templates: dict[tuple[Platform, TargetKind, bool], Template] = {}

    def body(self, to: Recipient) -> bytes:
        """What is sent to one."""
        sort = (to.platform, to.target_kind, bool(to.collapse_id))
        template = self._templates.get(sort)
        if template is None:
            template = self._templates[sort] = Template(3, lambda marks: self._write(*sort, marks))
        return template.fill((to.target, to.delivery, collapse_header(to.collapse_id)))

    def _write(self, platform: Platform, kind: TargetKind, collapses: bool, marks: Sequence[str]) -> bytes:
        target, delivery, mark = marks
        message, collapse = self._message, mark if collapses else ""
        data = {key: str(value) for key, value in message.data.items()} | {DELIVERY: delivery}
        if message.link:
            data[LINK] = message.link
        body = self._writer.parse_payload(
            fcm_token=target,
            notification_title=message.title,
            notification_body=message.body,
            notification_image=message.image,
            data_payload=data,
            android_config=_android(message, collapse) if platform in {"android", "other"} else None,
            apns_config=_apns(message, collapse, self._now_s) if platform in {"ios", "other"} else None,
            webpush_config=_webpush(message, collapse) if platform == "web" else None,
            dry_run=self._dry_run,
        )
        return (
            body.replace(b'"token":"%s"' % target.encode(), b'"fid":"%s"' % target.encode()) if kind == "fid" else body
        )


def _android(message: Message, collapse: str) -> Json:
    high = message.priority == "high" and not message.silent
    part: dict[str, object] = {"priority": "high" if high else "normal", "ttl": f"{message.ttl_s}s"}
    if message.collapse_key:
        part["collapse_key"] = message.collapse_key
    if collapse and not message.silent:
        part["notification"] = {"tag": collapse}
    return part


def _apns(message: Message, collapse: str, now_s: int) -> Json:
    headers = apns_steering(message, now_s)
    if collapse:
        headers["apns-collapse-id"] = collapse
    aps = dict(apple_manner(message))
    part: dict[str, object] = {"headers": headers}
    if message.image:
        part["fcm_options"] = {"image": message.image}
    if aps:
        part["payload"] = {"aps": aps}
    return part


def apple_manner(message: Message) -> Json:
    """What stands in Apple's `aps` beside the words. A silent message wakes the app; one of high priority is heard,
    as people expect it, where Android's own channel of the app decides; an image is for the app's extension to load."""
    manner: dict[str, object] = {}
    if message.silent:
        manner["content-available"] = 1
    elif message.priority == "high":
        manner["sound"] = "default"
    if message.image:
        manner["mutable-content"] = 1
    return manner


def apns_steering(message: Message, now_s: int) -> dict[str, str]:
    """The headers of Apple's that steer the sending. A silent notification has to say so, and to be in no hurry."""
    high = message.priority == "high" and not message.silent
    return {
        "apns-push-type": "background" if message.silent else "alert",
        "apns-priority": "10" if high else "5",
        "apns-expiration": str(now_s + message.ttl_s if message.ttl_s else 0),
    }


def _webpush(message: Message, collapse: str) -> Json:
    headers = {"TTL": str(message.ttl_s), "Urgency": message.priority}
    key = message.collapse_key
    if key and len(key) <= WEB_TOPIC_LENGTH_MAX and key.isascii() and key.replace("-", "").replace("_", "").isalnum():
        headers["Topic"] = key
    part: dict[str, object] = {"headers": headers}
    if collapse and not message.silent:
        part["notification"] = {"tag": collapse}
    if message.link.startswith("https://") and not message.silent:
        part["fcm_options"] = {"link": message.link}
    return part
