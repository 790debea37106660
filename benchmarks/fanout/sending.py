"""A campaign through FCM on SQLite, bookkeeping and all: what a message costs a worker, and what it holds meanwhile.

`python -m benchmarks.fanout.sending ACCOUNT URL`: the provider is another process, and its cost is not ours.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random

import uvloop

from benchmarks.fanout.crowd import campaign, crowd, gather, wall_ms
from benchmarks.fanout.expanding import NoMembers, held_mb
from homeport_notify.address import ChannelName
from homeport_notify.answer import Answer
from homeport_notify.channels.fcm import open_fcm
from homeport_notify.deliver import Deliverer
from homeport_notify.delivery import DeliveryState
from homeport_notify.expand import Expander
from homeport_notify.notification import Lane, Notification
from homeport_notify.ports import Presence
from homeport_notify.sql.store import SqlNotifyStore
from homeport_notify.steering import Steering
from homeport_server.tables import BESIDE
from homeport_sync.sql.sqlite.store import SqliteStore

MESSAGES = int(os.environ.get("HOMEPORT_BENCH_MESSAGES", "1000000"))


class Nobody:
    """Knows nothing, and notes when it was told first."""

    first_s = 0.0

    async def presences(self, tenant: str, devices: Sequence[str]) -> Mapping[str, Presence]:
        """See `ports.Presences`."""
        return {}

    def answered(self, lane: Lane, channel: ChannelName, answer: Answer) -> None:
        """See `means.Told`."""
        self.first_s = self.first_s or time.perf_counter()

    def left_out(self, lane: Lane, state: DeliveryState) -> None:
        """See `means.Told`."""

    def gave_up(self, lane: Lane, letters: int) -> None:
        """See `means.Told`."""

    def closed(self, channel: ChannelName, until_ms: int, reason: str) -> None:
        """See `means.Told`."""
        raise RuntimeError(reason)

    def steered(self, notification: Notification, how: Steering, reason: str) -> None:
        """See `means.Told`."""
        raise RuntimeError(reason)


async def measure(account: Path, url: str) -> dict[str, float]:
    """CPU µs a message, from submitting to done, and by how much the process grew after its first thousand."""
    with tempfile.TemporaryDirectory() as folder:
        store = await SqliteStore.open(Path(folder) / "bench.sqlite3", beside=BESIDE)
        tenant = (await store.create("bench", id=str(uuid.uuid4()), epoch="1", now_ms=0)).id
        await gather(store.beside, tenant, crowd(MESSAGES))
        notify, channel = SqlNotifyStore(store.beside), open_fcm(account, wall_ms, base=f"{url}/v1/projects")
        expander, nobody = Expander(notify, NoMembers()), Nobody()
        deliverer = Deliverer(
            notify, {"fcm": channel}, nobody, nobody, holder="bench", wall_ms=wall_ms, random=Random(1)
        )
        told = campaign(tenant)
        cpu_s, wall_s, held = time.process_time(), time.perf_counter(), []
        await notify.submit(told)
        while await expander.step(tenant, "bulk", wall_ms()) | await deliverer.step(tenant, "bulk"):
            held.append(held_mb())
        first_s = nobody.first_s - wall_s
        cpu_s, wall_s = time.process_time() - cpu_s, time.perf_counter() - wall_s
        counts = (await notify.progress(tenant, told.id)).counts
        if counts != {DeliveryState.SENT: MESSAGES}:
            raise AssertionError(counts)
        await channel.close()
        await store.close()
    return {
        "message_us": cpu_s / MESSAGES * 1e6,
        "messages_per_s": MESSAGES / wall_s,
        "first_message_s": first_s,
        "worker_rss_mb": max(held) - held[0],
    }


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(measure(Path(sys.argv[1]), sys.argv[2]))))
