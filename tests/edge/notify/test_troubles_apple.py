"""Each trouble with Apple ends as it has to, over a real socket."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from homeport_notify import limits
from homeport_notify.delivery import DeliveryState as S
from homeport_notify.emulator.keys import EmulatorKeys
from tests.edge.notify.campaigns import site
from tests.unit.notify.samples import TENANT

MINUTE_MS = 60_000
TOKEN_STEP_MS = 40 * MINUTE_MS  # so long a token of ours is shown


async def test_who_is_gone_is_retired_unless_seen_since(tmp_path: Path, keys: EmulatorKeys) -> None:
    async with site(tmp_path, keys, together=True) as here:
        gone, back, there = await here.people(3, "apns")
        here.clock.now_ms += 1_000
        here.emulator.phones.lose([gone.target, back.target])
        here.clock.now_ms += 1_000
        await here.store.register(TENANT, replace(back, seen_at_ms=here.clock.now_ms), here.clock.now_ms)
        told = await here.tell(here.campaign())
        await here.run()
        assert await here.counts(told) == {S.GONE: 2, S.SENT: 1}
        living = await here.store.of_devices(TENANT, [gone.device, back.device, there.device])
        assert {each.id for each in living} == {back.id, there.id}
        assert not await here.codes(told)


async def test_a_token_that_is_none_is_retired_the_second_time(tmp_path: Path, keys: EmulatorKeys) -> None:
    async with site(tmp_path, keys) as here:
        await here.people(3, "apns")
        here.emulator.behave(strangers="gone")
        stray = here.address("ab" * 32, 9, "apns")
        await here.gather([stray])
        for number, strikes in ((1, [1]), (2, [])):
            told = await here.tell(here.campaign(number))
            await here.run()
            assert await here.counts(told) == {S.SENT: 3, S.FAILED: 1}
            assert await here.codes(told) == {"BadDeviceToken": 1}
            kept = await here.store.of_devices(TENANT, [stray.device])
            assert [each.strikes for each in kept] == strikes
        assert await here.unharmed()
        third = await here.tell(here.campaign(3))
        await here.run()
        assert await here.counts(third) == {S.SENT: 3}


async def test_where_no_token_is_right_it_is_the_environment_and_no_address_is_touched(
    tmp_path: Path, keys: EmulatorKeys
) -> None:
    async with site(tmp_path, keys) as here:
        await here.people(30, "apns", topic="com.example.other")
        told = await here.tell(here.campaign())
        await here.run_on()
        paused = await here.notification(told)
        assert (paused.state, "DeviceTokenNotForTopic" in paused.reason) == ("paused", True)
        assert await here.counts(told) == {S.WAITING: 30}
        assert not await here.codes(told)
        assert await here.unharmed()


async def test_a_token_that_apple_calls_expired_is_renewed_once_and_everybody_is_told_once(
    tmp_path: Path, keys: EmulatorKeys
) -> None:
    async with site(tmp_path, keys, together=True, ahead_ms=30 * MINUTE_MS) as here:
        here.clock.now_ms += TOKEN_STEP_MS - here.clock.now_ms % TOKEN_STEP_MS + 35 * MINUTE_MS  # 65 minutes to Apple
        await here.people(40, "apns")
        told = await here.tell(here.campaign())
        await here.run()
        assert await here.counts(told) == {S.SENT: 40}
        assert here.emulator.counts()["apns"]["refused"] == {"ExpiredProviderToken": 40}
        assert set(here.times.values()) == {1}


async def test_a_key_that_is_revoked_pauses_and_afterwards_everybody_is_told_once(
    tmp_path: Path, keys: EmulatorKeys
) -> None:
    async with site(tmp_path, keys) as here:
        await here.people(600, "apns")
        told = await here.tell(here.campaign())
        here.apns.between = lambda: here.emulator.behave(key="revoked")
        await here.run()
        paused = await here.notification(told)
        assert (paused.state, "InvalidProviderToken" in paused.reason) == ("paused", True)
        assert await here.counts(told) == {S.SENT: 500, S.WAITING: 100}
        assert await here.unharmed()
        here.apns.between = lambda: None
        here.emulator.behave(key="good")
        await here.store.open_gate("apns", here.clock.now_ms)
        await here.store.steer(TENANT, told.id, "resume", "")
        await here.run_on()
        assert await here.counts(told) == {S.SENT: 600}
        assert set(here.times.values()) == {1}


async def test_a_phone_that_was_told_too_much_waits_alone(tmp_path: Path, keys: EmulatorKeys) -> None:
    async with site(tmp_path, keys, together=True) as here:
        here.emulator.behave(device_quota_a_minute=1)
        await here.people(25, "apns")
        first = await here.tell(here.campaign(1))
        await here.run()
        assert await here.counts(first) == {S.SENT: 25}
        newcomer = here.emulator.phones.register("apns", "ios")
        await here.gather([here.address(newcomer.target, 99, "apns")])
        second = await here.tell(here.campaign(2))
        begun_ms = here.clock.now_ms
        await here.run()
        assert await here.counts(second) == {S.SENT: 1, S.WAITING: 25}
        assert not here.told.closings
        await here.run_on()
        assert await here.counts(second) == {S.SENT: 26}
        assert here.clock.now_ms - begun_ms >= limits.THROTTLED_MS
        assert here.emulator.counts()["apns"]["refused"] == {"TooManyRequests": 25}
