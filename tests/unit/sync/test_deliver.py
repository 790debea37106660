"""Delivering: in order, at least once, none skipped; what fails holds its own follower in its own log, and no more."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable, Sequence

import pytest

from homeport_client.fleet import clock
from homeport_sync import App, Entry
from homeport_sync.deliver import BATCH_S, ENTRIES_MAX, ENTRY_LONGEST_S, KEEP_EVERY_S, Delivery
from homeport_sync.errors import FollowerFailed, FollowerTooSlow
from homeport_sync.follow import LEASE_MS, Follower, Turn
from homeport_sync.memory import MemoryStore
from tests.unit.sync.afterwards import OTHER, TENANT, Board, commit, logged, new_app, new_store

NAME = "app:tell"


class Broken(Exception):
    """What the app's function raises."""


class Scene:
    """A store, an app whose one follower does as a test says, and what it was given."""

    def __init__(self, store: MemoryStore) -> None:
        self.store = store
        self.board = Board()
        self.given: list[int] = []
        self.failing: set[int] = set()
        self.does: Callable[[Entry], Awaitable[None]] | None = None

    async def tell(self, entry: Entry) -> None:
        self.given.append(entry.position)
        if self.does:
            await self.does(entry)
        if entry.position in self.failing:
            raise Broken("the payload of the app")

    def follower(self, app: App | None = None, *, holder: str = "one", give_up_after: int | None = None) -> Follower:
        if app is None:
            app = new_app()
            app.follower(give_up_after=give_up_after)(self.tell)
        (declared,) = app.followers
        return Follower(
            declared.place_name,
            self.store,
            self.store,
            Delivery(declared, app.catalog, self.store, self.board).work,
            holder=holder,
            now_s=lambda: 0,
            read_max=ENTRIES_MAX,
        )

    async def place(self, tenant: str = TENANT) -> int:
        return await self.store.place(tenant, NAME)


@pytest.fixture
async def scene() -> Scene:
    return Scene(await new_store(TENANT, OTHER))


async def test_it_is_given_every_entry_in_order_and_each_once(scene: Scene) -> None:
    await commit(scene.store, [logged(each) for each in range(1, ENTRIES_MAX * 2 + 4)])
    follower = scene.follower()
    assert await follower.catch_up(TENANT) is Turn.DONE
    assert await follower.catch_up(TENANT) is Turn.DONE
    assert scene.given == list(range(1, ENTRIES_MAX * 2 + 4))
    assert await scene.place() == ENTRIES_MAX * 2 + 3
    assert len(scene.board.well) == len(scene.given)


@pytest.mark.parametrize(
    ("kinds", "ops", "given"),
    [(None, None, [1, 2, 3, 4]), (["Task"], None, [1, 2, 4]), (["Member"], None, [3]), (None, ["create"], [1, 3])],
)
async def test_it_is_given_what_it_asked_for_of_what_took_effect_and_is_still_declared(
    scene: Scene, kinds: Sequence[str] | None, ops: Sequence[str] | None, given: list[int]
) -> None:
    app = new_app()
    app.follower(kinds=kinds, ops=ops)(scene.tell)  # type: ignore[arg-type]  # the words are the tests'
    entries = [
        logged(1, op="create"),
        logged(2),
        logged(3, kind="Member", op="create"),
        logged(4, op="delete"),
        logged(5, outcome="superseded"),
        logged(6, kind="Gone"),
    ]
    await commit(scene.store, entries)
    assert await scene.follower(app).catch_up(TENANT) is Turn.DONE
    assert scene.given == given
    assert await scene.place() == 6, "and the others are behind it, too"


