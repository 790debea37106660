"""The hub: whoever may see a change is poked, however rights, restarts and lost signals fall together."""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from homeport_server.observe import make_log
from homeport_server.observe.metrics import Metrics
from homeport_server.pokes import PokeHub
from homeport_sync.change import Fields, Op
from homeport_sync.clock import NEVER
from homeport_sync.errors import Unavailable
from homeport_sync.memory import MemoryStore
from homeport_sync.ports import EVERY_TENANT, LogEntry, Standing, Wanted, Writes
from homeport_sync.scope import Grant
from homeport_sync.signals import LocalSignals

TENANT = "t1"
NOTHING = Wanted(devices=frozenset(), outcomes=frozenset(), grants=frozenset(), records=frozenset())


class Ear:
    """A listener that counts."""

    def __init__(self) -> None:
        self.heard = 0

    def poke(self) -> None:
        self.heard += 1


class Store(MemoryStore):
    """A store that may fail once, and during whose next reading of grants something else happens."""

    failing = False
    asked = 0
    meanwhile: Callable[[], Awaitable[None]] | None = None

    async def read(self, tenant: str, after: int, limit: int) -> Sequence[LogEntry]:
        self.asked += 1
        if self.failing:
            self.failing = False
            raise Unavailable
        return await super().read(tenant, after, limit)

    async def standing(self, tenant: str, user: str, device: str) -> Standing:
        self.asked += 1
        found = await super().standing(tenant, user, device)
        if self.meanwhile is not None:
            happens, self.meanwhile = self.meanwhile, None
            await happens()
        return found


class House:
    """A hub over a store in memory, with hands to write its log."""

    def __init__(self) -> None:
        self.store = Store()
        self.signals = LocalSignals()
        self.out = io.BytesIO()
        self.metrics = Metrics()
        self.announced: list[tuple[str, list[int]]] = []
        self.hub = PokeHub(
            self.store,
            self.signals,
            make_log("info", self.out),
            poll_s=3_600,
            metrics=self.metrics,
            wall_ms=lambda: 1_000,
            announced=lambda tenant, entries: self.announced.append((tenant, [each.position for each in entries])),
        )

    async def commit(
        self,
        scope: str,
        *,
        kind: str = "List",
        record: str = "r",
        op: Op = "update",
        user: str = "ana",
        device: str = "d",
        fields: Fields | None = None,
        grants: Sequence[Grant] = (),
        signal: bool = True,
    ) -> None:
        async with self.store.transaction(TENANT) as transaction:
            head = (await transaction.load(NOTHING)).head.position + 1
            entry = LogEntry(
                position=head,
                op=op,
                kind=kind,
                record=record,
                scope=scope,
                fields=fields or {},
                before={},
                stamp=NEVER,
                device=device,
                number=head,
                user=user,
                outcome="applied",
                request_id="r",
                accepted_at_ms=1,
            )
            await transaction.commit(Writes(head=head, now_ms=1, log=[entry], grants=grants))
        if signal:
            self.signals.publish(TENANT, head)

    async def listen(self, user: str, device: str | None = None) -> Ear:
        ear = Ear()
        await self.hub.join(TENANT, user, ear, device)
        assert ear.heard == 1, "the first poke comes at once"
        ear.heard = 0
        return ear


def grant(user: str, scope: str, *, since: int = 0, until: int | None = None) -> Grant:
    return Grant(user=user, scope=scope, role="editor", since=since, until=until)


async def settled() -> None:
    """The hub has done what it can do."""
    for _ in range(20):
        await asyncio.sleep(0)


@asynccontextmanager
async def running(house: House) -> AsyncIterator[None]:
    task = asyncio.create_task(house.hub.run())
    await settled()
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


@pytest.fixture
async def house() -> AsyncIterator[House]:
    made = House()
    await made.store.create("demo", id=TENANT, epoch="e1", now_ms=1)
    await made.commit("s1", grants=[grant("ana", "s1"), grant("bo", "s1"), grant("bo", "s2")])
    async with running(made):
        yield made


async def test_those_with_a_grant_in_the_scope_are_poked_and_no_others(house: House) -> None:
    ana, bo, eve = await house.listen("ana"), await house.listen("bo"), await house.listen("eve")
    await house.commit("s2")
    await settled()
    assert (ana.heard, bo.heard, eve.heard) == (0, 1, 0)


