"""Pokes: whoever may see what changed is told that there is more, and nobody else is; a device not of its own changes.

The hub is a follower of the log without a durable place: a listener is poked when it comes, so what happened before
needs no memory. Signals of all processes make it quick; a slow poll behind them makes it certain. The log also says
when rights change (a member record, a new root): that user's grants are read again, and they are poked either way.

A device ends every push with a page that was read after the commit (I13): what it alone has changed is no news to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Final

from homeport_server.errors import Internal
from homeport_server.listeners import Audience, Hearer, Listener, ListeningUser
from homeport_server.listening import Listening
from homeport_server.observe import Log
from homeport_server.observe.metrics import Metrics
from homeport_sync.errors import HomeportError
from homeport_sync.ports import EVERY_TENANT, LogEntry, LogStore, Signals, Standing

READ_MAX = 500
HEARD_AT_ONCE: Final = 5_000  # changes that hearers are told of before anybody else has a turn: some ms
_NO_DEVICE = ""


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
        announced: Callable[[str, Sequence[LogEntry]], None] = lambda tenant, entries: None,
    ) -> None:
        """`announced` is told of the tenant's changes before those who listen are."""
        self._store = store
        self._listening = listening or Listening(wall_ms)
        self._signals = signals
        self._log = log
        self._poll_s = poll_s
        self._metrics = metrics
        self._wall_ms = wall_ms
        self._announced = announced
        self._audiences: dict[str, Audience] = {}
        self._poll_now = asyncio.Event()

    async def join(self, tenant: str, user: str, listener: Listener, device: str | None = None) -> None:
        """Poke the listener now, and from now on whenever its user may see what others than its device changed.

        It is entered before the grants are read, so that no change can fall between the two.
        """
        audience = self._audiences.setdefault(tenant, Audience())
        known = audience.users.setdefault(user, ListeningUser(user))
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
        self._audiences.setdefault(tenant, Audience()).users.setdefault(user, ListeningUser(user)).hearers.add(hearer)
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

    async def _look(self, tenant: str, audience: Audience, *, again: bool) -> None:
        """Read the log from the audience's place on.

        `again`: no signal said so; ask first whether it is still the same log.
        """
        try:
            async with audience.turn:
                await self._read(tenant, audience, again=again)
        except HomeportError as error:  # the next signal or poll tries again, from the same place
            self._metrics.poke_failed(error.code)
            self._log.warning("pokes delayed", tenant=tenant, position=audience.place, error=error.code)
        except Exception as error:  # noqa: BLE001  # one tenant's trouble must not silence the others
            self._metrics.poke_failed(Internal.code)
            self._log.error("pokes failed", tenant=tenant, exc_info=error)

    async def _read(self, tenant: str, audience: Audience, *, again: bool) -> None:
        if again and not await self._is_same_log(tenant, audience):
            return
        while audience.place >= 0 and (entries := await self._store.read(tenant, audience.place, READ_MAX)):
            positions = await self._tell(tenant, audience, entries)
            if again:
                self._metrics.signals_missed(positions)
            if len(entries) < READ_MAX:  # that was all; what comes now brings its own signal
                break

    async def _tell(self, tenant: str, audience: Audience, entries: Sequence[LogEntry]) -> int:
        """Poke each once: whoever may see a changed scope, before or after, and whose rights changed.

        Left out is the device that did all that concerns its user. Only users who changed something can have it.

        How many positions that was.
        """
        self._announced(tenant, entries)
        scopes = {entry.scope for entry in entries}
        told = audience.holders(scopes)
        made = frozenset(entry.scope for entry in entries if entry.op == "create" and entry.record == entry.scope)
        for user in audience.affected(entries):
            await self._read_rights(tenant, audience, user, made)
            told.add(user)
        own = audience.own(entries)
        poked = sum(user.poke() for user in told - own.keys())
        poked += sum(user.poke(but=device) for user, device in own.items() if user in told)
        self._metrics.poked(poked, (self._wall_ms() - entries[0].accepted_at_ms) / 1_000)
        await _let_hear(told, entries)
        positions = entries[-1].position - audience.place
        audience.place += positions
        return positions

    async def _is_same_log(self, tenant: str, audience: Audience) -> bool:
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
        self, tenant: str, audience: Audience, user: ListeningUser, made: frozenset[str] = frozenset()
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


async def _let_hear(told: Iterable[ListeningUser], entries: Sequence[LogEntry]) -> None:
    """Tell hearers what changed. A thousand of them take half a second for a long page: others have a turn."""
    heard = 0
    for user in told:
        user.hear(entries)
        heard += len(entries) * len(user.hearers)
        if heard >= HEARD_AT_ONCE:
            heard = 0
            await asyncio.sleep(0)


def _held(standing: Standing) -> frozenset[str]:
    return frozenset(grant.scope for grant in standing.grants if grant.holds)
