"""A chunk in a worker's hand: what is written when, and what becomes of each delivery, whoever dies."""

from __future__ import annotations

import asyncio
from collections import Counter
from random import Random

import pytest

from homeport_notify import limits
from homeport_notify.answer import SENT, Answer, Fate
from homeport_notify.audience import ToUsers
from homeport_notify.deliver import Deliverer
from homeport_notify.delivery import DeliveryState, counts
from homeport_notify.expand import Expander
from homeport_notify.memory import MemoryNotifyStore
from homeport_notify.notification import About, Notification
from homeport_notify.ports import Presence
from homeport_notify.preferences import Preferences
from tests.unit.notify.channels import ChannelByHand, PresencesByHand, ToldByHand
from tests.unit.notify.samples import NOW_MS, TENANT, a_notification, an_address

S = DeliveryState


class NoMembers:
    """No scope has any."""

    async def members(self, tenant: str, scope: str, after: str, limit: int) -> list[str]:
        """See `ports.Members`."""
        assert tenant
        assert scope
        assert limit
        return [] if not after else [after]


class House:
    """A store, a clock, a channel, and workers."""

    def __init__(self) -> None:
        self.now_ms = NOW_MS
        self.store = MemoryNotifyStore(clock=lambda: self.now_ms)
        self.channel = ChannelByHand()
        self.told = ToldByHand()
        self.presences = PresencesByHand()

    def worker(self, name: str = "one", *, rate: int | None = None, ttl_ms: int = limits.CHUNK_LEASE_MS) -> Deliverer:
        return Deliverer(
            self.store,
            {"fcm": self.channel},
            self.presences,
            self.told,
            holder=name,
            wall_ms=lambda: self.now_ms,
            random=Random(1),
            rates={"fcm": rate} if rate else {},
            ttl_ms=ttl_ms,
        )

    async def told_to(self, addresses: int, notification: Notification) -> Notification:
        for number in range(1, addresses + 1):
            await self.store.register(TENANT, an_address(number, user=f"user {number:05}"), self.now_ms)
        await self.store.submit(notification)
        expander = Expander(self.store, NoMembers())
        while await expander.step(TENANT, notification.lane, self.now_ms):
            pass
        return notification

    async def run(self, notification: Notification, worker: Deliverer | None = None) -> None:
        worker = worker or self.worker()
        while await worker.step(TENANT, notification.lane):
            pass

    async def counts(self, notification: Notification) -> dict[DeliveryState, int]:
        return dict((await self.store.progress(TENANT, notification.id)).counts)


@pytest.fixture
def house() -> House:
    return House()


async def test_everybody_is_told_once_and_the_notification_is_done(house: House) -> None:
    note = await house.told_to(1_203, a_notification(state="waiting"))
    await house.run(note)
    assert await house.counts(note) == {S.SENT: 1_203}
    assert set(house.channel.times.values()) == {1}
    assert (await house.store.progress(TENANT, note.id)).notification.state == "done"


async def test_what_is_about_to_be_sent_is_committed_before_it_is(house: House) -> None:
    note = await house.told_to(3, a_notification(state="waiting"))
    seen: list[bytes] = []

    async def look() -> None:
        seen.extend(each.states for each in await house.store.chunks(TENANT, note.id, -1, 10))

    house.channel.before = look
    await house.run(note)
    assert seen == [bytes([S.STARTED] * 3)]


@pytest.mark.parametrize(("at_least_once", "then"), [(False, {S.UNKNOWN: 3}), (True, {S.SENT: 3})])
async def test_a_worker_that_dies_leaves_a_window_which_follows_its_class(
    house: House, at_least_once: bool, then: dict[DeliveryState, int]
) -> None:
    note = await house.told_to(3, a_notification(state="waiting", at_least_once=at_least_once))
    house.channel.held.clear()
    dies = asyncio.create_task(house.worker("dies").step(TENANT, "bulk"))
    await house.channel.busy.wait()
    house.now_ms += limits.CHUNK_LEASE_MS + 1
    house.channel.held.set()
    await house.run(note, house.worker("heir"))
    assert await house.counts(note) == then
    assert set(house.channel.times.values()) == {2 if at_least_once else 1}
    assert {each.collapse_id != "" for each in house.channel.sent} == {at_least_once}
    assert len({(each.target, each.delivery) for each in house.channel.sent}) == 3
    await dies  # wakes up late: what it says counts no more
    assert await house.counts(note) == then


