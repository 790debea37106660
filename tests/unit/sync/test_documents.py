"""Documents: what a client that knows only documents holds is what its user may see, whatever happened meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeport_sync.catalog import Kind
from homeport_sync.change import Record
from homeport_sync.choice import EVERYTHING, Choice
from homeport_sync.clock import NEVER, make_stamp
from homeport_sync.cursor import Cursor, CursorSeal, Seal
from homeport_sync.documents import DocumentCursor, DocumentPage, Documents
from homeport_sync.errors import CursorForeign, CursorInvalid, TooLarge
from homeport_sync.limits import LIMITS, Limits
from homeport_sync.memory import MemoryStore
from homeport_sync.ports import PageRows, StoredRecord, Writes
from homeport_sync.scope import Grant
from tests.unit.sync.tasks import NOW

T = "acme"
TASK, NOTE = Kind(name="Task", fields={}, within="List"), Kind(name="Note", fields={}, within="List")
SCOPES = [str(UUID(int=n, version=4)) for n in (1, 2, 3)]
KEY = CursorSeal(b"k" * 32).key_for("documents")
Event = tuple[str, int, int, int]


class World(MemoryStore):
    """A log of one tenant, written to as by a commit batch; what ana may see; and how many pages were read."""

    def __init__(self) -> None:
        super().__init__(SMALL)
        self.head = 0
        self.there: dict[str, Record] = {}
        self.holds: set[str] = set()
        self.since: dict[str, int] = {}
        self.read_pages = 0
        self.reads_left = 1_000_000

    async def page(
        self,
        tenant: str,
        user: str,
        device: str,
        cursor: Cursor | None,
        limit: int,
        *,
        choice: Choice = EVERYTHING,
    ) -> PageRows:
        self.read_pages += 1
        self.reads_left -= 1
        if self.reads_left < 0:
            raise TimeoutError
        return await super().page(tenant, user, device, cursor, limit, choice=choice)

    async def commit(self, *records: StoredRecord, grants: Sequence[Grant] = ()) -> None:
        async with self.transaction(T) as transaction:
            await transaction.commit(Writes(head=self.head, now_ms=NOW, records=records, grants=grants))

    def next(self) -> int:
        self.head += 1
        return self.head

    async def write(self, id: str, scope: str, kind: str = "Task") -> None:
        """Write it, or make it, or restore it; where it is, if it is anywhere."""
        at, old = self.next(), self.there.get(id)
        await self._keep(record(id, old.scope if old else scope, at, kind=old.kind if old else kind))

    async def delete(self, id: str) -> None:
        if (old := self.there.get(id)) is not None:
            await self._keep(record(id, old.scope, self.next(), kind=old.kind, deleted=True))

    async def move(self, id: str, into: str) -> None:
        old = self.there.get(id)
        if old is None or old.deleted or old.scope == into:
            return
        left = record(id, old.scope, self.next(), kind=old.kind, deleted=True)
        here = record(id, into, self.next(), kind=old.kind)
        self.there[id] = here
        await self.commit(
            StoredRecord(record=left, author="d", foreign_position=0, left=True),
            StoredRecord(record=here, author="d", foreign_position=0),
        )

    async def give(self, scope: str) -> None:
        at = self.next()
        if scope not in self.holds:
            self.since[scope] = at
        self.holds.add(scope)
        await self.commit(grants=[Grant(user="ana", scope=scope, role="editor", since=self.since[scope])])

    async def take(self, scope: str) -> None:
        if scope in self.holds:
            self.holds.discard(scope)
            at = self.next()
            grant = Grant(user="ana", scope=scope, role="editor", since=self.since[scope], until=at)
            await self.commit(grants=[grant])

    async def happen(self, event: Event) -> None:
        what, which, index, _ = event
        scope, id = SCOPES[which], f"{'task' if index < 3 else 'note'}{index}"
        match what:
            case "write":
                await self.write(id, scope, "Task" if index < 3 else "Note")
            case "delete":
                await self.delete(id)
            case "move":
                await self.move(id, scope)
            case "give":
                await self.give(scope)
            case "take":
                await self.take(scope)
            case _:
                await self.begin_epoch(T, (await self.standing(T, "ana", "")).head.epoch)

    def visible(self, kind: str = "Task") -> dict[str, int]:
        """What ana may see, by its position, which is in its title."""
        return {
            each.id: each.position
            for each in self.there.values()
            if each.kind == kind and not each.deleted and each.scope in self.holds
        }

    async def _keep(self, written: Record) -> None:
        self.there[written.id] = written
        await self.commit(StoredRecord(record=written, author="d", foreign_position=0))


class Client:
    """As RxDB's: it keeps documents by id, and a cursor only with documents."""

    def __init__(self, documents: Documents, kind: Kind = TASK) -> None:
        self._documents = documents
        self._kind = kind
        self.docs: dict[str, object] = {}
        self.cursor: str | None = None

    async def pull(self, limit: int) -> DocumentPage:
        page = await self._documents.page(T, "ana", self._kind, self.cursor, limit)
        assert len(page.documents) <= limit
        for each in page.documents:
            self.docs.pop(each.id, None)
            if not each.deleted:
                self.docs[each.id] = each.fields["title"]
            else:
                assert not each.fields
        if page.documents:
            self.cursor = page.cursor
        else:
            assert page.cursor == self.cursor
        return page

    async def catch_up(self, limit: int) -> int:
        """Until a page is not full; how many documents came."""
        came = 0
        while True:
            page = await self.pull(limit)
            came += len(page.documents)
            if len(page.documents) < limit:
                return came


