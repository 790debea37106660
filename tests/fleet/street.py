"""The street: a real server core in memory, real phones on it, and whoever is at the line decides what gets through.

Every phone is a `Device` on a replica in memory, which can be taken as an image at any moment: killing a phone goes on
from its newest image, restoring it from an older one, and cloning it makes another phone of it. Beside the server
stands the clerk, and after every step a phone must show what it has pulled with its own writes on top.
"""

from __future__ import annotations

import copy
import sqlite3
from collections import deque
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from functools import lru_cache
from random import Random
from typing import Final

import msgspec

from homeport_client import Device, ServerError, Unreachable
from homeport_client.fleet.check.witness import Told
from homeport_client.storage import MEMORY, open_storage
from homeport_sync.calling import AtOnce
from homeport_sync.change import Change, Edits, Elements, Outcome, Record, decode_change, decode_record
from homeport_sync.clock import Stamp
from homeport_sync.cursor import CursorSeal
from homeport_sync.errors import HomeportError
from homeport_sync.exchange import Exchange
from homeport_sync.limits import LIMITS
from homeport_sync.memory import MemoryStore
from homeport_sync.signals import LocalSignals
from homeport_sync.telling import Telling
from homeport_sync.wire import Page, PullMessage, PushAnswer, PushMessage, WireError, decode_page, decode_push_answer
from tests.fleet.bazaar import app
from tests.fleet.clerk import Clerk, name_of
from tests.fleet.errands import Room
from tests.fleet.paper import Sheet

NOW: Final = 1_795_000_000_000
TENANT: Final = "acme"
DAY_MS: Final = 24 * 3_600 * 1_000


class Street:
    """`page_size` records come in a page. `ms` is the true time; `late` are pushes that may arrive once more, or for
    the first time."""

    def __init__(self, page_size: int) -> None:
        self.ms = NOW
        self.page_size = page_size
        self.store = MemoryStore()
        self.clerk = Clerk()
        self.phones: list[Phone] = []
        self.late: list[tuple[str, PushMessage]] = []
        self.written: set[str] = set()
        self.given_up: set[str] = set()
        self._keys = 1
        self._begin()

    def copy(self) -> Street:
        """Another one, just like it, with phones that are opened when they are looked at."""
        other = copy.copy(self)
        other.store, other.clerk = copy.deepcopy(self.store), self.clerk.copy()
        other.late, other.written, other.given_up = [*self.late], {*self.written}, {*self.given_up}
        other.phones = [each.twin(other, each.user, each.image()) for each in self.phones]
        other._begin()
        return other

    async def push(self, user: str, message: PushMessage) -> PushAnswer:
        """A push arrives at the server, and the clerk looks on. Raises `ServerError`."""
        log = self.store._log(TENANT)
        before = len(log.entries)
        pushed = await self._exchange.push(TENANT, user, message, request_id="r")
        answer = decode_push_answer(pushed.text)
        self.clerk.took(user, message, answer, log.entries[before:], self.ms)
        return answer

    async def pull(self, user: str, message: PullMessage) -> Page:
        """A page for the user. Raises `ServerError`."""
        return decode_page(await self._exchange.pull(TENANT, user, message))

    def forget_cursors(self) -> None:
        """The server accepts no cursor that it has given: whoever has one starts over, and sends again all it holds."""
        self._keys += 1
        self._begin()

    def _begin(self) -> None:
        self._exchange = Exchange(
            store=self.store,
            catalog=app.catalog,
            signals=LocalSignals(),
            seal=CursorSeal(bytes([self._keys]) * 32),
            limits=replace(LIMITS, page_size=self.page_size),
            wall_ms=lambda: self.ms,
            runner=AtOnce(),
        )


class Line:
    """A phone's way to the server. Each request meets the next of `fates`, or gets through."""

    def __init__(self, phone: Phone) -> None:
        self.fates: deque[str] = deque()
        self._phone = phone

    async def push(self, message: PushMessage) -> PushAnswer:
        phone, fate = self._phone, self._fate()
        street = phone.street
        street.late.append((phone.user, message))
        if fate == "no page":
            message = msgspec.structs.replace(message, pull=None)
        if fate in ("lost", "late"):
            raise Unreachable
        try:
            answer = await street.push(phone.user, message)
            if fate == "doubled":
                answer = await street.push(phone.user, message)
        except HomeportError as error:
            raise _told(error) from error
        if fate == "no answer":
            raise Unreachable
        if answer.pull is not None:
            phone.catch_up(answer.pull)
        return answer

    async def pull(self, message: PullMessage) -> Page:
        if self._fate() in ("lost", "late", "no answer", "no page"):
            raise Unreachable
        try:
            page = await self._phone.street.pull(self._phone.user, message)
        except HomeportError as error:
            raise _told(error) from error
        self._phone.catch_up(page)
        return page

    def pokes(self, device: str) -> AbstractAsyncContextManager[AsyncIterator[None]]:
        raise Unreachable

    async def tell(self, telling: Telling) -> None:
        """Nobody is told of anything here."""

    def renew(self, token: str) -> None:
        """There are no tokens here."""

    async def close(self) -> None:
        """There is nothing to close."""

    def _fate(self) -> str:
        return self.fates.popleft() if self.fates else ""


