"""Alive is not ready: a process that drains, or whose store is silent, gets no traffic."""

import asyncio
import io
import json
from collections.abc import Sequence

import httpx2

from homeport_server.app import build_app
from homeport_server.edge.health import Health, signal_warnings
from homeport_server.observe import make_log
from homeport_server.process.serve import index_warnings
from homeport_server.secret import Secret
from homeport_sync.catalog import Catalog
from homeport_sync.errors import Unavailable
from homeport_sync.index_book import TellNames
from homeport_sync.memory import MemoryStore
from homeport_sync.ports import Tenant
from homeport_sync.signals import LocalSignals
from tests.edge.world import SETTINGS, World, app


class SilentStore:
    async def create(self, name: str, *, id: str, epoch: str, now_ms: int) -> Tenant:
        raise Unavailable

    async def find(self, id_or_name: str) -> Tenant | None:
        raise Unavailable

    async def tenants(self, after: str, limit: int) -> Sequence[Tenant]:
        raise Unavailable


async def test_a_running_server_is_alive_and_ready(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/livez")).status_code == 200
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()) == (
        200,
        {"ready": True, "reasons": [], "warnings": [], "production": False},
    )


async def test_a_draining_server_is_alive_and_not_ready(client: httpx2.AsyncClient, world: World) -> None:
    world.built.health.drain()
    assert (await client.get("/livez")).status_code == 200
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["reasons"]) == (503, ["draining"])


async def test_a_server_whose_store_is_silent_says_so() -> None:
    answer = await Health(SilentStore(), lambda: True).readyz(httpx2.Request("GET", "/"))  # type: ignore[arg-type]
    assert (answer.status_code, bytes(answer.body)) == (
        503,
        b'{"ready":false,"reasons":["the store does not answer (Unavailable)"],"warnings":[],"production":false}',
    )


async def test_a_server_that_pokes_nobody_is_not_ready(world: World) -> None:
    answer = await Health(world.store, lambda: False).readyz(httpx2.Request("GET", "/"))  # type: ignore[arg-type]
    assert answer.status_code == 503


async def test_missing_indexes_are_a_warning_as_long_as_the_server_runs() -> None:
    class WithoutIndexes(MemoryStore):
        async def make_indexes(self, catalog: Catalog, tell: TellNames = lambda _: None) -> Sequence[str]:
            tell(["query_other"])
            return ["query_other"]

        async def missing_indexes(self, catalog: Catalog) -> Sequence[str]:
            return [f"query_{each}" for each in catalog.kinds]

    store, out = WithoutIndexes(), io.BytesIO()
    log = make_log("info", out)
    warnings = await index_warnings(store, app.catalog, log)
    await asyncio.sleep(0)  # lines are written at the end of a turn of the loop
    assert [json.loads(line)["event"] for line in out.getvalue().splitlines()] == ["making indexes", "indexes missing"]
    secret = Secret(b"s" * 32)
    built = build_app(
        SETTINGS, app, store=store, signals=LocalSignals(), secret=secret, log=log, warnings=lambda: warnings
    )
    answer = await built.health.readyz(httpx2.Request("GET", "/"))  # type: ignore[arg-type]
    assert answer.status_code in (200, 503)
    (told,) = json.loads(bytes(answer.body))["warnings"]
    assert told.startswith("queries read more than they need, for want of query_Member and")
    assert "homeport migrate APP" in told
    assert not await index_warnings(MemoryStore(), app.catalog, log)


async def test_lost_signals_are_a_warning_and_no_reason_to_take_traffic_away(world: World) -> None:
    class Apart(LocalSignals):
        def connected(self) -> bool:
            return False

    health = Health(world.store, lambda: True, warnings=signal_warnings(Apart(), "pokes", 5.0))
    answer = await health.readyz(httpx2.Request("GET", "/"))  # type: ignore[arg-type]
    assert answer.status_code == 200
    assert json.loads(bytes(answer.body)) == {
        "ready": True,
        "reasons": [],
        "warnings": ["signals are lost: pokes come by the poll, up to 5 s late"],
        "production": False,
    }


async def test_a_server_marked_for_production_says_so_ready_or_not(world: World) -> None:
    for runs in (True, False):
        health = Health(world.store, lambda runs=runs: runs, production=True)  # type: ignore[misc]
        answer = await health.readyz(httpx2.Request("GET", "/"))  # type: ignore[arg-type]
        assert json.loads(bytes(answer.body))["production"] is True