SMALL = Limits(page_size_max=3)


def record(id: str, scope: str, at: int, *, kind: str = "Task", deleted: bool = False) -> Record:
    stamp = make_stamp(NOW, at, "0" * 8)
    return Record(
        id=id,
        kind=kind,
        scope=scope,
        stamp=stamp,
        position=at,
        fields={} if deleted else {"title": at},
        deleted=stamp if deleted else NEVER,
    )


async def opened(key: bytes = KEY) -> tuple[World, Documents]:
    world = World()
    await world.create(T, id=T, epoch="first", now_ms=0)
    return world, documents(world, key)


def documents(world: World, key: bytes = KEY) -> Documents:
    return Documents(world, Seal(key, DocumentCursor), SMALL)


HAPPENS = ("write", "write", "write", "delete", "move", "move", "move", "give", "give", "take", "epoch")
EVENTS = st.lists(
    st.tuples(
        st.sampled_from([*HAPPENS, "pull", "pull", "pull", "catch up"]),
        st.integers(0, 2),
        st.integers(0, 4),
        st.integers(1, 3),
    ),
    min_size=25,
    max_size=60,
)


@pytest.mark.promise("I3")
@pytest.mark.promise("I8")
@given(events=EVENTS, limit=st.integers(1, 3))
@settings(max_examples=150)
async def test_what_a_client_holds_is_what_its_user_may_see(events: Sequence[Event], limit: int) -> None:
    world, served = await opened()
    clients = [Client(served), Client(served, NOTE)]
    for n, scope in enumerate(SCOPES):
        await world.give(scope)
        await world.write(f"task{n}", scope)
    for event in events:
        what, _, index, size = event
        client = clients[index // 3]
        if what == "pull":
            await client.pull(size)
        elif what == "catch up":
            await client.catch_up(size)
        else:
            await world.happen(event)
    for client, kind in zip(clients, ("Task", "Note"), strict=True):
        await client.catch_up(limit)
        assert client.docs == world.visible(kind)
        assert await client.catch_up(limit) == 0


async def test_a_page_is_full_unless_there_is_no_more_however_much_of_it_is_not_for_this_client() -> None:
    world, served = await opened()
    await world.give(SCOPES[0])
    for n in range(20):
        await world.write(f"note{n}", SCOPES[0], "Note")
        await world.write(f"hidden{n}", SCOPES[1])
        if n % 5 == 0:
            await world.write(f"task{n}", SCOPES[0])
    client = Client(served)
    assert [len((await client.pull(3)).documents) for _ in range(3)] == [3, 1, 0]
    assert set(client.docs) == {"task0", "task5", "task10", "task15"}


async def test_a_limit_that_is_too_big_is_an_error_and_never_cut() -> None:
    _, served = await opened()
    for limit in (0, -1, 4):
        with pytest.raises(TooLarge, match="1 to 3 documents"):
            await Client(served).pull(limit)


async def test_where_a_page_without_documents_has_come_to_is_remembered() -> None:
    world, served = await opened()
    await world.give(SCOPES[0])
    for n in range(30):
        await world.write(f"note{n}", SCOPES[0], "Note")
    client = Client(served)
    await client.pull(3)
    before, world.read_pages = world.read_pages, 0
    await client.pull(3)
    assert (before, world.read_pages) == (10, 1)
    await world.write("task", SCOPES[0])
    assert await client.catch_up(3) == 1


@pytest.mark.parametrize("cursor", [None, "what another key has sealed"])
async def test_what_takes_longer_to_read_past_than_a_request_may_last_is_read_past_in_the_end(
    cursor: str | None,
) -> None:
    world, served = await opened()
    await world.give(SCOPES[0])
    for n in range(30):
        await world.write(f"note{n}", SCOPES[0], "Note")
    await world.write("task", SCOPES[0])
    client = Client(served)
    client.cursor = cursor
    for _ in range(4):
        world.reads_left = 3
        with suppress(TimeoutError):
            await client.pull(1)
    assert client.docs == world.visible()


async def test_another_users_checkpoint_is_refused_and_one_that_cannot_be_read_starts_over() -> None:
    world, served = await opened()
    for scope in SCOPES[:2]:
        await world.give(scope)
        await world.write(f"task in {scope}", scope)
    client = Client(served)
    await client.catch_up(3)
    with pytest.raises(CursorForeign):
        await served.page(T, "bo", TASK, client.cursor, 3)
    await world.take(SCOPES[1])
    for foreign in ("garbage", (await served.page(T, "ana", TASK, None, 1)).cursor):
        other = Client(documents(world, b"x" * 32))
        other.docs, other.cursor = dict(client.docs), foreign
        await other.catch_up(2)
        assert other.docs == world.visible()


async def test_a_checkpoint_is_of_one_kind_and_no_cursor_nor_is_a_cursor_one() -> None:
    world, served = await opened()
    await world.give(SCOPES[0])
    await world.write("task", SCOPES[0])
    await world.write("note", SCOPES[0], "Note")
    cursor = (await served.page(T, "ana", TASK, None, 1)).cursor
    assert cursor
    notes = await served.page(T, "ana", NOTE, cursor, 3)
    assert [each.id for each in notes.documents] == ["note"]
    with pytest.raises(CursorInvalid):
        CursorSeal(b"k" * 32).open(cursor, tenant=T, user="ana")


async def test_more_scopes_can_be_lost_at_once_than_fit_into_a_checkpoint() -> None:
    world, served = await opened()
    scopes = [str(UUID(int=n, version=4)) for n in range(1_010)]
    for scope in scopes:
        await world.give(scope)
        await world.write(f"task in {scope}", scope)
    client = Client(served)
    await client.catch_up(3)
    for scope in scopes:
        await world.take(scope)
    page = await client.pull(3)
    assert page.cursor
    assert len(page.cursor) < LIMITS.cursor_bytes_max
    await client.catch_up(3)
    assert client.docs == {}


async def test_what_moved_within_a_lost_scope_while_it_is_told_is_told_too() -> None:
    world, served = await opened()
    await world.give(SCOPES[0])
    for n in range(6):
        await world.write(f"task{n}", SCOPES[0])
    client = Client(served)
    await client.catch_up(3)
    await world.take(SCOPES[0])
    await client.pull(2)
    await world.write("task5", SCOPES[0])
    await client.catch_up(2)
    assert client.docs == {}


async def test_what_is_granted_while_something_is_lost_comes_after_it() -> None:
    world, served = await opened()
    await world.give(SCOPES[0])
    for n in range(3):
        await world.write(f"task{n}", SCOPES[0])
        await world.write(f"other{n}", SCOPES[1])
    client = Client(served)
    await client.catch_up(3)
    await world.take(SCOPES[0])
    await world.give(SCOPES[1])
    await client.pull(3)
    assert client.docs == {}
    await client.catch_up(3)
    assert client.docs == world.visible()
