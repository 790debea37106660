"""A new follower begins behind what was accepted before it, in every log, and misses nothing that came after."""

from __future__ import annotations

import pytest

from homeport_sync.beginning import Beginning, position_at
from homeport_sync.memory import MemoryStore
from tests.unit.sync.afterwards import OTHER, TENANT, commit, logged, new_store
from tests.unit.sync.tasks import NOW

NAME = "app:tell"


@pytest.fixture
async def store() -> MemoryStore:
    return await new_store(TENANT, OTHER)


def beginning(store: MemoryStore, *, now_ms: int) -> Beginning:
    return Beginning(NAME, store, store, now_ms=now_ms)


@pytest.mark.parametrize("length", range(9))
async def test_the_position_of_every_time_is_found(store: MemoryStore, length: int) -> None:
    if length:
        await commit(store, [logged(each, at_ms=each // 2 * 10) for each in range(1, length + 1)])
    for time_ms in range(-1, 60):
        accepted = [each for each in range(1, length + 1) if each // 2 * 10 <= time_ms]
        assert await position_at(store, TENANT, time_ms) == len(accepted)


async def test_it_begins_at_the_head_of_its_first_moment(store: MemoryStore) -> None:
    await commit(store, [logged(each, at_ms=NOW + each) for each in range(1, 6)])
    new = beginning(store, now_ms=NOW + 3)
    assert await new.begin(TENANT) == 3
    assert await store.place(TENANT, NAME) == 3


async def test_the_first_moment_is_the_same_for_workers_that_come_later(store: MemoryStore) -> None:
    assert await beginning(store, now_ms=NOW + 3).began_ms() == NOW + 3
    await commit(store, [logged(each, at_ms=NOW + each) for each in range(1, 6)])
    assert await beginning(store, now_ms=NOW + 9).begin(TENANT) == 3


async def test_the_log_of_a_tenant_that_is_made_later_is_followed_from_its_start(store: MemoryStore) -> None:
    await beginning(store, now_ms=NOW).began_ms()
    await commit(store, [logged(1, at_ms=NOW + 1)], OTHER)
    assert await beginning(store, now_ms=NOW + 9).begin(OTHER) == 0


async def test_where_it_has_begun_it_stays(store: MemoryStore) -> None:
    await commit(store, [logged(1, at_ms=NOW)])
    assert await store.begin(TENANT, NAME, 0) == 0
    assert await beginning(store, now_ms=NOW).begin(TENANT) == 0
