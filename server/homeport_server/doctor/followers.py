"""Followers and schedules: how far behind they are, and whether any worker holds a lease."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing

from homeport_server.data import database_of
from homeport_server.database import Store, opened_store
from homeport_server.doctor.finding import Finding, all_fine, fine, wrong
from homeport_server.settings import Settings
from homeport_sync import App
from homeport_sync.entry import moment_of
from homeport_sync.ports import Tenant
from homeport_sync.schedule import Schedule
from homeport_sync.usage import FOLLOWER

TENANTS_MAX = 1_000
NEVER_BEGAN = -1
POLLS_LATE_MAX = 2  # a worker looks by itself once a poll: whoever is later is not working
_MENDS_POSTGRES = ("start more workers: homeport work", "start one: homeport work")
_MENDS_SQLITE = ("look for `follower failed` in the server's log", "start the server, which is one: homeport serve")
_LEASED_UNTIL = "SELECT coalesce(max(leased_until), -1) FROM places WHERE tenant_id = $1 AND follower = $2"


async def check_followers(settings: Settings, now_ms: Callable[[], int], app: App | None = None) -> Sequence[Finding]:
    """Of the first `TENANTS_MAX` tenants, those whose log waits longer than it should, for Homeport's own follower and
    those of the `app`; and those for whom a schedule has not come round."""
    followers = [FOLLOWER, *(each.place_name for each in app.followers)] if app else [FOLLOWER]
    async with opened_store(settings) as store:
        tenants = await store.tenants("", TENANTS_MAX)
        found = [
            await _look(store, settings, tenant, follower, now_ms()) for tenant in tenants for follower in followers
        ]
        for schedule in app.schedules if app else ():
            found += [await _look_at_time(store, settings, tenant, schedule, now_ms()) for tenant in tenants]
    what = f"no follower is late (tenants looked at: {len(tenants):,})"
    if idle := [each.what for each in found if each and each.ok]:
        what += f"; {idle[0]} (logs like it: {len(idle):,})"
    return all_fine(what, (each for each in found if each and not each.ok))


async def _look(store: Store, settings: Settings, tenant: Tenant, follower: str, now_ms: int) -> Finding | None:
    """What is wrong or worth a word; nothing if the follower is up with its log, or is not late and has a worker."""
    place = await store.place(tenant.id, follower)
    waiting = await store.read(tenant.id, place, 1)
    if not waiting:
        return None
    late_s = (now_ms - waiting[0].accepted_at_ms) / 1_000
    leased_until = await _leased_until(settings, tenant.id, follower)
    works = leased_until > now_ms
    if leased_until == NEVER_BEGAN and follower != FOLLOWER:
        return None  # it is declared, and no worker that knows it has come to this log
    if late_s <= (late_max_s := POLLS_LATE_MAX * settings.work_poll_s):
        idle = f"no worker is at the log of {tenant.name}, which has moved: that is a fault after {late_max_s:g} s"
        return None if works else fine(idle)
    behind = (await store.standing(tenant.id, "", "")).head.position - place
    what = f"the follower {follower} is {behind:,} changes and {late_s:,.0f} s behind in the log of {tenant.name}"
    if follower != FOLLOWER:
        return wrong(what, _mend_of_app(settings))
    more, one = _MENDS_POSTGRES if settings.database_url else _MENDS_SQLITE
    if works:
        return wrong(f"{what}, though a worker is at it", more)
    return wrong(f"{what}, and no worker runs", one)


async def _look_at_time(
    store: Store, settings: Settings, tenant: Tenant, schedule: Schedule, now_ms: int
) -> Finding | None:
    """What is wrong, if the last of its times has not been worked through for the tenant. One that never began has no
    place yet."""
    due_ms = schedule.due_ms(now_ms)
    late_s = (now_ms - due_ms) / 1_000
    place = await store.place(tenant.id, schedule.place_name)
    if not 0 < place < due_ms or late_s <= POLLS_LATE_MAX * settings.work_poll_s:
        return None
    what = f"the schedule {schedule.name} of {tenant.name} was due at {moment_of(due_ms):%Y-%m-%d %H:%M:%S} UTC"
    return wrong(f"{what}, and is not through", _mend_of_app(settings))


def _mend_of_app(settings: Settings) -> str:
    """An app's follower holds no lease while it rests after a failure: so that says nothing of who works."""
    where, verb = ("a worker's", "work") if settings.database_url else ("the server's", "serve")
    return f"look for `follower failed` in {where} log, and mend what it says; if none runs: homeport {verb}"


async def _leased_until(settings: Settings, tenant: str, follower: str) -> int:
    """When the lease of this follower runs out, in milliseconds since 1970, or `NEVER_BEGAN`. Upkeep's own, which lies
    beside it, is long and says nothing of who works."""
    if not settings.database_url:
        with closing(sqlite3.connect(database_of(settings.data))) as file:
            return int(file.execute(_LEASED_UNTIL, {"1": tenant, "2": follower}).fetchone()[0])
    import asyncpg

    connection = await asyncpg.connect(settings.database_url)
    try:
        async with connection.transaction(readonly=True):
            await connection.execute("SELECT set_config('homeport.tenant', $1, true)", tenant)
            return int(await connection.fetchval(_LEASED_UNTIL, tenant, follower))
    finally:
        await connection.close()
