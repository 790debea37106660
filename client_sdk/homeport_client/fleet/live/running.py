"""A server that runs already, and that we neither start nor kill: on this machine or another, on SQLite or PostgreSQL.

What it says of itself is not believed: its log is read from the database. So the fleet needs the data directory, whose
secret signs tokens, and the database's URL if that is PostgreSQL.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from homeport_client import HttpTransport, Refused
from homeport_client.fleet.check.evidence import Followed, Revoked
from homeport_client.fleet.check.reading import FRESH_DEVICE
from homeport_client.fleet.errors import ServerUnusable
from homeport_client.fleet.live import psql, sqlite
from homeport_client.fleet.live.accounts import Accounts
from homeport_client.fleet.live.mark import must_be_playable
from homeport_client.fleet.live.notified import Account, account
from homeport_client.fleet.live.rows import (
    addresses_of,
    entry,
    followed,
    followed_of,
    head_of,
    literal,
    log_of,
    receipts_of,
    revoked,
    revoked_of,
    to_tell_of,
    told_of,
)
from homeport_client.fleet.live.site import Part
from homeport_sync.ports import LogEntry
from homeport_sync.wire import PullMessage

SECRET = "secret"  # noqa: S105  # the file that holds it


class RunningSite:
    """A `Site` at `url`. `data` is the server's data directory, `database_url` its PostgreSQL (empty: SQLite there).

    On PostgreSQL, `followers` says whether a `homeport work` runs beside it, so that followers are judged too.
    """

    def __init__(self, url: str, data: Path, *, database_url: str = "", followers: bool | None = None) -> None:
        self.url = url.rstrip("/")
        self._data = data
        self._database_url = database_url
        self._follows = not database_url if followers is None else followers
        environ = {"HOMEPORT_DATA": str(data), "HOMEPORT_DATABASE_URL": database_url}
        self._accounts = Accounts(environ)

    @property
    def parts(self) -> Mapping[str, Part]:
        """See `Site`. None of its processes is ours."""
        return {}

    @property
    def follows(self) -> bool:
        """See `Site`. On SQLite the server does it beside its requests."""
        return self._follows

    async def start(self) -> None:
        """See `Site`. It runs already: this asks whether we may play with it, and can."""
        await must_be_playable(self.url)
        self._must_be_readable()

    async def make_tenant(self, name: str) -> str:
        """See `Site`."""
        return await self._accounts.make_tenant(name)

    async def tokens(self, users: Sequence[str], tenant: str) -> dict[str, str]:
        """See `Site`. Raises `ServerUnusable` if the server does not take them."""
        made = await self._accounts.tokens(users, tenant)
        for token in list(made.values())[:1]:
            await self._must_take(token)
        return made

    async def head(self, tenant: str) -> int:
        """See `Site`."""
        [[position]] = await self._rows(head_of(tenant), tenant)
        return int(str(position))

    async def followed(self, tenant: str) -> list[Followed]:
        """See `Site`."""
        return [followed(row) for row in await self._rows(followed_of(tenant), tenant)] if self._follows else []

    async def revoked(self, tenant: str) -> list[Revoked]:
        """See `Site`."""
        return revoked(await self._rows(revoked_of(tenant), tenant))

    async def notified(self, tenant: str) -> Account:
        """See `Site`."""
        return account(
            await self._rows(told_of(tenant), tenant),
            await self._rows(addresses_of(tenant), tenant),
            await self._rows(receipts_of(tenant), tenant),
        )

    async def to_tell(self, tenant: str) -> int:
        """See `Site`."""
        return int(str((await self._rows(to_tell_of(tenant), tenant))[0][0]))

    async def log(self, tenant: str) -> list[LogEntry]:
        """See `Site`."""
        return [entry(row) for row in await self._rows(log_of(tenant), tenant)]

    async def _rows(self, sql: str, tenant: str) -> Sequence[Sequence[object]]:
        """`tenant` is its id: as the servers' role one sees the rows of the tenant one names, and no others."""
        if not self._database_url:
            return await asyncio.to_thread(sqlite.rows, self._data, sql)
        named = f"SET homeport.tenant = {literal(tenant)};\n{sql}"
        return await psql.rows(self._psql(), self._database_url, named)

    def _must_be_readable(self) -> None:
        """Raises `ServerUnusable` where there is nothing to make tokens with, or to read the log with."""
        if self._database_url:
            self._psql()
        needed = SECRET if self._database_url else sqlite.FILE
        if not (self._data / needed).is_file():
            raise ServerUnusable(
                f"{self._data} has no file {needed}: give the data directory of the server at {self.url} with --data."
            )

    def _psql(self) -> Path:
        found = psql.installed_psql()
        if found is None:
            raise ServerUnusable("There is no psql here to read the server's log with: install PostgreSQL's client.")
        return found

    async def _must_take(self, token: str) -> None:
        transport = HttpTransport(self.url, token)
        try:
            await transport.pull(PullMessage(device=FRESH_DEVICE, cursor=None))
        except Refused as refused:
            raise ServerUnusable(
                f"{self.url} does not take the tokens of {self._data} ({refused.message}): give that server's own data "
                f"directory, and database."
            ) from refused
        finally:
            await transport.close()
