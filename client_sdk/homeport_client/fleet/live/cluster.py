"""Many processes over one PostgreSQL: servers behind a balancer, workers, NATS if wanted. Any of them may be killed.

The schema is made by its owner; the servers connect as the role that owns nothing. The log is read by psql, so that
neither our code nor a driver is believed.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from homeport_client.fleet.check.evidence import Followed, Revoked
from homeport_client.fleet.live.accounts import Accounts
from homeport_client.fleet.live.balancer import Balancer
from homeport_client.fleet.live.homeport import HASTE, HomeportProcess, ask
from homeport_client.fleet.live.nats import RealNats
from homeport_client.fleet.live.notified import Account, account
from homeport_client.fleet.live.postgres import RealPostgres
from homeport_client.fleet.live.process import ProcessFailed, free_port
from homeport_client.fleet.live.rows import (
    addresses_of,
    entry,
    followed,
    followed_of,
    head_of,
    log_of,
    receipts_of,
    revoked,
    revoked_of,
    to_tell_of,
    told_of,
)
from homeport_client.fleet.live.site import Part
from homeport_sync.ports import LogEntry

ROLE = "homeport_app"


class Cluster:
    """A `Site` of several servers. Entering starts PostgreSQL, and NATS, and makes the schema and the indexes of
    the app's queries; `start` the rest.

    `data` is the directory that holds the secret, and what each process has said.
    """

    def __init__(
        self,
        app: Path,
        data: Path,
        *,
        servers: int = 3,
        workers: int = 2,
        nats: bool = False,
        durable: bool = False,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.postgres = RealPostgres(durable=durable)
        self.nats = RealNats() if nats else None
        self._app = app
        self._data = data
        self._head = 0
        self._environ = {
            **HASTE,
            "HOMEPORT_DATABASE_URL": self.postgres.url(user=ROLE),
            "HOMEPORT_DATA": str(data),
        }
        if self.nats:
            self._environ["HOMEPORT_NATS_URL"] = self.nats.url
        self._environ.update(settings or {})
        self._accounts = Accounts(self._environ)
        ports = [free_port() for _ in range(servers)]
        self.server_urls = [f"http://127.0.0.1:{port}" for port in ports]
        self.servers = [
            self._process(f"server-{number}", "serve", str(app), "--port", str(port), ready="listening")
            for number, port in enumerate(ports, 1)
        ]
        self.workers = [
            self._process(f"worker-{number}", "work", str(app), ready="working") for number in range(1, workers + 1)
        ]
        self._balancer = Balancer(ports)

    async def __aenter__(self) -> Self:
        self._data.mkdir(parents=True, exist_ok=True)
        try:
            await self.postgres.start()
            if self.nats:
                await self.nats.start()
            await ask("migrate", str(self._app), "--database-url", self.postgres.url(), environ=self._environ)
            await self._balancer.start()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def url(self) -> str:
        """See `Site`."""
        return self._balancer.url

    @property
    def parts(self) -> Mapping[str, Part]:
        """See `Site`."""
        named: dict[str, Part] = {f"server {number}": each for number, each in enumerate(self.servers, 1)}
        named |= {f"worker {number}": each for number, each in enumerate(self.workers, 1)}
        named["PostgreSQL"] = self.postgres
        if self.nats:
            named["NATS"] = self.nats
        return named

    @property
    def follows(self) -> bool:
        """See `Site`."""
        return bool(self.workers)

    async def start(self) -> None:
        """All servers and workers, ready when this returns. Raises `ProcessFailed`."""
        await asyncio.gather(*(each.start() for each in (*self.servers, *self.workers)))

    async def close(self) -> None:
        """The end of everything, whatever runs of it. Raises `ProcessFailed` if anything had ended by itself."""
        async with contextlib.AsyncExitStack() as ends:  # the last first, and all of them whatever one says
            ends.push_async_callback(self.postgres.close)
            if self.nats:
                ends.push_async_callback(self.nats.kill)
            for each in (*self.servers, *self.workers):
                ends.push_async_callback(each.kill)
            ends.push_async_callback(self._balancer.close)

    async def make_tenant(self, name: str) -> str:
        """See `Site`."""
        return await self._accounts.make_tenant(name)

    async def tokens(self, users: Sequence[str], tenant: str) -> dict[str, str]:
        """See `Site`."""
        return await self._accounts.tokens(users, tenant)

    async def token(self, user: str, tenant: str) -> str:
        """A token for one user."""
        return (await self.tokens([user], tenant))[user]

    async def head(self, tenant: str) -> int:
        """See `Site`."""
        for [position] in await self._read(head_of(tenant)):
            self._head = int(position)
        return self._head

    async def followed(self, tenant: str) -> list[Followed]:
        """See `Site`."""
        return [followed(row) for row in await self._read(followed_of(tenant))] if self.follows else []

    async def revoked(self, tenant: str) -> list[Revoked]:
        """See `Site`."""
        return revoked(await self.postgres.query(revoked_of(tenant)))

    async def notified(self, tenant: str) -> Account:
        """See `Site`."""
        return account(
            await self.postgres.query(told_of(tenant)),
            await self.postgres.query(addresses_of(tenant)),
            await self.postgres.query(receipts_of(tenant)),
        )

    async def to_tell(self, tenant: str) -> int:
        """See `Site`."""
        return int((await self.postgres.query(to_tell_of(tenant)))[0][0])

    async def log(self, tenant: str) -> list[LogEntry]:
        """See `Site`."""
        return [entry(row) for row in await self.postgres.query(log_of(tenant))]

    async def _read(self, sql: str) -> list[list[str]]:
        """The rows; none while PostgreSQL does not run, or when it was killed while we read. Raises `ProcessFailed`."""
        life = self.postgres.lives
        if not self.postgres.is_ready():
            return []
        try:
            return await self.postgres.query(sql)
        except ProcessFailed:
            if self.postgres.is_ready() and self.postgres.lives == life:
                raise
            return []

    def _process(self, name: str, *words: str, ready: str) -> HomeportProcess:
        return HomeportProcess(words, ready=ready, said=self._data / f"{name}.log", environ=self._environ)
