"""Composing: what a rule of the app tells of a change, as a notification. Pure.

Its key is the change's own name: however often the log is read, each thing is told once.
"""

from __future__ import annotations

from typing import Final

from homeport_notify.audience import Audience, ToScope, ToTopic, ToUsers
from homeport_notify.message import Message
from homeport_notify.notification import About, Notification
from homeport_sync.entry import Entry
from homeport_sync.tell import Tell

GRACE_MS: Final = 3_000  # devices that are connected pull first, and those that have pulled are not told
TELLABLE_S_MIN: Final = 60  # what is to be shown now or never may wait that long for its turn
_MS: Final = 1_000


def composed(rule: str, tell: Tell, ordinal: int, entry: Entry, *, id: str, now_ms: int) -> Notification | None:
    """The `ordinal`-th notification that the rule wants for this change; None if there is nobody to tell, or if it is
    too late."""
    audience = _audience(tell, entry)
    accepted_ms = round(entry.accepted_at.timestamp() * _MS)
    due_ms = max(now_ms, accepted_ms + GRACE_MS)
    expires_ms = accepted_ms + GRACE_MS + max(tell.ttl_s, TELLABLE_S_MIN) * _MS
    if audience is None or expires_ms <= due_ms:
        return None
    position_and_stamp = entry.key.removeprefix(f"{entry.tenant}/")
    return Notification(
        id=id,
        tenant=entry.tenant,
        key=f"rule {rule}/{position_and_stamp}/{ordinal}",
        audience=audience,
        message=_message(tell),
        lane="transactional",
        topic=tell.mute_as or tell.topic or rule,
        at_least_once=tell.at_least_once,
        urgent=tell.urgent,
        due_at_ms=due_ms,
        expires_at_ms=expires_ms,
        about=About(position=entry.position, author=entry.device, accepted_at_ms=accepted_ms),
        author=entry.user,
        created_at_ms=now_ms,
    )


def _audience(tell: Tell, entry: Entry) -> Audience | None:
    but = () if tell.author_too else (entry.user,)
    if tell.scope:
        return ToScope(scope=entry.scope, but=but)
    if tell.topic:
        return ToTopic(topic=tell.topic)
    users = tuple(user for user in tell.named if user not in but)
    return ToUsers(users=users) if users else None


def _message(tell: Tell) -> Message:
    return Message(
        title=tell.title,
        body=tell.body,
        image=tell.image,
        link=tell.link,
        data=dict(tell.data),
        collapse_key=tell.collapse_key,
        priority=tell.priority,
        ttl_s=tell.ttl_s,
    )
