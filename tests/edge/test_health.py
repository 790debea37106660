"""Alive is not ready: a process that drains, or whose store is silent, gets no traffic."""

from collections.abc import Sequence

import httpx2

from homeport_server.edge.health import Health
from homeport_sync.errors import Unavailable
from homeport_sync.ports import Tenant
from tests.edge.world import World


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
    assert (answer.status_code, answer.json()) == (200, {"ready": True, "reasons": []})


async def test_a_draining_server_is_alive_and_not_ready(client: httpx2.AsyncClient, world: World) -> None:
    world.built.health.drain()
    assert (await client.get("/livez")).status_code == 200
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["reasons"]) == (503, ["draining"])


async def test_a_server_whose_store_is_silent_says_so() -> None:
    answer = await Health(SilentStore(), lambda: True).readyz(httpx2.Request("GET", "/"))  # type: ignore[arg-type]
    assert (answer.status_code, bytes(answer.body)) == (
        503,
        b'{"ready":false,"reasons":["the store does not answer (Unavailable)"]}',
    )


async def test_a_server_that_pokes_nobody_is_not_ready(world: World) -> None:
    answer = await Health(world.store, lambda: False).readyz(httpx2.Request("GET", "/"))  # type: ignore[arg-type]
    assert answer.status_code == 503
