"""What is told: the words, what travels with them, and how urgent they are.

A message without a title and a body is silent: nobody sees it, it only makes the device pull.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

import msgspec
from msgspec.structs import replace

from homeport_notify import limits
from homeport_notify.errors import BadNotification

Priority: TypeAlias = Literal["normal", "high"]
OURS = "hp_"  # what Homeport itself puts into `data` begins so
WAKE_COLLAPSE_KEY = "homeport-sync"


class Message(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Text for people in `title` and `body`, the URL of an `image`, a `link` to open, and `data` (text to text) for the
    app. Of messages with the same `collapse_key` a device that was away shows the last. What cannot be delivered within
    `ttl_s` seconds is given up."""

    title: str = ""
    body: str = ""
    image: str = ""
    link: str = ""
    data: Mapping[str, str] = msgspec.field(default_factory=dict)
    collapse_key: str = ""
    priority: Priority = "normal"
    ttl_s: int = limits.TTL_S_MAX

    @property
    def silent(self) -> bool:
        """Whether nobody is to see it."""
        return not (self.title or self.body)


def named(message: Message, notification: str) -> Message:
    """The message as it is sent: its data says of which notification it is, for the device's receipt. A wake needs
    none: the device pulls."""
    if f"{OURS}wake" in message.data:
        return message
    return replace(message, data={**message.data, f"{OURS}notification": notification})


# Makes a sleeping device pull. Android may hold it back with others; a later one takes the place of an earlier.
WAKE = Message(data={f"{OURS}wake": "1"}, collapse_key=WAKE_COLLAPSE_KEY, ttl_s=limits.WAKE_TTL_S)


def check_message(message: Message) -> None:
    """Raises `BadNotification`, saying what is expected, for a message that a provider would refuse."""
    if message.silent and (message.image or not message.data):
        raise BadNotification("The message says nothing: give it a title or a body, or data for a silent one.")
    if len(message.title) > limits.TITLE_LENGTH_MAX:
        raise BadNotification(f"The title has {len(message.title):,} characters; {limits.TITLE_LENGTH_MAX} at most.")
    if len(message.collapse_key.encode()) > limits.COLLAPSE_KEY_BYTES_MAX:
        raise BadNotification(f"The collapse key is longer than {limits.COLLAPSE_KEY_BYTES_MAX} bytes: shorten it.")
    if not 0 <= message.ttl_s <= limits.TTL_S_MAX:
        raise BadNotification(f"The time to live is {message.ttl_s:,} s; 0 to {limits.TTL_S_MAX:,} are possible.")
    _check_urls(message)
    _check_data(message.data)
    size = len(msgspec.json.encode(message))
    if size > limits.PAYLOAD_BYTES_MAX:
        raise BadNotification(
            f"The message has {size:,} bytes; providers take {limits.PAYLOAD_BYTES_MAX:,} at most: send a link.",
            limit=limits.PAYLOAD_BYTES_MAX,
        )


def _check_urls(message: Message) -> None:
    for name, url in (("image", message.image), ("link", message.link)):
        if len(url) > limits.URL_LENGTH_MAX:
            raise BadNotification(f"The {name} has {len(url):,} characters; {limits.URL_LENGTH_MAX:,} at most.")
    if message.image and not message.image.startswith("https://"):
        raise BadNotification(f"The image is {message.image[:60]!r}; phones load https://… only.")
    if message.image and not message.title:
        raise BadNotification("The message has an image and no title: providers show none without; give it a title.")


def _check_data(data: Mapping[str, str]) -> None:
    if len(data) > limits.DATA_ENTRIES_MAX:
        raise BadNotification(f"data has {len(data):,} entries; {limits.DATA_ENTRIES_MAX} at most.")
    for key in data:
        if key.startswith(_THEIRS) or key in _RESERVED:
            raise BadNotification(f"data has the key {key!r}, which is the provider's or ours: choose another.")


_THEIRS = (OURS, "google.", "gcm.")
_RESERVED = frozenset({"from", "message_type", "collapse_key", "notification", "aps"})
