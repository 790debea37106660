"""Who listens for pokes: users, their listeners, and of one tenant those who may see each scope. No I/O."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from homeport_sync.ports import LogEntry
from homeport_sync.scope import EVERYBODY, MEMBER


class Listener(Protocol):
    """One subscription that wants to be poked."""

    def poke(self) -> None:
        """There is more. Never waits, never fails; pokes that come while one is under way become one."""


class Hearer(Listener, Protocol):
    """One that wants to be told what changed, too. It may be told more than once. Neither method waits or fails."""

    def hear(self, entries: Sequence[LogEntry]) -> None:
        """These changed, in their order, of what the user may see now."""

    def miss(self) -> None:
        """What it was not told of may have changed: there is more to see now, or less, or the log is another one."""


@dataclass(slots=True, eq=False)
class ListeningUser:
    """A user who listens: `scopes` are those they may see, `ever` those they ever could, as of `known_at`.

    Of each listener the device is known, or None. Some of them are `hearers`.
    """

    name: str
    listeners: dict[Listener, str | None] = field(default_factory=dict)
    hearers: set[Hearer] = field(default_factory=set)
    scopes: frozenset[str] = frozenset()
    ever: frozenset[str] = frozenset()
    known_at: int = -1

    def poke(self, but: str | None = None) -> int:
        """Poke all of them, but for a device; how many they are."""
        listeners = list(self.listeners)
        if but is not None:
            listeners = [listener for listener, device in self.listeners.items() if device != but]
        for listener in listeners:
            listener.poke()
        return len(listeners)

    def hear(self, entries: Sequence[LogEntry]) -> None:
        """Tell its hearers of those that are for them."""
        told = [entry for entry in entries if entry.scope in self.scopes] if self.hearers else ()
        for hearer in tuple(self.hearers) if told else ():
            hearer.hear(told)

    def miss(self) -> None:
        """Tell its hearers that they missed something."""
        for hearer in tuple(self.hearers):
            hearer.miss()


@dataclass(slots=True)
class Audience:
    """Those of one tenant who listen, and how far in its log they have been told. `place` -1: not begun.

    One at a time has the `turn` to tell them, so that nobody hears what came later before what came earlier.
    """

    users: dict[str, ListeningUser] = field(default_factory=dict)
    by_scope: dict[str, set[ListeningUser]] = field(default_factory=dict)
    place: int = -1
    epoch: str = ""
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def seat(self, user: ListeningUser, scopes: frozenset[str]) -> None:
        """From now on the user may see these scopes and no others."""
        for scope in user.scopes - scopes:
            holders = self.by_scope[scope]
            holders.discard(user)
            if not holders:
                del self.by_scope[scope]
        for scope in scopes - user.scopes:
            self.by_scope.setdefault(scope, set()).add(user)
        user.scopes = scopes

    def holders(self, scopes: Iterable[str]) -> set[ListeningUser]:
        """Those who may see one of the scopes."""
        return {user for scope in scopes for user in self.by_scope.get(scope, ())}

    def affected(self, entries: Sequence[LogEntry]) -> set[ListeningUser]:
        """The listening users whose rights the entries may change.

        A new root makes its author an owner. A member record names its user, or everybody, when it is made; an update
        does not, but whoever it can be about has had a grant in that scope before.
        """
        found: set[ListeningUser] = set()
        for entry in entries:
            if entry.kind == MEMBER:
                invited = str(entry.fields.get("user"))
                about = (user for user in self.users.values() if invited in (user.name, EVERYBODY))
                found |= {*about, *(user for user in self.users.values() if entry.scope in user.ever)}
            elif entry.op == "create" and entry.record == entry.scope and entry.user in self.users:
                found.add(self.users[entry.user])
        return found

    def own(self, entries: Iterable[LogEntry]) -> Mapping[ListeningUser, str]:
        """The listening users of whose devices one has made all of these changes that they ever could see."""
        found: dict[ListeningUser, str] = {}
        changed: dict[str, set[str]] = {}
        for entry in entries:
            changed.setdefault(entry.scope, set()).add(entry.device)
        for user in [self.users[name] for name in {entry.user for entry in entries} & self.users.keys()]:
            devices = set[str]().union(*(changed[scope] for scope in changed.keys() & user.ever))
            if len(devices) == 1:
                found[user] = devices.pop()
        return found
