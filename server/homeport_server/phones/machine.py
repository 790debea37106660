"""The machine of the server: a real `homeport serve` that can be killed and started again, and its log.

The log is read from the database by SQL alone, and only what is new in it, so that what the server says of itself is
not believed. A server that ends by itself shows as fallen, and can be started like one that was killed.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal, TypeVar
from urllib.parse import urlsplit

from homeport_client.fleet.live.process import ProcessFailed
from homeport_client.fleet.live.real import RealServer
from homeport_server.edge.console.link import console_link
from homeport_server.phones.happenings import LOG, SERVER, Happenings
from homeport_server.phones.kept import Kept
from homeport_server.phones.sights import TAIL_MAX, EntrySight, ServerSight
from homeport_server.phones.words import change_words
from homeport_server.secret import Secret, open_secret
from homeport_server.titles import title_of
from homeport_sync.catalog import Catalog
from homeport_sync.ports import LogEntry

LOOK_S: Final = 0.2
HOUR_S: Final = 3_600
TITLES_MAX: Final = 2_000
# Those who watch do not wait for long.
HASTE: Final[Mapping[str, str]] = {
    "HOMEPORT_SIGHTINGS_EVERY_S": "0.5",
    "HOMEPORT_WORK_POLL_S": "1",
    "HOMEPORT_POKE_POLL_S": "1",
    "HOMEPORT_LEASE_S": "2",
}
_STATES: Final[Mapping[str, str]] = {
    "starting": "The server is starting.",
    "running": "The server is running.",
    "killed": "The server was killed: nothing was flushed, nobody was told. Phones go on writing.",
}

Made = TypeVar("Made")
State = Literal["starting", "running", "killed", "fallen"]
Names = Callable[[LogEntry], tuple[str, str]]


class Machine:
    """`names` says who wrote an entry, and on which device, in words."""

    def __init__(
        self,
        app: Path,
        directory: Path,
        catalog: Catalog,
        happenings: Happenings,
        kept: Kept,
        *,
        settings: Mapping[str, str],
        names: Names,
    ) -> None:
        self.tenant = ""
        self.server = RealServer(app, directory, settings={**HASTE, **settings})
        self._directory = directory
        self._secret: Secret
        self._catalog = catalog
        self._happenings = happenings
        self._kept = kept
        self._names = names
        self._turn = asyncio.Lock()
        self._state: State = "killed"
        self._words = ""
        self._pid: int | None = None
        self._head = 0
        self._tail: deque[EntrySight] = deque(maxlen=TAIL_MAX)
        self._titles: OrderedDict[str, str] = OrderedDict()

    @property
    def sight(self) -> ServerSight:
        """How it stands now."""
        return ServerSight(
            state=self._state,
            words=self._words or _STATES.get(self._state, ""),
            url=self.server.url,
            pid=self._pid,
            head=self._head,
            tail=tuple(reversed(self._tail)),
            pulse=self._pulse() if self._state == "running" else "",
        )

    async def start(self) -> bool:
        """A new process on the same data; whether it runs. If it does not, the sight says why. Harmless when it runs
        already."""
        async with self._turn:
            if self.server.running:
                return True
            self._enter("starting")
            try:
                await self._bury()
                await self._begin()
            except ProcessFailed as failed:
                self._let_go()
                self._enter("fallen", str(failed))
                return False
            self._secret = open_secret(self._directory)
            self._pid = self.server.pid
            self._enter("running")
            return True

    async def kill(self) -> None:
        """SIGKILL. Harmless when nothing runs."""
        async with self._turn:
            await self._bury()
            self._enter("killed")

    async def make_tenant(self, name: str) -> None:
        """The tenant whose log it shows. Raises `ProcessFailed`."""
        self.tenant = await _to_its_end(self.server.make_tenant(name))

    async def tokens(self, users: Sequence[str]) -> Mapping[str, str]:
        """A token for each. Raises `ProcessFailed`."""
        return await _to_its_end(self.server.tokens(users, self.tenant))

    async def watch(self) -> None:
        """Until it is cancelled: notice when it falls, and what is new in its log."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """What is new, once."""
        if self._state == "running" and (fallen := self.server.fallen):
            self._let_go()
            self._enter("fallen", fallen)
        with suppress(sqlite3.OperationalError):  # busy, or not there yet: the next time
            new = await self.server.log_after(self.tenant, self._head, TAIL_MAX) if self.tenant else []
            for each in new:
                self._take(each)
            if new:
                self._happenings.changed(LOG)

    async def _begin(self) -> None:
        """Kept from its first moment on, and not only once it is ready. Raises `ProcessFailed`."""
        starting = asyncio.create_task(self.server.start())
        try:
            await asyncio.sleep(0)
            if self.server.running:
                self._pid = self.server.pid
                self._kept.keep(self._pid)
            await starting
        finally:
            starting.cancel()

    def _pulse(self) -> str:
        """The same for an hour: a page that shows it is not drawn anew each time."""
        address = urlsplit(self.server.url)
        hour_s = time.time() // HOUR_S * HOUR_S
        return console_link(self._secret, address.hostname or "", address.port or 0, lambda: hour_s)

    async def _bury(self) -> None:
        """What ran last is over, whoever ended it."""
        with suppress(ProcessFailed):  # it had ended by itself, and that is known
            await self.server.kill()
        self._let_go()

    def _let_go(self) -> None:
        """Whoever keeps it would end another one that is given its number."""
        if self._pid is not None:
            self._kept.release(self._pid)
            self._pid = None

    def _take(self, entry: LogEntry) -> None:
        who, device = self._names(entry)
        self._head = max(self._head, entry.position)
        self._tail.append(
            EntrySight(
                position=entry.position,
                op=entry.op,
                who=who,
                device=device,
                words=change_words(self._catalog, entry.op, entry.kind, entry.fields, self._title(entry)),
                outcome=entry.outcome,
                at=f"{datetime.fromtimestamp(entry.accepted_at_ms / 1_000, UTC).astimezone():%H:%M:%S}",
            )
        )

    def _title(self, entry: LogEntry) -> str:
        """What people call the record: as the log has told it."""
        kind = self._catalog.kinds.get(entry.kind)
        told = title_of(kind, entry.fields) or self._titles.get(entry.record, "") or title_of(kind, entry.before)
        if told:
            self._titles[entry.record] = told
            self._titles.move_to_end(entry.record)
            if len(self._titles) > TITLES_MAX:
                self._titles.popitem(last=False)
        return told

    def _enter(self, state: State, words: str = "") -> None:
        self._state, self._words = state, words
        self._happenings.changed(SERVER)


async def _to_its_end(work: Coroutine[Any, Any, Made]) -> Made:
    """A program that writes into the directory is waited for, also when we are cancelled: it would make it again after
    it was removed."""
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
