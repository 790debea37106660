"""`make bench-push`: what intake costs, and what is left of it over HTTP and GraphQL.

In process: 256 devices that push one change at a time, half creates and half updates, through all seven steps into
SQLite with every commit synced to disk; beside it the same with 50 lists a device and edits by every merge rule, and
the same with a transaction a push. Over HTTP: 32 clients of one
server process; beside it uvicorn's bare hello with the same clients in the same run.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
import uuid
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from statistics import median

import msgspec

from benchmarks.load import drive, post
from benchmarks.processes import Serving, homeport, serving
from benchmarks.table import show
from benchmarks.workload import exchange_over, phones
from homeport_sync import LIMITS
from homeport_sync.limits import Limits
from homeport_sync.sql.sqlite.store import SqliteStore
from homeport_sync.wire import PUSH, PushMessage

DEVICES = 256
CLIENTS = 32
ROUNDS = 3
MIXED_LISTS = 50
PUSHES_EACH = 60


async def intake(limits: Limits, pushes_each: int, seed: int, *, mixed: bool = False) -> tuple[float, float]:
    """(changes a second, CPU µs a change) of one-change pushes by `DEVICES` devices at once that have made their lists
    before; with `mixed`, in `MIXED_LISTS` lists each and by every merge rule."""
    lists = MIXED_LISTS if mixed else 1
    with tempfile.TemporaryDirectory() as folder:
        store = await SqliteStore.open(Path(folder) / "bench.sqlite3", limits)
        tenant = await store.create("bench", id=str(uuid.uuid4()), epoch="1", now_ms=0)
        exchange = exchange_over(store, limits)
        writers = phones(DEVICES, seed, mixed=mixed, lists=lists)
        series = [[phone.push(1) for _ in range(lists + pushes_each)] for phone in writers]

        async def device(messages: Iterable[PushMessage]) -> None:
            for message in messages:
                pushed = await exchange.push(tenant.id, "ana", message, request_id="bench")
                if pushed.verdicts != {"applied": 1}:
                    raise AssertionError(pushed.text)

        await asyncio.gather(*(device(each[:lists]) for each in series))
        wall, cpu = time.perf_counter(), time.process_time()
        await asyncio.gather(*(device(each[lists:]) for each in series))
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        await store.close()
    changes = DEVICES * pushes_each
    return changes / wall, cpu / changes * 1e6


def push_requests(token: str, *, pushes: int, changes: int, seed: int) -> list[list[bytes]]:
    """A series of push requests for each of `CLIENTS` devices."""
    encode = msgspec.json.encode

    def series(phone_pushes: list[object]) -> list[bytes]:
        bodies = (encode({"query": PUSH, "variables": message}) for message in phone_pushes)
        return [post("/api/v1/graphql", body, authorization=f"Bearer {token}") for body in bodies]

    return [series([phone.push(changes) for _ in range(pushes)]) for phone in phones(CLIENTS, seed)]


async def hello_rate(hello: Serving) -> float:
    """Requests a second that uvicorn's bare hello answers to the same clients."""
    request = post("/", b"{}")
    return CLIENTS * 1_000 / await drive(hello.port, [[request] * 1_000 for _ in range(CLIENTS)], b"hello")


async def over_http() -> dict[str, float]:
    """The four figures over HTTP, the medians of interleaved rounds."""
    hellos, singles, batches = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        async with homeport(Path(folder)) as (server, token), serving("-m", "benchmarks.bare", "hello") as hello:
            for seed in range(ROUNDS + 1):  # the first warms up
                hellos.append(await hello_rate(hello))
                requests = push_requests(token, pushes=300, changes=1, seed=seed)
                singles.append(CLIENTS * 300 / await drive(server.port, requests, b'"applied"'))
                requests = push_requests(token, pushes=25, changes=50, seed=100 + seed)
                batches.append(CLIENTS * 25 * 50 / await drive(server.port, requests, b'"applied"'))
    return {
        "http_push_ratio_to_hello": median(single / bare for single, bare in zip(singles[1:], hellos[1:], strict=True)),
        "http_batch_ratio_to_hello": median(batch / bare for batch, bare in zip(batches[1:], hellos[1:], strict=True)),
        "http_one_change_pushes_per_s": median(singles[1:]),
        "http_changes_per_s_batch_50": median(batches[1:]),
        "hello_requests_per_s": median(hellos[1:]),
    }


async def main() -> None:
    """Run both parts, draw the comparison, print the JSON."""
    naive_limits = replace(LIMITS, batch_changes_max=1)
    await intake(LIMITS, 10, seed=0)
    batched, mixed, naive = [], [], []
    for seed in range(ROUNDS):
        batched.append(await intake(LIMITS, PUSHES_EACH, seed))
        mixed.append(await intake(LIMITS, PUSHES_EACH, seed, mixed=True))
        naive.append(await intake(naive_limits, 8, seed))
    figures = {
        "ratio_to_naive": median(ours[0] / theirs[0] for ours, theirs in zip(batched, naive, strict=True)),
        "cpu_us_per_change": median(cpu for _, cpu in batched),
        "mixed_cpu_us_per_change": median(cpu for _, cpu in mixed),
        "changes_per_s": median(rate for rate, _ in batched),
        "naive_changes_per_s": median(rate for rate, _ in naive),
        **await over_http(),
    }
    show(
        "CPU µs a change in intake",
        {
            "one list a device, values": figures["cpu_us_per_change"],
            "50 lists, every merge rule": figures["mixed_cpu_us_per_change"],
        },
    )
    show(
        "changes a second",
        {
            "intake, a transaction a push": figures["naive_changes_per_s"],
            "intake, commit batches": figures["changes_per_s"],
            "HTTP, pushes of one change": figures["http_one_change_pushes_per_s"],
            "HTTP, pushes of 50 changes": figures["http_changes_per_s_batch_50"],
            "uvicorn's bare hello (requests)": figures["hello_requests_per_s"],
        },
    )
    print(json.dumps({name: round(value, 3) for name, value in figures.items()}))


if __name__ == "__main__":
    import uvloop

    from homeport_server.process.serve import spare_the_collector

    spare_the_collector()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
