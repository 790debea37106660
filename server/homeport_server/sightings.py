"""What was heard of devices lately: noted in memory by every push and pull, kept in the store now and then.

It answers "why is this phone stuck?", and keeps those from being told or woken who have pulled already. No promise
depends on it: what was heard since the last keeping is lost with the process, and beyond `DEVICES_MAX` devices between
two keepings the new ones are not noted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from homeport_server.listening import Listening
from homeport_server.observe import Log
from homeport_sync.clock import is_uuid
from homeport_sync.cursor import CursorSeal
from homeport_sync.errors import HomeportError
from homeport_sync.introduction import BYTES_MAX, NOTHING_SAID, read_introduction
from homeport_sync.sightings import Sighting, Sightings
from homeport_sync.writer_ids import is_writer

DEVICES_MAX = 50_000
KEPT_AT_ONCE_MAX = 500
LAST_KEEPING_S = 2.0
_CURSOR_AT = len('{"cursor":"')
_PAGE_BESIDE = b',"pull":{"cursor":"'


@dataclass(slots=True)
class _Latest:
    """The last of each sort; times in milliseconds since 1970. `cursor` is the sealed end of the last page given,
    `introduction` how the device spoke of itself, and `answered` how many of its changes that request settled."""

    user: str = ""
    pushed_at: int | None = None
    pulled_at: int | None = None
    cursor: bytes = b""
    refused_at: int | None = None
    refused_code: str = ""
    introduced_at: int | None = None
    introduction: bytes = b""
    answered: int = 0

    def introduced(self, introduction: bytes, now_ms: int, answered: int = 0) -> None:
        """It is read when it is kept, if it is then."""
        if introduction and len(introduction) <= BYTES_MAX:
            self.introduction, self.introduced_at, self.answered = introduction, now_ms, answered


class Heard:
    """The latest of each (tenant, device) since it was taken last. Each note costs less than a microsecond."""

    def __init__(self, devices_max: int = DEVICES_MAX) -> None:
        self._devices_max = devices_max
        self._latest: dict[tuple[str, str], _Latest] = {}
        self._taken: dict[tuple[str, str], _Latest] = {}  # on its way into the store

    def pushed(
        self,
        tenant: str,
        user: str,
        device: str,
        answer: bytes,
        now_ms: int,
        *,
        introduction: bytes = b"",
        answered: int = 0,
    ) -> None:
        """It pushed, and was given this `PushAnswer`, in which so many of its changes have an outcome; b"" if it asked
        for no page beside it."""
        latest = self._latest.get((tenant, device)) or self._new(tenant, device)
        latest.user = user
        latest.pushed_at = now_ms
        if answer and (at := answer.find(_PAGE_BESIDE) + len(_PAGE_BESIDE)) >= len(_PAGE_BESIDE):
            latest.pulled_at = now_ms
            latest.cursor = answer[at : answer.find(b'"', at)]
        latest.introduced(introduction, now_ms, answered)

    def pulled(
        self, tenant: str, user: str, device: str, page: bytes, now_ms: int, *, introduction: bytes = b""
    ) -> None:
        """It pulled, and was given this `Page`."""
        latest = self._latest.get((tenant, device)) or self._new(tenant, device)
        latest.user = user
        latest.pulled_at = now_ms
        latest.cursor = cursor_of(page)
        latest.introduced(introduction, now_ms)

    def refused(
        self, tenant: str, user: str, device: str, code: str, now_ms: int, *, introduction: bytes = b""
    ) -> None:
        """What it sent was refused as a whole."""
        if is_uuid(device) and not is_writer(device):
            latest = self._latest.get((tenant, device)) or self._new(tenant, device)
            latest.user, latest.refused_at, latest.refused_code = user, now_ms, code
            latest.introduced(introduction, now_ms)

    def taken(self) -> Mapping[tuple[str, str], _Latest]:
        """All that was noted; from here on it begins anew."""
        latest, self._latest = self._latest, {}
        self._taken = latest
        return latest

    def pulled_to(self, tenant: str, device: str) -> tuple[str, bytes]:
        """The user and the sealed end of the last page that the device was given, unless the store knows of it; ("",
        b"") if none was."""
        for noted in (self._latest, self._taken):
            latest = noted.get((tenant, device))
            if latest is not None and latest.cursor:
                return latest.user, latest.cursor
        return "", b""

    def _new(self, tenant: str, device: str) -> _Latest:
        """A first note of the device, which is thrown away when there are too many."""
        latest = _Latest()
        if len(self._latest) < self._devices_max:
            self._latest[tenant, device] = latest
        return latest


class Keeper:
    """Keeps what was heard in the store, every `every_s` seconds and when it is cancelled. Trouble is logged."""

    def __init__(
        self,
        heard: Heard,
        store: Sightings,
        seal: CursorSeal,
        log: Log,
        *,
        wall_ms: Callable[[], int],
        every_s: float,
        listening: Listening | None = None,
    ) -> None:
        """`listening`: who does, if processes have to tell each other."""
        self._heard = heard
        self._listening = listening
        self._store = store
        self._seal = seal
        self._log = log
        self._wall_ms = wall_ms
        self._every_s = every_s

    async def run(self) -> None:
        """Keep until cancelled, and once more then."""
        try:
            while True:
                await asyncio.sleep(self._every_s)
                await self._try()
        finally:
            async with asyncio.timeout(LAST_KEEPING_S):
                await self._try()

    async def keep(self) -> None:
        """Keep all that was heard until now, tenant by tenant."""
        by_tenant: dict[str, list[Sighting]] = {}
        for (tenant, device), latest in self._heard.taken().items():
            by_tenant.setdefault(tenant, []).append(self._sighting(tenant, device, latest))
        for tenant, connected in self._listening.news() if self._listening else ():
            by_tenant.setdefault(tenant, []).append(connected)
        for tenant, sightings in by_tenant.items():
            for start in range(0, len(sightings), KEPT_AT_ONCE_MAX):
                chunk = sightings[start : start + KEPT_AT_ONCE_MAX]
                await self._store.keep_sightings(tenant, chunk, self._wall_ms())

    async def _try(self) -> None:
        try:
            await self.keep()
        except HomeportError as error:
            self._log.warning("sightings lost", error=error.code)
        except Exception as error:  # noqa: BLE001  # nothing here is worth stopping the server for
            self._log.error("sightings lost", exc_info=error)

    def _sighting(self, tenant: str, device: str, latest: _Latest) -> Sighting:
        said = read_introduction(latest.introduction)
        return Sighting(
            device=device,
            user=latest.user,
            pushed_at_ms=latest.pushed_at,
            pulled_at_ms=latest.pulled_at,
            pulled_position=self._position(tenant, latest),
            refused_at_ms=latest.refused_at,
            refused_code=latest.refused_code,
            introduced_at_ms=None if said == NOTHING_SAID else latest.introduced_at,
            outbox=None if said.outbox is None else max(said.outbox - latest.answered, 0),
            app_version=said.app_version,
            sdk=said.sdk,
        )

    def _position(self, tenant: str, latest: _Latest) -> int | None:
        return position_of(self._seal, tenant, latest.user, latest.cursor)


def cursor_of(page: bytes) -> bytes:
    """The sealed end of a `Page`."""
    return page[_CURSOR_AT : page.find(b'"', _CURSOR_AT)]


def position_of(seal: CursorSeal, tenant: str, user: str, cursor: bytes) -> int | None:
    """Up to where a page reaches whose sealed end was given to the user; None if that cannot be told."""
    if not cursor:
        return None
    try:
        return seal.open(cursor.decode(), tenant=tenant, user=user).position
    except HomeportError:  # another user of the same device came between
        return None