async def test_a_worker_that_is_told_to_stop_writes_what_it_knows_and_gives_the_rest_back(house: House) -> None:
    note = await house.told_to(2, a_notification(state="waiting"))
    house.channel.says = lambda recipient: SENT if recipient.target == "token-1" else None
    release = asyncio.Event()

    async def wait() -> bool:
        await release.wait()
        return True

    house.channel.held.wait = wait  # type: ignore[method-assign,assignment]  # answers at once, and hangs then
    stops = asyncio.create_task(house.worker("stops").step(TENANT, "bulk"))
    await house.channel.busy.wait()
    stops.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stops
    assert await house.counts(note) == {S.SENT: 1, S.STARTED: 1}
    await house.run(note, house.worker("heir"))
    assert await house.counts(note) == {S.SENT: 1, S.UNKNOWN: 1}


async def test_a_worker_that_ends_finishes_its_window_and_gives_the_rest_back(house: House) -> None:
    note = await house.told_to(1_000, a_notification(state="waiting"))
    ends = house.worker("ends")

    async def stop() -> None:
        ends.stop()

    house.channel.before = stop
    await ends.step(TENANT, "bulk")
    assert await house.counts(note) == {S.SENT: limits.WINDOW_MAX, S.WAITING: 1_000 - limits.WINDOW_MAX}
    await house.run(note, house.worker("heir"))
    assert await house.counts(note) == {S.SENT: 1_000}


async def test_a_slow_provider_keeps_the_lease_alive(house: House) -> None:
    note = await house.told_to(1, a_notification(state="waiting"))
    slow = house.worker("slow", ttl_ms=30)
    house.channel.held.clear()
    works = asyncio.create_task(slow.step(TENANT, "bulk"))
    await house.channel.busy.wait()
    renewed = asyncio.Event()
    commit = house.store.commit

    async def noticed(*args: object) -> object:
        renewed.set()
        return await commit(*args)  # type: ignore[arg-type]

    house.store.commit = noticed  # type: ignore[method-assign,assignment]
    await renewed.wait()
    house.channel.held.set()
    await works
    assert (await house.counts(note)).keys() <= {S.STARTED, S.SENT, S.UNKNOWN}


async def test_cancelling_takes_effect_within_a_window(house: House) -> None:
    note = await house.told_to(1_000, a_notification(state="waiting"))

    async def cancel() -> None:
        await house.store.steer(TENANT, note.id, "cancel", "enough")

    house.channel.before = cancel
    await house.run(note)
    assert await house.counts(note) == {S.SENT: limits.WINDOW_MAX, S.CANCELLED: 1_000 - limits.WINDOW_MAX}


async def test_a_notification_that_is_paused_goes_on_when_it_is_resumed(house: House) -> None:
    note = await house.told_to(5, a_notification(state="waiting"))
    await house.store.steer(TENANT, note.id, "pause", "wait")
    await house.run(note)
    assert await house.counts(note) == {S.WAITING: 5}
    await house.store.steer(TENANT, note.id, "resume", "")
    await house.run(note)
    assert await house.counts(note) == {S.SENT: 5}


async def test_an_opt_out_in_mid_campaign_takes_effect(house: House) -> None:
    note = await house.told_to(1_000, a_notification(state="waiting", topic="offers"))
    muted = Preferences(muted=frozenset({"offers"}))
    late: list[str] = []

    async def opt_out() -> None:
        told = {each.target for each in house.channel.sent}
        for number in range(1, 1_001):
            if f"token-{number}" not in told:
                late.append(f"user {number:05}")
                await house.store.prefer(TENANT, late[-1], muted, house.now_ms)

    reachable = house.store.reachable
    windows = 0

    async def between(*args: object) -> object:
        nonlocal windows
        windows += 1
        if windows == 2:
            await opt_out()
        return await reachable(*args)  # type: ignore[arg-type]

    house.store.reachable = between  # type: ignore[method-assign,assignment]
    await house.run(note)
    assert await house.counts(note) == {S.SENT: limits.WINDOW_MAX, S.MUTED: len(late)}


