"""`homeport work` as a process of its own, beside others, on a real PostgreSQL; on SQLite the server does it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx2
import pytest

from homeport_client.fleet.live import process
from homeport_client.fleet.live.cluster import Cluster
from homeport_client.fleet.live.homeport import HomeportProcess, ask
from homeport_client.fleet.live.process import ProcessFailed
from homeport_sync.ports import Tenant, Writes
from homeport_sync.sql.postgres.signals import postgres_signals
from homeport_sync.sql.postgres.store import PostgresStore
from tests.contract.samples import NOW, entry, write

APP = Path("examples/tasks/app.py")
DECLARED = APP.read_text(encoding="utf-8")
LONG_S = 30.0
FOLLOWS = """

from pathlib import Path


@app.follower(from_start=True)
async def write_down(entry):
    with Path(__file__).with_name("told").open("a") as told:
        told.write(f"{entry.position}\\n")
"""


async def holder(cluster: Cluster) -> str:
    rows = await cluster.postgres.query("SELECT holder FROM places WHERE follower = 'usage'")
    return rows[0][0] if rows else ""


def url_of(worker: HomeportProcess) -> str:
    return str(worker.said("working")[-1]["url"])


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(LONG_S):
        while not await condition():  # noqa: ASYNC110  # another process makes it true
            await asyncio.sleep(process.LOOK_S)


class Log:
    """Commits to the log of one tenant, as a server would, and waits until it was counted."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.url = cluster.postgres.url(user="homeport_app")
        self.head = 0

    async def commit(self, changes: int) -> None:
        store = await PostgresStore.open(self.url)
        try:
            (tenant,) = await store.tenants("", 1)
            await self._commit(store, tenant, changes)
        finally:
            await store.close()

    async def _commit(self, store: PostgresStore, tenant: Tenant, changes: int) -> None:
        async with postgres_signals(self.url) as signals:
            await process.until(signals.connected, within_s=LONG_S, awaited="signals are connected")
            for _ in range(changes):
                self.head += 1
                await write(store, Writes(head=self.head, now_ms=NOW, log=[entry(self.head)]), tenant=tenant.id)
                signals.publish(tenant.id, self.head)

    async def counted(self) -> None:
        async def all_of_it() -> bool:
            return any(each.counted == self.head for each in await self.cluster.followed("demo"))

        await until(all_of_it)


async def test_two_workers_share_the_work_hand_over_and_count_everything_once(tmp_path: Path) -> None:
    settings = {"HOMEPORT_WORK_POLL_S": "3600", "HOMEPORT_LEASE_S": "1"}
    async with Cluster(APP, tmp_path, servers=0, workers=2, settings=settings) as cluster:
        await cluster.make_tenant("demo")
        await asyncio.gather(*(worker.start() for worker in cluster.workers))
        log = Log(cluster)
        await log.commit(20)
        await log.counted()
        pid = (await holder(cluster)).split()[1]
        holds = next(worker for worker in cluster.workers if str(worker.pid) == pid)
        other = next(worker for worker in cluster.workers if worker is not holds)
        assert await holds.stop() == 0, "SIGTERM: it gives its leases back"
        await log.commit(20)
        await log.counted()
        assert (await holder(cluster)).split()[1] == str(other.pid)
        await holds.start()
        await other.kill()  # nobody gives anything back: the lease has to run out
        await log.commit(20)
        await log.counted()
        assert (await holder(cluster)).split()[1] == str(holds.pid)
        usage = await ask("tenant", "usage", "demo", environ=cluster._environ)
        assert sum(int(line.split()[-1]) for line in usage.splitlines()) == 60
        assert not any(worker.said("follower failed") for worker in cluster.workers)


async def test_a_worker_tells_the_app_of_what_was_written_and_is_followed_by_another(tmp_path: Path) -> None:
    app, told = tmp_path / "app.py", tmp_path / "told"
    app.write_text(f"{DECLARED}{FOLLOWS}")
    settings = {"HOMEPORT_WORK_POLL_S": "3600", "HOMEPORT_LEASE_S": "1"}
    async with Cluster(app, tmp_path / "cluster", servers=0, workers=2, settings=settings) as cluster:
        await cluster.make_tenant("demo")
        await asyncio.gather(*(worker.start() for worker in cluster.workers))
        log = Log(cluster)
        for worker in cluster.workers:
            await log.commit(20)
            await process.until(
                lambda: told.exists() and {*map(int, told.read_text().split())} == {*range(1, log.head + 1)},
                within_s=LONG_S,
                awaited="the app is told",
            )
            await worker.kill()
    assert [*dict.fromkeys(map(int, told.read_text().split()))] == [*range(1, log.head + 1)]


async def becomes(worker: HomeportProcess, client: httpx2.AsyncClient, status: int, *, warned: bool) -> None:
    """Wait until `/readyz` says so."""

    async def says_so() -> bool:
        answer = await client.get(f"{url_of(worker)}/readyz")
        return answer.status_code == status and bool(answer.json()["warnings"]) is warned

    await until(says_so)


async def test_a_worker_tells_of_its_health_and_of_what_it_has_lost(tmp_path: Path) -> None:
    async with Cluster(APP, tmp_path, servers=0, workers=1, nats=True) as cluster, httpx2.AsyncClient() as client:
        (worker,) = cluster.workers
        await worker.start()
        assert (await client.get(f"{url_of(worker)}/livez")).json() == {"live": True}
        await becomes(worker, client, 200, warned=False)
        assert cluster.nats is not None
        await cluster.nats.kill()
        await becomes(worker, client, 200, warned=True)
        await cluster.postgres.kill()
        await becomes(worker, client, 503, warned=True)
        await cluster.nats.start()
        await cluster.postgres.start()
        await becomes(worker, client, 200, warned=False)
        assert "homeport_leases_held" in (await client.get(f"{url_of(worker)}/metrics")).text
        assert len(worker.said("signals lost")) == 1
        assert len(worker.said("signals connected")) == 2


async def test_on_sqlite_the_server_counts_and_a_worker_is_refused(tmp_path: Path) -> None:
    data = ["--data", str(tmp_path / "data")]
    await ask("tenant", "create", "demo", *data)
    with pytest.raises(ProcessFailed, match="homeport serve"):
        await ask("work", str(APP), *data)
    assert await ask("tenant", "usage", "demo", *data) == ""
