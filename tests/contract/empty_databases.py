"""Databases with no schema yet, for the tests that move one."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from homeport_client.fleet.live.postgres import RealPostgres
from homeport_server.migrations.postgres import PATIENCE, Patience, PostgresPlace
from homeport_server.migrations.sqlite import SqlitePlace
from homeport_server.tables import BESIDE
from homeport_sync.limits import LIMITS
from homeport_sync.sql.postgres.store import PostgresStore
from homeport_sync.sql.sqlite.store import SqliteStore
from tests.contract.databases import APP_ROLE
from tests.contract.stores import Store


class EmptySqlite:
    """A file that is not there yet."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "homeport.sqlite3"
        self.place = SqlitePlace(self.path)

    async def open(self) -> Store:
        return await SqliteStore.open(self.path, beside=BESIDE)


class EmptyPostgres:
    """A database of its own, whose owner is no superuser, may not bypass a policy, and may make roles."""

    def __init__(self, server: RealPostgres) -> None:
        self.server = server
        self.name = f"empty_{secrets.token_hex(6)}"
        self.owner = f"owner_of_{self.name}"
        self.place = self.place_of(self.owner)

    async def make(self, *, attributes: str = "CREATEROLE") -> None:
        await self.server.query(f"CREATE ROLE {self.owner} LOGIN {attributes}")
        await self.server.query(f"CREATE DATABASE {self.name} OWNER {self.owner}")

    def place_of(self, user: str, role: str = APP_ROLE, patience: Patience = PATIENCE) -> PostgresPlace:
        return PostgresPlace(self.server.url(self.name, user), role, patience)

    async def open(self) -> Store:
        return await PostgresStore.open(self.server.url(self.name, APP_ROLE), LIMITS)

    async def query(self, sql: str) -> list[list[str]]:
        """The rows, as the superuser sees them."""
        return await self.server.query(sql, database=self.name)

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[asyncpg.Connection]:
        connection = await asyncpg.connect(self.server.url(self.name))
        try:
            yield connection
        finally:
            await connection.close()
