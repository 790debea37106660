"""Documents: the records of one kind that a user may see, for a client that keeps nothing else.

Such a client (RxDB) knows neither scopes nor positions. It is told what to hold and what to hold no more, nothing else:
a page ends before its limit only where the log does, so what the user may not see, and records of other kinds, are read
past. What it must drop comes as a document that is deleted, and says nothing of what was in it: a record that is
deleted, one that has left a scope, and each record of a scope whose grant has ended (I8).

Its cursor is of one kind, and has the scopes whose records are still to be told as gone. A client keeps it only with
documents; so where a page without any has come to is remembered here, for the next that asks from there, and if it is
broken off as well: what takes longer to read past than a request may last would begin again for ever.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final, Protocol, TypeAlias

import msgspec

from homeport_sync.catalog import Kind
from homeport_sync.change import Fields, Record, decode_record
from homeport_sync.cursor import Backfill, Cursor, Seal
from homeport_sync.errors import CursorInvalid, TooLarge
from homeport_sync.limits import Limits
from homeport_sync.lookups import LooksUpRecords
from homeport_sync.ports import LogStore, PageRows, Standing
from homeport_sync.pull import Plan, Row, Step, advance, endings, plan
from homeport_sync.reader import read_rows

ENDED_MAX: Final = 500  # more would not fit into a cursor beside as many backfills
REMEMBERED_MAX: Final = 4_096
NO_DEVICE: Final = ""


class Ended(msgspec.Struct, frozen=True, array_like=True):
    """A scope whose grant has ended: its records are told as gone up to `place`. `scope` is its id in 16 bytes."""

    scope: bytes
    place: int = 0


class DocumentCursor(Cursor, frozen=True, array_like=True):
    """A cursor of the records of `kind`. Those of the `ended` scopes come before all others."""

    kind: str = ""
    ended: tuple[Ended, ...] = ()


DocumentSeal: TypeAlias = Seal[DocumentCursor]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One record as a client that keeps documents is told of it. One that is `deleted` it is to hold no more; that
    says nothing else, and has no fields."""

    id: str
    scope: str
    fields: Fields
    deleted: bool = False


def gone(id: str, scope: str) -> Document:
    """That there is no such record, for the user it is told to."""
    return Document(id=id, scope=scope, fields={}, deleted=True)


