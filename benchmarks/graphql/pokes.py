"""A poke to a thousand sockets, each with a subscription id of its own, and what a subscriber costs its server.

What is measured is the server's CPU for so many pushes with the thousand there, less that of the same pushes with
nobody there; and its resident memory before and after they came. Then once more with a client beside them that has
stopped to read.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from random import Random
from statistics import median

from benchmarks.load import connect
from benchmarks.processes import Serving, homeport
from benchmarks.pull import push_request
from benchmarks.scale.stalled import stalled
from benchmarks.sockets import Listeners
from benchmarks.table import show
from benchmarks.workload import Phone

SOCKETS = 999  # one place is left for the client that does not read
PUSHES = 200
PAGE_KB = 4


async def measure() -> Mapping[str, float]:
    """CPU µs a delivery, KB a subscriber, and ms from a push to the last poke, alone and beside a stalled client."""
    with tempfile.TemporaryDirectory() as folder:
        async with homeport(Path(folder)) as (server, token):
            phone = Phone(Random(1), only_creates=True)  # a workload, not a secret
            listeners = Listeners()
            await pushed(server, token, phone, listeners, 0)
            nobody_us, _ = await pushed(server, token, phone, listeners, 0)
            before_kb = resident_kb(server)
            await listeners.open(server.port, token, SOCKETS)
            each_kb = (resident_kb(server) - before_kb) / SOCKETS
            await pushed(server, token, phone, listeners, SOCKETS)
            all_us, alone_ms = await pushed(server, token, phone, listeners, SOCKETS)
            with stalled(server.port, token):
                _, beside_ms = await pushed(server, token, phone, listeners, SOCKETS)
            listeners.close()
    show("ms from a push to the last of 999 pokes", {"alone": alone_ms, "beside one that does not read": beside_ms})
    return {
        "poke_us_per_delivery": (all_us - nobody_us) / SOCKETS,
        "kb_per_subscriber": each_kb,
        "last_poke_ms": alone_ms,
        "last_poke_beside_stalled_ms": beside_ms,
    }


def resident_kb(server: Serving) -> int:
    """How much memory the server's process holds."""
    return int(Path(f"/proc/{server.pid}/statm").read_text().split()[1]) * PAGE_KB


async def pushed(server: Serving, token: str, phone: Phone, listeners: Listeners, sockets: int) -> tuple[float, float]:
    """CPU µs of the server's process a push, and the median ms until the last socket has its poke."""
    connection = await connect(server.port)
    cpu, took = server.cpu_s(), list[float]()
    for _ in range(PUSHES):
        request = push_request(token, phone.push(1))
        listeners.expect(sockets)
        started = time.perf_counter()
        asked = asyncio.create_task(connection.ask(request))
        if sockets:
            await listeners.all_heard.wait()
        took.append((time.perf_counter() - started) * 1e3)
        await asked
    connection.close()
    return (server.cpu_s() - cpu) / PUSHES * 1e6, median(took)
