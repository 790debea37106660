"""Whom a notification is for. It is never read into memory: fan-out walks it page by page."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from homeport_notify import limits
from homeport_notify.errors import BadNotification
from homeport_sync.scope import EVERYBODY, is_name


class ToUsers(msgspec.Struct, frozen=True, tag="users", tag_field="to"):
    """These users, on all their devices."""

    users: tuple[str, ...]


class ToScope(msgspec.Struct, frozen=True, tag="scope", tag_field="to"):
    """All members of a scope, as they are when it is sent; without those in `but`."""

    scope: str
    but: tuple[str, ...] = ()


class ToTopic(msgspec.Struct, frozen=True, tag="topic", tag_field="to"):
    """All users who subscribe to the topic."""

    topic: str


class ToEveryone(msgspec.Struct, frozen=True, tag="everyone", tag_field="to"):
    """All users of the tenant."""


class ToAddresses(msgspec.Struct, frozen=True, tag="addresses", tag_field="to"):
    """These addresses, by their ids: what Homeport itself sends to devices that it has chosen, such as wakes."""

    addresses: tuple[str, ...]


Audience: TypeAlias = ToUsers | ToScope | ToTopic | ToEveryone | ToAddresses


def check_audience(audience: Audience) -> None:
    """Raises `BadNotification` for an audience that cannot be one."""
    match audience:
        case ToUsers(users=users):
            if not users:
                raise BadNotification("It is for nobody: name a user, a scope, a topic, or everyone.")
            if len(users) > limits.USERS_MAX:
                raise BadNotification(
                    f"It names {len(users):,} users; {limits.USERS_MAX:,} at most: use a topic, or several."
                )
            if wrong := [user for user in users if not is_name(user) or user == EVERYBODY]:
                raise BadNotification(f"{wrong[0][:40]!r} is no user's name.")
        case ToTopic(topic=topic):
            check_topic(topic)
        case ToScope(scope=scope):
            if not is_name(scope):
                raise BadNotification(f"{scope[:40]!r} is no scope: name it by its id.")
        case ToEveryone() | ToAddresses():
            pass


def check_topic(topic: str) -> None:
    """Raises `BadNotification` for a text that is no topic's name."""
    if not is_name(topic) or len(topic) > limits.TOPIC_LENGTH_MAX:
        raise BadNotification(
            f"{topic[:40]!r} is no topic: 1 to {limits.TOPIC_LENGTH_MAX} characters, no space around."
        )
