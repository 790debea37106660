"""A lane of one worker: tenants take turns, what is due later is looked at then, and what is left is told of."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable
from random import Random

from homeport_client.fleet import clock
from homeport_server.followers.worker import Worker
from homeport_server.notify.lag import LaneLag
from homeport_server.notify.lanes import HELD_MS, TURN_S, LaneDuty
from homeport_server.notify.nudges import LaneSignals, LogSignals, nudge
from homeport_server.notify.timers import Timers
from homeport_server.observe import make_log
from homeport_server.observe.metrics import Metrics
from homeport_sync.follow import Turn
from homeport_sync.ports import EVERY_TENANT
from homeport_sync.signals import LocalSignals
from tests.unit.sync.afterwards import OTHER, TENANT, new_store

POLL_S = 3_600.0


class Road:
    """What is due for each tenant, and a lane that does one piece of it a step, each in `step_s` seconds."""

    def __init__(self, step_s: float = 0.0) -> None:
        self.due: dict[str, list[int]] = {}
        self.done: list[tuple[str, int]] = []
        self.step_s = step_s
        self.signals = LocalSignals()
        self.metrics = Metrics()
        self.timers = Timers(clock.now_ms, POLL_S)
        self.duty = LaneDuty(
            lane="bulk",
            steps=[self.step],
            next_due_ms=self.next_due_ms,
            timers=self.timers,
            wall_ms=clock.now_ms,
            now_s=lambda: clock.now_ms() / 1_000,
            end=_at_once,
        )
        self.lag = LaneLag(self.next_due_ms, self.metrics, clock.now_ms)

    async def next_due_ms(self, tenant: str) -> int | None:
        return min(self.due.get(tenant, ()), default=None)

    async def step(self, tenant: str) -> bool:
        await asyncio.sleep(self.step_s)
        due = [each for each in self.due.get(tenant, ()) if each <= clock.now_ms()]
        if due:
            self.due[tenant].remove(due[0])
            self.done.append((tenant, clock.now_ms()))
        return bool(due)

    async def worker(self, hands: int = 1) -> Worker:
        worker = Worker(
            [self.duty],
            await new_store(TENANT, OTHER),
            LaneSignals(self.signals, "bulk"),
            make_log("info", io.BytesIO()),
            lag=self.lag,
            metrics=self.metrics,
            poll_s=POLL_S,
            pace_s=0.05,
            at_once_max=hands,
            random=Random(1),
        )
        self.timers.tell(worker.want)
        return worker


def play(scene: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        await scene()

    clock.run(main())


def test_what_is_due_later_waits_for_its_time_and_not_for_the_poll() -> None:
    async def scene() -> None:
        road = Road()
        running = asyncio.create_task((await road.worker()).run())
        await asyncio.sleep(1)
        began_ms = clock.now_ms()
        road.due[TENANT] = [began_ms + 60_000, began_ms + 3_000]
        nudge(road.signals, TENANT, "bulk")
        await asyncio.sleep(100)
        assert [at_ms - began_ms for _, at_ms in road.done] == [3_000, 60_000]
        running.cancel()
        await asyncio.wait({running})

    play(scene)


def test_a_tenant_with_much_to_do_lets_others_have_their_turn() -> None:
    async def scene() -> None:
        road = Road(step_s=0.1)
        running = asyncio.create_task((await road.worker()).run())
        await asyncio.sleep(1)
        began_ms = clock.now_ms()
        road.due[TENANT] = [began_ms] * 1_000
        nudge(road.signals, TENANT, "bulk")
        await asyncio.sleep(10)
        road.due[OTHER] = [clock.now_ms()]
        asked_ms = clock.now_ms()
        nudge(road.signals, OTHER, "bulk")
        await asyncio.sleep(5)
        (waited_ms,) = [at_ms - asked_ms for tenant, at_ms in road.done if tenant == OTHER]
        assert waited_ms <= (TURN_S + 2 * road.step_s) * 1_000
        running.cancel()
        await asyncio.wait({running})

    play(scene)


def test_what_is_due_and_cannot_be_had_is_asked_for_again_a_little_later_and_not_at_once() -> None:
    async def scene() -> None:
        road, asked = Road(), 0

        async def another_has_it(_tenant: str) -> bool:
            nonlocal asked
            asked += 1
            return False

        assert await road.duty.catch_up(TENANT) is Turn.DONE
        road.due[TENANT] = [clock.now_ms()]
        road.duty.steps = [another_has_it]
        running = asyncio.create_task((await road.worker()).run())
        await asyncio.sleep(10 * HELD_MS / 1_000)
        assert 9 <= asked <= 11
        running.cancel()
        await asyncio.wait({running})

    play(scene)


def test_what_is_left_is_counted_and_everybody_is_told_to_look_when_the_worker_ends() -> None:
    async def scene() -> None:
        road = Road(step_s=TURN_S)
        road.due[TENANT] = [clock.now_ms()] * 3
        assert await road.duty.catch_up(TENANT) is Turn.MORE
        assert road.duty.leases() == 1
        async with road.signals.listen() as told:
            running = asyncio.create_task((await road.worker()).run())
            await asyncio.sleep(0)
            running.cancel()
            await asyncio.wait({running})
            assert (await anext(aiter(told)))[0] == EVERY_TENANT
        assert road.duty.leases() == 0

    play(scene)


def test_a_lane_shows_how_long_the_oldest_of_what_is_due_has_waited() -> None:
    async def scene() -> None:
        road = Road()

        def age_s() -> float | None:
            return road.metrics.registry.get_sample_value("homeport_follower_age_seconds", {"follower": road.duty.name})

        road.due[TENANT] = [clock.now_ms() - 7_000]
        await road.lag.behind(road.duty.name, TENANT)
        assert age_s() == 7
        road.lag.look(road.duty.name, [OTHER])
        assert age_s() == 7
        road.lag.caught_up(road.duty.name, TENANT)
        assert age_s() == 0

    play(scene)


def test_the_log_and_the_lanes_hear_what_is_meant_for_them_over_one_wire() -> None:
    async def scene() -> None:
        signals = LocalSignals()
        of_log, bulk, wake = LogSignals(signals), LaneSignals(signals, "bulk"), LaneSignals(signals, "wake")
        async with of_log.listen() as log, bulk.listen() as campaigns, wake.listen() as wakes:
            nudge(signals, TENANT, "bulk")
            of_log.publish(TENANT, 7)
            wake.publish(OTHER, 0)
            assert await anext(log) == (TENANT, 7)
            assert await anext(campaigns) == (TENANT, 0)
            assert await anext(wakes) == (OTHER, 0)
            bulk.publish(EVERY_TENANT, 0)
            for each in (log, campaigns, wakes):
                assert await anext(each) == (EVERY_TENANT, 0)
        assert of_log.connected()
        assert bulk.connected()

    play(scene)


async def _at_once() -> None:
    """Nothing is under way."""
