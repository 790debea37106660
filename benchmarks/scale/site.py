"""The place under test: server processes on a durable PostgreSQL of their own, with tenants and tokens at no cost."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.workload import APP, wall_ms
from homeport_client.fleet.live.cluster import ROLE, Cluster
from homeport_server.app import make_tokens
from homeport_server.secret import open_secret
from homeport_server.settings import Settings
from homeport_server.tokens import Tokens
from homeport_sync.sql.postgres.store import PostgresStore

TOKEN_S = 3_600


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Servers that run. `tokens` signs as they do, so that a thousand users cost no thousand processes."""

    cluster: Cluster
    tokens: Tokens

    @property
    def ports(self) -> list[int]:
        """The port of each server on 127.0.0.1."""
        return [urlsplit(url).port or 0 for url in self.cluster.server_urls]

    def token(self, user: str, tenant: str) -> str:
        """A token of that user of the tenant with that id."""
        return self.tokens.issue(user=user, tenant=tenant, ttl_s=TOKEN_S)

    async def tenants(self, count: int) -> list[str]:
        """The ids of so many new tenants."""
        store = await PostgresStore.open(self.cluster.postgres.url(user=ROLE))
        try:
            return [await new_tenant(store) for _ in range(count)]
        finally:
            await store.close()


async def new_tenant(store: PostgresStore) -> str:
    """The id of a new tenant."""
    id = str(uuid.uuid4())
    return (await store.create(id, id=id, epoch="1", now_ms=wall_ms())).id


@asynccontextmanager
async def site(
    *, servers: int = 1, nats: bool = False, settings: Mapping[str, str] | None = None
) -> AsyncIterator[Site]:
    """So many servers of the example app, which listen when this is entered. `settings` are more of their variables."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        cluster = Cluster(APP, data, servers=servers, workers=0, nats=nats, durable=True, settings=settings)
        async with cluster:
            tokens = make_tokens(Settings(data=data), open_secret(data))
            await cluster.start()
            yield Site(cluster=cluster, tokens=tokens)
