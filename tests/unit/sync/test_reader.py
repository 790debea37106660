"""The reader: a page that was kept is the page that would be read, for whoever asks, and never more."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport_sync.change import Record
from homeport_sync.choice import EVERYTHING, Choice
from homeport_sync.clock import make_stamp
from homeport_sync.cursor import Cursor, CursorSeal
from homeport_sync.limits import Limits
from homeport_sync.memory import MemoryStore
from homeport_sync.ports import PageRows, StoredRecord, Writes
from homeport_sync.reader import Reader
from homeport_sync.scope import Grant
from homeport_sync.wire import Page, decode_page
from tests.unit.sync.tasks import NOW

TENANTS = ("acme", "other")
SEAL = CursorSeal(b"k" * 32)
KEEPS_ALL = Limits(page_cached_bytes_min=0)
KEEPS_FEW = Limits(page_cached_bytes_min=0, page_cache_bytes_max=600)
KEEPS_NONE = Limits(page_cached_bytes_min=1, page_cache_bytes_max=0)
Event = tuple[str, str, str, int]


class CountingStore(MemoryStore):
    """The memory store, which counts the pages that were read from it."""

    def __init__(self) -> None:
        super().__init__()
        self.read_pages = 0
        self.heads = dict.fromkeys(TENANTS, 0)

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
        return await super().page(tenant, user, device, cursor, limit, choice=choice)

    async def happen(self, event: Event) -> None:
        """A write, a grant or its end, each at the next position of the tenant; or a new epoch."""
        what, tenant, scope, index = event
        if what == "epoch":
            await self.begin_epoch(tenant, (await self.standing(tenant, "u0", "d")).head.epoch)
            return
        self.heads[tenant] += 1
        at = self.heads[tenant]
        records: list[StoredRecord] = []
        grants: list[Grant] = []
        if what == "write":
            records = [record(f"{scope}{index}", scope, at, title=f"of {tenant}")]
        else:
            ended = at if what == "take" else None
            grants = [Grant(user=f"u{index % 2}", scope=scope, role="editor", since=at, until=ended)]
        async with self.transaction(tenant) as transaction:
            await transaction.commit(Writes(head=at, now_ms=NOW, records=records, grants=grants))


def record(id: str, scope: str, position: int, *, title: str) -> StoredRecord:
    stamp = make_stamp(NOW, position, "0" * 8)
    made = Record(id=id, kind="Task", scope=scope, stamp=stamp, position=position, fields={"title": title})
    return StoredRecord(record=made, author="d", foreign_position=0)


async def opened() -> CountingStore:
    store = CountingStore()
    for tenant in TENANTS:
        await store.create(tenant, id=tenant, epoch="first", now_ms=0)
    return store


async def shared() -> CountingStore:
    """A store in which, in both tenants alike, both users hold a scope of three records."""
    store = await opened()
    for tenant in TENANTS:
        for what, index in (("give", 0), ("give", 1), ("write", 0), ("write", 1), ("write", 2)):
            await store.happen((what, tenant, "s1", index))
    return store


async def text(
    reader: Reader,
    user: str,
    cursor: str | None = None,
    *,
    tenant: str = "acme",
    limit: int = 10,
    choice: Choice = EVERYTHING,
) -> bytes:
    return await reader.page(tenant, user, f"phone of {user}", cursor, limit, now_ms=NOW, choice=choice)


async def page(reader: Reader, user: str, cursor: str | None = None, *, limit: int = 10) -> Page:
    return decode_page(await text(reader, user, cursor, limit=limit))


TENANT = st.sampled_from(TENANTS)
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["write", "write", "give", "give", "take", "epoch", "pull", "pull", "pull"]),
        TENANT,
        st.sampled_from(["s1", "s2"]),
        st.integers(0, 3),
    ),
    min_size=15,
    max_size=40,
)


@pytest.mark.parametrize("limits", [KEEPS_ALL, KEEPS_FEW])
@given(events=EVENTS, limit=st.integers(1, 3))
async def test_kept_pages_change_nothing_for_anyone(limits: Limits, events: Sequence[Event], limit: int) -> None:
    store = await opened()
    keeping, plain = Reader(store, SEAL, limits), Reader(store, SEAL, KEEPS_NONE)
    places: dict[tuple[str, str], str | None] = {}
    for event in events:
        what, tenant, scope, index = event
        if what != "pull":
            await store.happen(event)
            continue
        user = f"u{index % 2}"
        place = places.get((tenant, user)) if index else None
        choice = Choice(leave_out=(scope,)) if index == 3 else EVERYTHING
        found = await text(keeping, user, place, tenant=tenant, limit=limit, choice=choice)
        assert found == await text(plain, user, place, tenant=tenant, limit=limit, choice=choice)
        places[tenant, user] = decode_page(found).cursor


async def test_a_page_that_many_ask_for_is_read_once() -> None:
    store = await shared()
    reader = Reader(store, SEAL, KEEPS_ALL)
    pages = [await page(reader, user) for user in ("u0", "u1", "u0")]
    assert [len(each.records) for each in pages] == [3, 3, 3]
    assert store.read_pages == 1


async def test_a_kept_page_is_sealed_for_each_user_who_gets_it() -> None:
    store = await shared()
    reader = Reader(store, SEAL, KEEPS_ALL)
    first, second = await page(reader, "u0"), await page(reader, "u1")
    assert first.cursor != second.cursor
    assert (await page(reader, "u0", first.cursor)).records == (await page(reader, "u1", second.cursor)).records == []


async def test_any_commit_ends_a_kept_page() -> None:
    store = await shared()
    reader = Reader(store, SEAL, KEEPS_ALL)
    await page(reader, "u0")
    await store.happen(("write", "acme", "s1", 3))
    assert len((await page(reader, "u0")).records) == 4
    assert store.read_pages == 2


async def test_a_kept_page_is_not_for_one_whose_grant_has_ended_or_never_was() -> None:
    store = await shared()
    reader = Reader(store, SEAL, KEEPS_ALL)
    assert len((await page(reader, "u0")).records) == 3
    assert (await page(reader, "u2")).records == []
    await store.happen(("take", "acme", "s1", 1))
    assert len((await page(reader, "u0")).records) == 3
    assert (await page(reader, "u1")).records == []


async def test_a_kept_page_is_not_for_another_tenant_where_all_is_alike_but_the_text() -> None:
    reader = Reader(await shared(), SEAL, KEEPS_ALL)
    assert b"of acme" in await text(reader, "u0", tenant="acme")
    assert b"of acme" not in await text(reader, "u0", tenant="other")


async def test_a_new_epoch_ends_a_kept_page() -> None:
    store = await shared()
    reader = Reader(store, SEAL, KEEPS_ALL)
    await page(reader, "u0")
    await store.happen(("epoch", "acme", "s1", 0))
    fresh = await page(reader, "u0")
    assert not (await page(reader, "u0", fresh.cursor)).reset


async def test_small_pages_are_not_kept() -> None:
    store = await shared()
    reader = Reader(store, SEAL, Limits())
    for _ in range(3):
        await page(reader, "u0")
    assert store.read_pages == 3


async def test_the_oldest_page_makes_room_for_the_newest() -> None:
    store = await shared()
    one_page = len(await text(Reader(store, SEAL, KEEPS_NONE), "u0"))
    reader = Reader(store, SEAL, Limits(page_cached_bytes_min=0, page_cache_bytes_max=one_page))
    store.read_pages = 0
    for limit in (10, 9, 10, 10):
        await page(reader, "u0", limit=limit)
    assert store.read_pages == 3