class Phone:
    """`seen` is what its last finished catch-up must have left it with; its clock is off by `skew_ms`."""

    def __init__(self, street: Street, user: str, image: bytes | None = None) -> None:
        self.street = street
        self.user = user
        self.skew_ms = 0
        self.seen: dict[str, str] = {}
        self.line = Line(self)
        self.device: Device
        self.connection: sqlite3.Connection | None = None
        self._image = image
        self._lives = 0
        self._backups: list[tuple[bytes, dict[str, str]]] = []

    async def wake(self) -> None:
        """It has a device, from its image if it had one before."""
        if self.connection is None:
            self._lives += 1
            chance = Random(f"{self.user} {self._lives} {len(self.street.phones)}")
            self.device = await Device.open(
                app=app, transport=self.line, wall_ms=self._wall_ms, random=chance, storage=self._open
            )

    async def kill(self, *, back: bool = False) -> None:
        """The process is gone, and starts again, from the oldest backup if it goes `back`; that loses what was written
        since and not sent."""
        image, seen = self._backups[0] if back and self._backups else (self.image(), self.seen)
        if back:
            self.street.given_up |= {name_of(each) for each in self.pending()}
        await self.device.close()
        self.connection, self._image, self.seen = None, image, seen
        await self.wake()

    def back_up(self) -> None:
        """An image is kept."""
        self._backups.append((self.image(), self.seen))

    def twin(self, street: Street, user: str, image: bytes) -> Phone:
        """A phone that is set up from an image of this one."""
        other = Phone(street, user, image)
        other.skew_ms, other.seen = self.skew_ms, self.seen
        return other

    def image(self) -> bytes:
        """Its replica as it is."""
        return self.connection.serialize() if self.connection else self._image or b""

    def catch_up(self, page: Page) -> None:
        """A page comes; with the last one it has caught up."""
        if not page.more:
            self.seen = self.street.clerk.paper.seen_by(self.user)

    async def sync(self) -> None:
        """As far as the line lets it."""
        try:
            await self.device.sync()
        except Unreachable:
            return
        assert self.pending() == [] == self._rows("SELECT * FROM predicted"), "it has synced, and something waits"

    def pending(self) -> list[Change]:
        """What waits in its outbox, as it was written, in that order."""
        return [decode_change(text) for (text,) in self._rows("SELECT change FROM outbox ORDER BY place")]

    def room(self, scope: str) -> Room:
        """What shows of a scope, by this file's own replay."""
        found = {id: each for id, each in self._replayed().items() if each.scope == scope and each.there}
        rows, kinds = {id: each.row() for id, each in found.items()}, {id: each.kind for id, each in found.items()}
        return Room(scope=scope, user=self.user, rows=rows, kinds=kinds)

    def check(self) -> None:
        """What it has pulled is what must be, and what shows is that with all that waits on top (I5)."""
        pulled = self._records("SELECT record FROM pulled")
        assert {each.id: each.holds for each in pulled if each.there} == self.seen
        shown = self._records("SELECT record FROM view WHERE deleted = 0")
        replayed = self._replayed().values()
        assert {each.id: each.holds for each in shown} == {each.id: each.shows for each in replayed if each.there}

    def _replayed(self) -> dict[str, Sheet]:
        sheets = {sheet.id: sheet for sheet in self._records("SELECT record FROM pulled")}
        for change in self._waiting():
            if change.op != "command" and (change.id in sheets or change.op == "create"):
                sheet = sheets.get(change.id) or Sheet.empty(change.id, change.kind, change.scope)
                sheets[change.id] = sheet.copy()
                _take(sheets[change.id], change)
        return sheets

    def _records(self, statement: str) -> list[Sheet]:
        return [_as_kept(text) for (text,) in self._rows(statement)]

    def _waiting(self) -> list[Change]:
        """Its own changes with the stamps that count, and what it expects of its commands, in the order of writing."""
        waiting = [
            (place, msgspec.structs.replace(decode_change(text), stamp=lowered or decode_change(text).stamp))
            for place, text, lowered in self._rows("SELECT place, change, lowered FROM outbox")
        ]
        waiting += [(place, decode_change(text)) for place, text in self._rows("SELECT place, change FROM predicted")]
        return [change for _, change in sorted(waiting, key=lambda each: each[0])]

    def _rows(self, statement: str) -> list[tuple[str, ...]]:
        assert self.connection
        return self.connection.execute(statement).fetchall()

    def _open(self, path: str) -> sqlite3.Connection:
        if self._image is None:
            self.connection = open_storage(MEMORY)
        else:
            self.connection = sqlite3.connect(MEMORY, isolation_level=None)
            self.connection.deserialize(self._image)
        return self.connection

    def _wall_ms(self) -> int:
        self.street.ms += 1
        return self.street.ms + self.skew_ms


@lru_cache(maxsize=4_096)
def _as_kept(text: str) -> Sheet:
    """A row of a replica, as writes: what is in a set was added by those who say so."""
    record = decode_record(text)
    sheet = Sheet.empty(record.id, record.kind, record.scope)
    for name, value in record.fields.items():
        adds = record.adds.get(name, {})
        _take(sheet, _write(record, record.stamps.get(name, record.stamp), {name: [] if adds else value}))
        for element, stamps in adds.items():
            for stamp in stamps:
                _take(sheet, _write(record, stamp, {name: Elements(add={element: []})}))
    sheet.standing.deleted, sheet.standing.moved = record.deleted, record.moved
    sheet.standing.places.setdefault("", 1)
    return sheet


def _write(record: Record, stamp: Stamp, fields: Edits) -> Change:
    return Change(number=1, op="update", kind=record.kind, id=record.id, scope=record.scope, stamp=stamp, fields=fields)


def _take(sheet: Sheet, change: Change) -> None:
    told = Told(user="", device=change.stamp[16:], change=change, outcome=Outcome(number=1, outcome="applied"))
    sheet.standing.take(told, 1)
    sheet.scope = sheet.standing.scope or sheet.scope


def _told(error: HomeportError) -> ServerError:
    return ServerError(msgspec.convert(error.as_error(), WireError))