async def test_a_wrong_key_pauses_the_campaign_and_touches_no_address(house: House) -> None:
    note = await house.told_to(3, a_notification(state="waiting"))
    wrong = Answer(fate=Fate.MISCONFIGURED, code="SENDER_ID_MISMATCH", detail="another project")
    house.channel.says = lambda _: wrong
    await house.run(note)
    paused = (await house.store.progress(TENANT, note.id)).notification
    assert paused.state == "paused"
    assert "SENDER_ID_MISMATCH" in paused.reason
    assert house.told.closings[0][0] == "fcm"
    assert all(each.retired is None and not each.strikes for each in await house.store.of_devices(TENANT, _devices(3)))
    house.channel.says = lambda _: SENT
    await house.store.open_gate("fcm", house.now_ms)
    await house.store.steer(TENANT, note.id, "resume", "")
    house.now_ms += limits.MISCONFIGURED_MS + 1_000
    await house.run(note)
    assert await house.counts(note) == {S.SENT: 3}


async def test_one_phone_of_another_project_is_a_dead_letter_and_a_crowd_of_them_is_our_wrong_project(
    house: House,
) -> None:
    stranger = Answer(fate=Fate.MISCONFIGURED, code="SENDER_ID_MISMATCH", narrow="device")
    note = await house.told_to(40, a_notification(state="waiting"))
    house.channel.says = lambda each: stranger if each.target == "token-7" else SENT
    await house.run(note)
    assert await house.counts(note) == {S.SENT: 39, S.FAILED: 1}
    await house.store.submit(second := a_notification(2, state="waiting"))
    await Expander(house.store, NoMembers()).step(TENANT, "bulk", house.now_ms)
    house.channel.says = lambda _: stranger
    await house.run(second)
    assert (await house.store.progress(TENANT, second.id)).notification.state == "paused"
    assert await house.counts(second) == {S.WAITING: 40}


async def test_what_one_person_waits_for_is_not_paused_by_a_wrong_key_but_tried_again(house: House) -> None:
    note = await house.told_to(1, a_notification(state="waiting", lane="transactional"))
    house.channel.says = lambda _: Answer(fate=Fate.MISCONFIGURED)
    await house.run(note)
    assert (await house.store.progress(TENANT, note.id)).notification.state == "running"
    house.channel.says = lambda _: SENT
    house.now_ms += limits.MISCONFIGURED_MS + 1_000
    await house.run(note)
    assert await house.counts(note) == {S.SENT: 1}


async def test_too_many_closes_the_gate_for_all_workers_until_the_provider_says(house: House) -> None:
    note = await house.told_to(1_000, a_notification(state="waiting"))
    house.channel.says = lambda _: Answer(fate=Fate.THROTTLED, retry_after_ms=30_000)
    await house.run(note)
    assert len(house.channel.sent) == limits.WINDOW_MAX  # the second window was not even tried
    house.channel.says = lambda _: SENT
    await house.run(note, house.worker("another"))
    assert len(house.channel.sent) == limits.WINDOW_MAX
    house.now_ms += 31_000
    await house.run(note, house.worker("another"))
    assert await house.counts(note) == {S.SENT: 1_000}


async def test_an_outage_leaves_the_provider_alone_and_ends_in_time(house: House) -> None:
    note = await house.told_to(100, a_notification(state="waiting"))
    house.channel.says = lambda _: Answer(fate=Fate.UNAVAILABLE, code="UNAVAILABLE")
    for _ in range(200):
        await house.run(note)
        house.now_ms += 60_000
    assert await house.counts(note) == {S.FAILED: 100}
    assert max(house.channel.times.values()) < 20
    dead = await house.store.dead_letters(TENANT, note.id, "", 1_000)
    assert Counter(each.code for each in dead) == {"UNAVAILABLE": 100}
    house.channel.says = lambda _: SENT
    await house.store.replay(TENANT, note.id, 1_000, house.now_ms)
    await house.run(note)
    assert await house.counts(note) == {S.SENT: 100}


