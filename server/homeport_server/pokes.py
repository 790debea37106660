"""Pokes: whoever may see what changed is told that there is more, and nobody else is; a device not of its own changes.

The hub is a follower of the log without a durable place: a listener is poked when it comes, so what happened before
needs no memory. Signals of all processes make it quick; a slow poll behind them makes it certain. The log also says
when rights change (a member record, a new root): that user's grants are read again, and they are poked either way.

A device ends every push with a page that was read after the commit (I13): what it alone has changed is no news to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from homeport_server.errors import Internal
from homeport_server.listening import Listening
from homeport_server.observe import Log
from homeport_server.observe.metrics import Metrics
from homeport_sync.errors import HomeportError
from homeport_sync.ports import EVERY_TENANT, LogEntry, LogStore, Signals, Standing
from homeport_sync.scope import EVERYBODY, MEMBER

READ_MAX = 500
_NO_DEVICE = ""


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
class _User:
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
class _Audience:
    """Those of one tenant who listen, and how far in its log they have been told. `place` -1: not begun."""

    users: dict[str, _User] = field(default_factory=dict)
    by_scope: dict[str, set[_User]] = field(default_factory=dict)
    place: int = -1
    epoch: str = ""

    def seat(self, user: _User, scopes: frozenset[str]) -> None:
        """From now on the user may see these scopes and no others."""
        for scope in user.scopes - scopes:
            holders = self.by_scope[scope]
            holders.discard(user)
            if not holders:
                del self.by_scope[scope]
        for scope in scopes - user.scopes:
            self.by_scope.setdefault(scope, set()).add(user)
        user.scopes = scopes

    def holders(self, scopes: Iterable[str]) -> set[_User]:
        """Those who may see one of the scopes."""
        return {user for scope in scopes for user in self.by_scope.get(scope, ())}

    def affected(self, entries: Sequence[LogEntry]) -> set[_User]:
        """The listening users whose rights the entries may change.

        A new root makes its author an owner. A member record names its user, or everybody, when it is made; an update
        does not, but whoever it can be about has had a grant in that scope before.
        """
        found: set[_User] = set()
        for entry in entries:
            if entry.kind == MEMBER:
                invited = str(entry.fields.get("user"))
                about = (user for user in self.users.values() if invited in (user.name, EVERYBODY))
                found |= {*about, *(user for user in self.users.values() if entry.scope in user.ever)}
            elif entry.op == "create" and entry.record == entry.scope and entry.user in self.users:
                found.add(self.users[entry.user])
        return found

    def own(self, entries: Iterable[LogEntry]) -> Mapping[_User, str]:
        """The listening users of whose devices one has made all of these changes that they ever could see."""
        found: dict[_User, str] = {}
        changed: dict[str, set[str]] = {}
        for entry in entries:
            changed.setdefault(entry.scope, set()).add(entry.device)
        for user in [self.users[name] for name in {entry.user for entry in entries} & self.users.keys()]:
            devices = set[str]().union(*(changed[scope] for scope in changed.keys() & user.ever))
            if len(devices) == 1:
                found[user] = devices.pop()
        return found


class PokeHub:
    """Who listens, and the task that reads the log for them. `poll_s` is how long a lost signal can delay a poke."""

    def __init__(
        self,
        store: LogStore,
        signals: Signals,
        log: Log,
        *,
        poll_s: float,
        metrics: Metrics,
        wall_ms: Callable[[], int],
        listening: Listening | None = None,
    ) -> None:
        self._store = store
        self._listening = listening or Listening(wall_ms)
        self._signals = signals
        self._log = log
        self._poll_s = poll_s
        self._metrics = metrics
        self._wall_ms = wall_ms
        self._audiences: dict[str, _Audience] = {}
        self._poll_now = asyncio.Event()

    async def join(self, tenant: str, user: str, listener: Listener, device: str | None = None) -> None:
        """Poke the listener now, and from now on whenever its user may see what others than its device changed.

        It is entered before the grants are read, so that no change can fall between the two.
        """
        audience = self._audiences.setdefault(tenant, _Audience())
        known = audience.users.setdefault(user, _User(user))
        known.listeners[listener] = device
        self._metrics.listener_came()
        self._listening.came(tenant, user, device)
        try:
            if known.known_at < 0:
                await self._read_rights(tenant, audience, known)
        except BaseException:
            self.leave(tenant, user, listener)
            raise
        if listener in known.listeners:
            listener.poke()

    async def watch(self, tenant: str, user: str, hearer: Hearer) -> None:
        """The same for one who wants to be told what changed. What was before is not told: look after this returned."""
        self._audiences.setdefault(tenant, _Audience()).users.setdefault(user, _User(user)).hearers.add(hearer)
        await self.join(tenant, user, hearer)

    def leave(self, tenant: str, user: str, listener: Listener) -> None:
        """Never poke the listener again, nor tell it anything."""
        audience = self._audiences.get(tenant)
        known = audience.users.get(user) if audience else None
        if audience is None or known is None or listener not in known.listeners:
            return
        self._listening.left(tenant, user, known.listeners.pop(listener))
        known.hearers.discard(listener)
        self._metrics.listener_left()
        if not known.listeners:
            audience.seat(known, frozenset())
            del audience.users[user]
        if not audience.users:
            del self._audiences[tenant]

    async def run(self) -> None:
        """Poke until cancelled."""
        async with asyncio.TaskGroup() as both, self._signals.listen() as told:
            both.create_task(self._poll())
            async for tenant, position in told:
                self._metrics.signal_received()
                self._metrics.head(position)
                if tenant == EVERY_TENANT:
                    self._poll_now.set()
                audience = self._audiences.get(tenant)
                # One that comes late, from another process, tells nothing new; that a log was restored to an older
                # position is what the poll is for.
                if audience is not None and position > audience.place:
                    await self._look(tenant, audience, again=False)

    async def _poll(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._poll_s):
                    await self._poll_now.wait()
            self._poll_now.clear()
            for tenant, audience in tuple(self._audiences.items()):
                await self._look(tenant, audience, again=True)

    async def _look(self, tenant: str, audience: _Audience, *, again: bool) -> None:
        """Read the log from the audience's place on.

        `again`: no signal said so; ask first whether it is still the same log.
        """
        try:
            if again and not await self._is_same_log(tenant, audience):
                return
            while audience.place >= 0 and (entries := await self._store.read(tenant, audience.place, READ_MAX)):
                positions = await self._tell(tenant, audience, entries)
                if again:
                    self._metrics.signals_missed(positions)
                if len(entries) < READ_MAX:  # that was all; what comes now brings its own signal
                    break
        except HomeportError as error:  # the next signal or poll tries again, from the same place
            self._metrics.poke_failed(error.code)
            self._log.warning("pokes delayed", tenant=tenant, position=audience.place, error=error.code)
        except Exception as error:  # noqa: BLE001  # one tenant's trouble must not silence the others
            self._metrics.poke_failed(Internal.code)
            self._log.error("pokes failed", tenant=tenant, exc_info=error)

    async def _tell(self, tenant: str, audience: _Audience, entries: Sequence[LogEntry]) -> int:
        """Poke each once: whoever may see a changed scope, before or after, and whose rights changed.

        Left out is the device that did all that concerns its user. Only users who changed something can have it.

        How many positions that was, without those that somebody else has told of meanwhile.
        """
        scopes = {entry.scope for entry in entries}
        told = audience.holders(scopes)
        made = frozenset(entry.scope for entry in entries if entry.op == "create" and entry.record == entry.scope)
        for user in audience.affected(entries):
            await self._read_rights(tenant, audience, user, made)
            told.add(user)
        for user in told:
            user.hear(entries)
        own = audience.own(entries)
        poked = sum(user.poke() for user in told - own.keys())
        poked += sum(user.poke(but=device) for user, device in own.items() if user in told)
        self._metrics.poked(poked, (self._wall_ms() - entries[0].accepted_at_ms) / 1_000)
        positions = max(entries[-1].position - audience.place, 0)
        audience.place += positions
        return positions

    async def _is_same_log(self, tenant: str, audience: _Audience) -> bool:
        """False: the log began another life (a restore); everyone pulls, and its head is the place to go on from."""
        user = next(iter(audience.users.values()), None)
        if user is None:
            return False
        head = (await self._store.standing(tenant, user.name, _NO_DEVICE)).head
        if head.epoch == audience.epoch and head.position >= audience.place:
            return True
        audience.epoch, audience.place = head.epoch, head.position
        for each in tuple(audience.users.values()):
            each.known_at = -1
            await self._read_rights(tenant, audience, each)
            each.miss()
            each.poke()
        return False

    async def _read_rights(
        self, tenant: str, audience: _Audience, user: _User, made: frozenset[str] = frozenset()
    ) -> None:
        """What the user may see now. Of scopes that were `made` just now they are told all there is."""
        standing = await self._store.standing(tenant, user.name, _NO_DEVICE)
        if audience.place < 0:
            audience.place, audience.epoch = standing.head.position, standing.head.epoch
        if standing.head.position < user.known_at or audience.users.get(user.name) is not user:
            return  # read earlier than what is known, or gone meanwhile
        user.known_at = standing.head.position
        user.ever = frozenset(grant.scope for grant in standing.grants)
        held = _held(standing)
        if (held ^ user.scopes) - made:
            user.miss()
        audience.seat(user, held)


def _held(standing: Standing) -> frozenset[str]:
    return frozenset(grant.scope for grant in standing.grants if grant.holds)