def document_of(record: Record) -> Document:
    """The record as it is."""
    if record.deleted:
        return gone(record.id, record.scope)
    return Document(id=record.id, scope=record.scope, fields=record.fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentPage:
    """A page, and the cursor that comes after it (None: it is still at the start)."""

    documents: Sequence[Document]
    cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The records of one kind that a user may see, or could if they were not deleted; and the scopes that they have, or
    ever had."""

    records: Mapping[str, Record]
    scopes: Set[str]


class DocumentStore(LogStore, LooksUpRecords, Protocol):
    """What documents are made of."""


@dataclass(slots=True, kw_only=True)
class _Page:
    """A page that is being filled: for whom, of which kind, up to `limit` documents."""

    tenant: str
    user: str
    kind: Kind
    limit: int
    documents: list[Document] = field(default_factory=list)

    def full(self) -> bool:
        """Whether it has all that was asked for."""
        return len(self.documents) == self.limit


class _Kinded(msgspec.Struct):
    kind: str


_decode_kinded = msgspec.json.Decoder(_Kinded).decode


class Documents:
    """Pages for every tenant in the store."""

    def __init__(self, store: DocumentStore, seal: DocumentSeal, limits: Limits) -> None:
        self._store = store
        self._seal = seal
        self._limits = limits
        self._remembered: OrderedDict[bytes, DocumentCursor] = OrderedDict()

    async def page(self, tenant: str, user: str, kind: Kind, cursor: str | None, limit: int) -> DocumentPage:
        """The `limit` documents after a cursor (None: the first ones), or all there are.

        A cursor that was made under another key, for another kind or in another life of the log starts over: what
        there is comes again, and so does each scope that is lost. Raises `TooLarge` for a limit that is not between 1
        and `page_size_max`, and `CursorForeign` for another user's cursor.
        """
        if not 1 <= limit <= self._limits.page_size_max:
            raise TooLarge(
                f"A page holds 1 to {self._limits.page_size_max} documents, not {limit}: ask for that many at most.",
                limit=self._limits.page_size_max,
            )
        place, again = self._open(tenant, user, kind, cursor)
        name = _name(tenant, user, kind, cursor)
        if (come := self._remembered.get(name)) is not None:
            place, again = come, False
        page = _Page(tenant=tenant, user=user, kind=kind, limit=limit)
        while True:
            place, more = await self._read(page, place, again=again)
            again = False
            if not page.documents:
                self._remember(name, place)
            if page.full() or not more:
                break
        onward = self._seal.seal(place) if page.documents else cursor
        return DocumentPage(documents=page.documents, cursor=onward)

    async def seen(self, tenant: str, user: str, kind: Kind, ids: Sequence[str]) -> Seen:
        """What the user may see of these records."""
        records = await self._store.records(tenant, ids) if ids else {}
        standing = await self._store.standing(tenant, user, NO_DEVICE)
        held = frozenset(grant.scope for grant in standing.grants if grant.holds)
        seen = {id: each for id, each in records.items() if each.kind == kind.name and each.scope in held}
        return Seen(records=seen, scopes=frozenset(grant.scope for grant in standing.grants))

    def _open(self, tenant: str, user: str, kind: Kind, text: str | None) -> tuple[DocumentCursor | None, bool]:
        """The cursor, and whether it must start over."""
        if not text:
            return None, False
        try:
            place = self._seal.open(text, tenant=tenant, user=user)
        except CursorInvalid:
            return None, True
        return (place, False) if place.kind == kind.name else (None, True)

    def _remember(self, name: bytes, place: DocumentCursor) -> None:
        self._remembered[name] = place
        self._remembered.move_to_end(name)
        if len(self._remembered) > REMEMBERED_MAX:
            self._remembered.popitem(last=False)

    async def _read(self, page: _Page, place: DocumentCursor | None, *, again: bool) -> tuple[DocumentCursor, bool]:
        """Add the documents of the next rows; where that leads, and whether there is more."""
        read = await read_rows(self._store, page.tenant, page.user, NO_DEVICE, place, self._limits.page_size_max)
        standing, made = read.standing, plan(read.standing, place)
        ended, granted = _ended(standing, place, made, again=again)
        held = frozenset(grant.scope for grant in standing.grants if grant.holds)
        dropped = [await self._drop(page, each, held) for each in ended]
        left = tuple(each for each in dropped if each is not None)
        step = _stay(made) if page.full() else await self._take(page, read, made, held)
        onward = DocumentCursor(
            tenant=page.tenant,
            user=page.user,
            epoch=standing.head.epoch,
            position=step.position,
            granted=granted,
            backfills=step.backfills,
            kind=page.kind.name,
            ended=left,
        )
        return onward, bool(step.more or left or granted < standing.head.position)

    async def _drop(self, page: _Page, ended: Ended, held: Set[str]) -> Ended | None:
        """Add what is in a scope that is lost, as gone; how far that has come, None when it is at its end. Records that
        are written meanwhile only move on: whatever is not told yet stands after the place."""
        scope, size = _text(ended.scope), self._limits.page_size_max
        while not page.full():
            rows = await self._store.written(page.tenant, scope, ended.place, size)
            of_kind = [record for record in rows if record.kind == page.kind.name]
            elsewhere = await self._elsewhere(page.tenant, [record.id for record in of_kind], held)
            for record in of_kind:
                if record.id not in elsewhere:
                    page.documents.append(gone(record.id, scope))
                if page.full():
                    return Ended(scope=ended.scope, place=record.position)
            if len(rows) < size:
                return None
            ended = Ended(scope=ended.scope, place=rows[-1].position)
        return ended

    async def _take(self, page: _Page, read: PageRows, made: Plan, held: Set[str]) -> Step:
        """Add what the rows tell; where that leads."""
        found = [[_of_kind(row, page.kind.name) for row in rows] for rows in read.ranges]
        dead = [record.id for records in found for record in records if record is not None and record.deleted]
        elsewhere = await self._elsewhere(page.tenant, dead, held)
        kept: list[Sequence[Row]] = []
        for rows, records in zip(read.ranges, found, strict=True):
            for index, record in enumerate(records):
                if record is None or (record.deleted and record.id in elsewhere):
                    continue
                page.documents.append(document_of(record))
                if page.full():
                    return advance(made, [*kept, rows[: index + 1]], full=True)
            kept.append(rows)
        return advance(made, kept, full=read.full)

    async def _elsewhere(self, tenant: str, ids: Sequence[str], held: Set[str]) -> Set[str]:
        """Those of the records that are live and in one of these scopes: whoever holds it has them from there, or will
        have. A client that knows no positions must not be told afterwards that they have left another place."""
        if not ids:
            return frozenset()
        records = await self._store.records(tenant, ids)
        return {id for id, record in records.items() if not record.deleted and record.scope in held}


def _ended(
    standing: Standing, place: DocumentCursor | None, made: Plan, *, again: bool
) -> tuple[tuple[Ended, ...], int]:
    """The scopes whose records are to be told as gone, and the head by which grants are looked at with that. Pure.

    A client that starts over may have something of all that it ever lost. A cursor has room for so many: those
    that ended after them are looked at again.
    """
    head = standing.head.position
    if place is None and not again:
        return (), head
    told = sorted((ending.position, ending.scope) for ending in endings(standing, None if again else place, made))
    held = {_bytes(grant.scope) for grant in standing.grants if grant.holds}
    news = [Ended(scope=_bytes(scope)) for _, scope in told]
    lost_again = {each.scope for each in news}
    before = () if place is None or made.reset else place.ended
    old = [each for each in before if each.scope not in held and each.scope not in lost_again]
    room = ENDED_MAX - len(old)
    if len(news) <= room:
        return (*old, *news), head
    seen = place.granted if place is not None and not made.reset else 0
    return (*old, *news[:room]), told[room - 1][0] if room else seen


def _stay(made: Plan) -> Step:
    """Where a page leads that reads no rows at all."""
    tail, *backfills = made.ranges
    left = tuple(Backfill(scope=each.scopes[0], place=each.after, upper=each.upto) for each in backfills)
    return Step(position=tail.after, backfills=left, more=True)


def _of_kind(row: Row, kind: str) -> Record | None:
    return decode_record(row[1]) if _decode_kinded(row[1]).kind == kind else None


def _name(tenant: str, user: str, kind: Kind, cursor: str | None) -> bytes:
    parts = msgspec.msgpack.encode((tenant, user, kind.name, cursor))
    return blake2b(parts, digest_size=16).digest()


def _bytes(scope: str) -> bytes:
    return bytes.fromhex(scope.replace("-", ""))


def _text(scope: bytes) -> str:
    digits = scope.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