async def test_a_message_that_is_refused_as_such_stops_the_campaign(house: House) -> None:
    note = await house.told_to(1_000, a_notification(state="waiting"))
    house.channel.says = lambda _: Answer(fate=Fate.BAD_MESSAGE, code="INVALID_ARGUMENT", detail="android.ttl")
    await house.run(note)
    stopped = (await house.store.progress(TENANT, note.id)).notification
    assert (stopped.state, "android.ttl" in stopped.reason) == ("stopped", True)
    assert await house.counts(note) == {S.FAILED: limits.WINDOW_MAX, S.CANCELLED: 1_000 - limits.WINDOW_MAX}


async def test_gone_phones_are_retired_and_not_told_the_next_time(house: House) -> None:
    first = await house.told_to(4, a_notification(1, state="waiting"))
    gone = {"token-2", "token-3"}
    house.channel.says = lambda each: Answer(fate=Fate.GONE) if each.target in gone else SENT
    await house.run(first)
    assert await house.counts(first) == {S.SENT: 2, S.GONE: 2}
    await house.store.submit(second := a_notification(2, state="waiting"))
    await Expander(house.store, NoMembers()).step(TENANT, "bulk", house.now_ms)
    await house.run(second)
    assert await house.counts(second) == {S.SENT: 2}


async def test_who_has_pulled_the_change_is_not_told_of_it(house: House) -> None:
    one, two = _devices(2)
    note = a_notification(state="waiting", lane="transactional", about=About(position=9, author="another"))
    house.presences.known = {one: Presence(pulled_position=9), two: Presence(pulled_position=8)}
    await house.told_to(2, note)
    await house.run(note)
    assert await house.counts(note) == {S.SEEN: 1, S.SENT: 1}
    assert list(house.channel.times) == ["token-2"]


async def test_a_channel_that_is_not_set_up_is_a_dead_letter_that_says_so(house: House) -> None:
    note = a_notification(state="waiting", audience=ToUsers(("ben",)))
    await house.store.register(TENANT, an_address(1, channel="apns"), house.now_ms)
    await house.told_to(0, note)
    await house.run(note)
    (dead,) = await house.store.dead_letters(TENANT, note.id, "", 10)
    assert dead.code == "CHANNEL_MISSING"
    assert "no channel apns" in dead.detail


async def test_no_more_than_the_rate_goes_out_in_a_second(house: House) -> None:
    note = await house.told_to(30, a_notification(state="waiting", lane="transactional"))
    worker = house.worker(rate=10)
    house.now_ms += 10_000_000

    async def next_second() -> None:
        house.now_ms += 1_000

    worker._means.passage.wait = next_second  # type: ignore[method-assign]
    by_second: Counter[int] = Counter()

    async def count() -> None:
        by_second[house.now_ms] += 1

    house.channel.before = count
    await house.run(note, worker)
    assert await house.counts(note) == {S.SENT: 30}
    assert len(by_second) == 3


async def test_a_campaign_leaves_some_of_the_rate_to_what_one_person_waits_for(house: House) -> None:
    passage = house.worker(rate=100)._means.passage
    house.now_ms += 10_000_000
    assert [await passage.share("fcm", 500, "bulk") for _ in range(2)] == [80, 0]
    assert [await passage.share("fcm", 500, "wake") for _ in range(2)] == [10, 0]
    assert [await passage.share("fcm", 3, "transactional") for _ in range(4)] == [3, 3, 3, 1]
    assert await house.worker(rate=1)._means.passage.share("fcm", 1, "bulk") == 0
    house.now_ms += 1_000
    assert await house.worker(rate=1)._means.passage.share("fcm", 1, "bulk") == 1


def _devices(count: int) -> list[str]:
    return [an_address(number).device for number in range(1, count + 1)]


def test_counts_are_of_states() -> None:
    assert counts(bytes([2, 2, 0])) == {S.SENT: 2, S.WAITING: 1}
