"""A campaign to everybody on SQLite, up to the chunks: what an address costs, and what the process holds of it."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import tempfile
import time
import uuid
from collections.abc import Sequence
from pathlib import Path

import uvloop

from benchmarks.fanout.crowd import campaign, crowd, gather, wall_ms
from homeport_notify.expand import Expander
from homeport_notify.sql.store import SqlNotifyStore
from homeport_server.tables import BESIDE
from homeport_sync.sql.sqlite.store import SqliteStore

ADDRESSES = int(os.environ.get("HOMEPORT_BENCH_ADDRESSES", "1000000"))


class NoMembers:
    """Nobody is asked for a scope's."""

    async def members(self, tenant: str, scope: str, after: str, limit: int) -> Sequence[str]:
        """See `ports.Members`."""
        raise NotImplementedError(f"{tenant} {scope} {after} {limit}")


def held_mb() -> float:
    """What this process holds now, in MiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


async def measure() -> dict[str, float]:
    """Addresses a CPU second, and how much more the process held at the end than at the start."""
    with tempfile.TemporaryDirectory() as folder:
        store = await SqliteStore.open(Path(folder) / "bench.sqlite3", beside=BESIDE)
        tenant = (await store.create("bench", id=str(uuid.uuid4()), epoch="1", now_ms=0)).id
        await gather(store.beside, tenant, crowd(ADDRESSES))
        notify = SqlNotifyStore(store.beside)
        expander = Expander(notify, NoMembers())
        await notify.submit(campaign(tenant))
        before_mb, cpu_s, wall_s = held_mb(), time.process_time(), time.perf_counter()
        while await expander.step(tenant, "bulk", wall_ms()):
            pass
        cpu_s, wall_s = time.process_time() - cpu_s, time.perf_counter() - wall_s
        grown_mb = held_mb() - before_mb
        await store.close()
    return {
        "expanded_per_cpu_s": ADDRESSES / cpu_s,
        "expanded_per_s": ADDRESSES / wall_s,
        "expanding_rss_mb": grown_mb,
    }


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(measure())))
