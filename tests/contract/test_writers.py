"""What is written without a device, on every store: once for a key, whoever sends it at once and whatever is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from homeport_sync.clock import NOBODY, make_stamp
from homeport_sync.compact import prune_outcomes
from homeport_sync.draft import Draft
from homeport_sync.errors import IdempotencyKeyReused, StoreFailed, Unavailable
from homeport_sync.limits import LIMITS
from homeport_sync.ports import BEFORE_ALL_OUTCOMES, Loaded, Transaction, Wanted, Writes
from homeport_sync.scope import MEMBER
from homeport_sync.writer_ids import writer_device
from tests.contract.samples import NOTHING, load
from tests.contract.stores import Store
from tests.unit.sync.desk import TENANT, Desk, code_of, create, said, update
from tests.unit.sync.tasks import NOW, Phone

FORGOTTEN = NOW + LIMITS.outcome_keep_ms + LIMITS.skew_max_ms + 1


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(store, store)


@pytest.mark.promise("I2")
async def test_the_same_key_at_once_in_two_processes_is_one_write_and_told_alike(desk: Desk) -> None:
    scope, processes = await desk.stall(), [desk.exchange, desk.process()]

    async def write(at: int) -> tuple[str, str]:
        desk.ms += 1
        (told,) = await processes[at % 2].write(
            TENANT, "ann", [create("Fruit", scope, name="fig")], key="k", request_id="request"
        )
        return told.id, told.outcome.outcome

    told = await asyncio.gather(*map(write, range(8)))
    assert (len(set(told)), told[0][1]) == (1, "applied")
    assert await desk.log() == [("create", scope), ("create", told[0][0])]


@pytest.mark.promise("I2")
async def test_of_two_writes_at_once_under_one_key_the_one_is_taken_and_the_other_an_error(desk: Desk) -> None:
    scope, other = await desk.stall(), desk.process()
    drafts = [create("Fruit", scope, name=name) for name in ("fig", "date")]
    found = await asyncio.gather(
        *(
            each.write(TENANT, "ann", [draft], key="k", request_id="request")
            for each, draft in zip((desk.exchange, other), drafts, strict=True)
        ),
        return_exceptions=True,
    )
    assert sorted(type(each).__name__ for each in found) == [IdempotencyKeyReused.__name__, "list"]
    assert len(await desk.log()) == 2


class Losing:
    """A transaction whose word is lost once all is written."""

    def __init__(self, transaction: Transaction, error: Exception) -> None:
        self._transaction = transaction
        self._error = error

    async def load(self, wanted: Wanted) -> Loaded:
        return await self._transaction.load(wanted)

    async def commit(self, writes: Writes) -> None:
        await self._transaction.commit(writes)
        raise self._error


@pytest.mark.promise("I2")
@pytest.mark.parametrize("error", [Unavailable(), StoreFailed(), OSError("the process died")], ids=str)
async def test_what_was_written_though_the_answer_was_lost_is_told_to_whoever_asks_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    scope, whole = await desk.stall(), desk.store.transaction

    @asynccontextmanager
    async def losing(tenant: str) -> AsyncIterator[Losing]:
        async with whole(tenant) as transaction:
            yield Losing(transaction, error)

    with monkeypatch.context() as lost:
        lost.setattr(desk.store, "transaction", losing)
        with pytest.raises(Unavailable):
            await desk.one(create("Fruit", scope, name="fig"), key="k")
    desk.ms += 1_000
    told = await desk.one(create("Fruit", scope, name="fig"), key="k")
    assert (told.outcome.outcome, told.again, told.record is not None) == ("applied", True, True)
    assert await desk.log() == [("create", scope), ("create", told.id)]


async def test_of_two_who_write_for_the_same_position_at_once_one_is_told_that_it_is_stale(desk: Desk) -> None:
    fig, processes = await desk.fruit(await desk.stall()), [desk.exchange, desk.process()]
    found = await asyncio.gather(
        *(
            each.write(TENANT, "ann", [update(fig, name=name, expected=fig.position)], request_id="request")
            for each, name in zip(processes, ("date", "olive"), strict=True)
        )
    )
    assert sorted(said([each for told in found for each in told])) == ["STALE", "applied"]


async def test_what_was_written_is_known_for_thirty_days_and_then_forgotten_with_its_device(desk: Desk) -> None:
    scope = await desk.stall()
    drafts = [
        create("Fruit", scope, name="fig"),
        create("Fruit", scope, id="x", name="fig"),
        Draft(op="create", kind=""),
    ]
    first = await desk.write(*drafts, key="k")
    phone = Phone(user="ann", index=7)
    await desk.push(phone, phone.make(scope, "Fruit"))
    devices = Wanted(
        devices=frozenset({phone.device, writer_device("ann", "k")}),
        outcomes=frozenset(),
        grants=frozenset(),
        records=frozenset(),
    )
    desk.ms = FORGOTTEN - LIMITS.skew_max_ms - 1
    await prune_outcomes(desk.store, TENANT, LIMITS, now_ms=desk.ms)
    assert [each.again for each in await desk.write(*drafts, key="k")] == [True] * 3
    assert len((await load(desk.store, devices, TENANT)).devices) == 2
    assert await prune_outcomes(desk.store, TENANT, LIMITS, now_ms=FORGOTTEN) == 4  # and the stall's
    assert [*(await load(desk.store, devices, TENANT)).devices] == [phone.device]
    desk.ms = FORGOTTEN
    again = await desk.write(*drafts, key="k")
    assert said(again) == said(first) == ["applied", "MALFORMED", "MALFORMED"]
    assert (again[0].again, again[0].id != first[0].id) == (False, True)


async def test_what_one_step_of_forgetting_leaves_the_next_forgets(desk: Desk) -> None:
    """The device goes with its last number, whose outcome is the first to go: that change could not be read."""
    await desk.write(Draft(op="create", kind="Stall"), Draft(op="create", kind=""), key="k")
    steps, after = 0, BEFORE_ALL_OUTCOMES
    while steps < 3:
        step = await desk.store.prune_outcomes(TENANT, FORGOTTEN, after, make_stamp(FORGOTTEN, 0, NOBODY), 1)
        steps += step.forgotten
        if step.last is None:
            break
        after = step.last
    assert steps == 2


async def test_a_write_that_lies_in_quarantine_is_known_by_its_user_for_good(desk: Desk) -> None:
    bad = create("Fruit", await desk.stall(), name=3)
    await desk.write(bad, key="k", keeps=True)
    await prune_outcomes(desk.store, TENANT, LIMITS, now_ms=FORGOTTEN)
    held = await desk.store.held(TENANT, writer_device("ann", "k"), 1)
    assert held is not None
    assert held.user == "ann"


async def test_what_one_user_writes_under_a_key_says_nothing_of_anothers(desk: Desk) -> None:
    scope = await desk.stall()
    await desk.one(create(MEMBER, scope, user="bob", role="editor"), key="k")
    told = await desk.one(create("Fruit", scope, name="fig"), key="k", user="bob")
    assert (code_of(told), told.again) == ("", False)
    await load(desk.store, NOTHING, TENANT)
