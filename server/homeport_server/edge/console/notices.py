"""A notification in a line: what it says, and whom it is for."""

from __future__ import annotations

from typing import Final

from homeport_notify.audience import Audience, ToAddresses, ToEveryone, ToScope, ToTopic, ToUsers
from homeport_notify.notification import Notification
from homeport_server.edge.console.words import counted

USERS_SHOWN_MAX: Final = 3


def words_of(notification: Notification) -> str:
    """What it says, in a line."""
    return notification.message.title or notification.message.body or "a silent message"


def audience_of(audience: Audience) -> str:
    """Whom it is for, in words."""
    match audience:
        case ToUsers(users=users):
            more = len(users) - USERS_SHOWN_MAX
            return ", ".join(users[:USERS_SHOWN_MAX]) + (f" and {more:,} more" if more > 0 else "")
        case ToScope(scope=scope):
            return f"members of the scope {scope}"
        case ToTopic(topic=topic):
            return f"the topic {topic}"
        case ToEveryone():
            return "everyone"
        case ToAddresses(addresses=addresses):
            return counted(len(addresses), "address", "addresses")
