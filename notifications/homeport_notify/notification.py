"""A notification: one thing to tell, to any number of people, and where it stands."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal, TypeAlias

import msgspec
from msgspec.structs import replace

from homeport_notify import limits
from homeport_notify.audience import Audience, check_audience, check_topic
from homeport_notify.errors import BadNotification
from homeport_notify.message import Message, check_message

# Who goes first: what one person waits for; what makes devices pull; what goes to many. Each has its own share.
Lane: TypeAlias = Literal["transactional", "wake", "bulk"]
LANES: Final[tuple[Lane, ...]] = ("transactional", "wake", "bulk")
# waiting: not due yet; running: expanded and sent; paused: by somebody, or by a channel that is set up wrongly;
# the rest are ends. stopped: the provider refuses the message as such.
State: TypeAlias = Literal["waiting", "running", "paused", "done", "cancelled", "stopped"]
EARLY_ENDS: Final[frozenset[State]] = frozenset({"cancelled", "stopped"})  # what waits then is never told
ENDS: Final[frozenset[State]] = EARLY_ENDS | {"done"}


class About(msgspec.Struct, frozen=True, kw_only=True):
    """The change that it tells of: a device that has pulled up to its `position` is not told, nor is its `author` (the
    id of the device that made it). What a device pulled because it was woken since `accepted_at_ms` nobody has seen."""

    position: int
    author: str
    accepted_at_ms: int = 0


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """`key` is the idempotency key: the same key is the same notification.

    It is due at `due_at_ms`, or, with `local_time` (`2026-11-30T09:00`), for each user at that time of their own zone,
    of which `due_at_ms` is the first anywhere. What was not sent by `expires_at_ms` is given up. Not `urgent`, it keeps
    quiet hours. `at_least_once`: what may have been sent when a worker died or a connection broke is sent again, under
    the same collapse id; otherwise it is not, and counted as unknown. `topic` is what users can mute. `dry_run`: it is
    expanded and checked, and no provider shows it to anybody.
    """

    id: str
    tenant: str
    key: str
    audience: Audience
    message: Message
    lane: Lane
    topic: str = ""
    at_least_once: bool = False
    urgent: bool = False
    due_at_ms: int
    local_time: str = ""
    expires_at_ms: int
    about: About | None = None
    dry_run: bool = False
    author: str = ""
    created_at_ms: int
    state: State = "waiting"
    reason: str = ""

    @property
    def over(self) -> bool:
        """Whether nothing more comes of it."""
        return self.state in ENDS

    @property
    def sent_again(self) -> bool:
        """Whether what may have been sent is sent again: as its author says, and a wake always."""
        return self.at_least_once or self.lane == "wake"


def says_the_same(one: Notification, other: Notification) -> bool:
    """Whether both are one notification that was submitted twice: its id and its times are given anew each time."""
    return _words(one) == _words(other)


def _words(notification: Notification) -> Notification:
    return replace(notification, id="", due_at_ms=0, expires_at_ms=0, created_at_ms=0, state="waiting", reason="")


def check_notification(notification: Notification, now_ms: int) -> None:
    """Raises `BadNotification`, saying what is expected."""
    check_message(notification.message)
    check_audience(notification.audience)
    if notification.topic:
        check_topic(notification.topic)
    if not 1 <= len(notification.key) <= limits.KEY_LENGTH_MAX:
        raise BadNotification(
            f"The idempotency key has {len(notification.key)} characters; 1 to {limits.KEY_LENGTH_MAX} are possible."
        )
    if "\0" in notification.key:
        raise BadNotification("The idempotency key has a NUL, which no database takes: expected plain text.")
    if notification.local_time:
        read_local(notification.local_time)
    if notification.due_at_ms > now_ms + limits.SCHEDULE_AHEAD_S_MAX * 1_000:
        raise BadNotification("It is due in more than a year: schedule it nearer to its time.")
    if notification.expires_at_ms <= max(now_ms, notification.due_at_ms):
        raise BadNotification("It expires before it is due: give it a later end, or none.")


def read_local(text: str) -> datetime:
    """The wall clock time of `2026-11-30T09:00`, of no zone. Raises `BadNotification`."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        read = None
    if read is None or read.tzinfo is not None:
        raise BadNotification(f"The local time is {text!r}; expected one without a zone, such as 2026-11-30T09:00.")
    return read
