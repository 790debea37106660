"""Compaction forgets confirmed outcomes once they are old, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from homeport_sync.clock import Stamp, make_stamp
from homeport_sync.compact import PRUNE_MAX, prune_outcomes
from homeport_sync.limits import LIMITS
from homeport_sync.memory import MemoryStore
from homeport_sync.ports import KnownDevice, OutcomeName, Pruned, StoredOutcome, Wanted, Writes
from tests.unit.sync.tasks import DAY, NOW, STRANGER

TENANT = "acme"
OLD = NOW - LIMITS.outcome_keep_ms - 1


STAMP = make_stamp(OLD, 0, STRANGER)


def outcome(number: int, *, at_ms: int = OLD) -> StoredOutcome:
    return StoredOutcome(device=STRANGER, number=number, stamp=STAMP, digest=b"", text="{}", decided_at_ms=at_ms)


class Counting(MemoryStore):
    """Counts the steps of pruning."""

    count = 0

    async def prune_outcomes(self, tenant: str, before_ms: int, after: OutcomeName, upto: Stamp, limit: int) -> Pruned:
        self.count += 1
        return await super().prune_outcomes(tenant, before_ms, after, upto, limit)


async def store_of(*outcomes: StoredOutcome, confirmed: int, others: Sequence[KnownDevice] = ()) -> Counting:
    store = Counting()
    await store.create(TENANT, id=TENANT, epoch="first", now_ms=0)
    device = KnownDevice(id=STRANGER, user="ann", last_number=len(outcomes), confirmed=confirmed)
    async with store.transaction(TENANT) as transaction:
        await transaction.commit(Writes(head=0, now_ms=NOW, outcomes=outcomes, devices=[device, *others]))
    return store


async def kept(store: MemoryStore, count: int) -> set[int]:
    wanted = Wanted(
        devices=frozenset([STRANGER]),
        outcomes=frozenset((STAMP, STRANGER, number) for number in range(1, count + 1)),
        grants=frozenset(),
        records=frozenset(),
    )
    async with store.transaction(TENANT) as transaction:
        return {number for _, number in (await transaction.load(wanted)).outcomes}


async def test_only_old_confirmed_outcomes_are_forgotten() -> None:
    store = await store_of(outcome(1), outcome(2), outcome(3, at_ms=OLD + 1), outcome(4), outcome(5), confirmed=4)
    assert await prune_outcomes(store, TENANT, LIMITS, now_ms=NOW) == 3
    assert await kept(store, 5) == {3, 5}
    assert await prune_outcomes(store, TENANT, LIMITS, now_ms=NOW) == 0


async def test_outcomes_of_a_clock_that_was_years_ahead_are_forgotten_once_they_are_old() -> None:
    """They lie under the stamp as it was sent, and not under the one to which it was lowered."""
    far = make_stamp(NOW + 20 * 365 * DAY, 0, STRANGER)
    outcomes = [replace(each, stamp=far) for each in (outcome(1), outcome(2, at_ms=NOW), outcome(3))]
    store = await store_of(*outcomes, confirmed=2)
    assert await prune_outcomes(store, TENANT, LIMITS, now_ms=NOW) == 1
    assert sorted(number for _, number in store._log(TENANT).outcomes) == [2, 3]


async def test_many_old_outcomes_are_forgotten_in_steps_until_none_is_left() -> None:
    count = PRUNE_MAX * 2 + 1
    store = await store_of(*(outcome(number) for number in range(1, count + 1)), confirmed=count)
    assert await prune_outcomes(store, TENANT, LIMITS, now_ms=NOW) == count
    assert await kept(store, count) == set()


async def test_outcomes_that_nobody_confirms_are_looked_at_once_and_hold_up_none_behind_them() -> None:
    lost = [replace(outcome(number), device="0" * 8) for number in range(1, PRUNE_MAX + 2)]
    store = await store_of(*lost, outcome(1), confirmed=1, others=[KnownDevice(id="0" * 8, user="bob")])
    assert await prune_outcomes(store, TENANT, LIMITS, now_ms=NOW) == 1
    assert store.count == 3
