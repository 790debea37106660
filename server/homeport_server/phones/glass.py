"""Whose phone it is, and its glass: what its user sees there beside the data."""

from __future__ import annotations

from dataclasses import dataclass

from homeport_server.phones.pushed import Pushed
from homeport_server.phones.sights import UndoSight


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Whose phone it is, and where it calls. `key` is "a" or "b"."""

    key: str
    name: str
    user: str
    token: str
    server_url: str
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A notification that lies on the screen, unread."""

    pushed: Pushed
    at_ms: int
    asleep: bool


@dataclass(slots=True, kw_only=True)
class Glass:
    """What its user sees beside the data: which list is open, what was answered last, what can be undone."""

    open_list: str = ""
    said: str = ""
    undo: UndoSight | None = None
    notice: Notice | None = None
    weather: str = ""
