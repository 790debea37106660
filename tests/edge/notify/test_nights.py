"""People's own time, end to end: quiet hours and local times across a daylight-saving change, and who changes their
mind in mid-campaign. On SQLite, over a real socket, with a clock that is moved."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from homeport_notify.delivery import DeliveryState as S
from homeport_notify.emulator.keys import EmulatorKeys
from homeport_notify.preferences import Preferences, QuietHours
from tests.edge.notify.campaigns import Site, site
from tests.unit.notify.samples import TENANT

NIGHT = QuietHours(22 * 60, 7 * 60)
ZONES = ("Europe/Rome", "America/New_York", "Asia/Kolkata")


def at(zone: str, wall: str) -> int:
    """Milliseconds since 1970; of a time that comes twice the first."""
    return int(datetime.fromisoformat(wall).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1_000)


async def settled(here: Site, *, quiet: QuietHours | None = NIGHT, muted: frozenset[str] = frozenset()) -> None:
    """A user in each zone, by their own word."""
    for address, zone in zip(await here.people(len(ZONES)), ZONES, strict=True):
        wants = Preferences(timezone=zone, quiet=quiet, muted=muted)
        await here.store.prefer(TENANT, address.user, wants, here.clock.now_ms)
    here.fcm.window_ms = 0


def came(here: Site) -> dict[str, int]:
    """When each zone's user was told."""
    by_target = {push.target: at_ms for at_ms, push in here.took}
    return {zone: by_target[each.target] for zone, each in zip(ZONES, here.addresses, strict=True)}


@pytest.mark.parametrize(
    ("due", "comes"),  # the first by Rome's clock, the others by their own
    [
        # Rome's clock jumps over an hour, and passes one twice in autumn; New York's does a week later.
        ("2027-03-27T23:30", ("2027-03-28T07:00", "2027-03-27T18:30", "2027-03-28T07:00")),
        ("2027-10-30T23:30", ("2027-10-31T07:00", "2027-10-30T17:30", "2027-10-31T07:00")),
        ("2027-11-07T05:00", ("2027-11-07T07:00", "2027-11-07T07:00", "2027-11-07T09:30")),
    ],
)
async def test_what_is_due_in_quiet_hours_comes_when_they_end_by_each_users_own_clock(
    tmp_path: Path, keys: EmulatorKeys, due: str, comes: tuple[str, str, str]
) -> None:
    async with site(tmp_path, keys) as here:
        here.clock.now_ms = due_ms = at("Europe/Rome", due)
        await settled(here)
        told = await here.tell(here.campaign())
        await here.run()
        expected = {zone: at(zone, wall) for zone, wall in zip(ZONES, comes, strict=True)}
        assert (await here.counts(told)).get(S.WAITING, 0) == sum(at_ms > due_ms for at_ms in expected.values()) == 2
        await here.run_on()
        assert came(here) == expected
        assert await here.counts(told) == {S.SENT: 3}


async def test_what_is_urgent_is_told_in_the_night(tmp_path: Path, keys: EmulatorKeys) -> None:
    async with site(tmp_path, keys) as here:
        here.clock.now_ms = at("Europe/Rome", "2027-03-27T23:30")
        await settled(here)
        told = await here.tell(here.campaign(urgent=True))
        await here.run()
        assert await here.counts(told) == {S.SENT: 3}


@pytest.mark.parametrize(
    ("wall", "rome"),
    [
        ("2027-03-28T02:30", "2027-03-28T03:30"),  # there is no such time in Rome: when the clock has jumped
        ("2027-10-31T02:30", "2027-10-31T02:30"),  # there are two: the first
        ("2027-06-01T09:00", "2027-06-01T09:00"),
    ],
)
async def test_a_local_time_is_each_users_own(tmp_path: Path, keys: EmulatorKeys, wall: str, rome: str) -> None:
    async with site(tmp_path, keys) as here:
        here.clock.now_ms = at("Asia/Kolkata", wall) - 3_600_000
        await settled(here, quiet=None)
        told = await here.tell(here.campaign(local_time=wall, hours=30))
        await here.run_on()
        assert came(here) == {
            "Europe/Rome": at("Europe/Rome", rome),
            "America/New_York": at("America/New_York", wall),
            "Asia/Kolkata": at("Asia/Kolkata", wall),
        }
        assert await here.counts(told) == {S.SENT: 3}


async def test_who_changes_their_mind_in_the_night_is_not_told_in_the_morning(
    tmp_path: Path, keys: EmulatorKeys
) -> None:
    async with site(tmp_path, keys) as here:
        here.clock.now_ms = at("Europe/Rome", "2027-03-27T23:30")
        await settled(here)
        told = await here.tell(here.campaign(topic="offers"))
        await here.run()
        rome = here.addresses[0]
        await here.store.prefer(TENANT, rome.user, Preferences(muted=frozenset({"offers"})), here.clock.now_ms)
        await here.run_on()
        assert await here.counts(told) == {S.SENT: 2, S.MUTED: 1}
        assert rome.target not in here.times


async def test_an_opt_out_in_mid_campaign_takes_effect(tmp_path: Path, keys: EmulatorKeys) -> None:
    async with site(tmp_path, keys) as here:
        await here.people(1_100)
        told = await here.tell(here.campaign(topic="offers"))
        assert await here.worker().step(TENANT, "bulk")  # the first thousand
        late = [each for each in here.addresses if each.target not in here.times][::2]
        for each in late:
            await here.store.prefer(TENANT, each.user, Preferences(muted=frozenset({"*"})), here.clock.now_ms)
        await here.run_on()
        assert await here.counts(told) == {S.SENT: 1_050, S.MUTED: 50}
        assert not {each.target for each in late} & here.times.keys()


async def test_a_night_does_not_count_as_time_to_be_tried_in(tmp_path: Path, keys: EmulatorKeys) -> None:
    async with site(tmp_path, keys) as here:
        here.clock.now_ms = at("Europe/Rome", "2027-03-27T21:55")
        await settled(here)
        here.emulator.behave(outage="unavailable")
        told = await here.tell(here.campaign())
        await here.run_on(until_ms=here.clock.now_ms + 40 * 60_000)  # tried until ten, then it is night
        here.clock.now_ms = morning_ms = at("Europe/Rome", "2027-03-28T07:00")
        await here.run_on(until_ms=morning_ms + 5 * 60_000)
        here.emulator.behave(outage="none")
        await here.run_on()
        asked = here.fcm.asked[here.addresses[0].target]
        assert sum(at_ms < morning_ms for at_ms in asked) > 1
        assert sum(at_ms >= morning_ms for at_ms in asked) > 2
        assert await here.counts(told) == {S.SENT: 3}
