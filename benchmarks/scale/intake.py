"""Intake on PostgreSQL: what a change costs in commit batches, beside a transaction a push, and over HTTP.

In process: 1,024 devices push one change at a time, half creates and half updates, through all seven steps, with every
commit on the disk. One hot tenant in commit batches, beside it the same with a transaction a push, and the same
devices spread over 64 tenants. It is 1,024 because a batch holds one tenant's pushes: then each of the 64 tenants has
16 devices, and a batch something to hold. Over HTTP: 32 clients of one server process that push 50 changes at a time;
beside it uvicorn's bare hello.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from statistics import median

from benchmarks.load import drive
from benchmarks.processes import serving
from benchmarks.push import CLIENTS, hello_rate, push_requests
from benchmarks.scale.site import new_tenant, site
from benchmarks.table import show
from benchmarks.workload import exchange_over, phones
from homeport_client.fleet.live.cluster import ROLE
from homeport_client.fleet.live.postgres import RealPostgres
from homeport_server.migrations.migrate import migrate
from homeport_server.migrations.postgres import PostgresPlace
from homeport_server.process.serve import spare_the_collector
from homeport_sync import LIMITS
from homeport_sync.sql.postgres.store import PostgresStore

DEVICES = 1_024
TENANTS = 64
ROUNDS = 3
CONNECTIONS = 10
TEMPLATE = "empty"
# A server with ten connections commits by five of them.
BATCHES = replace(LIMITS, commits_at_once_max=CONNECTIONS // 2)
NAIVE = replace(BATCHES, batch_changes_max=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What taking changes in did: `cpu_us` is this process's for each, `postgres_cpu_us` the database's beside it."""

    per_s: float
    cpu_us: float
    postgres_cpu_us: float


class Trial:
    """One database after the other on one PostgreSQL, each empty at first."""

    def __init__(self, postgres: RealPostgres) -> None:
        self._postgres = postgres
        self._tried = 0

    async def prepare(self) -> None:
        """The schema, once; each trial has a copy of it."""
        await self._postgres.query(f"CREATE DATABASE {TEMPLATE}")
        await migrate(PostgresPlace(self._postgres.url(TEMPLATE), ROLE))

    async def run(self, *, pushes_each: int, tenants: int = 1, naive: bool = False) -> Taken:
        """Pushes of one change by `DEVICES` devices at once, dealt out to the tenants."""
        self._tried += 1
        database = f"trial{self._tried}"
        await self._postgres.query(f"CREATE DATABASE {database} TEMPLATE {TEMPLATE}")
        limits = NAIVE if naive else BATCHES
        store = await PostgresStore.open(self._postgres.url(database, ROLE), limits, connections_max=CONNECTIONS)
        try:
            return await self._taken(store, pushes_each=pushes_each, tenants=tenants, naive=naive)
        finally:
            await store.close()
            await self._postgres.query(f"DROP DATABASE {database} (FORCE)")

    async def _taken(self, store: PostgresStore, *, pushes_each: int, tenants: int, naive: bool) -> Taken:
        ids = [await new_tenant(store) for _ in range(tenants)]
        exchange = exchange_over(store, NAIVE if naive else BATCHES)
        series = [[phone.push(1) for _ in range(pushes_each)] for phone in phones(DEVICES, self._tried)]
        spare_the_collector()  # what stands ready is nothing to look through either

        async def device(index: int) -> None:
            for message in series[index]:
                pushed = await exchange.push(ids[index % tenants], "ana", message, request_id="bench")
                if pushed.verdicts != {"applied": 1}:
                    raise AssertionError(pushed.text)

        wall, cpu, postgres = time.perf_counter(), time.process_time(), self._postgres.cpu_s()
        await asyncio.gather(*map(device, range(DEVICES)))
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        changes = DEVICES * pushes_each
        return Taken(
            per_s=changes / wall,
            cpu_us=cpu / changes * 1e6,
            postgres_cpu_us=(self._postgres.cpu_s() - postgres) / changes * 1e6,
        )


async def in_process() -> dict[str, float]:
    """The figures of intake alone, medians of interleaved rounds."""
    async with RealPostgres(durable=True) as postgres:
        trial = Trial(postgres)
        await trial.prepare()
        await trial.run(pushes_each=4)  # warms up
        batches, naives, spread = [], [], []
        for _ in range(ROUNDS):
            batches.append(await trial.run(pushes_each=30))
            naives.append(await trial.run(pushes_each=4, naive=True))
            spread.append(await trial.run(pushes_each=30, tenants=TENANTS))
    return {
        "ratio_to_naive": median(ours.per_s / theirs.per_s for ours, theirs in zip(batches, naives, strict=True)),
        "cpu_us_per_change": median(each.cpu_us for each in batches),
        "postgres_cpu_us_per_change": median(each.postgres_cpu_us for each in batches),
        "many_tenants_ratio": median(many.per_s / one.per_s for many, one in zip(spread, batches, strict=True)),
        "changes_per_s": median(each.per_s for each in batches),
        "naive_changes_per_s": median(each.per_s for each in naives),
        "many_tenants_changes_per_s": median(each.per_s for each in spread),
        "many_tenants_cpu_us_per_change": median(each.cpu_us for each in spread),
        "many_tenants_postgres_cpu_us_per_change": median(each.postgres_cpu_us for each in spread),
    }


async def over_http() -> dict[str, float]:
    """The figures of one server process, medians of interleaved rounds."""
    hellos, batches = [], []
    async with site() as here, serving("-m", "benchmarks.bare", "hello") as hello:
        token = here.token("ana", *(await here.tenants(1)))
        for seed in range(ROUNDS + 1):  # the first warms up
            hellos.append(await hello_rate(hello))
            requests = push_requests(token, pushes=25, changes=50, seed=seed)
            batches.append(CLIENTS * 25 * 50 / await drive(here.ports[0], requests, b'"applied"'))
    return {
        "http_batch_ratio_to_hello": median(batch / bare for batch, bare in zip(batches[1:], hellos[1:], strict=True)),
        "http_changes_per_s_batch_50": median(batches[1:]),
        "hello_requests_per_s": median(hellos[1:]),
    }


async def measure() -> Mapping[str, float]:
    """Both, drawn and told."""
    figures = {**await in_process(), **await over_http()}
    show(
        "changes a second, on PostgreSQL",
        {
            "intake, a transaction a push": figures["naive_changes_per_s"],
            "intake, commit batches": figures["changes_per_s"],
            f"intake, commit batches, {TENANTS} tenants": figures["many_tenants_changes_per_s"],
            "HTTP, pushes of 50 changes": figures["http_changes_per_s_batch_50"],
            "uvicorn's bare hello (requests)": figures["hello_requests_per_s"],
        },
    )
    return figures
