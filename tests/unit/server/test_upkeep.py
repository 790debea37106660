"""Upkeep forgets for every tenant what can no longer be asked for, and nothing else."""

import io
import json
from dataclasses import replace

import pytest

from homeport_server.followers.upkeep import Upkeep
from homeport_server.observe import make_log
from homeport_sync import LIMITS
from homeport_sync.clock import make_stamp
from homeport_sync.memory import MemoryStore
from homeport_sync.ports import KnownDevice, StoredOutcome, Wanted, Writes
from homeport_sync.roster import TENANTS_PAGE

NOTHING = Wanted(devices=frozenset(), outcomes=frozenset(), grants=frozenset(), records=frozenset())
DAY_MS = 24 * 3_600_000


def outcome(number: int) -> StoredOutcome:
    stamp = make_stamp(number, 0, "0" * 8)
    return StoredOutcome(device="d", number=number, stamp=stamp, digest=b"", text="{}", decided_at_ms=number)


@pytest.fixture
async def store() -> MemoryStore:
    """More tenants than a page holds, each with one confirmed outcome and one that is not."""
    store = MemoryStore()
    for index in range(TENANTS_PAGE + 5):
        tenant = f"tenant-{index:03}"
        await store.create(tenant, id=tenant, epoch="first", now_ms=0)
        async with store.transaction(tenant) as transaction:
            await transaction.load(NOTHING)
            device = KnownDevice(id="d", user="ana", last_number=2, confirmed=1)
            await transaction.commit(Writes(head=0, now_ms=0, outcomes=[outcome(1), outcome(2)], devices=[device]))
    return store


def upkeep(store: MemoryStore, now_ms: int, *, holder: str = "one", out: io.BytesIO | None = None) -> Upkeep:
    limits = replace(LIMITS, outcome_keep_ms=DAY_MS)
    return Upkeep(
        store,
        make_log("info", out or io.BytesIO()),
        limits=limits,
        wall_ms=lambda: now_ms,
        every_s=3_600,
        holder=holder,
    )


async def test_a_round_forgets_old_confirmed_outcomes_of_every_tenant_once(store: MemoryStore) -> None:
    assert await upkeep(store, 2 * DAY_MS).round() == TENANTS_PAGE + 5
    assert await upkeep(store, 2 * DAY_MS).round() == 0


async def test_a_round_forgets_nothing_that_is_not_old_enough(store: MemoryStore) -> None:
    assert await upkeep(store, DAY_MS).round() == 0


async def test_what_one_worker_keeps_no_other_looks_at_in_the_same_time(store: MemoryStore) -> None:
    assert await upkeep(store, DAY_MS).round() == 0
    assert await upkeep(store, 2 * DAY_MS, holder="two").round() == 0, "all tenants are the other worker's"
    assert await upkeep(store, 2 * DAY_MS).round() == TENANTS_PAGE + 5


async def test_trouble_with_one_tenant_is_logged_and_keeps_no_other_from_its_turn(store: MemoryStore) -> None:
    store._logs["tenant-003"].stamped.clear()
    out = io.BytesIO()
    assert await upkeep(store, 2 * DAY_MS, out=out).round() == TENANTS_PAGE + 4
    failed = json.loads(out.getvalue().splitlines()[0])
    assert (failed["event"], failed["tenant"]) == ("upkeep failed", "tenant-003")
