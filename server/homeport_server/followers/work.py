"""The work beside the requests: Homeport's own followers, those of the app, upkeep and notifications, built for one
process.

On SQLite the server's own process is the only worker. On PostgreSQL `homeport work` is one, of any number.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Coroutine
from random import Random
from secrets import token_hex
from typing import Any

from homeport_server.database import Store
from homeport_server.followers.app_work import AppWork
from homeport_server.followers.lag import Lag
from homeport_server.followers.upkeep import Upkeep
from homeport_server.followers.worker import Worker
from homeport_server.notify.upkeep import NotifyUpkeep
from homeport_server.notify.work import Notifying, NotifyWork
from homeport_server.observe import Log
from homeport_server.observe.metrics import Metrics
from homeport_server.settings import Settings
from homeport_sync import LIMITS, App
from homeport_sync.follow import Follower
from homeport_sync.ports import Signals
from homeport_sync.usage import FOLLOWER, counting

EMBEDDED = "embedded"
USAGE_PACE_S = 1.0  # each piece of work is a durable commit, and on SQLite nobody else can write in it


def make_work(
    settings: Settings,
    app: App,
    store: Store,
    signals: Signals,
    log: Log,
    *,
    metrics: Metrics,
    wall_ms: Callable[[], int],
    notifying: Notifying,
) -> list[Callable[[], Coroutine[Any, Any, None]]]:
    """What runs until it is cancelled."""
    holder = _holder(settings)
    usage = Follower(
        FOLLOWER, store, store, counting(store), holder=holder, ttl_ms=settings.lease_ms, now_s=time.monotonic
    )
    worker = Worker(
        [usage],
        store,
        signals,
        log,
        lag=Lag(store, store, metrics, wall_ms),
        metrics=metrics,
        poll_s=settings.work_poll_s,
        pace_s=USAGE_PACE_S,
        at_once_max=settings.work_at_once_max,
        random=Random(),
    )
    upkeep = Upkeep(
        store,
        log,
        limits=LIMITS,
        wall_ms=wall_ms,
        every_s=settings.upkeep_every_s,
        holder=holder,
        more=[NotifyUpkeep(notifying.store).keep],
    )
    notify_work = NotifyWork(
        app=app,
        settings=settings,
        store=store,
        notifying=notifying,
        log=log,
        metrics=metrics,
        wall_ms=wall_ms,
        holder=holder,
    )
    work = AppWork(
        app=app,
        settings=settings,
        store=store,
        signals=signals,
        log=log,
        metrics=metrics,
        wall_ms=wall_ms,
        holder=holder,
    )
    return [worker.run, upkeep.run, *work.runs(), *notify_work.runs()]


def _holder(settings: Settings) -> str:
    """A name of this worker's own; on SQLite the same in every life, since there is no other worker to wait for.

    A server that was killed has the leases of its former life again at once. Should two serve one file by mistake,
    their lease is one too, and counts are still taken once: they move with the place they start from.
    """
    if not settings.database_url:
        return EMBEDDED
    return f"{socket.gethostname()} {os.getpid()} {token_hex(4)}"  # the first two are for people who read the table
