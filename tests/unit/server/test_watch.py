"""What waits for one who watches is bounded, told once, and never lost without a word."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from homeport_server.edge.typed.watch import REFETCH, WAITING_MAX, Changed, Watch
from homeport_sync.change import Logged
from homeport_sync.clock import NEVER
from homeport_sync.ports import EVERY_TENANT, LogEntry
from tests.unit.server.test_pokes import TENANT, House, grant, running, settled

KINDS = frozenset({"Task"})


def entry(op: Logged, record: str = "r", *, scope: str = "s", kind: str = "Task", position: int = 1) -> LogEntry:
    return LogEntry(
        position=position,
        op=op,
        kind=kind,
        record=record,
        scope=scope,
        fields={},
        before={},
        stamp=NEVER,
        device="d",
        number=1,
        user="ana",
        outcome="applied",
        request_id="r",
        accepted_at_ms=1,
    )


async def read(watch: Watch) -> list[tuple[str, str | None]]:
    """What there is to tell now."""
    told = list[tuple[str, str | None]]()
    events = watch.events()
    while True:
        try:
            async with asyncio.timeout(0):
                event: Changed = await anext(events)
        except (TimeoutError, StopAsyncIteration):
            return told
        told.append((event.operation, event.record))


@pytest.fixture
async def watch() -> Watch:
    """One that has been told to fetch."""
    made = Watch(KINDS, None)
    assert await read(made) == [(REFETCH, None)]
    return made


@pytest.mark.parametrize(
    ("ops", "told"),
    [
        (("create", "update"), "CREATED"),
        (("create", "update", "update", "delete"), "DELETED"),
        (("update", "update"), "UPDATED"),
        (("delete", "restore", "update"), "RESTORED"),
        (("leave", "move", "update"), "MOVED_IN"),
        (("update", "leave"), "MOVED_OUT"),
    ],
)
async def test_what_changes_faster_than_it_is_read_is_told_once(
    watch: Watch, ops: tuple[Logged, ...], told: str
) -> None:
    watch.hear([entry(op) for op in ops])
    assert await read(watch) == [(told, "r")]
    assert await read(watch) == []


async def test_records_are_told_in_the_order_of_their_last_changes(watch: Watch) -> None:
    watch.hear([entry("update", each) for each in "abca"])
    assert await read(watch) == [("UPDATED", each) for each in "bca"]


async def test_commands_what_came_to_nothing_and_other_kinds_are_not_told(watch: Watch) -> None:
    lost = replace(entry("update"), outcome="superseded")
    watch.hear([entry("command"), entry("update", kind="Note"), lost])
    assert await read(watch) == []


async def test_who_does_not_read_is_told_to_fetch_and_then_goes_on(watch: Watch) -> None:
    watch.hear([entry("update", str(n)) for n in range(WAITING_MAX)])
    watch.hear([entry("update", "0")])
    assert len(await read(watch)) == WAITING_MAX
    watch.hear([entry("update", str(n)) for n in range(WAITING_MAX + 1)])
    watch.hear([entry("update", "more")])
    assert await read(watch) == [(REFETCH, None)]
    watch.hear([entry("update", "after")])
    assert await read(watch) == [("UPDATED", "after")]


async def test_what_is_missed_while_events_are_read_is_told_after_them(watch: Watch) -> None:
    watch.hear([entry("update", "a"), entry("update", "b")])
    events = watch.events()
    assert (await anext(events)).record == "a"
    watch.miss()
    assert (await anext(events)).operation == REFETCH
    watch.hear([entry("update", "c")])
    assert (await anext(events)).record == "c"


async def test_the_hub_tells_what_is_to_see_and_when_that_is_other_than_it_was() -> None:
    house = House()
    await house.store.create("demo", id=TENANT, epoch="e1", now_ms=1)
    await house.commit("s", grants=[grant("ana", "s")])
    async with running(house):
        watch = Watch(frozenset({"List", "Member"}), None)
        await house.hub.watch(TENANT, "ana", watch)
        assert await read(watch) == [(REFETCH, None)]
        await house.commit("s", record="r1")
        await house.commit("other", record="r2")
        await settled()
        assert await read(watch) == [("UPDATED", "r1")]
        await house.commit("mine", record="mine", op="create", grants=[grant("ana", "mine")])
        await settled()
        assert await read(watch) == [("CREATED", "mine")]  # it is new to everybody: nothing was missed
        await house.commit("s2", kind="Member", op="create", fields={"user": "ana"}, grants=[grant("ana", "s2")])
        await settled()
        assert await read(watch) == [(REFETCH, None)]
        await house.commit("s2", kind="Member", grants=[grant("ana", "s2", until=5)])
        await settled()
        assert await read(watch) == [(REFETCH, None)]
        await house.store.begin_epoch(TENANT, "e1")
        house.signals.publish(EVERY_TENANT, 0)
        await settled()
        assert await read(watch) == [(REFETCH, None)]
        other = Watch(frozenset({"List"}), None)
        await house.hub.watch(TENANT, "ana", other)
        house.hub.leave(TENANT, "ana", watch)
        await house.commit("s", record="r3")
        await settled()
        assert await read(watch) == []
        assert await read(other) == [(REFETCH, None)]


async def test_nobody_hears_what_came_earlier_after_what_came_later_though_a_poll_reads_beside_a_signal() -> None:
    house = House()
    await house.store.create("demo", id=TENANT, epoch="e1", now_ms=1)
    await house.commit("s", grants=[grant("ana", "s")])
    async with running(house):
        watch = Watch(frozenset({"List"}), None)
        await house.hub.watch(TENANT, "ana", watch)
        assert await read(watch) == [(REFETCH, None)]

        async def deleted_meanwhile() -> None:
            await house.commit("s", record="r", op="delete", signal=False)
            house.hub._poll_now.set()  # as its time would
            await settled()

        await house.commit("s", record="r", signal=False)
        house.store.meanwhile = deleted_meanwhile
        await house.commit("s", kind="Member", fields={"user": "ana"})
        for _ in range(5):
            await settled()
        assert await read(watch) == [("DELETED", "r")]


async def test_others_have_a_turn_while_many_hear_of_much() -> None:
    house, turns = House(), 0
    await house.store.create("demo", id=TENANT, epoch="e1", now_ms=1)
    await house.commit("s", grants=[grant("ana", "s")])

    class Slow(Watch):
        def hear(self, entries: Sequence[LogEntry]) -> None:
            seen.add(turns)

    async def take_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with running(house):
        seen, ana = set[int](), [grant(f"{each}", "s") for each in range(50)]
        await house.commit("s", grants=ana)
        await settled()
        for each in range(50):
            await house.hub.watch(TENANT, f"{each}", Slow(frozenset({"List"}), None))
        beside = asyncio.create_task(take_turns())
        for at in range(300):
            await house.commit("s", record=f"r{at}", signal=at == 299)
        await settled()
        beside.cancel()
    assert len(seen) > 1