async def test_what_fails_is_tried_again_and_what_stands_before_it_is_not(scene: Scene) -> None:
    await commit(scene.store, [logged(each) for each in range(1, 6)])
    scene.failing = {3}
    follower = scene.follower()
    for tries in (1, 2, 3):
        with pytest.raises(FollowerFailed) as failed:
            await follower.catch_up(TENANT)
        assert failed.value.values == {"position": 3, "request_id": "request 3", "tries": tries}
        assert isinstance(failed.value.__cause__, Broken)
        assert "payload" not in str(failed.value)
        assert await scene.place() == 2
    scene.failing = set()
    assert await follower.catch_up(TENANT) is Turn.DONE
    assert scene.given == [1, 2, 3, 3, 3, 3, 4, 5]
    assert not scene.board.given_up


async def test_what_fails_next_is_counted_from_one(scene: Scene) -> None:
    await commit(scene.store, [logged(1), logged(2)])
    scene.failing = {1}
    follower = scene.follower()
    for _ in range(2):
        with pytest.raises(FollowerFailed):
            await follower.catch_up(TENANT)
    scene.failing = {2}
    with pytest.raises(FollowerFailed) as failed:
        await follower.catch_up(TENANT)
    assert failed.value.values["tries"] == 1


async def test_what_another_worker_did_meanwhile_does_not_count_against_the_next_entry(scene: Scene) -> None:
    await commit(scene.store, [logged(1), logged(2)])
    scene.failing = {1}
    one, two = scene.follower(), scene.follower(holder="two")
    with pytest.raises(FollowerFailed):
        await one.catch_up(TENANT)
    await one.give_back()
    scene.failing = {2}
    with pytest.raises(FollowerFailed):
        await two.catch_up(TENANT)
    await two.give_back()
    with pytest.raises(FollowerFailed) as failed:
        await one.catch_up(TENANT)
    assert failed.value.values == {"position": 2, "request_id": "request 2", "tries": 1}


async def test_a_tenant_whose_entry_fails_holds_up_no_other(scene: Scene) -> None:
    await commit(scene.store, [logged(1)])
    await commit(scene.store, [logged(1), logged(2)], OTHER)
    scene.failing = {1}
    follower = scene.follower()
    with pytest.raises(FollowerFailed):
        await follower.catch_up(TENANT)
    scene.failing = set()
    assert await follower.catch_up(OTHER) is Turn.DONE
    assert (await scene.place(), await scene.place(OTHER)) == (0, 2)


async def test_what_is_given_up_is_left_out_and_told_of(scene: Scene) -> None:
    await commit(scene.store, [logged(each) for each in range(1, 4)])
    scene.failing = {2}
    follower = scene.follower(give_up_after=3)
    for _ in range(2):
        with pytest.raises(FollowerFailed):
            await follower.catch_up(TENANT)
    assert await follower.catch_up(TENANT) is Turn.DONE
    assert scene.given == [1, 2, 2, 2, 3]
    ((name, tenant, failed),) = scene.board.given_up
    assert (name, tenant, failed.values["position"], failed.values["tries"]) == (NAME, TENANT, 2, 3)
    assert len(scene.board.well) == 2
    assert await scene.place() == 3


async def test_an_entry_that_cannot_be_read_is_no_reason_to_repeat_what_stands_before_it(scene: Scene) -> None:
    await commit(scene.store, [logged(1), logged(2, at_ms=-(10**18))])  # no year of Python's
    with pytest.raises(FollowerFailed) as failed:
        await scene.follower().catch_up(TENANT)
    assert failed.value.values["position"] == 2
    assert (scene.given, await scene.place()) == ([1], 1)


def slow_scene(play: Callable[[Scene], Awaitable[None]]) -> None:
    """In virtual time."""

    async def main() -> None:
        await play(Scene(await new_store(TENANT)))

    clock.run(main())


def test_what_takes_too_long_is_cancelled_and_has_failed() -> None:
    async def play(scene: Scene) -> None:
        ended: list[str] = []

        async def hangs(_entry: Entry) -> None:
            try:
                await asyncio.sleep(ENTRY_LONGEST_S * 2)
            except asyncio.CancelledError:
                ended.append("cancelled")
                raise

        scene.does = hangs
        await commit(scene.store, [logged(1)])
        with pytest.raises(FollowerTooSlow, match="not done after 30 s"):
            await scene.follower().catch_up(TENANT)
        assert ended == ["cancelled"]
        assert asyncio.get_running_loop().time() == pytest.approx(ENTRY_LONGEST_S)

    slow_scene(play)


