"""A draft: what somebody wants told, before it has an id and its times. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from homeport_notify.audience import Audience, ToEveryone, ToScope, ToTopic, ToUsers
from homeport_notify.errors import BadNotification
from homeport_notify.message import Message
from homeport_notify.notification import Lane, Notification, read_local
from homeport_server.notify.compose import TELLABLE_S_MIN
from homeport_sync.clock import is_uuid

# The clocks of the world: the first at which a time of day comes, and the last.
FIRST_ZONE_MS: Final = 14 * 3_600_000
LAST_ZONE_MS: Final = 12 * 3_600_000
FEW_USERS_MAX: Final = 10  # so many named ones wait for it themselves; more of them are a campaign


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """`key` is the idempotency key. It is told at once, or at the moment `at`, or at the wall clock time `local_at`
    (`2026-11-30T09:00`) of each user's own zone. The others are a notification's own."""

    key: str
    audience: Audience
    message: Message = field(default_factory=Message)
    at: datetime | None = None
    local_at: str = ""
    topic: str = ""
    urgent: bool = False
    at_least_once: bool = False
    dry_run: bool = False


def audience_of(*, users: tuple[str, ...] = (), scope: str = "", topic: str = "", everyone: bool = False) -> Audience:
    """The audience that is named. Raises `BadNotification` unless it is named in one way."""
    if bool(users) + bool(scope) + bool(topic) + everyone != 1:
        raise BadNotification("Say whom to tell, in one way: users, the members of a scope, a topic, or everyone.")
    if users:
        return ToUsers(users=users)
    if scope:
        if not is_uuid(scope):
            raise BadNotification(f"The scope is {scope[:40]!r}; expected the id of its root, a UUID in lowercase.")
        return ToScope(scope=scope)
    return ToTopic(topic=topic) if topic else ToEveryone()


def read_moment(text: str) -> datetime:
    """The moment of a text such as `2026-11-30T09:00+01:00`. Raises `BadNotification` for one without its zone."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        read = None
    if read is None or read.tzinfo is None:
        raise BadNotification(f"The moment is {text[:60]!r}; expected one with its zone: 2026-11-30T09:00+01:00.")
    return read


def drafted(draft: Draft, *, tenant: str, author: str, id: str, now_ms: int) -> Notification:
    """The notification of a draft. Raises `BadNotification` for times that cannot be."""
    if draft.at is not None and draft.local_at:
        raise BadNotification("It is due at a moment, or at a local time: say one of them.")
    due_ms, last_ms = _due_ms(draft, now_ms)
    return Notification(
        id=id,
        tenant=tenant,
        key=draft.key,
        audience=draft.audience,
        message=draft.message,
        lane=lane_of(draft.audience),
        topic=draft.topic or (draft.audience.topic if isinstance(draft.audience, ToTopic) else ""),
        at_least_once=draft.at_least_once,
        urgent=draft.urgent,
        due_at_ms=due_ms,
        local_time=draft.local_at,
        expires_at_ms=last_ms + max(draft.message.ttl_s, TELLABLE_S_MIN) * 1_000,
        dry_run=draft.dry_run,
        author=author,
        created_at_ms=now_ms,
    )


def lane_of(audience: Audience) -> Lane:
    """What one person waits for goes before what goes to many."""
    is_few = isinstance(audience, ToUsers) and len(audience.users) <= FEW_USERS_MAX
    return "transactional" if is_few else "bulk"


def _due_ms(draft: Draft, now_ms: int) -> tuple[int, int]:
    """When it is due first, and last, anywhere."""
    if draft.local_at:
        wall_ms = round(read_local(draft.local_at).replace(tzinfo=UTC).timestamp() * 1_000)
        return max(wall_ms - FIRST_ZONE_MS, now_ms), max(wall_ms + LAST_ZONE_MS, now_ms)
    due_ms = now_ms if draft.at is None else max(round(draft.at.timestamp() * 1_000), now_ms)
    return due_ms, due_ms