async def test_what_a_device_changed_alone_pokes_all_but_that_device(house: House) -> None:
    phone, tablet = await house.listen("ana", "phone"), await house.listen("ana", "tablet")
    unnamed, bo = await house.listen("ana"), await house.listen("bo", "bos")
    for _ in range(2):
        await house.commit("s1", device="phone", signal=False)
    await house.commit("s1", device="phone")
    await settled()
    assert (phone.heard, tablet.heard, unnamed.heard, bo.heard) == (0, 1, 1, 1)


async def test_what_several_devices_changed_pokes_each_that_may_see_anothers_change(house: House) -> None:
    anas, bos, anas_tablet = [await house.listen(*each) for each in (("ana", "a"), ("bo", "b"), ("ana", "t"))]
    await house.commit("s1", device="a", signal=False)
    await house.commit("s2", user="bo", device="b")
    await settled()
    assert (anas.heard, bos.heard, anas_tablet.heard) == (0, 1, 1)
    await house.commit("s1", device="a", signal=False)
    await house.commit("s1", user="bo", device="b")
    await settled()
    assert (anas.heard, bos.heard, anas_tablet.heard) == (1, 2, 2)


async def test_what_is_read_is_announced_before_anybody_is_poked_for_it(house: House) -> None:
    class Asking(Ear):
        def poke(self) -> None:
            super().poke()
            known.append(list(house.announced))

    known: list[list[tuple[str, list[int]]]] = []
    await house.hub.join(TENANT, "ana", Asking())
    await house.commit("s1", signal=False)
    await house.commit("s1")
    await settled()
    assert known == [[], [(TENANT, [2, 3])]]


async def test_a_batch_with_many_changes_is_one_poke(house: House) -> None:
    bo = await house.listen("bo")
    for scope in ("s1", "s2", "s1"):
        await house.commit(scope, signal=False)
    await house.commit("s2")
    await settled()
    assert bo.heard == 1


async def test_a_new_root_is_told_to_its_maker(house: House) -> None:
    eve = await house.listen("eve")
    await house.commit("s3", record="s3", op="create", user="eve", grants=[grant("eve", "s3", since=2)])
    await settled()
    assert eve.heard == 1
    await house.commit("s3")
    await settled()
    assert eve.heard == 2


async def test_a_new_root_is_news_to_the_other_devices_of_its_maker_who_all_listen_from_then_on(house: House) -> None:
    phone, tablet = await house.listen("eve", "phone"), await house.listen("eve", "tablet")
    made: dict[str, Any] = {"record": "s3", "op": "create", "user": "eve", "grants": [grant("eve", "s3", since=2)]}
    await house.commit("s3", **made, device="phone")
    await settled()
    assert (phone.heard, tablet.heard) == (0, 1)
    await house.commit("s3", user="eve", device="tablet")
    await settled()
    assert (phone.heard, tablet.heard) == (1, 1)


async def test_what_another_writes_into_a_root_as_soon_as_it_is_made_is_news_to_its_maker(house: House) -> None:
    phone, tablet = await house.listen("eve", "phone"), await house.listen("eve", "tablet")
    made: dict[str, Any] = {"record": "s3", "op": "create", "user": "eve", "grants": [grant("eve", "s3", since=2)]}
    await house.commit("s3", **made, device="phone", signal=False)
    await house.commit("s3", user="eve", device="tablet")
    await settled()
    assert (phone.heard, tablet.heard) == (1, 1)


async def test_a_device_that_gives_its_own_user_another_role_is_not_poked_but_all_others_are(house: House) -> None:
    phone, tablet = await house.listen("bo", "phone"), await house.listen("bo", "tablet")
    ana = await house.listen("ana", "anas")
    removal: dict[str, Any] = {"kind": "Member", "user": "bo", "grants": [grant("bo", "s1", until=2)]}
    await house.commit("s1", **removal, device="phone")
    await settled()
    assert (phone.heard, tablet.heard, ana.heard) == (0, 1, 1)
    await house.commit("s1", device="anas")
    await settled()
    assert (phone.heard, tablet.heard, ana.heard) == (0, 1, 1)