def test_what_will_not_be_cancelled_is_left_to_itself() -> None:
    async def play(scene: Scene) -> None:
        async def stays(_entry: Entry) -> None:
            while True:
                try:
                    await asyncio.sleep(ENTRY_LONGEST_S)
                except asyncio.CancelledError:
                    await asyncio.sleep(ENTRY_LONGEST_S)
                    raise Broken from None

        complaints: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _loop, told: complaints.append(told))
        scene.does = stays
        await commit(scene.store, [logged(1)])
        with pytest.raises(FollowerTooSlow):
            await scene.follower().catch_up(TENANT)
        await asyncio.sleep(ENTRY_LONGEST_S * 2)
        gc.collect()
        assert not complaints, "what it raises then is nobody's"

    slow_scene(play)


def test_the_lease_runs_anew_while_the_function_works() -> None:
    async def play(scene: Scene) -> None:
        kept: list[float] = []
        keep_place = scene.store.keep_place

        async def keeps(lease: object, position: int) -> object:
            kept.append(asyncio.get_running_loop().time())
            return await keep_place(lease, position)  # type: ignore[arg-type]

        scene.store.keep_place = keeps  # type: ignore[assignment,method-assign]
        scene.does = lambda _entry: asyncio.sleep(20)
        await commit(scene.store, [logged(1)])
        await scene.follower().catch_up(TENANT)
        assert max(b - a for a, b in zip([0.0, *kept], kept, strict=False)) <= LEASE_MS / 2_000

    slow_scene(play)


def test_whoever_lost_its_lease_meanwhile_stops_what_it_does() -> None:
    async def play(scene: Scene) -> None:
        ended: list[str] = []

        async def slow(_entry: Entry) -> None:
            try:
                await asyncio.sleep(20)
            except asyncio.CancelledError:
                ended.append("cancelled")
                raise

        async def taken() -> None:
            await asyncio.sleep(1)
            place = scene.store._place(TENANT, NAME)
            place.holder, place.fence = "two", place.fence + 1

        scene.does = slow
        await commit(scene.store, [logged(1)])
        turn, _ = await asyncio.gather(scene.follower().catch_up(TENANT), taken())
        assert turn is Turn.LOST
        assert ended == ["cancelled"]
        assert not scene.board.well

    slow_scene(play)


def test_what_was_done_is_kept_every_second_and_a_crash_repeats_no_more_than_that() -> None:
    async def play(scene: Scene) -> None:
        step_s = KEEP_EVERY_S / 4

        async def crashes(entry: Entry) -> None:
            await asyncio.sleep(step_s)
            if entry.position == 7:
                await asyncio.Event().wait()

        scene.does = crashes
        await commit(scene.store, [logged(each) for each in range(1, 9)])
        dies = asyncio.create_task(scene.follower().catch_up(TENANT))
        await asyncio.sleep(step_s * 7.5)
        dies.cancel()
        await asyncio.wait({dies})
        assert await scene.place() == 4
        scene.does, scene.given = None, []
        await scene.follower().catch_up(TENANT)
        assert scene.given == [5, 6, 7, 8]

    slow_scene(play)


def test_a_long_log_is_left_after_a_while_for_others_and_gone_on_with() -> None:
    async def play(scene: Scene) -> None:
        scene.does = lambda _entry: asyncio.sleep(BATCH_S / 4)
        await commit(scene.store, [logged(each) for each in range(1, 11)])
        follower = scene.follower()
        turns = [await follower.catch_up(TENANT) for _ in range(3)]
        assert turns == [Turn.MORE, Turn.MORE, Turn.DONE]
        assert scene.given == list(range(1, 11))

    slow_scene(play)
