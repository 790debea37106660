"""Notifications: whether the channels can be built as they are set up, are open, and what waits to be looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import get_args

from homeport_notify.address import ChannelName
from homeport_notify.ports import NotifyStore
from homeport_server.database import notify_store_of, opened_store
from homeport_server.doctor.finding import Finding, all_fine, fine, wrong
from homeport_server.doctor.followers import TENANTS_MAX
from homeport_server.errors import BadSetting
from homeport_server.notify.channels import channel_names, make_channels
from homeport_server.notify.gates import closed_says
from homeport_server.notify.notifier import TOLD
from homeport_server.settings import Settings
from homeport_sync.ports import Tenant

LOOKED_AT_MAX = 5  # of a tenant's notifications in a lane, the newest


def check_channels(settings: Settings, now_ms: Callable[[], int]) -> Sequence[Finding]:
    """Whether those that the settings name can be built."""
    names = channel_names(settings)
    try:
        make_channels(settings, now_ms)
    except BadSetting as error:
        return [wrong("a channel of notifications cannot be used as it is set up", error.message)]
    return all_fine(f"channels of notifications: {', '.join(names) or 'none is set up in these settings'}", [])


async def check_notifications(settings: Settings, now_ms: Callable[[], int]) -> Sequence[Finding]:
    """Closed channels; and of the first tenants' newest notifications those that were halted, and, which is no fault
    by itself, those that have dead letters."""
    async with opened_store(settings) as store:
        notifications = notify_store_of(store)
        found = await _gates(notifications, now_ms())
        tenants = await store.tenants("", TENANTS_MAX)
        for tenant in tenants:
            found += await _of(notifications, tenant)
    what = f"no notification waits for you (tenants looked at: {len(tenants):,})"
    return [*all_fine(what, (each for each in found if not each.ok)), *(each for each in found if each.ok)]


async def _gates(store: NotifyStore, now_ms: int) -> list[Finding]:
    gates = [(channel, await store.gate(channel)) for channel in get_args(ChannelName)]
    return [
        wrong(closed_says(channel, gate.closed_until_ms, gate.reason), f"mend it, then: homeport notify open {channel}")
        for channel, gate in gates
        if gate.closed_until_ms > now_ms
    ]


async def _of(store: NotifyStore, tenant: Tenant) -> list[Finding]:
    found: list[Finding] = []
    pages = [await store.notifications(tenant.id, "", LOOKED_AT_MAX, lane=lane) for lane in TOLD]
    for each in chain(*pages):
        if each.state in {"paused", "stopped"} and each.reason:
            then = f"resume {tenant.name} {each.id}" if each.state == "paused" else f"send {tenant.name} …"
            what = f"the notification {each.id} is {each.state}: {each.reason}"
            found.append(wrong(what, f"mend it, then: homeport notify {then}"))
        letters = await store.dead_letters(tenant.id, each.id, "", 1)
        if letters and not letters[0].replayed:
            look = f"homeport notify dead {tenant.name} {each.id}"
            found.append(fine(f"deliveries of a notification were given up, such as {letters[0].code}: {look}"))
    return found