async def test_an_invited_user_is_poked_and_listens_from_then_on(house: House) -> None:
    eve = await house.listen("eve")
    await house.commit("s1", kind="Member", fields={"user": "eve"}, grants=[grant("eve", "s1", since=2)])
    await house.commit("s1")
    await settled()
    await house.commit("s1")
    await settled()
    assert eve.heard >= 2


async def test_a_removed_user_is_poked_a_last_time_and_again_when_invited_back(house: House) -> None:
    bo = await house.listen("bo")
    await house.commit("s2", kind="Member", fields={"role": None}, grants=[grant("bo", "s2", until=2)])
    await settled()
    assert bo.heard == 1
    await house.commit("s2")
    await settled()
    assert bo.heard == 1
    await house.commit("s2", kind="Member", fields={"role": "editor"}, grants=[grant("bo", "s2", since=4)])
    await settled()
    await house.commit("s2")
    await settled()
    assert bo.heard == 3


async def test_what_is_shared_with_everybody_pokes_everybody_from_then_on_and_no_more_once_it_is_not(
    house: House,
) -> None:
    ears = [await house.listen(user) for user in ("ana", "eve", "cleo")]
    shared: dict[str, Any] = {"kind": "Member", "fields": {"user": "*", "role": "viewer"}}
    await house.commit("s2", **shared, grants=[grant("*", "s2", since=2)])
    await settled()
    await house.commit("s2")
    await settled()
    assert [ear.heard for ear in ears] == [2, 2, 2]
    await house.commit("s2", kind="Member", fields={"role": None}, grants=[grant("*", "s2", since=2, until=4)])
    await settled()
    await house.commit("s2")
    await settled()
    assert [ear.heard for ear in ears] == [3, 3, 3]


async def test_a_grant_that_comes_while_grants_are_read_is_not_missed(house: House) -> None:
    async def invite() -> None:
        grants = [grant("eve", "s1", since=2)]
        await house.commit("s1", kind="Member", fields={"user": "eve"}, grants=grants)
        await settled()

    house.store.meanwhile = invite
    ear = Ear()
    await house.hub.join(TENANT, "eve", ear)
    await settled()
    ear.heard = 0
    await house.commit("s1")
    await settled()
    assert ear.heard == 1


async def test_a_listener_that_leaves_is_never_poked_again(house: House) -> None:
    ana, tablet = await house.listen("ana"), await house.listen("ana")
    house.hub.leave(TENANT, "ana", ana)
    await house.commit("s1")
    await settled()
    assert (ana.heard, tablet.heard) == (0, 1)
    house.hub.leave(TENANT, "ana", tablet)
    house.hub.leave(TENANT, "ana", tablet)
    assert not house.hub._audiences


async def test_what_the_store_could_not_read_is_read_at_the_next_signal(house: House) -> None:
    ana = await house.listen("ana")
    house.store.failing = True
    await house.commit("s1")
    await settled()
    assert ana.heard == 0
    assert json.loads(house.out.getvalue())["event"] == "pokes delayed"
    await house.commit("s2")
    await settled()
    assert ana.heard == 1


async def test_a_signal_that_comes_late_costs_no_look_at_the_store(house: House) -> None:
    ana = await house.listen("ana")
    await house.commit("s1")
    await house.commit("s1")
    await settled()
    ana.heard = house.store.asked = 0
    for position in (1, 2, 3):
        house.signals.publish(TENANT, position)
        await settled()
    assert (house.store.asked, ana.heard) == (0, 0)


async def test_when_signals_may_have_been_lost_the_poll_comes_at_once(house: House) -> None:
    ana, eve = await house.listen("ana"), await house.listen("eve")
    await house.commit("s1", signal=False)
    await settled()
    assert ana.heard == 0
    house.signals.publish(EVERY_TENANT, 0)
    await settled()
    assert (ana.heard, eve.heard) == (1, 0)


async def test_a_new_epoch_pokes_everyone_and_goes_on_from_its_head(house: House) -> None:
    ana, eve = await house.listen("ana", "d"), await house.listen("eve")
    await house.commit("s2")
    await settled()
    await house.store.begin_epoch(TENANT, "e1")
    house.signals.publish(EVERY_TENANT, 0)
    await settled()
    assert (ana.heard, eve.heard) == (1, 1)
    await house.commit("s1", device="another")
    await settled()
    assert (ana.heard, eve.heard) == (2, 1)
