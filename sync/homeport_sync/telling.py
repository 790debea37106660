"""What a device says to the server about notifications: the messages, and the GraphQL documents that carry them.

As in `wire.py` each message is a struct as JSON, and the variables of its document. All of them may be sent again: the
server keeps an address as it was told last, and of a receipt the first word. What an answer says beyond that it
worked is of no meaning to a device, so each field gives a scalar.

What a provider delivers carries names of ours in its data, beside the app's own:

- `hp_delivery` names the delivery, the same however often it comes, so that a device shows it once;
- `hp_notification` names what it tells, for the receipt;
- `hp_wake` makes it a wake: nobody sees it, the device pulls.
"""

from __future__ import annotations

from typing import ClassVar, Final

import msgspec

from homeport_sync.change import Uuid
from homeport_sync.receipts import Time

DELIVERY: Final = "hp_delivery"
NOTIFICATION: Final = "hp_notification"
WAKE: Final = "hp_wake"
RECEIPTS_MAX: Final = 100  # in one report

REGISTER: Final = (
    "mutation RegisterAddress($device: ID!, $channel: String!, $target: String!, $targetKind: String,"
    " $platform: String, $timezone: String, $locale: String)"
    " { registerAddress(device: $device, channel: $channel, target: $target, targetKind: $targetKind,"
    " platform: $platform, timezone: $timezone, locale: $locale) }"
)
RETIRE: Final = "mutation RetireAddresses($device: ID!) { retireAddresses(device: $device) }"
PREFER: Final = (
    "mutation SetPreferences($timezone: String, $quietHours: QuietHoursInput, $muted: [String!])"
    " { setPreferences(timezone: $timezone, quietHours: $quietHours, muted: $muted) }"
)
SUBSCRIBE: Final = "mutation Subscribe($topic: String!) { subscribe(topic: $topic) }"
UNSUBSCRIBE: Final = "mutation Unsubscribe($topic: String!) { unsubscribe(topic: $topic) }"
REPORT: Final = (
    "mutation ReportNotifications($device: ID!, $receipts: JSON!)"
    " { reportNotifications(device: $device, receipts: $receipts) }"
)


class Telling(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """What all of them are: the variables of a `document`."""

    document: ClassVar[str]


class RegisterAddress(Telling, frozen=True, kw_only=True):
    """The variables of `REGISTER`: `target` is what the provider of `channel` calls the device, whose user is the
    token's. `timezone` is IANA's name of the device's own zone ("": it does not say)."""

    document: ClassVar[str] = REGISTER

    device: str
    channel: str
    target: str
    target_kind: str = "token"
    platform: str = "other"
    timezone: str = ""
    locale: str = ""


class RetireAddresses(Telling, frozen=True, kw_only=True):
    """The variables of `RETIRE`: nothing more is sent to the user's device, whatever the channel."""

    document: ClassVar[str] = RETIRE

    device: str


class QuietHours(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Minutes of the user's own day, from inclusive, until exclusive; over midnight if that is smaller."""

    from_min: int
    until_min: int


class SetPreferences(Telling, frozen=True, kw_only=True):
    """The variables of `PREFER`: what the user wants, in the place of what was. `muted` are topics, `*` is all."""

    document: ClassVar[str] = PREFER

    timezone: str = ""
    quiet_hours: QuietHours | None = None
    muted: list[str] = []


class SubscribeTopic(Telling, frozen=True, kw_only=True):
    """The variables of `SUBSCRIBE`."""

    document: ClassVar[str] = SUBSCRIBE

    topic: str


class UnsubscribeTopic(Telling, frozen=True, kw_only=True):
    """The variables of `UNSUBSCRIBE`."""

    document: ClassVar[str] = UNSUBSCRIBE

    topic: str


class NotificationReceipt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """A device's word that it was told, and when somebody opened it; by its clock as the server corrected it."""

    notification: Uuid
    received_at_ms: Time
    opened_at_ms: Time | None = None


class ReportNotifications(Telling, frozen=True, kw_only=True):
    """The variables of `REPORT`, with at most `RECEIPTS_MAX`. A later report may add when a notification was opened."""

    document: ClassVar[str] = REPORT

    device: str
    receipts: list[NotificationReceipt]
