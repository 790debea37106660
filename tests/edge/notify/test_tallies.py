"""Three tallies of a campaign agree, whatever the provider does: what it counted, what the database says, and what
phones gave receipts for."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from homeport_client.fleet.live.notified import Account, account
from homeport_client.fleet.live.rows import addresses_of, receipts_of, to_tell_of, told_of
from homeport_client.fleet.live.tallies import Tallies, tallies
from homeport_notify.delivery import DeliveryState as S
from homeport_notify.emulator.keys import EmulatorKeys
from homeport_notify.notification import Notification
from tests.edge.notify.campaigns import Site, site
from tests.unit.notify.samples import TENANT

PEOPLE = 120


def by_sql(here: Site) -> Account:
    """What a connection of somebody else's reads in the database."""
    connection = sqlite3.connect(here.path)
    rows = [connection.execute(each(TENANT)).fetchall() for each in (told_of, addresses_of, receipts_of)]
    connection.close()
    return account(*rows)


def to_tell(here: Site) -> int:
    """What the same connection counts as not told yet."""
    connection = sqlite3.connect(here.path)
    [[count]] = connection.execute(to_tell_of(TENANT)).fetchall()
    connection.close()
    return int(count)


async def counted(here: Site, told: Notification) -> Tallies:
    """The three tallies, after phones have given their receipts; and they agree."""
    brought = await here.give_receipts()
    counts = here.emulator.counts()["fcm"]
    found = tallies([push for _, push in here.took], counts["refused"], by_sql(here), brought)
    assert not list(found.differ())
    assert found.taken == counts["accepted"]
    progress = await here.counts(told)
    assert (progress.get(S.SENT, 0), progress.get(S.GONE, 0)) == (found.sent, found.retired)
    assert sum(progress.values()) == PEOPLE
    assert await here.store.received(TENANT, told.id) == (found.received, 0)
    return found


async def test_they_agree_where_all_goes_well(tmp_path: Path, keys: EmulatorKeys) -> None:
    async with site(tmp_path, keys) as here:
        await here.people(PEOPLE)
        told = await here.tell(here.campaign())
        await here.run()
        assert (await counted(here, told)).received == PEOPLE


async def test_they_agree_where_apps_were_removed(tmp_path: Path, keys: EmulatorKeys) -> None:
    async with site(tmp_path, keys) as here:
        people = await here.people(PEOPLE)
        gone = people[::4]
        here.emulator.phones.lose([each.target for each in gone])
        told = await here.tell(here.campaign())
        await here.run()
        found = await counted(here, told)
        assert (found.gone, found.received) == (len(gone), PEOPLE - len(gone))


@pytest.mark.parametrize("retry_after", ["seconds", "date", "none"])
async def test_they_agree_where_a_quota_is_spent_in_the_middle(
    tmp_path: Path, keys: EmulatorKeys, retry_after: str
) -> None:
    async with site(tmp_path, keys, together=True) as here:
        here.emulator.behave(quota_a_minute=50, retry_after=retry_after)
        await here.people(PEOPLE)
        told = await here.tell(here.campaign())
        await here.run_on()
        assert (await counted(here, told)).received == PEOPLE
        assert here.emulator.counts()["fcm"]["refused"]["QUOTA_EXCEEDED"]


async def test_they_agree_where_the_provider_was_out_of_order_for_a_while(tmp_path: Path, keys: EmulatorKeys) -> None:
    async with site(tmp_path, keys) as here:
        here.emulator.behave(outage="unavailable")
        await here.people(PEOPLE)
        told = await here.tell(here.campaign())
        assert to_tell(here) == 1  # to expand
        await here.run_on(until_ms=here.clock.now_ms + 20 * 60_000)
        assert here.emulator.counts()["fcm"]["accepted"] == 0
        assert to_tell(here) >= 1  # to send
        here.emulator.behave(outage="none")
        await here.run_on()
        assert to_tell(here) == 0
        assert (await counted(here, told)).received == PEOPLE


async def test_they_agree_where_the_provider_is_slow(tmp_path: Path, keys: EmulatorKeys) -> None:
    async with site(tmp_path, keys) as here:
        here.emulator.behave(latency_ms=40, latency_p99_ms=300)
        await here.people(PEOPLE)
        told = await here.tell(here.campaign())
        await here.run(worker=here.worker(ttl_ms=150))  # the lease is renewed on the way
        assert (await counted(here, told)).received == PEOPLE


async def test_they_agree_on_what_is_declared_unknown_where_answers_never_come(
    tmp_path: Path, keys: EmulatorKeys
) -> None:
    async with site(tmp_path, keys) as here:
        here.impatient()
        here.emulator.behave(silent=0.2, silent_untaken=0.1)
        await here.people(PEOPLE)
        told = await here.tell(here.campaign())
        await here.run()
        found = await counted(here, told)
        unanswered = here.emulator.counts()["fcm"]["unanswered"]
        assert found.taken == found.received == found.sent + unanswered
        assert found.unknown > unanswered > 0
