"""Attending to an app's function: it is given its time and no more, and the lease it runs under runs anew meanwhile.

What holds up the event loop cannot be helped from here: neither the time nor the lease is looked at then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeAlias

from homeport_sync.errors import FollowerFailed, FollowerTooSlow
from homeport_sync.lease import Lease
from homeport_sync.ports import Places

CANCEL_S: Final = 5.0  # how long a function that was cancelled is waited for; then it is left to itself
RENEWALS: Final = 3  # in the time of a lease
RENEW_MIN_S: Final = 0.1

Call: TypeAlias = Callable[[], Coroutine[Any, Any, None]]
Facts: TypeAlias = dict[str, str | int]


async def attended(call: Call, lease: Lease, places: Places, *, longest_s: float, facts: Facts) -> Lease:
    """Call it and wait, at most `longest_s` seconds; the lease as it is then.

    Raises `FollowerFailed` with these `facts`, caused by what it raised, and `FollowerTooSlow`. What `places` raises,
    such as `LeaseLost`, ends it, too.
    """
    loop = asyncio.get_running_loop()
    until_s, renew_s = loop.time() + longest_s, max(lease.ttl_ms / 1_000 / RENEWALS, RENEW_MIN_S)
    task = loop.create_task(call())
    try:
        while not await _done(task, min(renew_s, until_s - loop.time())):
            if loop.time() >= until_s:
                raise FollowerTooSlow(f"The app's function was not done after {longest_s:g} s.", **facts)
            lease = await places.keep_place(lease, lease.position)
    finally:
        await _end(task)
    if task.cancelled():
        raise FollowerFailed("The app's function cancelled itself.", **facts)
    if error := task.exception():
        raise FollowerFailed(f"The app's function raised {type(error).__name__}.", **facts) from error
    return lease


async def _done(task: asyncio.Task[None], within_s: float) -> bool:
    done, _ = await asyncio.wait({task}, timeout=within_s)
    return bool(done)


async def _end(task: asyncio.Task[None]) -> None:
    if not task.done():
        task.cancel()
        await _done(task, CANCEL_S)
    task.add_done_callback(_look)


def _look(task: asyncio.Task[None]) -> None:
    """Nobody else does, and asyncio would complain of that."""
    if not task.cancelled():
        task.exception()
