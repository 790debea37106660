"""Each trouble of a provider ends as it has to, over real sockets: who waits, who is told once, and who is accounted
for."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from pathlib import Path

import pytest

from homeport_notify import limits
from homeport_notify.audience import ToUsers
from homeport_notify.delivery import DeliveryState as S
from homeport_notify.emulator import Push
from homeport_notify.emulator.keys import EmulatorKeys
from homeport_notify.notification import Notification
from tests.edge.notify.campaigns import Site, site
from tests.unit.notify.samples import TENANT


def requests(here: Site) -> int:
    """How many the provider has seen."""
    counts = here.emulator.counts()["fcm"]
    refused: dict[str, int] = counts["refused"]
    return int(counts["accepted"]) + sum(refused.values())


async def told_once(here: Site, told: Notification) -> bool:
    """Whether everybody was, and it is over."""
    everybody = len(here.addresses)
    assert await here.counts(told) == {S.SENT: everybody}
    assert (len(here.times), set(here.times.values())) == (everybody, {1})
    assert not await here.codes(told)
    assert await here.unharmed()
    return (await here.notification(told)).state == "done"


# Too many.


@pytest.mark.parametrize("form", ["seconds", "date"])
async def test_too_many_is_left_alone_until_the_time_it_names_and_then_comes_back_slowly(
    tmp_path: Path, keys: EmulatorKeys, form: str
) -> None:
    async with site(tmp_path, keys, together=True) as here:
        here.emulator.behave(outage="throttled", retry_after_s=90, retry_after=form)
        await here.people(300)
        told = await here.tell(here.campaign())
        said_ms = here.clock.now_ms // 1_000 * 1_000  # a date has whole seconds
        await here.run()
        here.emulator.behave(outage="none")
        before = requests(here)
        here.clock.now_ms = said_ms + 89_999
        await here.run()
        assert requests(here) == before == 300
        here.fcm.window_ms = 10_000
        await here.run_on()
        assert await told_once(here, told)
        first_ms, first = here.fcm.windows[1]
        assert first_ms >= said_ms + 90_000
        sizes = [len(targets) for at_ms, targets in here.fcm.windows[1:]]
        assert len(first) == limits.WINDOW_MAX * limits.RAMP_FROM
        assert sizes == sorted(sizes)
        assert len(sizes) == 3
        later = await here.tell(here.campaign(2))
        here.clock.now_ms = first_ms + limits.RAMP_MS
        await here.run()
        assert len(here.fcm.windows[-1][1]) == 300
        assert await here.counts(later) == {S.SENT: 300}


async def test_too_many_without_a_word_how_long_is_a_minute(tmp_path: Path, keys: EmulatorKeys) -> None:
    async with site(tmp_path, keys) as here:
        here.emulator.behave(outage="throttled", retry_after="none")
        await here.people(30)
        told = await here.tell(here.campaign())
        await here.run()
        here.emulator.behave(outage="none")
        await here.run_on()
        assert await told_once(here, told)
        (first_ms, _), (again_ms, _), *_ = here.fcm.windows
        assert again_ms - first_ms >= limits.THROTTLED_MS


# Out of order.


@pytest.mark.parametrize("people", [60, 150, 1_200])
async def test_a_storm_of_errors_leaves_the_provider_alone_and_is_given_up_in_time(
    tmp_path: Path, keys: EmulatorKeys, people: int
) -> None:
    async with site(tmp_path, keys, in_memory=people > 60) as here:
        here.emulator.behave(outage="unavailable")
        await here.people(people)
        told = await here.tell(here.campaign())
        begun_ms = here.clock.now_ms
        await here.run_on()
        assert await here.counts(told) == {S.FAILED: people}
        assert await here.codes(told) == {"UNAVAILABLE": people}
        assert await here.unharmed()
        gaps = [later - at for times in here.fcm.asked.values() for at, later in pairwise(times)]
        assert min(gaps) >= limits.RETRY_FIRST_MS
        windows = here.fcm.windows
        rests = [
            later - at for (at, targets), (later, _) in pairwise(windows) if len(targets) >= limits.SAME_ERRORS_MAX
        ]
        assert min(rests) >= limits.RETRY_FIRST_MS
        assert len(set(rests)) >= len(rests) // 2  # by chance, not in step
        assert len(windows) <= 12 * (1 + people / (limits.WINDOW_MAX * limits.RAMP_FROM))  # it is not cut to pieces
        assert len(await here.store.chunks(TENANT, told.id, -1, 10_000)) <= len(windows) + 2
        assert max(len(times) for times in here.fcm.asked.values()) <= 20
        assert here.clock.now_ms - begun_ms < limits.RETRY_WITHIN_MS + 3 * limits.RETRY_LONGEST_MS

        here.emulator.behave(outage="none")
        assert await here.store.replay(TENANT, told.id, 10_000, here.clock.now_ms) == people
        await here.run_on()
        assert await here.counts(told) == {S.SENT: people}
        assert set(here.times.values()) == {1}


async def test_few_that_fail_are_enough_to_leave_one_alone_who_has_just_come_back(
    tmp_path: Path, keys: EmulatorKeys
) -> None:
    async with site(tmp_path, keys) as here:
        here.emulator.behave(outage="unavailable")
        people = await here.people(600)
        few = tuple(each.user for each in people[:12])
        await here.tell(here.campaign(1, audience=ToUsers(few)))
        await here.tell(here.campaign(2))
        await here.run()
        assert [len(targets) for _, targets in here.fcm.windows] == [12, 500]
        here.clock.now_ms += 2 * limits.RETRY_FIRST_MS
        await here.run()
        assert [len(targets) for _, targets in here.fcm.windows] == [12, 500, 12]


@pytest.mark.parametrize("outage", ["unavailable", "internal", "bad_gateway"])
async def test_what_fails_for_a_while_is_sent_once_it_goes_again(
    tmp_path: Path, keys: EmulatorKeys, outage: str
) -> None:
    async with site(tmp_path, keys) as here:
        here.emulator.behave(outage=outage)
        await here.people(60)
        told = await here.tell(here.campaign())
        begun_ms = here.clock.now_ms
        await here.run_on(until_ms=begun_ms + 5 * 60_000)
        here.emulator.behave(outage="none")
        await here.run_on()
        assert await told_once(here, told)
        assert here.fcm.windows[1][0] - begun_ms >= limits.RETRY_FIRST_MS


async def test_what_was_made_to_wait_is_not_given_up_at_its_first_failure(tmp_path: Path, keys: EmulatorKeys) -> None:
    async with site(tmp_path, keys) as here:
        here.emulator.behave(outage="throttled", retry_after_s=2 * 3_600)
        await here.people(600)
        told = await here.tell(here.campaign())
        await here.run()
        here.emulator.behave(outage="unavailable", retry_after_s=0)
        here.clock.now_ms += 2 * 3_600_000 + 1_000
        await here.run_on(until_ms=here.clock.now_ms + 5 * 60_000)
        here.emulator.behave(outage="none")
        await here.run_on()
        assert await told_once(here, told)


# Whose key is wrong.


async def test_a_key_that_is_revoked_in_mid_campaign_pauses_it_and_afterwards_everybody_is_told_once(
    tmp_path: Path, keys: EmulatorKeys
) -> None:
    async with site(tmp_path, keys, together=True) as here:
        await here.people(1_000)
        told = await here.tell(here.campaign())
        here.fcm.between = lambda: here.emulator.behave(key="revoked")
        await here.run()
        paused = await here.notification(told)
        assert (paused.state, "INVALID_GRANT" in paused.reason) == ("paused", True)
        assert await here.counts(told) == {S.SENT: limits.WINDOW_MAX, S.WAITING: 1_000 - limits.WINDOW_MAX}
        assert not await here.codes(told)
        assert await here.unharmed()
        [(channel, until_ms, reason)] = here.told.closings
        assert (channel, reason) == ("fcm", paused.reason)
        assert until_ms - here.clock.now_ms > limits.MISCONFIGURED_MS - 10_000

        here.fcm.between = lambda: None
        here.emulator.behave(key="good")
        here.clock.now_ms += 5_000  # somebody has to do it
        await here.store.open_gate("fcm", here.clock.now_ms)
        await here.store.steer(TENANT, told.id, "resume", "")
        begun_ms = here.clock.now_ms
        await here.run_on()
        assert await told_once(here, told)
        assert here.clock.now_ms - begun_ms < 60_000  # it went on at once


async def test_a_key_that_google_calls_expired_again_and_again_pauses_as_well(
    tmp_path: Path, keys: EmulatorKeys
) -> None:
    async with site(tmp_path, keys) as here:
        here.emulator.behave(key="expired")
        await here.people(30)
        told = await here.tell(here.campaign())
        await here.run_on()
        assert (await here.notification(told)).state == "paused"
        assert here.emulator.counts()["tokens"]["issued"] == 2
        here.emulator.behave(key="good")
        await here.store.open_gate("fcm", here.clock.now_ms)
        await here.store.steer(TENANT, told.id, "resume", "")
        await here.run_on()
        assert await told_once(here, told)


async def test_an_access_token_that_ends_in_mid_campaign_is_renewed_once_and_nobody_is_told_twice(
    tmp_path: Path, keys: EmulatorKeys
) -> None:
    async with site(tmp_path, keys) as here:
        await here.people(1_000)
        told = await here.tell(here.campaign())
        here.fcm.between = lambda: here.emulator.expire() if len(here.fcm.windows) == 1 else None
        await here.run()
        assert await told_once(here, told)
        assert here.emulator.counts()["tokens"] == {"issued": 2, "refused": 0}
        assert here.emulator.counts()["fcm"]["refused"] == {"ACCESS_TOKEN_EXPIRED": limits.WINDOW_MAX}


async def test_where_the_token_endpoint_is_down_everybody_waits_and_is_told_then(
    tmp_path: Path, keys: EmulatorKeys
) -> None:
    async with site(tmp_path, keys, together=True) as here:
        await here.people(600)
        told = await here.tell(here.campaign())

        def fails() -> None:
            here.emulator.behave(tokens_given="no")
            here.emulator.expire()

        here.fcm.between = fails
        await here.run()
        assert await here.counts(told) == {S.SENT: limits.WINDOW_MAX, S.WAITING: 100}
        here.fcm.between = lambda: None
        here.emulator.behave(tokens_given="yes")
        before, begun_ms = requests(here), here.clock.now_ms
        await here.run()
        assert requests(here) == before
        await here.run_on()
        assert await told_once(here, told)
        assert here.clock.now_ms - begun_ms >= limits.RETRY_FIRST_MS - here.fcm.window_ms


@pytest.mark.parametrize("wrong", ["mistyped project", "wrong address", "others' phones"])
async def test_a_wrong_project_pauses_the_campaign_and_touches_no_address(
    tmp_path: Path, keys: EmulatorKeys, wrong: str
) -> None:
    async with site(tmp_path, keys, project="mistyped" if wrong == "mistyped project" else "") as here:
        await here.people(50, project="another" if wrong == "others' phones" else "")
        if wrong == "wrong address":
            here.fcm.channel._path = "/v2/nowhere"  # type: ignore[attr-defined]  # a URL that somebody mistyped
        told = await here.tell(here.campaign())
        await here.run_on()
        paused = await here.notification(told)
        code = {"mistyped project": "PERMISSION_DENIED", "others' phones": "SENDER_ID_MISMATCH"}.get(wrong, "HTTP_404")
        assert (paused.state, code in paused.reason) == ("paused", True)
        assert await here.counts(told) == {S.WAITING: 50}
        assert not await here.codes(told)
        assert await here.unharmed()


# No answer.


async def test_connections_that_break_in_mid_answer_tell_nobody_twice_who_is_told_at_most_once(
    tmp_path: Path, keys: EmulatorKeys
) -> None:
    async with site(tmp_path, keys) as here:
        here.emulator.behave(reset=0.01)
        await here.people(600)
        told = await here.tell(here.campaign())
        await here.run_on()
        counts = await here.counts(told)
        assert counts.keys() <= {S.SENT, S.UNKNOWN}
        assert sum(counts.values()) == 600
        assert max(here.times.values()) == 1
        assert counts[S.UNKNOWN] > 0
        assert counts[S.SENT] <= len(here.times)
        assert not await here.codes(told)


async def test_connections_that_break_in_mid_answer_tell_some_twice_under_one_tag_who_are_told_at_least_once(
    tmp_path: Path, keys: EmulatorKeys
) -> None:
    async with site(tmp_path, keys) as here:
        here.emulator.behave(reset=0.01)
        await here.people(600)
        told = await here.tell(here.campaign(at_least_once=True))
        await here.run()
        here.emulator.behave(reset=0.0)
        await here.run_on()
        assert await here.counts(told) == {S.SENT: 600}
        assert len(here.times) == 600
        twice = {target for target, times in here.times.items() if times > 1}
        assert 0 < len(twice) <= sum(len(times) > 1 for times in here.fcm.asked.values())
        tags: dict[str, set[str]] = {}
        for _, push in here.took:
            tags.setdefault(push.target, set()).add(push.message["android"]["notification"]["tag"])
            assert push.message["android"]["notification"]["tag"] == push.data["hp_delivery"]
        assert {len(each) for each in tags.values()} == {1}


@pytest.mark.parametrize("outage", ["silent", "reset"])
async def test_a_provider_that_answers_nothing_is_left_alone_before_the_whole_campaign_is_unknown(
    tmp_path: Path, keys: EmulatorKeys, outage: str
) -> None:
    async with site(tmp_path, keys) as here:
        here.impatient()
        here.emulator.behave(outage=outage)
        await here.people(1_000)
        told = await here.tell(here.campaign())
        await here.run()
        assert await here.counts(told) == {S.UNKNOWN: limits.WINDOW_MAX, S.WAITING: 1_000 - limits.WINDOW_MAX}
        here.emulator.behave(outage="none")
        await here.run_on()
        assert await here.counts(told) == {S.UNKNOWN: limits.WINDOW_MAX, S.SENT: 1_000 - limits.WINDOW_MAX}
        assert max(here.times.values()) == 1
        (first_ms, _), (again_ms, again), *_ = here.fcm.windows
        assert again_ms - first_ms >= limits.RETRY_FIRST_MS
        assert len(again) <= 50


async def test_a_worker_that_is_cancelled_while_a_window_is_on_its_way_leaves_it_to_its_class(
    tmp_path: Path, keys: EmulatorKeys
) -> None:
    async with site(tmp_path, keys) as here:
        here.emulator.behave(latency_ms=60_000)
        await here.people(40)
        told = await here.tell(here.campaign())
        begun = asyncio.Event()

        def took(push: Push) -> None:
            here.took.append((here.clock.now_ms, push))
            begun.set()

        here.emulator.tally.watch = took
        doomed = asyncio.create_task(here.worker("doomed").step(TENANT, "bulk"))
        await begun.wait()
        doomed.cancel()
        await asyncio.gather(doomed, return_exceptions=True)
        here.emulator.behave(latency_ms=0)
        await here.run(worker=here.worker("heir"))
        assert await here.counts(told) == {S.UNKNOWN: 40}
        assert set(here.times.values()) == {1}
