"""Waking: which of the devices that have something to pull are woken now.

A device that has pulled meanwhile needs no wake, one that is connected is poked, and one that was woken often enough in
the last hour waits its turn: however much changes meanwhile, it is woken once for all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Final

from homeport_notify import limits
from homeport_notify.audience import ToAddresses
from homeport_notify.message import WAKE
from homeport_notify.notification import Notification
from homeport_notify.ports import Presence, Presences, Wakes
from homeport_notify.wake import Wanted, may_wake_ms
from homeport_sync.clock import uuid7

LISTENS_SLACK_MS: Final = 1_000  # one whose connection is due to be heard of anew is given that long


class Waker:
    """Of one worker. `wall_ms` is the clock, `random` makes ids."""

    def __init__(self, wakes: Wakes, presences: Presences, *, wall_ms: Callable[[], int], random: Random) -> None:
        self._wakes = wakes
        self._presences = presences
        self._wall_ms = wall_ms
        self._random = random

    async def step(self, tenant: str) -> bool:
        """Look at those that are due, a chunk of them at most; whether there were any. Beside another worker it may
        look in vain, and then looks again."""
        now_ms = self._wall_ms()
        due = await self._wakes.due(tenant, now_ms, limits.CHUNK_ADDRESSES_MAX)
        if not due:
            return False
        presences = await self._presences.presences(tenant, sorted({each.device for each in due}))
        caught_up, later, woken = sorted_out(due, presences, now_ms)
        notification = self._wake(tenant, woken, now_ms) if woken else None
        await self._wakes.settle(
            tenant, now_ms, caught_up=caught_up, later=later, woken=woken, notification=notification
        )
        return True

    def _wake(self, tenant: str, woken: Sequence[Wanted], now_ms: int) -> Notification:
        id = uuid7(now_ms, self._random)
        return Notification(
            id=id,
            tenant=tenant,
            key=f"wake {id}",
            audience=ToAddresses(tuple(each.address for each in woken)),
            message=WAKE,
            lane="wake",
            at_least_once=True,
            urgent=True,
            due_at_ms=now_ms,
            expires_at_ms=now_ms + limits.WAKE_TTL_S * 1_000,
            created_at_ms=now_ms,
        )


def sorted_out(
    due: Sequence[Wanted], presences: Mapping[str, Presence], now_ms: int
) -> tuple[list[Wanted], list[tuple[Wanted, int]], list[Wanted]]:
    """Those that are caught up, those to look at later (and when), and those to wake now."""
    caught_up: list[Wanted] = []
    later: list[tuple[Wanted, int]] = []
    woken: list[Wanted] = []
    for wanted in due:
        presence = presences.get(wanted.device, Presence())
        may_ms = may_wake_ms(wanted.platform, wanted.woken_ms, now_ms)
        if presence.pulled_position >= wanted.position:
            caught_up.append(wanted)
        elif presence.listens_until_ms > now_ms:
            later.append((wanted, presence.listens_until_ms + LISTENS_SLACK_MS))
        elif may_ms > now_ms:
            later.append((wanted, may_ms))
        else:
            woken.append(wanted)
    return caught_up, later, woken
