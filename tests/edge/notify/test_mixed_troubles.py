"""All troubles at random over a campaign whose workers die, over real sockets: whatever happens, the laws hold.

A worker dies as a process does: from one of its calls to the store on, nothing that it wants to write is written, and
what it wrote last may be known to nobody. `HOMEPORT_SEED` replays one seed.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Final, cast

import pytest

from homeport_notify import limits
from homeport_notify.address import ChannelName
from homeport_notify.deliver import DelivererStore
from homeport_notify.delivery import DeliveryState as S
from homeport_notify.delivery import unpack
from homeport_notify.emulator.keys import EmulatorKeys
from homeport_notify.notification import Notification
from homeport_notify.preferences import Preferences
from homeport_sync.errors import Unavailable
from tests.edge.notify.campaigns import Site, site
from tests.unit.notify.samples import HOUR_MS, TENANT

SEEDS: Final = [int(os.environ["HOMEPORT_SEED"])] if "HOMEPORT_SEED" in os.environ else list(range(1, 5))
ROUNDS: Final = 30
PEOPLE: Final = 120
CAMPAIGNS: Final = 4
CHANNELS: Final[tuple[ChannelName, ...]] = ("fcm", "apns")
TROUBLES: Final = ("unavailable", "internal", "throttled", "bad_gateway", "reset", "reset_untaken")


class Mortal:
    """A store as a worker sees it that dies at its `calls`-th call: before it, or when it is done and nobody hears."""

    def __init__(self, store: object, calls: int, *, before: bool) -> None:
        self._store = store
        self._calls = calls
        self._before = before

    def __getattr__(self, name: str) -> Callable[..., object]:
        method = getattr(self._store, name)

        async def call(*args: object, **named: object) -> object:
            self._calls -= 1
            if self._calls < 0 or (self._calls == 0 and self._before):
                raise Unavailable
            done = await method(*args, **named)
            if self._calls == 0:
                raise Unavailable
            return done

        return call


async def steps(here: Site, random: Random) -> None:
    """Two workers at once; one of them may die, or be told to end."""
    mortal = Mortal(here.store, random.randint(1, 12), before=random.random() < 0.5)
    doomed = cast(DelivererStore, mortal) if random.random() < 0.6 else None
    workers = [here.worker("doomed", seed=random.getrandbits(32), store=doomed), here.worker("other")]
    tasks = [asyncio.create_task(worker.step(TENANT, "bulk")) for worker in workers]
    if random.random() < 0.2:
        for _ in range(random.randint(1, 60)):
            await asyncio.sleep(0)
        random.choice(tasks).cancel()
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        assert not isinstance(outcome, BaseException) or isinstance(outcome, Unavailable | asyncio.CancelledError)


async def weather(here: Site, random: Random, told: list[Notification], lost: set[str], muted: set[str]) -> None:
    """What happens next."""
    here.emulator.behave(**dict.fromkeys(TROUBLES, 0.0), outage="none", key="good", latency_ms=0.0)
    here.emulator.behave(retry_after=random.choice(["seconds", "date", "none"]), retry_after_s=random.choice([0, 20]))
    match random.randrange(9):
        case 0:
            here.emulator.behave(outage=random.choice(TROUBLES))
        case 1 | 2:
            here.emulator.behave(**dict.fromkeys(random.sample(TROUBLES, 3), random.choice([0.005, 0.05, 0.2])))
        case 3:
            here.emulator.behave(key="revoked")
        case 4:
            here.emulator.expire()
            here.emulator.goaway()
        case 5:
            some = random.sample(here.addresses, 5)
            here.emulator.phones.lose([each.target for each in some])
            lost |= {each.id for each in some}
        case 6:
            some = random.sample(here.addresses, 5)
            for each in some:
                await here.store.prefer(TENANT, each.user, Preferences(muted=frozenset({"*"})), here.clock.now_ms)
            muted |= {each.id for each in some}
        case 7:
            here.emulator.behave(latency_ms=5.0)
        case _:
            pass
    if random.random() < 0.5:
        await somebody_mends(here, told)


async def somebody_mends(here: Site, told: list[Notification]) -> None:
    for channel in CHANNELS:
        await here.store.open_gate(channel, here.clock.now_ms)
    for each in told:
        if (await here.notification(each)).state == "paused":
            await here.store.steer(TENANT, each.id, "resume", "")


async def states(here: Site, told: Notification) -> dict[str, S]:
    """What became of the delivery to each address: exactly one thing."""
    found: dict[str, S] = {}
    for chunk in await here.store.chunks(TENANT, told.id, -1, 100_000):
        for address, state in zip(unpack(chunk.addresses), chunk.states, strict=True):
            if state != S.DEFERRED:
                assert address not in found, f"{address} is in two chunks."
                found[address] = S(state)
    return found


async def story(here: Site, seed: int, *, at_least_once: bool) -> None:
    random = Random(seed)
    for channel in CHANNELS:
        await here.people(PEOPLE // 2, channel)
    told = [
        await here.tell(here.campaign(number, at_least_once=at_least_once, topic="news"))
        for number in range(1, CAMPAIGNS + 1)
    ]
    begun_ms, lost, muted = here.clock.now_ms, set[str](), set[str]()
    for _ in range(ROUNDS):
        await weather(here, random, told, lost, muted)
        await steps(here, random)
        here.clock.now_ms += random.choice([0, 1_000, 20_000, limits.CHUNK_LEASE_MS + 1])
    here.emulator.behave(**dict.fromkeys(TROUBLES, 0.0), outage="none", key="good", latency_ms=0.0)
    await here.reopen()  # with a good key
    await somebody_mends(here, told)
    here.clock.now_ms += limits.CHUNK_LEASE_MS + 1  # the last who died held something
    await here.run_on()
    for each in told:
        await judge(here, each, lost, muted, at_least_once=at_least_once)
    assert here.clock.now_ms - begun_ms < 2 * HOUR_MS


async def judge(here: Site, told: Notification, lost: set[str], muted: set[str], *, at_least_once: bool) -> None:
    assert (await here.notification(told)).state == "done"
    became, took = await states(here, told), [push for _, push in here.took if push.data["hp_notification"] == told.id]
    times = Counter(push.target for push in took)
    target = {each.id: each.target for each in here.addresses}
    assert became.keys() == target.keys(), "every address is accounted for"
    assert Counter(became.values()) == await here.counts(told)
    taken = {id for id in target if times[target[id]]}
    by_state = {state: {id for id, each in became.items() if each == state} for state in S}
    assert by_state[S.SENT] <= taken, "what is sent the provider has"
    assert by_state[S.GONE] | by_state[S.RETIRED] <= lost
    assert by_state[S.MUTED] <= muted
    assert {each.address for each in await here.store.dead_letters(TENANT, told.id, "", 10_000)} == by_state[S.FAILED]
    if at_least_once:
        assert not by_state[S.UNKNOWN]
        tags = {(push.target, push.data["hp_delivery"]) for push in took}
        assert len(tags) == len(taken), "whatever comes again has the same name"
    else:
        assert set(times.values()) <= {1}, "nobody is told twice"
        assert taken <= by_state[S.SENT] | by_state[S.UNKNOWN]
    kept = await here.store.of_devices(TENANT, [each.device for each in here.addresses])
    assert {each.id for each in here.addresses} - {each.id for each in kept} <= lost
    assert not any(each.strikes for each in kept)


@pytest.mark.parametrize("at_least_once", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
async def test_whatever_happens_everybody_is_accounted_for(
    tmp_path: Path, keys: EmulatorKeys, seed: int, at_least_once: bool
) -> None:
    async with site(tmp_path, keys, in_memory=True, seed=seed) as here:
        await story(here, seed, at_least_once=at_least_once)
